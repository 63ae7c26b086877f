package terminal

import (
	"cmp"
	"fmt"
	"time"

	"sonde/scan"
	"sonde/scan/job"
)

// soon is how long after a rate was told another one is none: a key pressed twice.
const soon = 250 * time.Millisecond

// NewPace begins to count now, for a run that asks every question rounds times (-c); 0: until
// it is decided.
func NewPace(rounds uint64) *Pace {
	now := time.Now()
	return &Pace{began: now, at: now, rounds: rounds}
}

// Pace turns counts into rates.
type Pace struct {
	began   time.Time
	at      time.Time // when the rate was last told
	packets uint64    // and how many were sent, or read, until then
	rate    float64   // packets a second
	// rounds is how often every question is asked (-c); 0: until it is decided
	rounds uint64
}

// Line is "tcp: pass 1, 42 %, 200 packets/s, 90 answers, loss 0.5 %, 6 s left".
// The time left is that of the pass: whether another one follows depends on
// what it finds.
func (c *Pace) Line(command string, now time.Time, p scan.Progress) string {
	c.count(now, p.Sent)
	stage := fmt.Sprintf("pass %d", p.Pass+1)
	if c.rounds > 0 {
		stage = fmt.Sprintf("round %d of %d", min(p.Asked*c.rounds/max(1, p.Questions)+1, c.rounds), c.rounds)
	}
	line := fmt.Sprintf("%s: %s, %.0f %%, %.0f packets/s, %d answers", command, stage,
		100*float64(p.Asked)/float64(max(1, p.Questions)), c.rate, p.Received)
	if p.Loss >= 0 {
		line += fmt.Sprintf(", loss %.1f %%", 100*p.Loss)
	}
	return line + c.left(now, p.Asked, p.Questions)
}

// Read is "compare: 42 %, 210000 packets/s, 6 s left".
func (c *Pace) Read(command string, now time.Time, r job.Reading) string {
	c.count(now, r.Packets)
	return fmt.Sprintf("%s: %.0f %%, %.0f %s/s", command, 100*float64(r.Bytes)/float64(max(1, r.Size)), c.rate, cmp.Or(r.Unit, "packets")) + c.left(now, r.Bytes, r.Size)
}

// count makes a rate of how many packets there were until now.
func (c *Pace) count(now time.Time, packets uint64) {
	if d := now.Sub(c.at); d >= soon { // a key pressed twice gives no new rate
		c.rate = float64(packets-min(c.packets, packets)) / d.Seconds()
		c.at, c.packets = now, packets
	}
}

// left says for how long it goes on if the rest is as fast as what is done.
func (c *Pace) left(now time.Time, done, all uint64) string {
	if done == 0 || done >= all {
		return ""
	}
	return fmt.Sprintf(", %.0f s left", now.Sub(c.began).Seconds()*float64(all-done)/float64(done))
}
