package output

import (
	"cmp"
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/scan/report"
)

// Assembler is a Streamer that puts together what belongs to a host, and hands it
// to a Pager when it is whole: when the host has its record and all ports,
// services and hops that this record and the Scan announce. What is not whole at
// the end is handed on then, in the order in which it was begun. It holds no more
// than the hosts that are under way and what is about this machine.
type Assembler struct {
	pager   Pager
	options Options
	keep    Keep
	scan    *report.Scan
	blocks  map[netip.Addr]*block
	begun   int  // blocks so far, for their order
	alone   Host // room for a host without a block
	machine Machine
	local   bool // machine has something
	sorted  sorter
	turns   turns
}

// NewAssembler is an Assembler for p. What o does not list is left out.
func NewAssembler(p Pager, o Options) *Assembler {
	return &Assembler{pager: p, options: o, keep: p.Keep(), scan: new(report.Scan), blocks: map[netip.Addr]*block{}}
}

// block is a host under way.
type block struct {
	host     Host
	order    int
	services []report.Service      // to be joined to ports, which may come later
	names    []int                 // of each service: names that Keep.Brief has left out
	listed   [report.States]uint32 // rows by state
	folded   [report.States]bool   // states whose ports go to Folds
	turn     turn
}

// AppendRecord takes r, and appends what the Pager makes of it and of what it
// completes.
func (a *Assembler) AppendRecord(b []byte, r report.Record) []byte {
	switch r := r.(type) {
	case *report.Scan:
		a.scan = report.Clone(r).(*report.Scan)
		b = a.pager.AppendBegin(b, a.scan)
		a.keep = a.pager.Keep() // which may depend on what is asked
		return b
	case *report.Host:
		if r.Ports == 0 && !r.Routed && !r.System && a.blocks[r.Addr] == nil && !sweptThen(a.scan, r) {
			return a.appendAlone(b, r)
		}
		k := a.block(r.Addr)
		k.host.Decided, k.host.Host = true, *report.Clone(r).(*report.Host)
		a.turns.add(k, a.scan)
		return a.whole(b, k)
	case *report.Port:
		k := a.block(r.Addr)
		k.addPort(r, a)
		return a.whole(b, k)
	case *report.Service:
		k := a.block(r.Addr)
		k.addService(r, a.keep)
		return a.whole(b, k)
	case *report.OS:
		k := a.block(r.Addr)
		k.host.OS = report.Clone(r).(*report.OS)
		return a.whole(b, k)
	case *report.Hop:
		k := a.block(r.Addr)
		k.addHop(r, a.options.Verbose)
		return a.whole(b, k)
	case *report.Rewrite:
		k := a.block(r.Addr)
		k.host.Rewrites = append(k.host.Rewrites, *report.Clone(r).(*report.Rewrite))
		return b
	case *report.Edge:
		k := a.block(r.Addr)
		k.host.Edges = append(k.host.Edges, *report.Clone(r).(*report.Edge))
		return b
	case *report.PathMTU:
		a.block(r.Addr).host.MTU = report.Clone(r).(*report.PathMTU)
		return b
	case *report.Finding:
		if a.scan.Ports == 0 && !a.scan.RoutesOnly() || !r.Addr.IsValid() || r.Doubt.Link() {
			return a.appendFinding(b, r)
		}
		k := a.block(r.Addr)
		k.host.Findings = append(k.host.Findings, *report.Clone(r).(*report.Finding))
		return a.whole(b, k)
	case *report.Then:
		k := a.block(r.Addr)
		k.host.Then = report.Clone(r).(*report.Then)
		return a.whole(b, k)
	case *report.Round, *report.Reroute:
		return a.appendWatched(b, r)
	case *report.Pair:
		return a.pager.AppendPair(b, r)
	case *report.Comparison:
		return a.pager.AppendComparison(b, r)
	case *report.Unmet:
		return a.pager.AppendUnmet(a.appendRest(b), r)
	case *report.Difference:
		return a.pager.AppendDifference(b, r)
	case *report.Differences:
		return a.pager.AppendDifferences(b, r)
	case *report.Trial:
		return a.pager.AppendTrial(b, r)
	case *report.Effect:
		return a.pager.AppendEffect(b, r)
	case *report.Conclusion:
		return a.pager.AppendConclusion(b, r)
	case *report.End:
		return a.appendEnd(b, r)
	}
	a.here(r)
	return b
}

// appendWatched hands on what a watched trace tells before its end.
func (a *Assembler) appendWatched(b []byte, r report.Record) []byte {
	if r, ok := r.(*report.Round); ok {
		return a.pager.AppendRound(b, r)
	}
	return a.pager.AppendReroute(b, r.(*report.Reroute))
}

// block is the block of addr, a new one if there is none.
func (a *Assembler) block(addr netip.Addr) *block {
	k := a.blocks[addr]
	if k == nil {
		k = &block{order: a.begun}
		k.host.Addr = addr
		a.blocks[addr] = k
		a.begun++
	}
	return k
}

// addHop takes a hop, with the packet that answered for it if that is shown.
func (k *block) addHop(r *report.Hop, shown bool) {
	h := report.Clone(r).(*report.Hop)
	if !shown {
		h.Reply = nil
	}
	k.host.Hops = append(k.host.Hops, *h)
}

// here keeps what is about this machine: tables are lined up, and there are no
// more records than interfaces and ways.
func (a *Assembler) here(r report.Record) {
	m := &a.machine
	switch r := report.Clone(r).(type) {
	case *report.Privilege:
		m.Privileges = append(m.Privileges, *r)
	case *report.Limit:
		m.Limits = append(m.Limits, *r)
	case *report.Interface:
		m.Interfaces = append(m.Interfaces, *r)
	case *report.Route:
		m.Routes = append(m.Routes, *r)
	case *report.Way:
		m.Ways = append(m.Ways, *r)
	default:
		return
	}
	a.local = true
}

// appendAlone hands on a host of which nothing else will be known.
func (a *Assembler) appendAlone(b []byte, r *report.Host) []byte {
	if !a.options.Lists(r) {
		return b
	}
	a.alone = Host{Host: *r, Decided: true}
	return a.hand(b, &a.alone)
}

// hand hands a host on, or keeps what is written of it until it is its turn.
func (a *Assembler) hand(b []byte, h *Host) []byte {
	if !a.keep.Sort {
		return a.pager.AppendHost(b, h)
	}
	start := len(b)
	b = a.pager.AppendHost(b, h)
	written := b[start:]
	a.sorted.add(h.Addr, written)
	return a.sorted.appendOver(b[:start], sortRoom)
}

// appendFinding hands a finding on that belongs to no block. Where text of hosts is held, it
// stands by its host, or behind all of them.
func (a *Assembler) appendFinding(b []byte, r *report.Finding) []byte {
	if _, ok := a.pager.(*text); !ok || !a.keep.Sort {
		return a.pager.AppendFinding(b, r)
	}
	if !r.Addr.IsValid() {
		return a.pager.AppendFinding(a.sorted.appendOver(b, 0), r)
	}
	start := len(b)
	b = a.pager.AppendFinding(b, r)
	a.sorted.add(r.Addr, b[start:])
	return a.sorted.appendOver(b[:start], sortRoom)
}

// whole hands a block on if all has come that belongs to it.
func (a *Assembler) whole(b []byte, k *block) []byte {
	if !k.complete(a.scan) {
		return b
	}
	if a.turns.whole(k) {
		return a.handBlock(b, k)
	}
	for k = a.turns.next(); k != nil; k = a.turns.next() {
		b = a.handBlock(b, k)
	}
	return b
}

// handBlock hands on a block that is whole.
func (a *Assembler) handBlock(b []byte, k *block) []byte {
	delete(a.blocks, k.host.Addr)
	return a.appendBlock(b, k)
}

// complete tells whether all has come that belongs into the block.
func (k *block) complete(s *report.Scan) bool {
	h := &k.host
	if s.RoutesOnly() && !h.Decided {
		return k.routed()
	}
	return h.Decided && h.Heard.Ports() >= h.Host.Ports &&
		(!s.Services || len(k.services) >= int(k.listed[probe.Open])) &&
		(!h.Routed || k.routed()) && (!h.System || h.OS != nil) && !k.awaitsThen(s)
}

// routed tells whether all hops are there.
func (k *block) routed() bool {
	for i := range k.host.Hops {
		if n := k.host.Hops[i].Hops; n > 0 && len(k.host.Hops) >= int(n) {
			return true
		}
	}
	return false
}

func (a *Assembler) appendBlock(b []byte, k *block) []byte {
	h := &k.host
	if a.options.Open && len(h.Listed) == 0 && !h.Named {
		return b // a range's host with nothing that is asked for
	}
	slices.SortFunc(h.Listed, func(x, y Port) int { return order(x.Proto, x.Port.Port, y.Proto, y.Port.Port) })
	slices.SortStableFunc(h.Folds, func(x, y Fold) int {
		return cmp.Or(cmp.Compare(x.State, y.State), cmp.Compare(y.N, x.N))
	})
	slices.SortStableFunc(h.Hops, func(x, y report.Hop) int { return int(x.TTL) - int(y.TTL) })
	slices.SortStableFunc(h.Edges, func(x, y report.Edge) int { return int(x.TTL) - int(y.TTL) })
	k.join()
	return a.hand(b, h)
}

// order is that of ports.
func order(proto string, port uint16, other string, than uint16) int {
	return cmp.Or(cmp.Compare(proto, other), cmp.Compare(port, than))
}

// appendEnd hands on what is left.
func (a *Assembler) appendEnd(b []byte, e *report.End) []byte {
	b = a.appendRest(b)
	if a.local {
		b = a.pager.AppendMachine(b, &a.machine)
	}
	return a.pager.AppendEnd(b, e)
}

// appendRest hands on the hosts that are left.
func (a *Assembler) appendRest(b []byte) []byte {
	for _, k := range a.turns.queue {
		b = a.handBlock(b, k)
	}
	rest := make([]*block, 0, len(a.blocks))
	for _, k := range a.blocks {
		rest = append(rest, k)
	}
	slices.SortFunc(rest, func(x, y *block) int { return cmp.Compare(x.order, y.order) })
	for _, k := range rest {
		b = a.appendBlock(b, k)
	}
	clear(a.blocks)
	a.turns = turns{}
	return a.sorted.appendOver(b, 0)
}
