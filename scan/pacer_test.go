package scan

import (
	"testing"
	"time"
)

// TestLongPushback: a machine that takes nothing for a while, an interface without a
// carrier for one, is asked again soon after it does, at least ten times a second, or
// as often as the user allows.
func TestLongPushback(t *testing.T) {
	for _, given := range []float64{0, 2, 1000} {
		timing := Template(3)
		timing.Rate = given
		p := newPacer(timing)
		now := time.Duration(0)
		for range 1000 {
			now += 10 * time.Millisecond
			p.pushback(now)
		}
		longest := time.Duration(float64(time.Second) / slowest)
		if given > 0 {
			longest = max(longest, time.Duration(float64(time.Second)/given))
		}
		for p.take(now, 1) > 0 { // what may leave at once
		}
		if next := p.next(now, quantum) - now; next <= 0 || next > longest+time.Millisecond {
			t.Errorf("rate %v: the next packet leaves in %v", given, next)
		}

		// Once it takes packets again, nobody need answer for the pace to come back.
		want := given / 2
		if given == 0 {
			want = timing.Start / 2
		}
		end, left := now+3*time.Second, 0
		for ; now < end; now += time.Millisecond {
			if n := p.take(now, 1000); now >= end-time.Second {
				left += n
			}
		}
		if float64(left) < want {
			t.Errorf("rate %v: three seconds later %d packets a second", given, left)
		}
	}
}

// TestLateTakers: who read the clock and was held up before it came to take gets nothing
// twice: the time since then was paid out already.
func TestLateTakers(t *testing.T) {
	timing := Template(3)
	timing.Rate = 1000
	p := newPacer(timing)
	taken := 0
	for now := time.Second; now < 2*time.Second; now += time.Millisecond {
		taken += p.take(now, burst)
		late := now - 5*time.Millisecond
		n := p.take(late, burst)
		p.giveBack(late, n)
	}
	if most := 1000 + p.limit.Burst(); taken > most {
		t.Errorf("%d packets in a second at 1000 a second, want %d at most", taken, most)
	}
}
