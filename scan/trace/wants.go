package trace

import "net/netip"

// This file decides which questions are asked next to find all ways.

// hurry is for how many flows that were asked one is asked at a time, at least, where what
// is needed are flows that come to a certain router, as few may do: one by one, each would
// take a round trip.
const hurry = 64

// sameFlow is how often one flow is asked again to find out whether its packets stay
// together: where they are spread over two ways, one of a thousand times that is missed.
const sameFlow = 10

// wants are the questions that the stopping rule asks next: none is asked that it would not
// ask one by one.
func (b *brancher) wants() []want {
	l := asking{b: b, chosen: map[want]bool{}}
	before := 0 // questions that the TTL before needs, each of which finds a flow for some group
	for ttl := uint8(1); ttl <= b.end; ttl++ {
		all, lacking := 0, 0
		for _, g := range b.groups(ttl) {
			need := b.short(ttl, &g)
			all += need
			for _, f := range g.members {
				if c := b.at(ttl, f); need > 0 && !c.who.IsValid() && c.asks < patience {
					need -= l.add(ttl, f)
				}
			}
			at := ttl
			if !g.any {
				at--
				spared := min(need, before)
				before -= spared
				need -= spared
				lacking += need
				need = l.known(ttl, &g, need)
			}
			for ; need > 0 && b.flows < b.most; need-- {
				b.flows++
				l.add(at, b.flows-1)
			}
			l.seen(ttl, &g)
		}
		for ; lacking > 0 && lacking < b.flows/hurry && b.flows < b.most; lacking++ {
			b.flows++
			l.add(ttl-1, b.flows-1)
		}
		before = all
	}
	return l.list
}

// asking are questions that are to be asked.
type asking struct {
	b      *brancher
	chosen map[want]bool
	list   []want
}

// add adds a flow at a TTL, and returns whether that was not there yet as 1 or 0.
func (l *asking) add(ttl uint8, f int) int {
	w := want{ttl, f, l.b.at(ttl, f).asks}
	if w.rep >= mostAsks || l.chosen[w] {
		return 0
	}
	l.chosen[w] = true
	l.list = append(l.list, w)
	return 1
}

// seen asks, where only one hop is known before a TTL and so all flows are taken to come from
// there, a flow for each next hop of which none is known to have come from there.
func (l *asking) seen(ttl uint8, g *group) {
	if !g.any || !g.from.IsValid() {
		return
	}
	flow := map[netip.Addr]int{} // negative: it is known
	for _, f := range g.members {
		switch c := l.b.at(ttl, f); {
		case !c.who.IsValid():
		case l.b.at(ttl-1, f).who.IsValid():
			flow[c.who] = -1
		default:
			if _, ok := flow[c.who]; !ok {
				flow[c.who] = f
			}
		}
	}
	for _, f := range flow {
		if f >= 0 && l.b.at(ttl-1, f).asks < patience {
			l.add(ttl-1, f)
		}
	}
}

// known asks, for need flows more that come from g to a TTL, flows of which it is known that
// they come to a hop before it. It returns how many are still to be found.
func (l *asking) known(ttl uint8, g *group, need int) int {
	b := l.b
	if ttl < 3 {
		return need
	}
	before := map[netip.Addr]bool{}
	for _, f := range g.members {
		if c := b.at(ttl-2, f); c.who.IsValid() {
			before[c.who] = true
		}
	}
	any := b.level[ttl-2].unstable || b.silent(ttl-2)
	for f := 0; f < b.flows && need > 0; f++ {
		if c := b.at(ttl-2, f); b.at(ttl-1, f).asks == 0 && (any || before[c.who]) {
			need -= l.add(ttl-1, f)
		}
	}
	return need
}

// checks are the questions by which it is told whether packets of one flow stay together:
// where several answer for a TTL, one flow is asked as often as would show that they do not.
func (b *brancher) checks() (list []want) {
	for ttl := uint8(1); ttl <= b.end; ttl++ {
		l := &b.level[ttl]
		if l.checked {
			continue
		}
		seen := map[netip.Addr]bool{}
		flow := -1
		for f := range b.flows {
			if c := b.at(ttl, f); c.who.IsValid() {
				seen[c.who] = true
				flow = max(flow, f)
			}
		}
		if len(seen) < 2 {
			continue
		}
		l.checked = true
		c := b.at(ttl, flow)
		for rep := c.asks; rep < min(c.asks+sameFlow, mostAsks); rep++ {
			list = append(list, want{ttl, flow, rep})
		}
	}
	return list
}
