package service

import (
	"time"

	"sonde/scan/report"
)

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
type HTTP = report.HTTP

// TLS is what the handshake showed. Nothing of it was verified. Of the names in
// its certificate it has at most maxNames.
type TLS = report.TLS

// Bounds of what is kept, in bytes, and of the number of names.
const maxLine, maxField, maxNames = 512, 256, 100
