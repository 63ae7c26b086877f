package trial

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sort"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// Locate is the search for the hops between which two variants of a packet begin to
// differ: both are asked with every TTL up to the target's distance, by turns, each
// packet from a source port of its own. Their own TTLs have no part in it.
type Locate struct {
	Target           netip.Addr
	Kind             probe.Kind // asks by packets of our own that routers pass on
	Port             uint16     // 0 where the kind has none
	Hops             uint8      // TTLs up to this one are asked, at most 63; 0: 30
	Guilty, Innocent probe.Craft
}

// Location says between which hops the two begin to differ. A rule in the forward chain
// of a router drops behind the check of the TTL: what it does begins between that router
// and the next hop, where a rule of the next router before that check begins, too. At
// the target it may also be the target itself, or a rule on the way back.
type Location struct {
	// Found says that they differ, with P at most 0.01, and between which hops that
	// begins.
	Found bool
	Near  Hop // the last hop that both reach alike; TTL 0: this machine
	Far   Hop // the first where they differ
	// Between are the TTLs between Near and Far, which tell nothing: of Enough, since the
	// innocent variant was not answered there.
	Between []uint8
	Hops    []HopRates // by TTL, up to the target, or to the last that answered
	// P is how likely it would be at most for the two to differ as much at any hop by
	// chance, corrected for the number of hops and for looking again and again.
	P float64
	// Enough is false where more rounds would tell more: whether they differ, or between
	// which of the hops that answer. Without Found it says that nowhere on the way that
	// was seen more than 15 % of the guilty ones have another fate.
	Enough bool
}

// Hop is somebody on the way.
type Hop struct {
	TTL    uint8
	From   []netip.Addr // who answered the innocent variant, the most frequent first
	Target bool         // the target itself
}

// HopRates is what became of the packets with one TTL.
type HopRates struct {
	TTL              uint8
	Target           bool // the innocent variant reaches the target with it
	Guilty, Innocent Rates
}

// Rates is what became of the packets of one variant with one TTL. Those that could not
// leave are not in it; of the others all that are not answered were silent.
type Rates struct {
	Sent    uint32
	Expired uint32 // answered by time exceeded
	Reached uint32 // by the target, or in its name: such as a RST that a firewall makes
	Refused uint32 // by another ICMP error of somebody else: such as a prohibition
	Heard   []Heard
}

// Heard is one sort of answers, the most frequent first.
type Heard struct {
	From   netip.Addr
	Reason probe.Reason
	N      uint32
}

// Bounds of a search.
const (
	locateHops     = 30                     // asked where nothing else is said
	mostHops       = 63                     // of what is asked at a time
	locateInterval = 250 * time.Millisecond // between the starts of rounds
	locateRounds   = 480                    // so two minutes
	mostPairs      = 120                    // of packets with one TTL
	wayAttempts    = 3                      // at finding how far the target is
)

// Run searches for at most two minutes after the distance of the target is known, and
// ends as soon as it is settled. base has what all plans have in common; its crafts are
// not used. It returns what is known when ctx ends, and an error, and no Location, where
// the variants cannot be asked so.
func (l *Locate) Run(ctx context.Context, e *scan.Engine, base scan.Plan) (*Location, scan.Stats, error) {
	if err := l.check(&base); err != nil {
		return nil, scan.NoStats(), err
	}
	p := base
	p.Targets, p.Asks = scan.NewAddrs(l.Target), []scan.Ask{{Port: l.Port}}
	p.Kinds = []probe.Kind{probe.WithVerdicts(l.Kind, expiryIsFinal)}
	p.Settle, p.Order, p.Patient = scan.SettleNever, scan.ByBlock, true
	hops, total, err := l.distance(ctx, e, p)
	if hops == 0 || err != nil || ctx.Err() != nil {
		return &Location{P: 1}, total, err
	}
	p.TTLs, p.Variants, p.Reps, p.Interval = hops, 2, locateRounds, locateInterval
	p.Craft, p.Craft6 = []probe.Craft{guilty: l.Guilty, innocent: l.Innocent}, nil
	t := newLocator(e, &p)
	p.Watcher = t
	stats, err := e.Run(ctx, &p, t.hear)
	total = total.Then(stats)
	total.Loss, total.ExpectedMissed = -1, -1 // hops limit their errors: that is no loss
	return t.location(), total, err
}

// location is what is known.
func (l *locator) location() *Location {
	l.mu.Lock()
	defer l.mu.Unlock()
	hops := l.hops[:l.far()]
	l.found = judge(hops, l.odds.p())
	loc := &Location{Found: l.found.found, Enough: l.found.settled, P: l.odds.p()}
	for _, h := range hops {
		for v := range h.rates {
			heard := h.rates[v].Heard
			sort.SliceStable(heard, func(i, j int) bool { return heard[i].N > heard[j].N })
		}
		r := &h.rates[innocent]
		loc.Hops = append(loc.Hops, HopRates{TTL: h.ttl, Target: r.Reached > r.Expired+r.Refused, Guilty: h.rates[guilty], Innocent: *r})
	}
	if loc.Found {
		loc.Near, loc.Far = loc.hop(l.found.near), loc.hop(l.found.far)
		for ttl := loc.Near.TTL + 1; ttl < loc.Far.TTL; ttl++ {
			loc.Between = append(loc.Between, ttl)
		}
	}
	return loc
}

// hop is the hop at index i of Hops; -1 is this machine.
func (l *Location) hop(i int) Hop {
	if i < 0 {
		return Hop{}
	}
	h := Hop{TTL: l.Hops[i].TTL, Target: l.Hops[i].Target}
	for _, a := range l.Hops[i].Innocent.Heard {
		if !slices.Contains(h.From, a.From) {
			h.From = append(h.From, a.From)
		}
	}
	return h
}

// check refuses what cannot be asked with every TTL from ports of its own.
func (l *Locate) check(base *scan.Plan) error {
	kind, packets := probe.Packets(l.Kind)
	switch {
	case !packets || kind.Traits().Link || base.Sockets:
		return errors.New("to locate a difference takes packets of our own that routers pass on")
	case base.SourcePort != 0:
		return errors.New("to locate a difference takes a source port for each packet, not always the same")
	case base.Source.IsValid():
		return errors.New("to locate a difference takes answers: with a foreign source they go elsewhere")
	case kind.Class() == probe.ClassUDP && l.Port == tftpPort:
		return errors.New("to locate a difference takes answers from the port that was asked: TFTP answers from another one")
	}
	return nil
}

// tftpPort is answered for from another port (RFC 1350 §4), so that an answer does not
// tell which packet it is for.
const tftpPort = 69

// expiryIsFinal has every ICMP error decide its question: it is what is asked for, and
// one packet has one fate.
func expiryIsFinal(k probe.Kind, p probe.Probe, r *probe.Reply) probe.Verdict {
	v := k.Classify(p, r)
	v.Final = v.Final || r.Event == probe.ICMPError
	return v
}

// distance finds up to which TTL hops are to be asked, by the innocent variant: up to the
// target, or where that does not answer up to the last hop that does. It is 0 if nobody
// answers.
func (l *Locate) distance(ctx context.Context, e *scan.Engine, p scan.Plan) (uint8, scan.Stats, error) {
	total := scan.NoStats()
	d := span{}
	for attempt := 0; attempt < wayAttempts && d.end() == 0 && ctx.Err() == nil; attempt++ {
		p := p
		p.TTLs, p.Straight, p.Pace = l.Hops, true, max(p.Pace, wayPace)
		if p.TTLs == 0 {
			p.TTLs = locateHops
		}
		p.TTLs = min(p.TTLs, mostHops)
		p.Craft, p.Craft6 = []probe.Craft{l.Innocent}, nil
		w := &wayfinder{span: &d, plan: &p}
		p.Watcher = w
		stats, err := e.Run(ctx, &p, w.hear)
		total = total.Then(stats)
		if err != nil {
			return 0, total, err
		}
	}
	if end := d.end(); end > 0 {
		return end, total, nil
	}
	return d.last, total, nil
}

// wayPace is between the packets that find the distance, so that few of them get to the
// target before it is known.
const wayPace = 5 * time.Millisecond
