package report

import (
	"net/netip"
	"time"
)

// Service is what an open port said of itself; it comes after its Port.
type Service struct {
	Addr     netip.Addr
	Proto    string
	Port     uint16
	Service  string // the protocol that is spoken; "": not known
	Product  string // the program, as it calls itself; this and what follows "" where it does not say
	Version  string // of the program
	Info     string // what else it says
	OS       string // the system that it says it was built for
	Hostname string // the name by which it calls itself
	CPE      []string
	HTTP     *HTTP  // nil: it answered no request
	TLS      *TLS   // nil: it spoke no TLS
	Banner   string // what it said unasked
	How      string // how it was found out: "greeting", "tls+http"
	Cut      string // why there may be more to know: "late", "long"; "": there is not
}

func (*Service) record() {}

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
	Cipher     uint16 // IANA's number; 0: none was agreed on
	ALPN       string
	Subject    string // of the certificate; like all that follows, up to SelfSigned
	Issuer     string
	Names      []string
	NotBefore  time.Time // to the second; zero: not understood
	NotAfter   time.Time
	SelfSigned bool
	AsksClient bool   // it wants a certificate of the client
	Error      string // why the handshake failed; "": it did not
}

// HasCert tells whether a certificate was shown.
func (t *TLS) HasCert() bool {
	return !t.NotBefore.IsZero() || !t.NotAfter.IsZero() || t.Subject != "" || t.Issuer != "" || len(t.Names) > 0
}

// withinTLS are names of services that are another one inside TLS.
var withinTLS = map[string]string{"https": "http", "imaps": "imap", "pop3s": "pop3", "smtps": "smtp", "submissions": "smtp",
	"ftps": "ftp", "ldaps": "ldap", "ircs": "irc", "telnets": "telnet", "nntps": "nntp", "sips": "sip"}

// WithinTLS is the name of what is spoken inside TLS by a service of that name; false: it is
// not known to be one.
func WithinTLS(name string) (inner string, ok bool) {
	inner, ok = withinTLS[name]
	return inner, ok
}
