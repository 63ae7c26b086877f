// Package payload knows what to ask a UDP port. A UDP port that is asked
// something it does not understand mostly stays silent, and silence tells
// nothing: open|filtered. A datagram in the port's own protocol brings an
// answer, and an answer proves the port open.
//
// One file is one protocol and reads top to bottom: what is asked, its bytes
// with the section of the standard at each offset, what an answer looks like.
// A new protocol is a new file and its line in the list all, below. A port
// that no protocol claims is asked with an empty datagram.
//
// Every datagram carries an identifier that the caller derives by a key from
// the flow. It does two things. Protocols that repeat a transaction identifier
// prove by it that their answer is to this datagram. And it makes the UDP
// checksum unpredictable, which an ICMP error quotes: the same identifier
// always gives the same bytes, so the caller can compute that checksum again.
//
// Some services never answer a stranger; SilentByDesign lists their ports, so
// that open|filtered can be reported as all that can be known there:
//
//	9           discard            throws away what it receives (RFC 863)
//	162         SNMP notification  a trap is not acknowledged (RFC 3416 §4.2.6)
//	514         syslog             one-way, no acknowledgement (RFC 5426)
//	5004, 5005  RTP, RTCP          media for a session agreed on elsewhere (RFC 3551 §8)
//	51820       WireGuard          answers only who knows its public key
package payload

import "iter"

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

	// Append writes the datagram, without UDP header, at the end of b. Only the
	// low Bits bits of id need count, but all of them may go into the bytes.
	Append func(b []byte, id uint64) []byte

	// Match reports whether answer, the payload of a UDP datagram, is an
	// answer to what Append wrote for id: it has the protocol's form, is not
	// our own datagram reflected, and repeats the low Bits bits of id. Any
	// bytes are allowed; answer is only read, and not kept.
	Match func(id uint64, answer []byte) bool
}

// all is the one list of what this package can ask.
var all = [...]*Payload{
	&dns,
	&tftp,
	&ntp,
	&snmp,
	&quic,
	&ike,
	&stun,
	&ikeNAT,
	&mdns,
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

// For returns what to ask a port, or nil where that is an empty datagram.
func For(port uint16) *Payload {
	for _, p := range all {
		for _, have := range p.Ports {
			if have == port {
				return p
			}
		}
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
