package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"time"
)

// secure speaks TLS with a port, and inside it, on the same connection, waits for
// a greeting or asks for a web page.
func (p *port) secure(ctx context.Context, to netip.AddrPort, end time.Time) finding {
	protocols := []string{"h2", "http/1.1"}
	if p.hint == secureGreet {
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
	case f.TLS.ALPN != "http/1.1" && p.hint != secureWeb:
		wait := p.waits.greeting
		if p.hint == secureGreet {
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
	c := tls.Client(l, p.tlsConfig(facts, protocols))
	err = c.Handshake()
	state := c.ConnectionState()
	if err == nil {
		facts.set(state)
	}
	f.TLS, f.How = facts, "tls"
	switch {
	case err == nil:
		f.Service, f.weight = "tls", certain
		return &stream{Conn: c, line: l, waits: p.waits}, f
	case len(l.heard) < 3 || l.heard[0] != 22 && l.heard[0] != 21 || l.heard[1] != 3: // no handshake or alert record (RFC 8446 section 5.1)
		return nil, finding{}
	}
	facts.Error = clip(err.Error())
	if len(l.heard) >= 7 && l.heard[0] == 21 { // level and description (RFC 8446 section 6)
		f.refused = l.heard[6]
	}
	f.Service, f.weight = "tls", likely
	if !facts.NotAfter.IsZero() || l.heard[0] == 22 {
		f.weight = certain
	}
	if l.left == 0 {
		f.Cut = Long
	} else if !time.Now().Before(end) {
		f.Cut = Late
	}
	return nil, f
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
			facts.set(state)
			return nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			facts.AsksClient = true
			return &tls.Certificate{}, nil
		},
	}
}

// set takes over what a handshake showed.
func (t *TLS) set(state tls.ConnectionState) {
	t.Version, t.Cipher, t.ALPN = state.Version, state.CipherSuite, clip(state.NegotiatedProtocol)
	if len(state.PeerCertificates) == 0 {
		return
	}
	c := state.PeerCertificates[0]
	t.Subject, t.Issuer = clip(c.Subject.String()), clip(c.Issuer.String())
	t.NotBefore, t.NotAfter = c.NotBefore, c.NotAfter
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
		names = append(names, clip(name))
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
	switch inner.Service {
	case "":
		inner.Service = "tls"
	case "tls": // an alert after the handshake
	case "http", "ftp", "smtp", "imap", "pop3", "nntp", "telnet":
		inner.Service += "s"
	default:
		inner.Service += "/tls"
	}
	if inner.How == "" {
		inner.How = "tls"
	} else {
		inner.How = "tls+" + inner.How
	}
	return inner
}
