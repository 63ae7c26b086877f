package service

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sonde/scan/report"
	"sonde/scan/service/protocol"
)

// older asks a server with which crypto/tls could not finish a handshake by a
// ClientHello of our own, and takes what it says in clear: version, cipher suite and
// certificate. ok is false where it answers none.
func (p *port) older(ctx context.Context, to netip.AddrPort, end time.Time, facts *TLS) (ok bool) {
	for _, h := range hellos {
		f, dialled := p.offer(ctx, to, end, h)
		if f.version != 0 {
			failed := facts.Error
			if f.tell(facts); facts.Error == failed { // nothing that we know of stands in the way
				facts.Error = protocol.Clip(failed + "; a hello for old servers was answered")
			}
			return true
		}
		if !dialled || !time.Now().Before(end) {
			return false
		}
	}
	return false
}

// offer sends one hello, and reads the answer; dialled is false where no connection
// could be made.
func (p *port) offer(ctx context.Context, to netip.AddrPort, end time.Time, h clientHello) (f flight, dialled bool) {
	l, err := p.dial(ctx, to, end)
	if err != nil {
		return f, false
	}
	defer l.hangUp()
	l.SetDeadline(end)
	var random [32]byte
	rand.Read(random[:])
	if _, err := l.Write(h.append(nil, &random, p.Name)); err != nil {
		return f, true
	}
	var buffer [4096]byte
	for !f.done {
		n, err := l.Read(buffer[:])
		f.add(buffer[:n])
		if err != nil {
			break
		}
	}
	return f, true
}

// tell takes over what a server said in clear, and says what the handshake failed
// for, where that is known now.
func (f *flight) tell(facts *TLS) {
	facts.Version, facts.Cipher = f.version, f.cipher
	facts.AsksClient = facts.AsksClient || f.asksClient
	if f.cert != nil {
		if err := takeRawCertificate(facts, f.cert); err != nil {
			facts.Error = badCertificate + err.Error()
		}
	}
	switch {
	case strings.HasPrefix(facts.Error, badCertificate):
	case f.version < tls.VersionTLS10:
		facts.Error = "sonde does not speak SSL 3.0"
	case !spoken(f.cipher):
		facts.Error = "sonde does not speak " + report.CipherName(f.cipher)
	}
	facts.Error = protocol.Clip(facts.Error)
}

// spoken tells whether crypto/tls has a cipher suite.
func spoken(cipher uint16) bool {
	return slices.ContainsFunc(slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()), func(c *tls.CipherSuite) bool { return c.ID == cipher })
}

// badCertificate begins the Error of a handshake that failed for what crypto/x509
// does not take.
const badCertificate = "certificate not understood: "

// handshakeError says why a handshake failed, without what goes without saying.
func handshakeError(err error) string {
	text := err.Error()
	if cause, ok := strings.CutPrefix(text, "tls: failed to parse certificate from server: "); ok {
		return protocol.Clip(badCertificate + cause)
	}
	return protocol.Clip(text)
}

// takeRawCertificate reads a certificate: by crypto/x509, and where that refuses it,
// which the error tells, as far as it can be understood.
func takeRawCertificate(t *TLS, der []byte) error {
	c, err := x509.ParseCertificate(der)
	if err == nil {
		takeCertificate(t, c)
		return nil
	}
	if c, ok := readCert(der); ok {
		t.Subject, t.Issuer, t.Names = c.subject, c.issuer, c.names
		t.NotBefore, t.NotAfter = report.Time(c.notBefore), report.Time(c.notAfter)
		t.SelfSigned = string(c.rawSubject) == string(c.rawIssuer) // nobody can check its signature
	}
	return err
}
