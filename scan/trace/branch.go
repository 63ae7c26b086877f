package trace

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
)

// This file finds all ways to a target over which routers balance load: hop by hop as many
// flows are asked as the stopping rule wants (see stopping), of each of which the answers
// at one TTL tell where it went on at the next.

// Graph is all ways to a target that flows were found to take.
type Graph struct {
	Target  netip.Addr
	Edges   []Edge // by TTL
	Flows   int    // how many were asked
	Settled bool   // with the confidence wanted there are no more
	// Discovery is how many questions were asked to find the ways, beside those that tell
	// how routers balance.
	Discovery int
	Stats     scan.Stats
}

// Edge is a step of the ways: from who answers for one TTL to who does for the next.
type Edge struct {
	TTL   uint8      // of To
	From  netip.Addr // zero: this machine (TTL 1), or nobody answered there, or packets of one flow go by any of several
	To    netip.Addr // zero: nobody answered
	Flows int        // how many flows were seen to take it
	Of    int        // how many were seen to leave From
	// Settled says that with the confidence wanted From has no next hops beside those
	// found.
	Settled bool
	Reached bool // To is the target
	// Balancing is how From spreads packets, as in a report.Edge; "": it has one next hop.
	Balancing string
	// Hashed are the fields by which From chooses, and Idle those by which it does not,
	// as far as that was found out.
	Hashed, Idle []string
}

// certainty is how likely all ways are to be found; what is left is shared among the
// routers that balance load.
const certainty = 0.95

// pageFlows is how many flows have a plan of their own: that many can be told apart where a
// NAT has changed the ports that errors quote.
const pageFlows = 16

// Rounds of questions, questions of one flow at one TTL, and of those how many are asked
// because the ones before were silent, at most.
const (
	mostRounds = 1000
	mostAsks   = 15
	patience   = 3
)

// Branch finds all ways to c.Target, with at most so many flows. w is one of them, which
// Run has found with the same base and c. It returns what is known when ctx ends.
func Branch(ctx context.Context, e *scan.Engine, base scan.Plan, c Config, flows int, w *Way) (*Graph, error) {
	b := &brancher{e: e, base: base, c: c, most: flows, end: uint8(len(w.Hops)), reached: w.Reached,
		rule: newStopping(1 - certainty), stats: scan.NoStats()}
	if b.end == 0 {
		return nil, nil
	}
	p := b.plan()
	stride := b.stride()
	pages := (flows + pageFlows - 1) / pageFlows
	first, n, giveBack := e.Lend(ctx, &p, pages*stride)
	defer giveBack()
	b.first, b.most = first, min(flows, n/stride*pageFlows)
	if n == 0 {
		return nil, ctx.Err()
	}
	err := b.run(ctx)
	if err == nil && ctx.Err() == nil {
		err = b.findInputs(ctx)
	}
	return b.graph(), err
}

// brancher finds all ways to one target.
type brancher struct {
	e       *scan.Engine
	base    scan.Plan
	c       Config
	first   uint16 // source port
	most    int    // flows
	end     uint8  // the last TTL that is asked
	reached bool   // the target is there
	rule    *stopping

	mu    sync.Mutex
	flows int // that were asked so far
	asked int // questions to find ways
	cells [64][]cell
	level [64]level
	// inputs are by which fields routers choose: see findInputs.
	inputs map[node]inputs
	stats  scan.Stats
}

// cell is what is known of one flow at one TTL.
type cell struct {
	asks int
	who  netip.Addr // who answered first; zero: nobody
	says saying     // and what
	also bool       // somebody else answered, too: to the same flow
}

// level is what is known of all flows at one TTL.
type level struct {
	checked  bool // one flow was asked again and again
	unstable bool // not always the same answered it
}

// node is who answers for a TTL.
type node struct {
	ttl uint8
	who netip.Addr
}

// group is those flows that come from one node to the next TTL.
type group struct {
	from    netip.Addr
	any     bool // all flows come from there, whether it was asked or not
	members []int
}

// want is a question: a flow at a TTL, for the rep-th time.
type want struct {
	ttl  uint8
	flow int
	rep  int
}

// run asks until the stopping rule is content, or there are no more flows.
func (b *brancher) run(ctx context.Context) error {
	first := b.rule.after(1)
	var list []want
	for range min(first, b.most) {
		for ttl := uint8(1); ttl <= b.end; ttl++ {
			list = append(list, want{ttl: ttl, flow: b.flows})
		}
		b.flows++
	}
	b.asked = len(list)
	for range mostRounds {
		if err := b.ask(ctx, list); err != nil || ctx.Err() != nil {
			return err
		}
		b.extend()
		b.judge()
		if list = b.checks(); len(list) == 0 {
			list = b.wants()
			b.asked += len(list)
		}
		if len(list) == 0 {
			return nil
		}
	}
	return nil
}

// extend asks one hop more where some flow has not reached the target.
func (b *brancher) extend() {
	if !b.reached || b.end >= b.c.Hops {
		return
	}
	for f := range b.flows {
		if c := b.at(b.end, f); c.who.IsValid() && c.says == expired {
			b.end++
			return
		}
	}
}

// at is the cell of a flow at a TTL.
func (b *brancher) at(ttl uint8, flow int) *cell {
	for len(b.cells[ttl]) <= flow {
		b.cells[ttl] = append(b.cells[ttl], cell{})
	}
	return &b.cells[ttl][flow]
}

// judge finds out by which stopping rule to go, for each router, by how many there are that
// balance load, and one that is not known yet: the chances to miss something at each of them
// add up.
func (b *brancher) judge() {
	n := 0
	for ttl := uint8(1); ttl <= b.end; ttl++ {
		for _, g := range b.groups(ttl) {
			if _, next := b.next(ttl, &g); len(next) > 1 {
				n++
			}
		}
	}
	b.rule = newStopping((1 - certainty) / float64(n+1))
}

// silent tells whether nobody answers at a TTL, whichever flow it is.
func (b *brancher) silent(ttl uint8) bool {
	asked := 0
	for f := range b.flows {
		c := b.at(ttl, f)
		if c.who.IsValid() {
			return false
		}
		asked += min(c.asks, 2)
	}
	return asked >= 2*min(b.most, 6)
}

// groups are the flows that come to a TTL, by whom they passed before, in the order of
// their addresses.
func (b *brancher) groups(ttl uint8) []group {
	all := group{any: true}
	for f := range b.flows {
		all.members = append(all.members, f)
	}
	if ttl == 1 || b.level[ttl-1].unstable || b.silent(ttl-1) {
		return []group{all}
	}
	by, ended := map[netip.Addr][]int{}, false
	for f := range b.flows {
		switch c := b.at(ttl-1, f); {
		case !c.who.IsValid():
		case c.says == expired:
			by[c.who] = append(by[c.who], f)
		default:
			ended = true
		}
	}
	if len(by) == 1 && !ended {
		for all.from = range by {
		}
		return []group{all}
	}
	var list []group
	for _, from := range slices.SortedFunc(maps.Keys(by), netip.Addr.Compare) {
		list = append(list, group{from: from, members: by[from]})
	}
	return list
}

// next counts the flows of g that were answered at a TTL, by who answered.
func (b *brancher) next(ttl uint8, g *group) (answered int, next map[netip.Addr]int) {
	next = map[netip.Addr]int{}
	for _, f := range g.members {
		if c := b.at(ttl, f); c.who.IsValid() {
			answered++
			next[c.who]++
		}
	}
	return answered, next
}

// short is how many flows more g needs at a TTL.
func (b *brancher) short(ttl uint8, g *group) int {
	answered, next := b.next(ttl, g)
	if len(next) == 0 && b.silent(ttl) {
		return 0
	}
	return max(0, b.rule.after(len(next))-answered)
}

// heard takes who answered a question.
func (b *brancher) heard(ttl uint8, flow int, from netip.Addr, says saying) {
	c := b.at(ttl, flow)
	if says == arrived {
		from = b.c.Target.WithZone("")
	}
	if !c.who.IsValid() {
		c.who, c.says = from, says
	}
	if c.who != from {
		c.also = true
		b.level[ttl].unstable = true
	}
}

// graph is what was found.
func (b *brancher) graph() *Graph {
	g := &Graph{Target: b.c.Target, Flows: b.flows, Settled: true, Discovery: b.asked, Stats: b.stats}
	target := b.c.Target.WithZone("")
	for ttl := uint8(1); ttl <= b.end; ttl++ {
		for _, from := range b.groups(ttl) {
			answered, next := b.next(ttl, &from)
			settled := b.short(ttl, &from) == 0
			if answered == 0 && !b.silent(ttl) {
				settled = false // nothing was asked, or what was asked stayed silent
			}
			g.Settled = g.Settled && settled
			if len(next) == 0 {
				g.Edges = append(g.Edges, Edge{TTL: ttl, From: from.from, Flows: len(from.members), Of: len(from.members), Settled: settled})
			}
			in := b.inputs[node{ttl, from.from}]
			for _, to := range slices.SortedFunc(maps.Keys(next), netip.Addr.Compare) {
				g.Edges = append(g.Edges, Edge{TTL: ttl, From: from.from, To: to, Flows: next[to], Of: answered, Settled: settled,
					Reached: to == target, Balancing: b.balances(ttl, len(next)), Hashed: in.hashed, Idle: in.idle})
			}
		}
	}
	slices.SortStableFunc(g.Edges, func(x, y Edge) int { return cmp.Compare(x.TTL, y.TTL) })
	return g
}

// balances is how a router with so many next hops balances load, which answer for a TTL.
func (b *brancher) balances(ttl uint8, next int) string {
	switch {
	case next < 2:
		return ""
	case ttl > 1 && b.level[ttl-1].unstable:
		return report.BehindPerPacket
	case b.level[ttl].unstable:
		return report.PerPacket
	}
	return report.PerFlow
}

// stride is how many source ports a page of flows takes: of those without ports one, which
// is what tells pages apart.
func (b *brancher) stride() int {
	if b.c.Kind.Class() == probe.ClassEcho {
		return 1
	}
	return pageFlows
}

// Records are the edges of the graph as records.
func (g *Graph) Records() (list []*report.Edge) {
	for i := range g.Edges {
		e := &g.Edges[i]
		list = append(list, &report.Edge{Addr: g.Target, TTL: e.TTL, From: e.From, To: e.To, Flows: uint32(e.Flows), Of: uint32(e.Of),
			Settled: e.Settled, Reached: e.Reached, Balancing: e.Balancing, Hashed: e.Hashed, Idle: e.Idle})
	}
	return list
}
