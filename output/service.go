package output

import "time"

// HTTP is what a web server answered to the request for its first page.
type HTTP struct {
	Status   int    // 0: it sent none
	Title    string // of the page
	Server   string // the field Server
	Location string // where the response redirects to
	Redirect string // the request target that an earlier response redirected to, and that was followed
	Auth     string // the field WWW-Authenticate
}

// TLS is what a handshake showed. Nothing of it was verified.
type TLS struct {
	Version    uint16 // as in crypto/tls; 0: none was agreed on
	Cipher     uint16 // as in crypto/tls; 0: none was agreed on
	ALPN       string
	Subject    string // of the certificate; like all that follows, up to SelfSigned
	Issuer     string
	Names      []string
	NotBefore  time.Time // both zero: there is no certificate
	NotAfter   time.Time
	SelfSigned bool
	AsksClient bool   // it wants a certificate of the client
	Error      string // why the handshake failed; "": it did not
}

// hasCert tells whether a certificate was shown.
func (t *TLS) hasCert() bool { return !t.NotBefore.IsZero() || !t.NotAfter.IsZero() }
