package service

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/scan/service/protocol"
)

// tlv is an element of DER around its parts.
func tlv(tag byte, parts ...[]byte) []byte {
	return withLengthOf(tag, bytes.Join(parts, nil))
}

func withLengthOf(tag byte, body []byte) []byte {
	if len(body) < 0x80 {
		return append([]byte{tag, byte(len(body))}, body...)
	}
	if len(body) < 0x100 {
		return append([]byte{tag, 0x81, byte(len(body))}, body...)
	}
	return append([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
}

// oddCert is a certificate with parts to be replaced by odd ones.
type oddCert struct {
	serial, algorithm, from, until, subject, key, names, more []byte
}

func commonName(tag byte, text string) []byte {
	return tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, []byte{0x55, 4, 3}), tlv(tag, []byte(text)))))
}

// plainCert has nothing odd but its key and its signature.
func plainCert() *oddCert {
	return &oddCert{
		serial: tlv(2, []byte{7}), algorithm: tlv(0x30, tlv(6, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11}), tlv(5)),
		from: tlv(0x17, []byte("260102030405Z")), until: tlv(0x17, []byte("270102030405Z")),
		subject: commonName(12, "odd.example"),
		key: tlv(0x30, tlv(0x30, tlv(6, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1}), tlv(5)),
			tlv(3, []byte{0}, tlv(0x30, tlv(2, []byte{0, 0xc1}, bytes.Repeat([]byte{0x5b}, 127)), tlv(2, []byte{1, 0, 1})))),
		names: tlv(0x30, tlv(0x82, []byte("odd.example")), tlv(0x87, []byte{192, 0, 2, 7})),
	}
}

func (c *oddCert) der() []byte {
	extensions := tlv(0xa3, tlv(0x30, tlv(0x30, tlv(6, []byte{0x55, 0x1d, 17}), tlv(4, c.names)), c.more))
	tbs := tlv(0x30, tlv(0xa0, tlv(2, []byte{2})), c.serial, c.algorithm, commonName(12, "some CA"), tlv(0x30, c.from, c.until), c.subject, c.key, extensions)
	return tlv(0x30, tbs, c.algorithm, tlv(3, bytes.Repeat([]byte{0}, 129)))
}

// TestOddCertificates: subject, names and times are read whatever is wrong with the
// rest of a certificate.
func TestOddCertificates(t *testing.T) {
	until := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		odd     func(*oddCert)
		subject string
		names   []string
		until   time.Time
	}{
		{"serial number of zero bytes", func(*oddCert) {}, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
		{"serial number not minimal", func(c *oddCert) { c.serial = tlv(2, []byte{0, 0, 1}) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
		{"address of three bytes", func(c *oddCert) { c.names = tlv(0x30, tlv(0x87, []byte{1, 2, 3}), tlv(0x82, []byte("a"))) }, "CN=odd.example", []string{"a"}, until},
		{"name that is no ASCII", func(c *oddCert) { c.names = tlv(0x30, tlv(0x82, []byte("b\xfccher.example"))) }, "CN=odd.example", []string{"b\xfccher.example"}, until},
		{"names that are no sequence", func(c *oddCert) { c.names = []byte{0x30, 0x7f} }, "CN=odd.example", nil, until},
		{"subject in T.61", func(c *oddCert) { c.subject = commonName(0x14, "B\xfcro") }, "CN=Büro", []string{"odd.example", "192.0.2.7"}, until},
		{"subject in UCS-2", func(c *oddCert) { c.subject = commonName(0x1e, "\x4e\x2d\x65\x87") }, "CN=中文", []string{"odd.example", "192.0.2.7"}, until},
		{"subject of three bytes of UCS-2", func(c *oddCert) { c.subject = commonName(0x1e, "abc") }, "CN=abc", []string{"odd.example", "192.0.2.7"}, until},
		{"subject in UCS-4", func(c *oddCert) { c.subject = commonName(0x1c, "\x00\x00\x4e\x2d") }, "CN=中", []string{"odd.example", "192.0.2.7"}, until},
		{"printable string that is none", func(c *oddCert) { c.subject = commonName(0x13, "a@b_c*") }, "CN=a@b_c*", []string{"odd.example", "192.0.2.7"}, until},
		{"UTF-8 that is none", func(c *oddCert) { c.subject = commonName(12, "\xff\xfe") }, "CN=ÿþ", []string{"odd.example", "192.0.2.7"}, until},
		{"no subject", func(c *oddCert) { c.subject = tlv(0x30) }, "", []string{"odd.example", "192.0.2.7"}, until},
		{"time without seconds", func(c *oddCert) { c.until = tlv(0x17, []byte("2701020304Z")) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until.Truncate(time.Minute)},
		{"time with an offset", func(c *oddCert) { c.until = tlv(0x17, []byte("270102050405+0200")) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
		{"time with a fraction", func(c *oddCert) { c.until = tlv(0x18, []byte("20270102030405.5Z")) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
		{"time of no zone", func(c *oddCert) { c.until = tlv(0x18, []byte("20270102030405")) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
		{"no time", func(c *oddCert) { c.until = tlv(0x17, []byte("yesterday")) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, time.Time{}},
		{"month 13", func(c *oddCert) { c.until = tlv(0x17, []byte("271302030405Z")) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, time.Time{}},
		{"curve that nobody has", func(c *oddCert) {
			c.key = tlv(0x30, tlv(0x30, tlv(6, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1}), tlv(6, []byte{0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7})), tlv(3, []byte{0, 4, 1, 2, 3, 4}))
		}, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
		{"key with an exponent of zero", func(c *oddCert) {
			c.key = tlv(0x30, tlv(0x30, tlv(6, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1}), tlv(5)), tlv(3, []byte{0}, tlv(0x30, tlv(2, []byte{5}), tlv(2, []byte{0}))))
		}, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
		{"an extension twice", func(c *oddCert) {
			c.more = tlv(0x30, tlv(6, []byte{0x55, 0x1d, 17}), tlv(4, tlv(0x30, tlv(0x82, []byte("again")))))
		},
			"CN=odd.example", []string{"odd.example", "192.0.2.7", "again"}, until},
		{"an empty extension", func(c *oddCert) { c.more = tlv(0x30) }, "CN=odd.example", []string{"odd.example", "192.0.2.7"}, until},
	} {
		c := plainCert()
		c.serial = tlv(2) // which is enough for crypto/x509 to refuse it
		tt.odd(c)
		var facts TLS
		if err := takeRawCertificate(&facts, c.der()); err == nil {
			t.Errorf("%s: crypto/x509 reads it", tt.name)
		}
		if facts.Subject != tt.subject || !slices.Equal(facts.Names, tt.names) || !facts.NotAfter.Equal(tt.until) || facts.Issuer != "CN=some CA" || facts.SelfSigned {
			t.Errorf("%s: %+v", tt.name, facts)
		}
	}
}

// TestReadCertAgrees: of what crypto/x509 reads, the lenient reader says the same.
func TestReadCertAgrees(t *testing.T) {
	for _, der := range [][]byte{certificate(t).Certificate[0], plainCert().der()} {
		strict, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := readCert(der)
		if !ok || c.subject != strict.Subject.String() || c.issuer != strict.Issuer.String() || !slices.Equal(c.names, certificateNames(strict)) ||
			!c.notBefore.Equal(strict.NotBefore) || !c.notAfter.Equal(strict.NotAfter) {
			t.Errorf("%+v, want %s of %s for %v", c, strict.Subject, strict.Issuer, certificateNames(strict))
		}
	}
}

func FuzzReadCert(f *testing.F) {
	der := plainCert().der()
	f.Add(der)
	f.Add(der[:len(der)-40])
	f.Add(bytes.Replace(der, []byte("odd"), []byte{0x82, 0xff, 0xff}, -1))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := readCert(b)
		if len(c.subject) > maxField || len(c.issuer) > maxField || len(c.names) > maxNames {
			t.Error("too much is kept")
		}
		for _, name := range c.names {
			if len(name) > maxField {
				t.Error("too much is kept of a name")
			}
		}
		strict, err := x509.ParseCertificate(b)
		if err == nil && ok && strict.NotAfter.Unix() != c.notAfter.Unix() {
			t.Errorf("until %v, want %v", c.notAfter, strict.NotAfter)
		}
		if err == nil && ok && !strings.Contains(c.subject, "#") && c.subject != protocol.Clip(strict.Subject.String()) {
			t.Errorf("subject %q, want %q", c.subject, strict.Subject)
		}
	})
}
