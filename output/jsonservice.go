package output

import (
	"crypto/tls"

	"sonde/scan/report"
)

func (l *line) service(s *report.Service) {
	l.addr("addr", s.Addr)
	l.str("proto", s.Proto)
	l.num("port", uint64(s.Port))
	l.said("service", s.Service)
	l.said("product", s.Product)
	l.said("version", s.Version)
	l.said("info", s.Info)
	if len(s.CPE) > 0 {
		l.list("cpe", s.CPE)
	}
	if s.TLS != nil {
		l.tls(s.TLS)
	}
	if s.HTTP != nil {
		l.http(s.HTTP)
	}
	l.said("banner", s.Banner)
	l.said("os", s.OS)
	l.said("hostname", s.Hostname)
	l.said("how", s.How)
	l.said("cut", s.Cut)
}

func (l *line) tls(t *report.TLS) {
	l.open("tls")
	if t.Version != 0 {
		l.str("version", tls.VersionName(t.Version))
	}
	if t.Cipher != 0 {
		l.str("cipher", report.CipherName(t.Cipher))
	}
	l.said("alpn", t.ALPN)
	if t.HasCert() {
		l.str("subject", t.Subject)
		l.str("issuer", t.Issuer)
		l.list("names", t.Names)
		if !t.NotBefore.IsZero() {
			l.time("not_before", t.NotBefore)
		}
		if !t.NotAfter.IsZero() {
			l.time("not_after", t.NotAfter)
		}
		l.bool("self_signed", t.SelfSigned)
	}
	l.yes("asks_client", t.AsksClient)
	l.said("error", t.Error)
	l.shut()
}

func (l *line) http(h *report.HTTP) {
	l.open("http")
	l.some("status", uint64(max(h.Status, 0)))
	l.said("title", h.Title)
	l.said("server", h.Server)
	l.said("location", h.Location)
	l.said("redirect", h.Redirect)
	l.said("auth", h.Auth)
	l.shut()
}
