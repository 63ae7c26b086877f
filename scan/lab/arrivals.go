package lab

import "time"

// Arrivals notes when frames come in through an interface, and nothing else of
// them: so it follows a hundred thousand a second, and has room for one second of
// them while this process does something else.
type Arrivals struct {
	host  *Host
	iface string
	ring  *ring
	times []time.Time
}

// Arrivals starts noting; every frame from its return on counts.
func (h *Host) Arrivals(iface string) *Arrivals {
	h.net.t.Helper()
	a := &Arrivals{host: h, iface: iface}
	index := h.Index(iface)
	h.do("arrivals at "+iface, func() (err error) {
		a.ring, err = openRing(index, manyFrames)
		return err
	})
	h.net.own(a.ring)
	return a
}

// Until returns, in order, when the kernel received each frame since the last
// call, once done is closed and nothing has come for 50 ms. Frames that the kernel
// could not note are fatal: what is returned is everything.
func (a *Arrivals) Until(done <-chan struct{}) []time.Time {
	a.host.net.t.Helper()
	a.times = nil
	for over := false; ; {
		select {
		case <-done:
			over = true
		default:
		}
		before := len(a.times)
		if err := a.ring.wait(quiet); err != nil {
			a.host.fail("arrivals at %s: %v", a.iface, err)
		}
		a.ring.drain(func(f frame) {
			if !f.out {
				a.times = append(a.times, f.at)
			}
		})
		if over && len(a.times) == before {
			break
		}
	}
	if drops, err := a.ring.drops(); err != nil || drops > 0 {
		a.host.fail("arrivals at %s: %d frames lost, %v", a.iface, drops, err)
	}
	return a.times
}
