package service

import "testing"

// TestPlans: whatever a port is, nobody is asked in a protocol that has no question.
func TestPlans(t *testing.T) {
	for port := range 1 << 16 {
		h, usual := hintOf(uint16(port))
		steps := plan(h, usual, waitsFor(0))
		if len(steps) == 0 || len(steps) > maxFirst {
			t.Errorf("%d: %d conversations", port, len(steps))
		}
		for _, s := range steps {
			if s.talk.ask != nil && s.talk.ask.Ask == nil {
				t.Errorf("%d: asked in %s, which has no question", port, s.talk.ask.Name)
			}
		}
	}
}
