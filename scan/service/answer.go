package service

import "time"

// Answer is what a port said of itself. What was not said is zero.
type Answer struct {
	// Service is the protocol, by the name that IANA has for it or for its form
	// inside TLS: "ssh", "http", "https", "imap", "imaps". "" means that
	// something was said, but in no language that is known here.
	Service string
	Product string   // the program: "OpenSSH"
	Version string   // of the program, as it states it: "9.2p1"
	Info    string   // what else it says, for people: "Debian-2+deb12u3"
	OS      string   // the operating system that it says it was built for: "Debian 12"
	Host    string   // the name by which it calls itself
	CPE     []string // of the program and the operating system

	Banner []byte // the first line that it said unasked, without line end; at most maxLine bytes
	Raw    []byte // the first bytes that it said, where Service is ""; at most maxLine
	HTTP   *HTTP  // nil: it answered no request
	TLS    *TLS   // nil: it spoke no TLS

	How     string        // how it was found out: "greeting", "http", "tls", "tls+http", …; "hung up": it closed without a word
	Cut     Cut           // why there may be more to know
	Elapsed time.Duration // of the whole question
	Conns   int           // connections that were opened
}

// Cut tells why an answer ended before the other side was done.
type Cut uint8

const (
	Whole Cut = iota
	Late      // the time was up
	Long      // more came than is read
)

func (c Cut) String() string { return [...]string{"", "late", "long"}[c] }

// HTTP is the first response to "GET /", or the one that it redirected to.
type HTTP struct {
	Status   int    // of this response; 0: no status line (HTTP/0.9)
	Title    string // of the page, white space folded
	Server   string // the whole field
	Location string // where the response points to, if it redirects
	Redirect string // the request target that was followed to get here; "": none
	Auth     string // the whole WWW-Authenticate field
}

// TLS is what the handshake showed. Nothing of it was verified.
type TLS struct {
	Version    uint16 // as in crypto/tls; 0: the handshake failed before it was agreed
	Cipher     uint16
	ALPN       string   // what the server chose
	Subject    string   // RFC 4514
	Names      []string // DNS names and addresses of the certificate, at most maxNames
	Issuer     string
	NotBefore  time.Time // both zero: no certificate
	NotAfter   time.Time
	SelfSigned bool   // the issuer is the subject, and its key signed it
	AsksClient bool   // it wants a certificate from the client
	Error      string // why the handshake failed; "": it did not
}

// Bounds of what is kept, in bytes, and of the number of names.
const maxLine, maxField, maxNames = 512, 256, 100
