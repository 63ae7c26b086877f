package service

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

	"sonde/scan/service/protocol"
)

// talk says what one conversation does, in this order.
type talk struct {
	tls    bool               // speak TLS, and inside it do what follows; where nothing does, as it seems best
	listen bool               // wait for a greeting
	get    bool               // ask for a web page
	ask    *protocol.Protocol // ask in this one; nil: do not
	second bool               // it is of the second wave
	likely bool               // likewise, in a protocol that it may well be
}

// onlyListens tells whether t says nothing until it is greeted, or as long as it can wait.
func (t talk) onlyListens() bool { return t.listen && !t.get }

// weight orders findings.
type weight uint8

const (
	nothing  weight = iota // not a byte
	noise                  // something in no language that is known, to a question in another
	words                  // the same, unasked or to a request for a page
	provoked               // what was said to a question of ours where a greeting may still come
	hints                  // an answer that TLS, or the protocol's own question, may better
	likely                 // a failed handshake, which other languages may better
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
	// suspects are protocols that it may be, whose own question tells.
	suspects []*protocol.Protocol
	spoken   *protocol.Protocol // nil: not known
	reaction protocol.Reaction  // to what it was asked; 0: it was not
	page     protocol.Page      // where HTTP is set, the page itself
}

// provoked tells whether a server said f to a question that its protocol has no
// place for: of a mail server that greets late, it may be that one must not speak
// before (RFC 5321 section 4.3.1), while who waits is greeted.
func (f *finding) provoked() bool {
	return f.talk.get && !f.talk.listen && f.weight > words && f.HTTP == nil && (f.spoken == nil || f.spoken.Greets)
}

// hungUp is How for a port that closes every connection without a word, answeredGET for
// one that took a request for a page for something of its own.
const hungUp, answeredGET = "hung up", "answer to GET"

// howTo is How for what was said to what.
var howTo = [...]string{protocol.Unasked: "greeting", protocol.ToAsk: "answer", protocol.ToGET: answeredGET, protocol.ToOther: "answer"}

// hold holds a conversation, which ends at end at the latest.
func (p *port) hold(ctx context.Context, t talk, end time.Time) finding {
	if t.tls {
		return p.secure(ctx, t, p.to, end)
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
	switch {
	case ok || s.ended:
	case t.get:
		f = p.browse(ctx, s, p.to, false)
	case t.ask != nil:
		f = p.inquire(s, t.ask)
	}
	if in := f.spoken; in != nil && in.Anew && f.weight == certain {
		l.hangUp()
		p.upgradeAnew(ctx, in, &f)
	}
	switch {
	case f.weight == nothing && s.ended:
		f.How, f.reaction = hungUp, protocol.HungUp
	case f.weight == nothing:
		f.reaction = protocol.Silent
	case f.weight <= words && protocol.IsText(f.Raw):
		f.reaction = protocol.Text
	case f.weight <= words:
		f.reaction = protocol.Binary
	}
	return f
}

// maxGreeting bounds a greeting, in bytes; they may have many lines.
const maxGreeting = 8 << 10

// listen waits for a greeting and understands it; ok is false if none came.
func (p *port) listen(s *stream, wait time.Duration) (f finding, ok bool) {
	identify := func(b []byte) protocol.Match { return protocol.Identify(protocol.Said{Bytes: b}).Match }
	pause := func(b []byte) time.Duration {
		if r := protocol.Identify(protocol.Said{Bytes: b}); r.Match == protocol.Begun || r.Match == protocol.Opening {
			s.line.end = p.late
			return -1
		}
		return s.waits.pause(b)
	}
	b, cut := s.hear(wait, pause, maxGreeting, func(b []byte) bool {
		m := identify(b)
		return m == protocol.Whole || m == protocol.Unclear
	})
	f.Cut = cut
	if len(b) == 0 {
		return f, false
	}
	f = p.understand(s, protocol.Said{Bytes: b})
	f.Cut = cut
	return f, true
}

// inquire asks in a protocol, and understands the answer, in whatever protocol it is.
func (p *port) inquire(s *stream, in *protocol.Protocol) (f finding) {
	said := protocol.Said{To: protocol.ToAsk, Sent: in.Ask(p.target())}
	read := func(b []byte) (protocol.Facts, protocol.Match) {
		said.Bytes = b
		return in.Read(said)
	}
	if _, err := io.WriteString(s, said.Sent); err != nil {
		s.ended = true
	}
	b, cut := s.hear(-1, s.waits.pause, maxGreeting, func(b []byte) bool {
		_, m := read(b)
		return m == protocol.Whole
	})
	f.Cut = cut
	if len(b) == 0 {
		return f
	}
	if facts, m := read(b); m > protocol.Unclear {
		f = p.take(s, in, facts, b, "answer")
	} else {
		said.To = protocol.ToOther
		f = p.understand(nil, said)
		f.mistaken()
	}
	f.Cut = cut
	return f
}

// understand turns what a server said into facts, and asks on where the
// language is clear and something is missing. s is nil if something else was
// said already, so that the server is confused.
func (p *port) understand(s *stream, said protocol.Said) (f finding) {
	r := protocol.Identify(said)
	if r.Protocol == nil && s != nil {
		r = p.settle(s, r, said)
	}
	if r.Protocol == nil {
		f.How = howTo[said.To]
		if said.To == protocol.Unasked {
			f.Banner = firstLine(said.Bytes)
		}
		f.weight = words
		f.Raw = bytes.Clone(said.Bytes[:min(len(said.Bytes), maxLine)])
		f.suspects = withQuestion(r.Unclear)
		return f
	}
	how := howTo[said.To]
	if r.Protocol.Greets {
		how = howTo[protocol.Unasked]
	}
	f = p.take(s, r.Protocol, r.Facts, said.Bytes, how)
	if said.To != protocol.Unasked && r.Protocol.Ask != nil && f.Product == "" {
		f.weight = hints
		f.suspects = []*protocol.Protocol{r.Protocol}
	}
	return f
}

// unknownInside tells whether a handshake went well, and nothing is known of what is inside.
func (f *finding) unknownInside() bool {
	return f.Service == "tls" && f.TLS != nil && f.TLS.Error == "" && f.TLS.ALPN == ""
}

// mistaken lowers the weight of what was said to a question in another protocol: who greets,
// or has questions of its own, is understood better in another conversation.
func (f *finding) mistaken() {
	switch {
	case f.spoken == nil:
		f.weight = noise
	case f.spoken.Greets || f.spoken.Ask != nil || f.spoken == protocol.HTTP || f.spoken == protocol.TLS:
		f.weight = provoked
	}
}

// withQuestion returns those protocols that can be asked.
func withQuestion(list []*protocol.Protocol) (with []*protocol.Protocol) {
	for _, p := range list {
		if p.Ask != nil {
			with = append(with, p)
		}
	}
	return with
}

// settle asks a server whose greeting is of several protocols. The port decides only
// what is asked first.
func (p *port) settle(s *stream, r protocol.Reading, said protocol.Said) protocol.Reading {
	usual, secure := protocol.At(p.to.Port())
	for _, first := range []bool{true, false} {
		for _, in := range r.Unclear {
			if in.Settle == nil || first != (in == usual || in == secure) || s.ended {
				continue
			}
			if in.Settle(conn{s, p}) {
				r.Protocol = in
				r.Facts, r.Match = in.Read(said)
				return r
			}
		}
	}
	return r
}

// take turns facts into a finding, and asks on, unless s is nil.
func (p *port) take(s *stream, in *protocol.Protocol, facts protocol.Facts, b []byte, how string) (f finding) {
	f.weight, f.spoken, f.How = certain, in, how
	f.How += p.name(&facts)
	c := conn{s, p}
	if in.Talk != nil {
		key := facts.Key
		in.Talk(c, &facts)
		f.How += facts.How
		if facts.Key != key {
			f.How += p.name(&facts)
		}
	}
	upgraded := in.Upgrade != nil && !in.Anew && !facts.Clear && !c.Ended() && p.starttls(c, in, &f, 2*p.waits.greeting)
	if in.Bye != "" && !c.Ended() && !upgraded {
		io.WriteString(s, in.Bye)
	}
	f.Service, f.Product, f.Version = in.Name, protocol.Clip(facts.Product), protocol.Clip(facts.Version)
	if facts.Service != "" {
		f.Service = facts.Service
	}
	f.Info, f.OS, f.Host, f.CPE = facts.Info, protocol.Clip(facts.OS), protocol.Clip(facts.Host), facts.CPE
	f.Info = f.Info[:min(len(f.Info), 3*maxField)]
	switch facts.Banner {
	case "":
		f.Banner = firstLine(b)
	case "-":
	default:
		f.Banner = []byte(facts.Banner[:min(len(facts.Banner), maxLine)])
	}
	switch in {
	case protocol.TLS: // an alert: the TLS conversation says it better
		f.weight, f.Banner = hints, nil
	case protocol.HTTP:
		f.weight = hints
		p.page(&f, b)
	}
	return f
}

// name lets the patterns say whose text it is. A greeting of several lines may have one
// that they know: a server that says a line early to catch who does not wait names itself
// in the last. How tells the file of which a pattern was that is no part of the program.
func (p *port) name(f *protocol.Facts) (how string) {
	if f.Key == "" {
		return ""
	}
	lines := strings.Split(f.Text, "\n")
	m, ok := p.Patterns.Match(f.Key, f.Text)
	for i := 0; !ok && len(lines) > 1 && i < min(len(lines), 8); i++ {
		m, ok = p.Patterns.Match(f.Key, lines[len(lines)-1-i])
	}
	if !ok {
		f.Info = join(f.Info, f.Rest)
		return ""
	}
	if m.Source != "" {
		return adopt(f, &m)
	}
	f.Product, f.Version, f.OS, f.CPE = m.Name, m.Version, m.OS, m.CPE
	f.Info = join(f.Info, m.Info)
	if m.Host != "" {
		f.Host = m.Host
	}
	return ""
}

// join puts two pieces of Info together.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// firstLine returns the first line of b without its end, cut at maxLine.
func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	return bytes.Clone(line[:min(len(line), maxLine)])
}
