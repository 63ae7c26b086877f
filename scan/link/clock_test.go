package link

import (
	"sync"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	m := moment{since: 10 * time.Second, wall: 1_000_000_000_000}
	for _, test := range []struct {
		stamp int64
		want  time.Duration
	}{
		{0, m.since},                           // none
		{m.wall, m.since},                      // this moment
		{m.wall - 3e9, 7 * time.Second},        // three seconds ago
		{m.wall + 5e9, m.since},                // the wall clock was set back since
		{m.wall - 3600e9, 0},                   // or forth
		{m.wall - 10e9, 0}, {m.wall - 11e9, 0}, // before the start
	} {
		if got := m.at(test.stamp); got != test.want {
			t.Errorf("stamp %d is at %v, not %v", test.stamp, got, test.want)
		}
	}
	c := clock{time.Now()}
	if m := c.now(); m.since < 0 || m.since > waits || time.Since(time.Unix(0, m.wall)) > waits {
		t.Errorf("%+v", m)
	}
}

// TestGate: release runs once, when everybody is out, and nobody gets in after.
func TestGate(t *testing.T) {
	inside, released := 0, 0
	var g *gate
	g = newGate(func() {
		if released++; inside != 0 {
			t.Errorf("released with %d inside", inside)
		}
	})
	for range 3 {
		if !g.enter() {
			t.Fatal("shut")
		}
		inside++
	}
	g.close()
	g.close()
	if g.enter() {
		t.Error("open after close")
	}
	for inside > 0 {
		if released != 0 {
			t.Error("released too early")
		}
		inside--
		g.leave()
	}
	g.wait()
	if g.enter() || released != 1 {
		t.Errorf("released %d times", released)
	}

	// At the same time.
	count := 0
	g = newGate(func() { count++ })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for g.enter() {
				g.leave()
			}
		})
	}
	time.Sleep(time.Millisecond)
	g.close()
	g.wait()
	wg.Wait()
	if count != 1 {
		t.Errorf("released %d times", count)
	}
}
