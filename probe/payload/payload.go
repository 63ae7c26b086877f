// Package payload knows what to ask a UDP port. A UDP port that is asked
// something it does not understand mostly stays silent, and silence tells
// nothing: open|filtered. A datagram in the port's own protocol brings an
// answer, and an answer proves the port open.
//
// One file is one protocol and reads top to bottom: what is asked, its bytes
// with the section of the standard at each offset, what an answer looks like.
// It makes itself known by its package variable. For tells what to ask a port; one
// that no protocol claims is asked with an empty datagram.
//
// Every datagram carries an identifier that the caller derives by a key from
// the flow, as far as there is room for it. It does two things. Protocols that
// repeat a transaction identifier prove by it that their answer is to this
// datagram. And it makes the UDP checksum unpredictable, which an ICMP error
// quotes: the same identifier always gives the same bytes, so the caller can
// compute that checksum again.
//
// The questions are harmless: none asks a device to do anything, none is
// answered to anybody else, and where the server must keep something of us it
// is what it forgets by itself.
//
// Some services never answer a stranger; SilentByDesign lists their ports, so
// that open|filtered can be reported as all that can be known there:
//
//	9           discard            throws away what it receives (RFC 863)
//	162         SNMP notification  a trap is not acknowledged (RFC 3416 §4.2.6)
//	514         syslog             one-way, no acknowledgement (RFC 5426)
//	5004, 5005  RTP, RTCP          media for a session agreed on elsewhere (RFC 3551 §8)
//	51820       WireGuard          answers only who knows its public key
//
// And some cannot be answered where this package asks, so that their ports get
// an empty datagram:
//
//	67      DHCP           answers to port 68 or to a relay's address, which the
//	                       question must name (RFC 2131 §4.1, RFC 8357)
//	1813    RADIUS         accounting is signed with a secret (RFC 2866 §3)
//	5355    LLMNR          by unicast only over TCP, and only for names of its own
//	                       (RFC 4795 §2.3, §2.4)
//	523, 1604, 3283, 5632, 5678, 10001, 17185
//	        DB2, Citrix, Apple Remote Desktop, pcAnywhere, MNDP, Ubiquiti, VxWorks:
//	        their questions are not public
package payload

import (
	"iter"
	"slices"
	"sync"
)

// Payload is what one protocol is asked. All of it is read-only and safe for
// concurrent use; Append and Match are pure and do not allocate (Append as far
// as the capacity of b allows).
type Payload struct {
	Name   string   // of the protocol, in lower case: "dns"
	Ports  []uint16 // where it is asked; no port is in two payloads
	Source string   // the standards that define question and answer
	Bits   uint8    // how many bits of id an answer repeats; 0: the protocol has no identifier

	// NewPort: the answer comes from another port of the server than the one
	// that was asked, so that only its address and our port can be compared.
	NewPort bool

	// Guessable: there is room for few bits of id or none, so that the checksum
	// of the datagram proves little.
	Guessable bool

	// Append writes the datagram, without UDP header, at the end of b. Only the
	// low Bits bits of id need count, but all of them may go into the bytes.
	Append func(b []byte, id uint64) []byte

	// Match reports whether answer, the payload of a UDP datagram, is an
	// answer to what Append wrote for id: it has the protocol's form, is not
	// our own datagram reflected (but for echo, of which that is the answer), and
	// repeats the low Bits bits of id. Any bytes are allowed; answer is only read, and
	// not kept.
	Match func(id uint64, answer []byte) bool
}

// all is what this package can ask, in order of the first port. It is filled while
// package variables are initialised and never after: a new protocol is one file
// with one variable.
var all []*Payload

// register makes a protocol known. It is for package variables only.
func register(p Payload) *Payload {
	at, _ := slices.BinarySearchFunc(all, p.Ports[0], func(p *Payload, port uint16) int { return int(p.Ports[0]) - int(port) })
	all = slices.Insert(all, at, &p)
	return &p
}

// All yields every payload, in order of the first port.
func All() iter.Seq[*Payload] {
	return func(yield func(*Payload) bool) {
		for _, p := range all {
			if !yield(p) {
				return
			}
		}
	}
}

// unverified are the protocols of which no server of Debian's was there to be
// asked, or none that answers on a machine without the rest of what it serves. All
// others are answered by those in the tests.
var unverified = [...]*Payload{
	systat, qotd, // nobody offers them over UDP any more
	cldap,                  // slapd wants to be built with it, Samba a whole domain
	slp,                    // no longer in Debian
	mssql,                  // not free
	h323,                   // no longer in Debian
	rx,                     // wants a kernel module and a cell
	pfcp,                   // no server in Debian
	teamspeak, raknet, a2s, // not free
	quake3,       // wants the game's data
	enip, bacnet, // devices
}

// byPort, made when it is first needed, holds for each port which of all is asked
// there, counted from 1; 0 is none. For is called for every packet.
var byPort = sync.OnceValue(func() *[1 << 16]uint8 {
	table := new([1 << 16]uint8)
	for i, p := range all {
		for _, port := range p.Ports {
			table[port] = uint8(i + 1)
		}
	}
	return table
})

// For returns what to ask a port, or nil where that is an empty datagram.
func For(port uint16) *Payload {
	if i := byPort()[port]; i > 0 {
		return all[i-1]
	}
	return nil
}

// SilentByDesign tells whether the service that is registered for a port, or
// usually found there, answers nobody who asks unbidden. Silence of such a port
// says nothing about it, however often it is asked.
func SilentByDesign(port uint16) bool {
	switch port {
	case 9, // discard
		162,        // SNMP notifications
		514,        // syslog
		5004, 5005, // RTP, RTCP
		51820: // WireGuard
		return true
	}
	return false
}
