package service

import (
	"crypto/tls"
	"time"

	"sonde/scan/service/protocol"
)

// starttls has a server go on in TLS, if it will, and takes what the handshake shows. true:
// it was begun, so that the connection is of no more use.
func (p *port) starttls(c conn, in *protocol.Protocol, f *finding) bool {
	l, ok := c.stream.Conn.(*line)
	if !ok { // it is inside TLS already
		return false
	}
	l.end = earlier(l.end, time.Now().Add(2*p.waits.greeting))
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
