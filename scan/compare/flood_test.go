package compare

import (
	"testing"
	"time"
)

// TestFlood: more is under way than is held, and what is judged early is judged right.
func TestFlood(t *testing.T) {
	w := newWorld(1, false)
	w.syns(100_000, 25*time.Microsecond, true)
	r := w.compare(t)
	right, unsure, wrong := w.score(t, r)
	t.Logf("%d right, %d unsure, %d wrong; %d early", right, unsure, wrong, r.all.Early)
	if r.all.Early == 0 {
		t.Error("nothing was judged early: the test shows nothing")
	}
	if wrong > 0 || unsure > len(w.truth)/1000 {
		t.Errorf("%d right, %d unsure, %d wrong", right, unsure, wrong)
	}
}
