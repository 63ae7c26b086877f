package service

import (
	"io"
	"time"

	"sonde/scan/service/protocol"
)

// conn is a stream as protocols see it; one without a stream has ended.
type conn struct {
	*stream
	port *port
}

// Say sends a command and returns the answer, until enough.
func (c conn) Say(text string, enough func([]byte) bool) []byte {
	if !c.write(text) {
		return nil
	}
	b, _ := c.hear(-1, c.waits.pause, maxGreeting, enough)
	return b
}

// Await is Say for a question that may get no answer.
func (c conn) Await(text string, enough func([]byte) bool) []byte {
	if !c.write(text) {
		return nil
	}
	b, _ := c.hear(c.waits.binary, func([]byte) time.Duration { return c.waits.binary }, maxGreeting, enough)
	return b
}

// Hear is for who negotiates before it says who it is: the name that it looks up may be
// ours, in vain.
func (c conn) Hear(text string, before []byte) []byte {
	if !c.write(text) {
		return nil
	}
	c.line.end = c.port.late
	wait := c.waits.pause(before)
	if len(before) == 0 {
		wait = 2 * c.waits.prompt
	}
	b, _ := c.hear(wait, func([]byte) time.Duration { return c.waits.binary }, maxGreeting, func([]byte) bool { return false })
	return b
}

// write tells whether the other side may still answer.
func (c conn) write(text string) bool {
	if !c.Ended() && text != "" {
		_, err := io.WriteString(c.stream, text)
		c.ended = err != nil
	}
	return !c.Ended()
}

func (c conn) Ended() bool { return c.stream == nil || c.ended }

func (c conn) Target() protocol.Target { return c.port.target() }

// target is whom the questions are for.
func (p *port) target() protocol.Target {
	t := protocol.Target{Addr: p.to.Addr().Unmap().WithZone(""), Port: p.to.Port(), Host: p.Name}
	if t.Host == "" {
		t.Host = t.Addr.String()
	}
	return t
}
