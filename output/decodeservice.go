package output

import (
	"crypto/tls"
	"strconv"
	"strings"

	"sonde/scan/report"
)

func (o *object) service() *report.Service {
	o.need("addr", "proto", "port")
	s := &report.Service{Addr: o.addr("addr"), Proto: o.str("proto"), Port: uint16(o.num("port", 16)), Service: o.str("service"),
		Product: o.str("product"), Version: o.str("version"), Info: o.str("info"), OS: o.str("os"), Hostname: o.str("hostname"),
		CPE: o.list("cpe"), Banner: o.str("banner"), How: o.str("how"), Cut: o.str("cut")}
	if o.has("http") {
		h := o.open("http")
		s.HTTP = &report.HTTP{Status: int(h.num("status", 16)), Title: h.str("title"), Server: h.str("server"),
			Location: h.str("location"), Redirect: h.str("redirect"), Auth: h.str("auth")}
		if s.HTTP.Status > maxStatus {
			h.fail("status", "has more than three digits")
		}
	}
	if o.has("tls") {
		s.TLS = o.open("tls").tls()
	}
	return s
}

// maxStatus is the highest status of HTTP (RFC 9110 section 15).
const maxStatus = 999

func (o *object) tls() *report.TLS {
	t := &report.TLS{ALPN: o.str("alpn"), NotBefore: o.time("not_before"), NotAfter: o.time("not_after"),
		AsksClient: o.bool("asks_client"), Error: o.str("error")}
	if o.has("version") {
		t.Version = o.version("version")
	}
	if o.has("cipher") {
		n, ok := report.CipherNumber(o.str("cipher"))
		if t.Cipher = n; !ok || n == 0 {
			o.fail("cipher", "is no name of a cipher suite, nor 0x and four digits")
		}
	}
	if o.has("self_signed") {
		o.need("subject", "issuer", "names", "self_signed")
		t.Subject, t.Issuer, t.Names, t.SelfSigned = o.str("subject"), o.str("issuer"), o.list("names"), o.bool("self_signed")
	}
	return t
}

// tlsVersions are those that crypto/tls has names for: SSL 3.0 to TLS 1.3.
var tlsVersions = []uint16{0x300, tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}

// version reads the name of a version of TLS: one that crypto/tls gives it, or 0x and
// four digits.
func (o *object) version(key string) uint16 {
	text := o.str(key)
	for _, v := range tlsVersions {
		if tls.VersionName(v) == text {
			return v
		}
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 16)
	if err != nil || n == 0 {
		o.fail(key, "is no name of crypto/tls, nor 0x and four digits")
	}
	return uint16(n)
}
