package scan

import (
	"time"

	"sonde/probe"
)

// senses are how the machine learns what no packet tells. Each may be nil.
type senses struct {
	// unheard tells whether something has come in that answer has not been given yet, or
	// has changed that lost does not know of: until it was, silence is none.
	unheard func(since time.Duration) bool
	// lost tells what became of the way of a question at any time since, 0 if nothing.
	lost func(q probe.Probe, since time.Duration) probe.Trouble
	// calm tells whether lost knows of no way at all that was. Nil: nobody says so.
	calm func(since time.Duration) bool
	// passes tells whether it is known what became of what asked a question at since, as
	// far as the next hop: if not, that is found out, and until then silence is none.
	passes func(i uint64, since time.Duration) bool
	// passed is told that somebody else has heard what asked a question at that time. Nil
	// as passes is.
	passed func(q probe.Probe, at time.Duration)
	// kept tells whether this machine has kept back a try of a question, Try of q.
	kept func(q probe.Probe) bool
}
