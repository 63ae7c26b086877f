package scan

import "time"

// Timing is how patiently and how fast to ask. Template has the values behind -T;
// other flags override single fields.
type Timing struct {
	FirstWait  time.Duration // for one reply, before any round trip is known
	Timeout    time.Duration // the longest wait for one reply; 0: as measured
	Tries      int           // of a question when nothing answers
	Look       time.Duration // a sweep asks who is silent once more so long after: see secondLooks; 0: it does not
	MaxRetries int           // exactly this many further tries; negative: as measured
	Start      float64       // packets a second at the start
	Quiet      float64       // ceiling while nothing answers
	Ceiling    float64       // ceiling with answers; 0: none
	Rate       float64       // never more than this, whatever the template says; 0: no such limit
}

// MostTries is how often a question is asked at most when loss demands it.
const MostTries = 15

// TemplateNames are the names that go with the digits of -T.
var TemplateNames = [...]string{"paranoid", "sneaky", "polite", "normal", "aggressive", "insane"}

// Template returns the timing that -T n stands for, n from 0 to 5.
func Template(n int) Timing {
	t := Timing{FirstWait: time.Second, Tries: 3, MaxRetries: -1, Look: 400 * time.Millisecond}
	switch n {
	case 0, 1, 2:
		t.Start = [...]float64{1 / 300.0, 1 / 15.0, 1 / 0.4}[n]
		t.Quiet, t.Ceiling = t.Start, t.Start
	case 4:
		t.FirstWait = 500 * time.Millisecond
		t.Start, t.Quiet, t.Ceiling = 10_000, 50_000, 1_000_000
	case 5:
		t.FirstWait, t.Tries, t.Look = 100*time.Millisecond, 2, 0
		t.Start, t.Quiet = 100_000, 500_000
	default:
		t.Start, t.Quiet, t.Ceiling = 1_000, 5_000, 100_000
	}
	return t
}

// firstTries is how often every silent question is asked before loss is
// consulted.
func (t *Timing) firstTries() int {
	if t.MaxRetries >= 0 {
		return t.MaxRetries + 1
	}
	return t.Tries
}

// fixed tells whether the number of tries is given, not measured.
func (t *Timing) fixed() bool { return t.MaxRetries >= 0 }
