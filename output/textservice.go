package output

import (
	"crypto/tls"
	"strconv"
	"time"

	"sonde/scan/report"
)

// What a line shows of something long, in characters of the original; -v shows
// all of it.
const (
	versionMax = 40
	phraseMax  = 50
	namesMax   = 2 // of a certificate
)

// appendService writes the lines under a port.
func (f *text) appendService(b []byte, p *Port) []byte {
	s := p.Service
	if s == nil {
		return b
	}
	d := details{b: b, brief: !f.Verbose, now: f.scan.Time}
	d.all(s, s.Product == "" || f.Verbose, p.MoreNames)
	return d.b
}

// versionCell is "OpenSSH 9.2p1 (Debian-2+deb12u3)".
func (f *text) versionCell(r *report.Service) string {
	if r == nil {
		return ""
	}
	text := r.Product
	for _, more := range []struct{ before, text, after string }{{" ", r.Version, ""}, {" (", r.Info, ")"}} {
		switch {
		case more.text == "":
		case text == "":
			text = more.text
		default:
			text += more.before + more.text + more.after
		}
	}
	if !f.Verbose {
		text = shorten(text, versionMax)
	}
	return Escape(text)
}

// shorten returns s if it has at most n characters, else its start.
func shorten(s string, n int) string {
	if short := start(s, n); len(short) < len(s) {
		return short + "…"
	}
	return s
}

// start returns the first n characters of s.
func start(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// details writes the lines under a port: a key, then phrases with semicolons
// between them.
type details struct {
	b     []byte
	key   string
	brief bool
	now   time.Time // of the run's start, for what is left of a certificate
	open  bool      // a line was begun

	undated bool // without now: not how long a certificate is valid from then on
}

// all writes all lines, with the field Server where server is set. The certificate has
// more names, which are left out.
func (d *details) all(s *report.Service, server bool, more int) {
	d.banner(s)
	if s.HTTP != nil {
		d.http(s.HTTP, server)
	}
	if s.TLS != nil {
		d.tls(s.TLS, more)
	}
	d.rest(s)
}

// line begins a line, which appears with its first phrase.
func (d *details) line(key string) {
	d.end()
	d.key = key
}

// phrase adds words of ours with at most one text of theirs behind them.
func (d *details) phrase(words, theirs string) {
	if d.open {
		d.b = append(d.b, "; "...)
	} else {
		d.b = padTo(append(d.b, "  "...), d.key, 6)
		d.open = true
	}
	d.b = append(d.b, words...)
	if d.brief {
		theirs = shorten(theirs, phraseMax)
	}
	d.b = AppendText(d.b, theirs)
}

// told adds a phrase if they said something.
func (d *details) told(words, theirs string) {
	if theirs != "" {
		d.phrase(words, theirs)
	}
}

// quote adds what they said between quotation marks.
func (d *details) quote(words, theirs string) {
	if theirs != "" {
		d.phrase(words+`"`, theirs)
		d.b = append(d.b, '"')
	}
}

func (d *details) end() {
	if d.open {
		d.b = append(d.b, '\n')
	}
	d.open = false
}

func (d *details) banner(r *report.Service) {
	if r.Product == "" || !d.brief {
		d.line("says")
		d.quote("", r.Banner)
	}
}

func (d *details) http(h *report.HTTP, server bool) {
	d.line("http")
	if h.Status > 0 {
		d.phrase(strconv.Itoa(h.Status), "")
	}
	d.quote("", h.Title)
	d.told("after a redirect to ", h.Redirect)
	d.told("redirects to ", h.Location)
	d.told("asks for ", h.Auth)
	if server {
		d.told("server ", h.Server)
	}
}

// tls has more names than t, which are left out.
func (d *details) tls(t *report.TLS, more int) {
	d.line("tls")
	if t.Version != 0 {
		d.phrase(tls.VersionName(t.Version), "")
	}
	if !d.brief && t.Cipher != 0 {
		d.phrase(report.CipherName(t.Cipher), "")
	}
	if !d.brief {
		d.told("ALPN ", t.ALPN)
	}
	if t.Error != "" { // whole: what is cut off is the cause
		d.phrase("handshake failed: ", "")
		d.b = AppendText(d.b, t.Error)
	}
	if t.AsksClient {
		d.phrase("asks for a client certificate", "")
	}
	if t.HasCert() {
		d.cert(t, more)
	}
}

func (d *details) cert(t *report.TLS, more int) {
	if !d.brief {
		d.line("cert")
	}
	switch {
	case len(t.Names) > 0:
		d.names(t.Names, more)
	case d.brief:
		d.told("for ", t.Subject)
	}
	if !d.brief {
		d.told("subject ", t.Subject)
	}
	if t.SelfSigned {
		d.phrase("self-signed", "")
	} else {
		d.told("by ", t.Issuer)
	}
	if !t.NotAfter.IsZero() {
		d.validity(t.NotBefore, t.NotAfter)
	}
}

// names writes "for www.example, example and 5 more".
func (d *details) names(names []string, more int) {
	shown := names
	if d.brief && len(names) > namesMax {
		shown = names[:namesMax]
	}
	for i, name := range shown {
		if i == 0 {
			d.phrase("for ", name)
			continue
		}
		if d.brief {
			name = shorten(name, phraseMax)
		}
		d.b = AppendText(append(d.b, ", "...), name)
	}
	if more += len(names) - len(shown); more > 0 {
		d.b = append(strconv.AppendInt(append(d.b, " and "...), int64(more), 10), " more"...)
	}
}

const (
	dateFormat = "2006-01-02"
	daySeconds = 24 * 60 * 60
)

// validity writes "until 2027-02-01, 70 days left". It counts in seconds, since
// a certificate that never expires ends in the year 9999 (RFC 5280 section
// 4.1.2.5), further off than a time.Duration reaches.
func (d *details) validity(from, until time.Time) {
	switch {
	case !d.undated && d.now.Before(from):
		d.phrase("not valid before "+from.UTC().Format(dateFormat), "")
		if d.brief {
			return
		}
	case !d.brief:
		d.phrase("from "+from.UTC().Format(dateFormat), "")
	}
	d.phrase("until "+until.UTC().Format(dateFormat), "")
	if d.undated {
		return
	}
	d.b = append(d.b, ", "...)
	if left := until.Unix() - d.now.Unix(); left >= 0 {
		d.b = append(appendCount(d.b, uint64(left/daySeconds), "day"), " left"...)
	} else {
		d.b = append(appendCount(append(d.b, "expired "...), uint64(-left/daySeconds), "day"), " ago"...)
	}
}

// rest writes what is of interest with -v, or where nothing else is known.
func (d *details) rest(r *report.Service) {
	if r.Service == "" || !d.brief {
		switch r.Cut {
		case "":
		case "late":
			if r.Banner == "" && r.HTTP == nil && r.TLS == nil { // it has said nothing
				break
			}
			d.line("cut")
			d.phrase("the time was up before it had said all", "")
		case "long":
			d.line("cut")
			d.phrase("it said more than is read", "")
		default:
			d.line("cut")
			d.phrase("", r.Cut)
		}
	}
	if !d.brief {
		d.line("host")
		d.told("", r.Hostname)
		d.line("os")
		d.told("", r.OS)
		d.line("cpe")
		for _, c := range r.CPE {
			d.told("", c)
		}
		d.line("how")
		d.told("", r.How)
	}
	d.end()
}
