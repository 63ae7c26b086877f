package service

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"sonde/fingerprint"
	"sonde/scan/service/protocol"
)

// Options say how to ask. The zero value is fine.
type Options struct {
	Name     string                // the host's name, for TLS and HTTP; "": only its address is known
	RTT      time.Duration         // round-trip time; 0: not known, nearby
	Timeout  time.Duration         // for everything together; 0: DefaultTimeout. The context may end it sooner
	Greeting time.Duration         // for a greeting, where one is due or has begun; no more than Timeout: that
	Patterns *fingerprint.Patterns // nil: the built-in ones
	Stay     bool                  // follow no redirect to another port of the host
	// Proven: an answer to the usual question of a UDP port was seen before.
	Proven bool
	// Thorough asks a port that was not understood everything that can be asked.
	Thorough bool
	// Unusual: its usual question has been asked of a UDP port already, in vain.
	Unusual bool
	// Brief has a port of no protocol asked by the first wave alone, for briefly at most.
	Brief bool
	// Alone allows one connection at a time, and ends each with a reset, so that
	// the next can leave from the same source port at once.
	Alone bool
}

// briefly is how long, beside ten round trips, a port of no protocol is asked with Brief.
const briefly = 500 * time.Millisecond

// DefaultTimeout bounds a question that nobody else bounds.
const DefaultTimeout = 5 * time.Second

// ErrName is the error for a name that cannot be a host's: it goes into requests
// as it is.
var ErrName = errors.New("not a host name")

// port is a question under way.
type port struct {
	Options
	dialer Dialer
	to     netip.AddrPort
	hint   hint
	usual  *protocol.Protocol // what gives the hint; nil: there is none
	waits  waits
	end    time.Time // of what is not a greeting
	late   time.Time // of greetings, and so of everything
	conns  atomic.Int32
	spoke  atomic.Bool // something was said, in clear or inside TLS
	shaken atomic.Bool // a handshake of TLS went well
}

// Ask holds the conversations with one TCP port of target, and blocks until they
// have ended, at most for o.Timeout, or o.Greeting, or until ctx ends. It returns an error, and
// no Answer, only if no connection could be made (the dialer's error) or for a
// Name that is none. A port that took the connection and said nothing has an
// Answer without a Service.
//
// Connections go to the address of target only, whatever a server says.
func Ask(ctx context.Context, d Dialer, target netip.AddrPort, o Options) (*Answer, error) {
	if !validName(o.Name) {
		return nil, fmt.Errorf("%w: %q", ErrName, o.Name)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Patterns == nil {
		o.Patterns = fingerprint.BuiltinPatterns()
	}
	start := time.Now()
	p := &port{Options: o, dialer: d, to: target, waits: waitsFor(o.RTT),
		end: start.Add(o.Timeout), late: start.Add(max(o.Timeout, o.Greeting))}
	p.hint, p.usual = hintOf(target.Port())
	if p.Brief = p.Brief && p.usual == nil; p.Brief {
		p.end = earlier(p.end, start.Add(briefly+10*o.RTT))
		p.late = p.end
	}
	if end, ok := ctx.Deadline(); ok {
		p.end, p.late = earlier(p.end, end), earlier(p.late, end)
	}
	if p.Alone { // a connection that waits keeps all others from being opened
		p.late = p.end
	}
	ctx, cancel := context.WithDeadline(ctx, p.late)
	defer cancel()
	best, err := p.ask(ctx, cancel)
	if err != nil {
		return nil, err
	}
	p.adoptMore(&best)
	a := &best.Answer
	a.Elapsed = time.Since(start)
	a.Conns = int(p.conns.Load())
	if best.weight < certain && a.Cut == Whole && !time.Now().Before(p.end) {
		a.Cut = Late
	}
	switch {
	case best.weight != nothing:
	case p.hint == prints:
		a.Info = "not asked: a printer would print the question"
	case a.How == hungUp:
		a.Info = "closes when asked"
	default:
		a.Info = fmt.Sprintf("said nothing within %.1f s", a.Elapsed.Seconds())
	}
	return a, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// validName tells whether s can stand in a request as it is.
func validName(s string) bool {
	return len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
}
