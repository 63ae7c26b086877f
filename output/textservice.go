package output

import (
	"cmp"
	"crypto/tls"
	"slices"
	"strconv"
	"time"
)

// What a line shows of something long, in characters of the original; -v shows
// all of it.
const (
	versionMax = 40
	phraseMax  = 50
	namesMax   = 2 // of a certificate
)

// said is what text keeps of a Service record: words, so that what a server said
// at length is not held.
type said struct {
	asked   bool
	proto   string
	port    uint16
	service string
	version string // the cell VERSION, escaped
	lines   []byte // to stand under the port
}

func (k *block) addService(r *Record, m *Meta) {
	s := said{asked: true, proto: r.Proto, port: r.Port, service: r.Service}
	s.version = versionCell(r, m.Verbose)
	d := details{brief: !m.Verbose, now: m.Time}
	d.banner(r)
	if r.HTTP != nil {
		d.http(r.HTTP, r.Product == "" || m.Verbose)
	}
	if r.TLS != nil {
		d.tls(r.TLS)
	}
	d.rest(r)
	s.lines = d.b
	k.services = append(k.services, s)
}

// at compares the port of s with another, as the table sorts them.
func (s said) at(proto string, port uint16) int {
	return cmp.Or(cmp.Compare(s.proto, proto), cmp.Compare(s.port, port))
}

// said returns what the service of a row said; nothing where it was not asked.
// The services are sorted.
func (k *block) said(w *row) said {
	i, ok := slices.BinarySearchFunc(k.services, w, func(s said, w *row) int { return s.at(w.proto, w.port) })
	if !ok {
		return said{}
	}
	return k.services[i]
}

// versionCell is "OpenSSH 9.2p1 (Debian-2+deb12u3)".
func versionCell(r *Record, all bool) string {
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
	if !all {
		text = shorten(text, versionMax)
	}
	return Escape(text)
}

// shorten returns s if it has at most n characters, else its beginning.
func shorten(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
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

func (d *details) banner(r *Record) {
	if r.Product == "" || !d.brief {
		d.line("says")
		d.quote("", r.Banner)
	}
}

func (d *details) http(h *HTTP, server bool) {
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

func (d *details) tls(t *TLS) {
	d.line("tls")
	if t.Version != 0 {
		d.phrase(tls.VersionName(t.Version), "")
	}
	if !d.brief && t.Cipher != 0 {
		d.phrase(tls.CipherSuiteName(t.Cipher), "")
	}
	if !d.brief {
		d.told("ALPN ", t.ALPN)
	}
	d.told("handshake failed: ", t.Error)
	if t.AsksClient {
		d.phrase("asks for a client certificate", "")
	}
	if t.hasCert() {
		d.cert(t)
	}
}

func (d *details) cert(t *TLS) {
	if !d.brief {
		d.line("cert")
	}
	switch {
	case len(t.Names) > 0:
		d.names(t.Names)
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
	d.validity(t.NotBefore, t.NotAfter)
}

// names writes "for www.example, example and 5 more".
func (d *details) names(names []string) {
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
	if more := len(names) - len(shown); more > 0 {
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
	case d.now.Before(from):
		d.phrase("not valid before "+from.UTC().Format(dateFormat), "")
		if d.brief {
			return
		}
	case !d.brief:
		d.phrase("from "+from.UTC().Format(dateFormat), "")
	}
	d.phrase("until "+until.UTC().Format(dateFormat)+", ", "")
	if left := until.Unix() - d.now.Unix(); left >= 0 {
		d.b = append(appendCount(d.b, uint64(left/daySeconds), "day"), " left"...)
	} else {
		d.b = append(appendCount(append(d.b, "expired "...), uint64(-left/daySeconds), "day"), " ago"...)
	}
}

// rest writes what is of interest with -v, or where nothing else is known.
func (d *details) rest(r *Record) {
	if r.Service == "" || !d.brief {
		switch r.Cut {
		case "":
		case "late":
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
