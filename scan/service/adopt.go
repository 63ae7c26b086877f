package service

import (
	"strings"

	"sonde/fingerprint"
	"sonde/scan/service/protocol"
)

// adopt takes over what a pattern of the user's says, or one of ours to which such a one
// adds something. What the protocol told stands where the pattern is silent. how tells the
// pattern's file.
func adopt(f *protocol.Facts, m *fingerprint.Product) (how string) {
	rest := f.Rest
	if m.Name != "" {
		if f.Product = m.Name; m.Version != "" {
			f.Version, rest = m.Version, ""
			if f.Info == m.Version { // what the grammar of tokens took for something else
				f.Info = ""
			}
		}
		f.CPE = m.CPE
	}
	if m.OS != "" {
		f.OS = m.OS
	}
	if m.Host != "" {
		f.Host = m.Host
	}
	if m.Info != "" {
		rest = ""
	}
	f.Info = join(join(f.Info, rest), m.Info)
	if m.Device != "" {
		f.Info = join(f.Info, "device "+protocol.Clip(m.Device))
	}
	if m.Name+m.OS+m.Host+m.Info+m.Device == "" {
		return ""
	}
	return "+" + m.Source
}

// adoptMore adds what patterns say of a page and of a certificate: as information, since
// anybody's page may have a title, and anybody's certificate a name.
func (p *port) adoptMore(f *finding) {
	said := [...]struct{ what, key, text string }{
		{"cookie", "http_header.cookie", f.page.Fields["set-cookie"]},
		{"login", "http_header.wwwauth", f.page.Fields["www-authenticate"]},
		{"X-Powered-By", "http_header.x-powered-by", f.page.Fields["x-powered-by"]},
		{"title", "html_title", f.page.Title},
		{"certificate's subject", "x509.subject", ""},
		{"certificate's issuer", "x509.issuer", ""},
	}
	if f.TLS != nil {
		said[4].text, said[5].text = f.TLS.Subject, f.TLS.Issuer
	}
	for _, s := range said {
		if s.text == "" {
			continue
		}
		m, ok := p.Patterns.Match(s.key, s.text)
		what := strings.TrimSpace(m.Name + " " + m.Version)
		if what == "" {
			what = m.Device
		}
		if !ok || what == "" || m.Name != "" && strings.EqualFold(m.Name, f.Product) {
			continue
		}
		f.Info = join(f.Info, s.what+" of "+protocol.Clip(what))
		f.Info = f.Info[:min(len(f.Info), 3*maxField)]
		if m.Source != "" && !strings.HasSuffix(f.How, "+"+m.Source) {
			f.How += "+" + m.Source
		}
	}
}
