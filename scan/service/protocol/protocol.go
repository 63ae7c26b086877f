// Package protocol knows what is spoken over TCP: how each protocol is told from
// all others by what a server says, and what to ask where it says too little.
//
// One file is one protocol and reads top to bottom: where it is usual, what a client
// says first, what a server's greeting, answer or error looks like, and what that
// tells of the program. It makes itself known by its package variable. It holds no
// connection and reads no clock: who talks to a port (package service) gives it what
// was said, and a Conn where a few lines more are to be exchanged.
//
// A protocol is named by the grammar of what was said alone. The number of a port
// decides what is asked first, never what the answer is called. What is not proven by
// grammar is no match, however likely: no name is better than a wrong one.
//
// The questions are harmless: none changes anything, none logs in, and none is sent
// where what is sent comes out on paper.
package protocol

import (
	"net/netip"
	"slices"
	"sync"
)

// Protocol is what is to be known of one. All of it is read-only. Its functions are
// pure but for what they say to a Conn, and take any bytes.
type Protocol struct {
	Name   string   // of the service, in IANA's words where it has any: "imap"
	Source string   // the standards, or the program's own documents
	Ports  []uint16 // where it is usual; no port is in two protocols
	Secure []uint16 // where it is usual inside TLS, likewise
	Inside string   // its name inside TLS: "imaps"; "": the name with "/tls"
	Greets bool     // the server speaks first, and where it is usual nothing is said before
	Prints bool     // what is sent comes out on paper: it is asked nothing

	// Ask returns what a client says first; nil: it is not asked.
	Ask func(to Target) string
	// Elsewhere says after which reactions it is asked on ports of no protocol, too.
	Elsewhere Reaction
	// Read takes what a server said, from the start of the connection, and says
	// whether it is in this protocol, and what it tells.
	Read func(said Said) (Facts, Match)
	// Settle asks a server whose first words were Unclear; nil: it cannot.
	Settle func(c Conn) bool
	// Talk asks on, where Read understood a greeting or the answer to Ask.
	Talk func(c Conn, f *Facts)
	// Bye is what a client says before it leaves; "": nothing.
	Bye string
	// Upgrade asks to go on in TLS (STARTTLS), and tells whether the server will.
	Upgrade func(c Conn) bool
	// Anew has Upgrade begin a connection, since the server ends that of Ask.
	Anew bool
}

// Said is what a server said first on a connection.
type Said struct {
	Bytes []byte
	To    Stimulus
	Sent  string // what was said to it; "": nothing

	text string // Bytes, once for all who read them; "": not made yet
}

// Text is Bytes as a string.
func (s *Said) Text() string {
	if s.text == "" {
		s.text = string(s.Bytes)
	}
	return s.text
}

// Stimulus is what made a server speak.
type Stimulus uint8

const (
	Unasked Stimulus = iota // nothing: it greets
	ToAsk                   // the protocol's own question
	ToGET                   // a request for a web page
	ToOther                 // anything else: a ClientHello, another protocol's question
)

// Match says how well what was said fits a protocol.
type Match uint8

const (
	No      Match = iota
	Opening       // fits several protocols, and more of it must come
	Unclear       // fits several protocols, and is all that needs to be read
	Some          // is in this protocol, and more of it may come
	Begun         // is in this protocol, and more of it must come
	Whole         // is in this protocol, and is all that needs to be read
)

// Reaction is how a port reacted to questions that it did not understand, one bit each.
type Reaction uint8

const (
	HungUp Reaction = 1 << iota // it closed the connection
	Text                        // it said something that people can read
	Binary                      // it said something else
	Silent                      // it said nothing
)

// Any is after every reaction but text: who answers in text is known by its words.
const Any = HungUp | Binary | Silent

// Facts are what was understood. What was not said is zero.
type Facts struct {
	Service string // where it is another name than the protocol's: "lmtp"
	Product string // the program, as it names itself
	Version string
	Info    string // what else it says, for people
	Rest    string // the same, where no pattern knows Text
	OS      string
	Host    string // the name by which it calls itself
	CPE     []string
	Key     string // the list of patterns (package fingerprint) that may know Text
	Text    string
	Banner  string // what to show of it, if not its first line; "-": nothing
	How     string // what of it was found out by Talk: "+ehlo"
	Code    string // of a reply with three digits
	After   string // what was said behind the greeting already, for Talk
	Clear   bool   // it said that it has no TLS: Upgrade is of no use
}

// Target is whom a question is for.
type Target struct {
	Addr netip.Addr
	Port uint16
	Host string // its name, or its address as text
}

// Conn is a connection on which something was said already. All its reading ends with
// the conversation.
type Conn interface {
	// Say sends text, which may be "", and returns what comes until enough says so, nothing
	// comes for a while, or the other side ends.
	Say(text string, enough func([]byte) bool) []byte
	// Await is Say where the other side may not answer: it waits for less.
	Await(text string, enough func([]byte) bool) []byte
	// Hear sends text, which may be "", and returns what comes next, which may take a while.
	// before is what was heard before.
	Hear(text string, before []byte) []byte
	Ended() bool // nothing more will come
	Target() Target
}

// all is what is known here, in order of the names of files. It is filled while package
// variables are initialised and never after: a new protocol is one file with one
// variable.
var all []*Protocol

// register makes a protocol known. It is for package variables only.
func register(p Protocol) *Protocol {
	all = append(all, &p)
	return &p
}

// All returns every protocol.
func All() []*Protocol { return slices.Clone(all) }

// usual, made when it is first needed, says which protocol is usual at a port, in clear
// and inside TLS.
var usual = sync.OnceValue(func() (maps [2]map[uint16]*Protocol) {
	maps = [2]map[uint16]*Protocol{{}, {}}
	for _, p := range all {
		for i, ports := range [][]uint16{p.Ports, p.Secure} {
			for _, port := range ports {
				maps[i][port] = p
			}
		}
	}
	return maps
})

// At returns the protocol that is usual at a port, and the one that is usual there
// inside TLS; nil: there is none.
func At(port uint16) (plain, secure *Protocol) {
	return usual()[0][port], usual()[1][port]
}

// Reading is which protocol something is in.
type Reading struct {
	Protocol *Protocol // nil: not known
	Facts    Facts
	Match    Match
	Unclear  []*Protocol // what it may be in, where Protocol is nil
}

// Identify tells which protocol was spoken. It knows a beginning as well as the whole.
func Identify(said Said) (r Reading) {
	said.Text()
	vague := No
	for _, p := range all {
		facts, match := p.Read(said)
		switch {
		case match == Opening || match == Unclear:
			r.Unclear = append(r.Unclear, p)
			vague = max(vague, match)
		case match > r.Match:
			r.Protocol, r.Facts, r.Match = p, facts, match
		}
	}
	if r.Match == No {
		r.Match = vague
	}
	return r
}

// always is Ask for a question that is the same for everybody.
func always(question string) func(Target) string {
	return func(Target) string { return question }
}
