package service

import (
	"context"
	"crypto/tls"
	"time"

	"sonde/scan/service/protocol"
)

// starttls has a server go on in TLS, if it will, and takes what the handshake shows. true:
// it was begun, so that the connection is of no more use. wait is for its consent.
func (p *port) starttls(c conn, in *protocol.Protocol, f *finding, wait time.Duration) bool {
	l, ok := c.stream.Conn.(*line)
	if !ok { // it is inside TLS already
		return false
	}
	l.end = earlier(l.end, time.Now().Add(wait))
	if !in.Upgrade(c) || c.ended {
		return false
	}
	l.end = earlier(p.end, time.Now().Add(p.waits.patient))
	l.SetDeadline(l.end)
	facts := &TLS{}
	t := tls.Client(l, p.tlsConfig(facts, nil))
	if err := t.Handshake(); err != nil {
		facts.Error = handshakeError(err)
	} else {
		takeState(facts, t.ConnectionState())
	}
	f.TLS = facts
	f.How += "+starttls"
	return true
}

// upgradeAnew does so on a connection of its own, which has a time of its own.
func (p *port) upgradeAnew(ctx context.Context, in *protocol.Protocol, f *finding) {
	l, err := p.dial(ctx, p.to, earlier(p.end, time.Now().Add(p.waits.patient)))
	if err != nil {
		return // what it said is known all the same
	}
	defer l.hangUp()
	s := &stream{Conn: l, line: l, waits: p.waits}
	p.starttls(conn{s, p}, in, f, p.waits.answer) // it has only begun
}
