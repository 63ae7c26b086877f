package output

import (
	"crypto/tls"
	"time"
)

func jsonService(b []byte, r *Record) []byte {
	b = jsonString(b, "proto", r.Proto)
	b = jsonUint(b, "port", uint64(r.Port))
	b = jsonSaid(b, "service", r.Service)
	b = jsonSaid(b, "product", r.Product)
	b = jsonSaid(b, "version", r.Version)
	b = jsonSaid(b, "info", r.Info)
	if len(r.CPE) > 0 {
		b = jsonStrings(b, "cpe", r.CPE)
	}
	if r.TLS != nil {
		b = jsonTLS(b, r.TLS)
	}
	if r.HTTP != nil {
		b = jsonHTTP(b, r.HTTP)
	}
	b = jsonSaid(b, "banner", r.Banner)
	b = jsonSaid(b, "os", r.OS)
	b = jsonSaid(b, "hostname", r.Hostname)
	b = jsonSaid(b, "how", r.How)
	return jsonSaid(b, "cut", r.Cut)
}

func jsonTLS(b []byte, t *TLS) []byte {
	b = jsonOpen(b, "tls")
	if t.Version != 0 {
		b = jsonString(b, "version", tls.VersionName(t.Version))
	}
	if t.Cipher != 0 {
		b = jsonString(b, "cipher", tls.CipherSuiteName(t.Cipher))
	}
	b = jsonSaid(b, "alpn", t.ALPN)
	if t.hasCert() {
		b = jsonString(b, "subject", t.Subject)
		b = jsonString(b, "issuer", t.Issuer)
		b = jsonStrings(b, "names", t.Names)
		b = jsonTime(b, "not_before", t.NotBefore)
		b = jsonTime(b, "not_after", t.NotAfter)
		b = jsonBool(b, "self_signed", t.SelfSigned)
	}
	if t.AsksClient {
		b = jsonBool(b, "asks_client", true)
	}
	b = jsonSaid(b, "error", t.Error)
	return append(b, '}')
}

func jsonHTTP(b []byte, h *HTTP) []byte {
	b = jsonOpen(b, "http")
	if h.Status > 0 {
		b = jsonUint(b, "status", uint64(h.Status))
	}
	b = jsonSaid(b, "title", h.Title)
	b = jsonSaid(b, "server", h.Server)
	b = jsonSaid(b, "location", h.Location)
	b = jsonSaid(b, "redirect", h.Redirect)
	b = jsonSaid(b, "auth", h.Auth)
	return append(b, '}')
}

// jsonSaid writes v unless it is empty, which means that nothing was said.
func jsonSaid(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	return jsonString(b, key, v)
}

// jsonTime writes a time to the second, in UTC. A year that RFC 3339 cannot
// write is absent.
func jsonTime(b []byte, key string, t time.Time) []byte {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return b
	}
	b = append(jsonKey(b, key), '"')
	return append(t.AppendFormat(b, time.RFC3339), '"')
}
