package service

import (
	"bytes"
	"context"
	"io"
	"time"

	"sonde/fingerprint"
)

// talk says what one conversation does, in this order.
type talk struct {
	tls    bool // speak TLS, and inside it as the rest of this file tells
	listen bool // wait for a greeting
	get    bool // ask for a web page
}

// weight orders findings.
type weight uint8

const (
	nothing weight = iota // not a byte
	words                 // something in no language that is known
	hints                 // an answer that TLS may better
	likely                // a failed handshake, which other languages may better
	certain
)

// finding is what one conversation brought.
type finding struct {
	Answer
	weight weight
	talk   talk
	err    error // the connection could not be made
	// refused is the alert that a handshake ended with; 0: none that we know.
	refused byte
}

// hungUp is How for a port that closes every connection without a word.
const hungUp = "hung up"

// hold holds a conversation, which ends at end at the latest.
func (p *port) hold(ctx context.Context, t talk, end time.Time) finding {
	if t.tls {
		return p.secure(ctx, p.to, end)
	}
	l, err := p.dial(ctx, p.to, end)
	if err != nil {
		return finding{err: err}
	}
	defer l.hangUp()
	s := &stream{Conn: l, line: l, waits: p.waits}
	var f finding
	ok := false
	if t.listen {
		wait := p.waits.greeting
		if !t.get {
			wait = -1
		}
		f, ok = p.listen(s, wait)
	}
	if t.get && !ok && !s.ended {
		f = p.browse(ctx, s, p.to, false)
	}
	if f.weight == nothing && s.ended {
		f.How = hungUp
	}
	return f
}

// maxGreeting bounds a greeting, in bytes; they may have many lines.
const maxGreeting = 8 << 10

// listen waits for a greeting and understands it; ok is false if none came.
func (p *port) listen(s *stream, wait time.Duration) (f finding, ok bool) {
	b, cut := s.hear(wait, s.waits.pause, maxGreeting, func(b []byte) bool { return identify(b).whole })
	f.Cut = cut
	if len(b) == 0 {
		return f, false
	}
	f = p.understand(s, b)
	f.Cut = cut
	return f, true
}

// understand turns what a server said unasked into facts, and asks on where the
// language is clear and something is missing. s is nil if something else was
// said already, so that the server is confused.
func (p *port) understand(s *stream, b []byte) (f finding) {
	f.How = "greeting"
	f.Banner = firstLine(b)
	g := identify(b)
	if g.service == "" && g.code == "220" && s != nil {
		g.service = p.ftpOrSMTP(s)
	}
	if g.service == "" {
		f.weight = words
		f.Raw = bytes.Clone(b[:min(len(b), maxLine)])
		return f
	}
	f.weight = certain
	f.Service = g.service
	switch g.service {
	case "ssh":
		p.ssh(&f, g)
	case "ftp":
		p.name(&f, fingerprint.FTPGreeting, g.text)
	case "smtp":
		p.name(&f, fingerprint.SMTPGreeting, g.text)
		p.smtp(&f, s, g)
	case "pop3":
		p.name(&f, fingerprint.POP3Greeting, g.text)
		p.pop3(&f, s)
	case "imap":
		p.name(&f, fingerprint.IMAPGreeting, g.text)
		p.imap(&f, s)
	case "nntp":
		p.name(&f, fingerprint.NNTPGreeting, g.text)
	case "mysql":
		p.mysql(&f, g)
	case "tls": // an alert: the TLS conversation says it better
		f.weight, f.Banner = hints, nil
	case "http":
		f.weight = hints
		p.page(&f, b)
	case "vnc", "rsync":
		f.Info = "protocol " + g.text
	}
	return f
}

// name lets the patterns say whose text it is; ok: one knows.
func (p *port) name(f *finding, key, text string) (ok bool) {
	m, ok := p.Patterns.Match(key, text)
	if !ok {
		return false
	}
	f.Product, f.Version, f.OS, f.CPE = m.Name, m.Version, m.OS, m.CPE
	f.Info = join(f.Info, m.Info)
	if m.Host != "" {
		f.Host = m.Host
	}
	return true
}

// join puts two pieces of Info together.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// say sends a command and returns the answer, until enough.
func (s *stream) say(command string, enough func([]byte) bool) []byte {
	if _, err := io.WriteString(s, command); err != nil {
		s.ended = true
		return nil
	}
	b, _ := s.hear(-1, s.waits.pause, maxGreeting, enough)
	return b
}

// firstLine returns the first line of b without its end, cut at maxLine.
func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	return bytes.Clone(line[:min(len(line), maxLine)])
}
