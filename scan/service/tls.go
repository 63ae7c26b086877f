package service

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"sonde/scan/report"
	"sonde/scan/service/protocol"
)

// secure speaks TLS with a port, and inside it, on the same connection, waits for
// a greeting or asks for a web page.
func (p *port) secure(ctx context.Context, t talk, to netip.AddrPort, end time.Time) finding {
	protocols := []string{"h2", "http/1.1"}
	if p.hint == secureGreet || p.hint == secureOther {
		protocols = nil
	}
	s, f := p.handshake(ctx, to, end, protocols...)
	if s == nil && f.refused == noApplicationProtocol { // it insists on ALPN, but not on our protocols
		s, f = p.handshake(ctx, to, end)
	}
	if s == nil {
		return f
	}
	defer s.line.hangUp()
	switch {
	case f.TLS.ALPN == "h2":
		// HTTP/2 is agreed here; the page is asked for in HTTP/1.1, if the server
		// has that too, on the next connection.
		s.line.hangUp()
		s, again := p.handshake(ctx, to, end, "http/1.1")
		if s == nil {
			f.Service, f.How = "https", "tls+alpn"
			return f
		}
		defer s.line.hangUp()
		if again.TLS.ALPN == "h2" {
			f.Service, f.How = "https", "tls+alpn"
			return f
		}
		return within(f, p.browse(ctx, s, to, true))
	case t.onlyListens():
		s.line.end = p.late
		inner, _ := p.listen(s, -1)
		return within(f, inner)
	case t.ask != nil:
		return within(f, p.inquire(s, t.ask))
	case f.TLS.ALPN != "http/1.1" && p.hint != secureWeb && !t.get:
		wait := p.waits.greeting
		if p.hint == secureOther {
			wait = p.waits.patient
		}
		if inner, ok := p.listen(s, wait); ok || s.ended {
			return within(f, inner)
		}
	}
	return within(f, p.browse(ctx, s, to, true))
}

// secureAt fetches the page that a redirect points to.
func (p *port) secureAt(ctx context.Context, there place, end time.Time) finding {
	s, f := p.handshake(ctx, there.to, end, "http/1.1")
	if s == nil {
		return f
	}
	defer s.line.hangUp()
	return p.fetch(s, there.to, there.target, true)
}

// noApplicationProtocol is the alert of a server that shares no protocol with us
// (RFC 7301 section 3.2).
const noApplicationProtocol = 120

// handshake connects and does the handshake, offering protocols by ALPN
// (RFC 7301). s is nil if it failed; then f tells
// what is known. Otherwise the caller hangs up.
func (p *port) handshake(ctx context.Context, to netip.AddrPort, end time.Time, protocols ...string) (s *stream, f finding) {
	l, err := p.dial(ctx, to, end)
	if err != nil {
		return nil, finding{err: err}
	}
	defer func() {
		if s == nil {
			l.hangUp()
		}
	}()
	l.SetDeadline(end)
	facts := &TLS{}
	config := p.tlsConfig(facts, protocols)
	var keyLog strings.Builder
	config.KeyLogWriter = &keyLog
	l.all = true
	c := tls.Client(l, config)
	err = c.Handshake()
	l.all = false
	state := c.ConnectionState()
	if err == nil {
		takeState(facts, state)
	}
	f.TLS, f.How = facts, "tls"
	switch {
	case err == nil:
		p.shaken.Store(true)
		f.Service, f.weight = "tls", certain
		l.heard = l.heard[:min(len(l.heard), maxLine)]
		l.SetDeadline(p.late) // hear has shorter ones for what is read
		return &stream{Conn: c, line: l, waits: p.waits}, f
	case len(l.heard) == 0 && p.isHungUp(err): // as very old servers do, to a hello of today
		l.hangUp()
		if facts.Error = "hung up"; !p.older(ctx, to, end, facts) {
			return nil, finding{}
		}
		f.Service, f.weight = "tls", certain
		return nil, f
	case len(l.heard) == 0:
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			return nil, finding{reaction: protocol.Silent}
		}
		return nil, finding{reaction: protocol.HungUp}
	case len(l.heard) < 3 || l.heard[0] != 22 && l.heard[0] != 21 || l.heard[1] != 3, // no handshake or alert record (RFC 8446 section 5.1)
		len(l.heard) >= 16 && bytes.HasPrefix(l.sent, l.heard[:16]): // or our own
		return nil, p.overhear(l)
	}
	facts.Error = handshakeError(err)
	if len(l.heard) >= 7 && l.heard[0] == 21 { // level and description (RFC 8446 section 6)
		f.refused = l.heard[6]
	}
	f.Service, f.weight = "tls", likely
	if facts.HasCert() || l.heard[0] == 22 {
		f.weight = certain
	}
	if l.left == 0 {
		f.Cut = Long
	} else if !time.Now().Before(end) {
		f.Cut = Late
	}
	if said := readTranscript(l.heard, keyLog.String()); !facts.HasCert() && said.cert != nil {
		said.tell(facts)
	}
	if !facts.HasCert() && f.Cut == Whole && (f.refused != noApplicationProtocol || len(protocols) == 0) {
		l.hangUp()
		if p.older(ctx, to, end, facts) {
			f.weight = certain
		}
	}
	return nil, f
}

// overhear understands what came instead of a handshake. What is understood, another
// conversation has from a better place, unless nothing better can be asked.
func (p *port) overhear(l *line) finding {
	s := &stream{Conn: l, line: l, waits: p.waits}
	said := protocol.Said{Bytes: l.heard, To: protocol.ToOther, Sent: string(l.sent)}
	if len(l.heard) < maxLine {
		more, _ := s.hear(p.waits.binary, p.waits.pause, maxLine, func([]byte) bool { return false })
		said.Bytes = append(bytes.Clone(said.Bytes), more...)
	}
	f := p.understand(nil, said)
	f.mistaken()
	f.reaction = protocol.Binary
	if protocol.IsText(said.Bytes) {
		f.reaction = protocol.Text
	}
	return f
}

// isHungUp tells whether a server where TLS is due closed the connection instead of
// an answer.
func (p *port) isHungUp(err error) bool {
	var ne net.Error
	return (p.hint == secureWeb || p.hint == secureGreet || p.hint == secureOther) && !(errors.As(err, &ne) && ne.Timeout())
}

// tlsConfig offers all that crypto/tls can speak, old versions and weak ciphers
// too: what is asked is what the server has, not whether it is to be trusted.
// The server's certificate is written to facts as soon as it is there, whatever
// becomes of the handshake.
func (p *port) tlsConfig(facts *TLS, protocols []string) *tls.Config {
	var suites []uint16
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, c := range list {
			suites = append(suites, c.ID)
		}
	}
	return &tls.Config{
		ServerName:         p.Name,
		NextProtos:         protocols,
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS10,
		// A ClientHello with a post-quantum key share takes two segments, on which
		// old servers and middleboxes choke.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
		CipherSuites:     suites,
		VerifyConnection: func(state tls.ConnectionState) error {
			takeState(facts, state)
			return nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			facts.AsksClient = true
			return &tls.Certificate{}, nil
		},
	}
}

// takeState takes over what a handshake showed.
func takeState(t *TLS, state tls.ConnectionState) {
	t.Version, t.Cipher, t.ALPN = state.Version, state.CipherSuite, protocol.Clip(state.NegotiatedProtocol)
	if len(state.PeerCertificates) == 0 {
		return
	}
	takeCertificate(t, state.PeerCertificates[0])
}

// takeCertificate takes over what a certificate says.
func takeCertificate(t *TLS, c *x509.Certificate) {
	t.Subject, t.Issuer = protocol.Clip(c.Subject.String()), protocol.Clip(c.Issuer.String())
	t.NotBefore, t.NotAfter = report.Time(c.NotBefore), report.Time(c.NotAfter)
	t.Names = certificateNames(c)
	t.SelfSigned = string(c.RawSubject) == string(c.RawIssuer) && signedBySelf(c)
}

// signedBySelf tells whether the certificate's own key signed it. Signatures that
// are too weak to be checked (SHA-1, MD5) pass: the names agree already.
func signedBySelf(c *x509.Certificate) bool {
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	var weak x509.InsecureAlgorithmError
	return err == nil || errors.As(err, &weak)
}

// certificateNames returns the subject alternative names that are names of hosts
// (RFC 5280 section 4.2.1.6).
func certificateNames(c *x509.Certificate) (names []string) {
	for _, name := range c.DNSNames[:min(len(c.DNSNames), maxNames)] {
		names = append(names, protocol.Clip(name))
	}
	for _, ip := range c.IPAddresses {
		if len(names) < maxNames {
			names = append(names, ip.String())
		}
	}
	return names
}

// within joins what was found inside TLS with the TLS around it.
func within(f, inner finding) finding {
	inner.TLS = f.TLS
	inner.weight = certain
	switch {
	case inner.Service == "":
		inner.Service = "tls"
	case inner.spoken == protocol.TLS: // an alert after the handshake
	case inner.spoken != nil && inner.spoken.Inside != "" && inner.Service == inner.spoken.Name:
		inner.Service = inner.spoken.Inside
	default:
		inner.Service += "/tls"
	}
	if inner.How == "" {
		inner.How = "tls"
	} else {
		inner.How = "tls+" + inner.How
	}
	if inner.unknownInside() || len(inner.suspects) > 0 {
		inner.weight = hints
	}
	return inner
}
