package service

import (
	"time"

	"sonde/scan/service/protocol"
)

// hint is what a port's number suggests: which conversation goes first.
type hint uint8

const (
	unhinted    hint = iota
	greets           // the server speaks first
	web              // the client speaks first, HTTP
	asks             // the client speaks first, in a protocol that has a question of its own
	secureWeb        // TLS at once, HTTP inside
	secureGreet      // TLS at once, inside the server speaks first
	secureOther      // TLS at once, inside neither HTTP nor a greeting
	prints           // whatever is sent comes out on paper
)

// hintOf returns the hint of a port, and the protocol that gives it.
func hintOf(port uint16) (hint, *protocol.Protocol) {
	switch plain, secure := protocol.At(port); {
	case secure == protocol.HTTP:
		return secureWeb, secure
	case secure != nil && secure.Greets:
		return secureGreet, secure
	case secure != nil:
		return secureOther, secure
	case plain == nil:
		return unhinted, nil
	case plain.Prints:
		return prints, plain
	case plain == protocol.HTTP:
		return web, plain
	case plain.Greets:
		return greets, plain
	case plain.Ask == nil: // it is known by how it takes other questions
		return unhinted, plain
	default:
		return asks, plain
	}
}

// step is a conversation and when it starts at the latest. It starts sooner when
// all before it have ended without a verdict.
type step struct {
	after time.Duration
	talk  talk
}

// plan returns the steps of the first wave for a port. A conversation has one connection
// at a time.
func plan(h hint, usual *protocol.Protocol, w waits) []step {
	switch h {
	case greets:
		// What is sent before a late greeting spoils it (RFC 5321 section 4.3.1):
		// so the others have connections of their own.
		return []step{{0, talk{listen: true}}, {w.second, talk{tls: true}}, {w.second, talk{get: true}}}
	case web:
		return []step{{0, talk{get: true}}, {w.second, talk{tls: true}}, {w.second, talk{listen: true}}}
	case asks:
		return []step{{0, talk{ask: usual}}, {w.second, talk{listen: true, get: true}}, {w.second, talk{tls: true}}}
	case secureGreet:
		return []step{{0, talk{tls: true, listen: true}}, {w.second, talk{listen: true, get: true}}, {w.patient, talk{tls: true, get: true}}}
	case secureOther:
		if usual.Ask != nil {
			return []step{{0, talk{tls: true, ask: usual}}, {w.second, talk{listen: true, get: true}}}
		}
		fallthrough
	case secureWeb:
		return []step{{0, talk{tls: true}}, {w.second, talk{listen: true, get: true}}}
	case prints:
		return []step{{0, talk{listen: true}}}
	}
	// Who is slow to greet may hang up on who does not wait: where nothing was said yet, one waits.
	return []step{{0, talk{listen: true, get: true}}, {0, talk{tls: true}}, {w.second, talk{listen: true}}}
}

// maxFirst is how many steps the first wave has at most, wave how many questions of the
// second one are under way at once, gentle how many of these may be new, for some servers
// have no room for many, and maxConns how many connections are open together.
const maxFirst, wave, gentle, maxConns = 3, 24, 5, maxFirst + wave

// waits are how long to wait for what, from the round-trip time.
type waits struct {
	greeting time.Duration // for a greeting, before something is asked
	patient  time.Duration // the same, where a greeting is expected
	second   time.Duration // before other languages are tried
	answer   time.Duration // for the answer to a question in a language that may be another
	room     time.Duration // before a question of the second wave is not new any more
	better   time.Duration // for a better answer, when there is one
	prompt   time.Duration // between the pieces of a text without line end
	binary   time.Duration // the same, where it is no text
}

func waitsFor(rtt time.Duration) waits {
	return waits{
		greeting: min(max(2*rtt, 40*time.Millisecond), 250*time.Millisecond),
		patient:  time.Second + 2*rtt,
		second:   max(300*time.Millisecond, 3*rtt+100*time.Millisecond),
		answer:   max(500*time.Millisecond, 4*rtt+100*time.Millisecond),
		room:     max(50*time.Millisecond, 2*rtt),
		better:   time.Second + 3*rtt,
		prompt:   1500*time.Millisecond + 2*rtt,
		binary:   150*time.Millisecond + 2*rtt,
	}
}
