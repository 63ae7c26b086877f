package link

import "time"

// clock turns the kernel's receive times into times since start. The kernel
// stamps packets by the wall clock, which may be set while we run; start and
// now carry the monotonic clock.
type clock struct{ start time.Time }

// moment is one reading of both clocks.
type moment struct {
	since time.Duration // monotonic, since start
	wall  int64         // nanoseconds of the epoch
}

func (c clock) now() moment {
	t := time.Now()
	return moment{t.Sub(c.start), t.UnixNano()}
}

// at returns when a packet with the kernel's stamp (nanoseconds of the epoch; 0:
// none) came. m is a reading taken after it was fetched. A stamp from before the
// wall clock was set back or forth would be off by that step: it is put where it
// can be, between start and now.
func (m moment) at(stamp int64) time.Duration {
	if stamp == 0 {
		return m.since
	}
	return min(max(m.since-time.Duration(m.wall-stamp), 0), m.since)
}
