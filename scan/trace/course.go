package trace

import (
	"net/netip"
	"slices"

	"sonde/scan/report"
)

// This file tells, round by round, when the way to a watched target has become another one.
// Silence is no change: a hop that did not answer is where it was, until somebody else answers
// in its place.

// Bounds of what is made of rounds.
const (
	mostWays    = 16 // that are remembered, so that one which is seen again is known
	oftenFlips  = 4  // so many changes of who answers at a TTL
	oftenRounds = 12 // within so many rounds: several answer there by turns, as of balancing by packet
	calmRounds  = 30 // rounds without one: they do no more
	mostPending = 3  // rounds in which the end of a way that has become longer is looked for
	mostAt      = 16 // addresses that are remembered of those that answered at a TTL
)

// course is what rounds tell of the way to a target.
type course struct {
	target  netip.Addr
	way     []netip.Addr // who answers, by TTL from 1; zero: nobody has yet
	ended   bool         // the last of way is the target
	away    uint32       // rounds in a row in which the target did not answer
	more    bool         // packets get farther than was asked: ask for hops beyond
	pending uint32       // the round in which the way was seen to be longer, while its end is looked for; 0: it was not
	ways    [][]netip.Addr
	at      [64]turns // by TTL, from 0
}

// turns are the changes of who answers at one TTL.
type turns struct {
	who      netip.Addr         // with known: who did last; zero: the way ended before
	known    bool               // it is
	when     [oftenFlips]uint32 // the rounds of the last changes; 0: there were less
	last     uint32             // that of the last one
	balanced bool               // several answer by turns
}

// flipped notes who answers at a TTL in a round, and tells whether from now on that is by turns.
func (t *turns) flipped(round uint32, who netip.Addr) (begins bool) {
	same, first := t.known && t.who == who, !t.known
	t.who, t.known = who, true
	switch {
	case same && t.balanced && round-t.last > calmRounds:
		t.balanced, t.when = false, [oftenFlips]uint32{}
		return false
	case same || first:
		return false
	}
	copy(t.when[:], t.when[1:])
	t.when[oftenFlips-1], t.last = round, round
	begins = !t.balanced && t.when[0] > 0 && round-t.when[0] < oftenRounds
	t.balanced = t.balanced || begins
	return begins
}

// end is the TTL of the target; 0: it is not known.
func (c *course) end() uint8 {
	if c.ended {
		return uint8(len(c.way))
	}
	return 0
}

// see takes who answered in a round, by TTL from 1, of which zero means that nobody did, and the
// lowest TTL at which the target did; 0: it did not. It returns the change of the way, if there
// is one.
func (c *course) see(round uint32, seen []netip.Addr, end uint8) *report.Reroute {
	if end > 0 {
		seen, c.away = seen[:end], 0
	} else {
		c.away++
	}
	asked := len(seen)
	for i := len(c.way); end == 0 && i < len(seen); i++ {
		if seen[i].IsValid() && slices.Contains(seen[:i], seen[i]) {
			seen = seen[:i] // packets go round: that is not farther
		}
	}
	for len(seen) > 0 && !seen[len(seen)-1].IsValid() {
		seen = seen[:len(seen)-1]
	}
	c.more = end == 0 && asked > 0 && len(seen) == asked && !slices.Contains(seen[:asked-1], seen[asked-1]) &&
		(asked > len(c.way) || asked == len(c.way) && seen[asked-1] != c.way[asked-1])
	var begun []uint8
	changed := false
	for i := range max(len(c.way), len(seen)) {
		was, hadIt := c.before(i)
		now, hasIt := netip.Addr{}, end > 0
		if i < len(seen) {
			now, hasIt = seen[i], seen[i].IsValid()
		}
		if !hasIt {
			continue
		}
		t := &c.at[i]
		if hadIt && !t.known {
			t.who, t.known = was, true
		}
		turned := t.balanced
		if t.flipped(round, now) {
			begun = append(begun, uint8(i)+1)
		}
		if turned && !t.balanced && i < len(c.way) && now.IsValid() {
			c.way[i], was = now, now
		}
		changed = changed || hadIt && was != now && !t.balanced
	}
	if changed && end == 0 && c.ended && len(seen) >= len(c.way) && len(begun) == 0 {
		if c.pending == 0 {
			c.pending = round
		}
		if round-c.pending < mostPending {
			return nil // where it ends is looked for
		}
	}
	since := round
	if changed && c.pending > 0 {
		since = c.pending
	}
	c.pending = 0
	if !changed {
		c.fill(seen, end)
		if len(begun) == 0 {
			return nil
		}
		return &report.Reroute{Addr: c.target, Number: since, Was: slices.Clone(c.way), Now: slices.Clone(c.way), Balanced: begun}
	}
	return c.turn(since, seen, end, begun)
}

// before is who answered at a place before this round; it is known to be nobody where the way
// ended before.
func (c *course) before(i int) (who netip.Addr, known bool) {
	if i < len(c.way) {
		return c.way[i], c.way[i].IsValid()
	}
	return netip.Addr{}, c.ended
}

// fill adds to a way that has not changed what was not known of it.
func (c *course) fill(seen []netip.Addr, end uint8) {
	for i, who := range seen {
		switch {
		case i >= len(c.way):
			c.way, c.ended = append(c.way, who), i+1 == int(end)
		case !c.way[i].IsValid() && who.IsValid():
			c.way[i] = who
		}
	}
	if end > 0 && !c.ended {
		for len(c.way) > int(end) && !c.way[len(c.way)-1].IsValid() {
			c.way = c.way[:len(c.way)-1]
		}
		c.ended = len(c.way) == int(end)
	}
}

// turn makes another way of what was seen the way: one that was seen before, if it may be that
// one.
func (c *course) turn(round uint32, seen []netip.Addr, end uint8, begun []uint8) *report.Reroute {
	was := slices.Clone(c.way)
	c.remember(was)
	r := &report.Reroute{Addr: c.target, Number: round, Was: was, Balanced: begun}
	now := c.like(seen, end, was)
	if r.Known = now != nil; now == nil {
		now = c.merged(seen, end)
		c.remember(now)
	}
	c.way, c.ended = slices.Clone(now), end > 0 || c.ended && len(now) == len(was) && now[len(now)-1] == was[len(was)-1]
	r.Now = now
	return r
}

// merged is the way that was seen; where nobody answered, it is the hop of the way so far.
func (c *course) merged(seen []netip.Addr, end uint8) []netip.Addr {
	n := int(end)
	if n == 0 {
		n = max(len(seen), len(c.way))
	}
	now := make([]netip.Addr, n)
	copy(now, c.way)
	if last := len(c.way) - 1; c.ended && last >= 0 && last < n-1 {
		now[last] = netip.Addr{} // which was the target's place
	}
	for i, who := range seen {
		if who.IsValid() {
			now[i] = who
		}
	}
	return now
}

// like is a way that was seen before, was not the last one, and may be that of what was seen
// now; nil: there is none.
func (c *course) like(seen []netip.Addr, end uint8, was []netip.Addr) []netip.Addr {
	for _, w := range slices.Backward(c.ways) {
		if (end > 0 && len(w) == int(end) || end == 0 && len(w) >= len(seen)) && !c.alike(w, was) && c.within(seen, w) {
			return slices.Clone(w)
		}
	}
	return nil
}

// within tells whether all that was seen is of way w, but for hops that answer by turns, and
// those that nobody knows.
func (c *course) within(seen, w []netip.Addr) bool {
	for i, who := range seen {
		if who.IsValid() && w[i].IsValid() && who != w[i] && !c.at[i].balanced {
			return false
		}
	}
	return true
}

// alike tells whether two ways may be the same.
func (c *course) alike(a, b []netip.Addr) bool { return len(a) == len(b) && c.within(a, b) }

// remember keeps a way, in the place of one that is like it.
func (c *course) remember(w []netip.Addr) {
	i := slices.IndexFunc(c.ways, func(o []netip.Addr) bool { return c.alike(w, o) })
	if i >= 0 {
		for j, who := range c.ways[i] {
			if !w[j].IsValid() {
				w[j] = who
			}
		}
		c.ways = slices.Delete(c.ways, i, i+1)
	}
	if len(c.ways) == mostWays {
		c.ways = slices.Delete(c.ways, 0, 1)
	}
	c.ways = append(c.ways, slices.Clone(w))
}

// Where a target stays away, every TTL is asked now and then: the way may have become longer.
const (
	awayRounds = 3  // rounds in which it did not answer
	awayEvery  = 10 // and again after so many
)

// reach is the highest TTL that the next round asks, and counted the highest of which silence
// means something.
func (c *course) reach(most uint8) (reach, counted uint8) {
	n := min(max(uint8(len(c.way)), 1), most)
	switch {
	case c.away >= awayRounds && (c.away-awayRounds)%awayEvery == 0:
		return most, n
	case c.more || c.pending > 0:
		return min(n+further, most), n
	}
	return n, n
}
