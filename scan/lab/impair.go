package lab

import (
	"math/rand/v2"
	"time"
)

// Impair is what an emulated link does to the packets of one direction. The zero
// value carries each packet across at once.
//
// What happens to a packet depends on Seed, on the direction, and on how many
// packets came before it, on nothing else: the same packets in the same order
// meet the same fate again, however fast the machine is.
type Impair struct {
	Seed uint64

	Delay     time.Duration // each packet takes so long, at least
	Jitter    time.Duration // and up to so much longer, evenly spread; none overtakes another by that
	Loss      float64       // this share is lost
	Duplicate float64       // this share arrives twice
	Reorder   float64       // this share arrives Late later than its turn, so that others overtake it
	Late      time.Duration // default 5 ms

	// Hook makes of a packet those that go on, and those that go back to who
	// sent it, after the same time. It sees what is not lost, from the IP header
	// on, in the order of sending, and may keep the packet or change it; see
	// Rewrite and ICMPError. Hooks of the two directions may run at the same
	// time. nil: the packet goes on.
	Hook func(packet []byte) (on, back [][]byte)
}

// defaultLate is far more than the time between two packets of a fast sender,
// and far less than anybody's timeout.
const defaultLate = 5 * time.Millisecond

// dice decide the fates of the packets of one direction.
type dice struct {
	Impair
	rand *rand.Rand
}

// newDice throws other numbers for each direction of a link whose directions
// have the same seed.
func newDice(i Impair, direction uint64) *dice {
	if i.Late == 0 {
		i.Late = defaultLate
	}
	return &dice{i, rand.New(rand.NewPCG(i.Seed, direction))}
}

// fate is what the link does to one packet.
type fate struct {
	copies int           // 0: it is lost
	after  time.Duration // it arrives so long after it was sent
	late   time.Duration // and so much later than its turn
}

// throw decides on the next packet. It takes the same count of random numbers
// for each, so that one share does not change what another one hits.
func (d *dice) throw() fate {
	loss, twice, behind, jitter := d.rand.Float64(), d.rand.Float64(), d.rand.Float64(), d.rand.Float64()
	f := fate{copies: 1, after: d.Delay + time.Duration(jitter*float64(d.Jitter))}
	if behind < d.Reorder {
		f.late = d.Late
	}
	switch {
	case loss < d.Loss:
		f.copies = 0
	case twice < d.Duplicate:
		f.copies = 2
	}
	return f
}
