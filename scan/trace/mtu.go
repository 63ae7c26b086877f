package trace

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/report"
)

// This file measures how long packets may be on the way: the path MTU of RFC 1191 and
// RFC 8201. Who passes on no more says so; where nobody does (RFC 2923 §2.1), the length
// is found by halving, and the place by the hops that still answer to it.

// MTU is how long packets may be on a way. Lengths are those of whole IP packets.
type MTU struct {
	Most   int          // bytes of the longest packet that is known to have got to Hop
	Hop    report.HopAt // up to where it was measured: the target, or the last hop that answered
	Target bool         // Hop is the target
	Own    int          // what our own interface lets out
	Limits []Limit      // who said that it passes on no more, from here to there
	Hole   *Hole        // where longer packets vanish; nil: nowhere
	Stats  scan.Stats
}

// Limit is what a router said that a packet was too big for.
type Limit struct {
	By   report.HopAt // TTL 0: an address that no hop has
	MTU  int          // as it told; 0: it told none that is less than what it refused
	Sent int          // the length of the packet
}

// Hole is where packets vanish that are too long, and nobody says so.
type Hole struct {
	Least  int          // bytes of the shortest packet that vanished
	After  report.HopAt // the last hop that such a packet got to; TTL 0: none that answers
	By     report.HopAt // the first that it did not get to, though shorter ones did
	Target bool         // By is the target, whose answers may be what is too long
}

// shortest are the least MTUs: no router may have less (RFC 791 §3.2, RFC 8200 §5), and
// who says so lies.
func shortest(v6 bool) int {
	if v6 {
		return 1280
	}
	return 68
}

// plateaus are MTUs that are in use, for routers that do not say which theirs is
// (RFC 1191 §7.1, and those of common tunnels).
var plateaus = []int{65535, 32000, 17914, 9000, 8166, 4352, 2002, 1500, 1492, 1480, 1476, 1460, 1440, 1420, 1400, 1380, 1300, 1280, 1006, 576, 508, 296, 68}

// below is the plateau below a length that was refused; 0: there is none.
func below(size int) int {
	for _, p := range plateaus {
		if p < size {
			return p
		}
	}
	return 0
}

// Rounds and packets are bounded, whatever routers say.
const (
	mtuRounds = 16 // of packets sent to the end of the way
	mtuAtOnce = 9  // lengths in a round that looks for a hole
	mtuTries  = 3  // before a length is believed to vanish
)

// sounding is what became of one length.
type sounding uint8

const (
	vanished sounding = iota
	came
	refusedAsLong // with a Limit
	notSent       // this machine lets none of that length out
)

// Sound measures how long packets may be on w, which Run has found with the same base
// and c. own is the MTU of our interface. It returns nil where nobody answered on w.
func Sound(ctx context.Context, e *scan.Engine, base scan.Plan, c Config, w *Way, own int) (*MTU, error) {
	s := &sounder{e: e, base: base, c: c, way: w, v6: c.Target.Is6(), m: &MTU{Own: min(own, 65535), Stats: scan.NoStats()}}
	craft := s.craft()
	ip, segment := probe.Headers(c.Kind, &craft, s.v6)
	s.least = ip + segment
	if !s.ending(true) || s.m.Own <= s.least {
		return nil, nil
	}
	s.wait = min(max(4*s.wait, shortestEcho), e.Timing().FirstWait)
	err := s.run(ctx)
	if s.m.Hop.TTL == 0 {
		return nil, err
	}
	slices.SortStableFunc(s.m.Limits, func(a, b Limit) int { return cmp.Compare(a.By.TTL, b.By.TTL) })
	return s.m, err
}

// sounder measures one way.
type sounder struct {
	e     *scan.Engine
	base  scan.Plan
	c     Config
	way   *Way
	v6    bool
	least int // bytes of a packet without a payload
	wait  time.Duration
	m     *MTU
	// vanished are the lengths that nobody answered.
	vanished []int
}

// craft is the shape of the packets, but for their length.
func (s *sounder) craft() probe.Craft {
	list := s.base.Craft
	if s.v6 && s.base.Craft6 != nil {
		list = s.base.Craft6
	}
	if len(list) == 0 {
		return probe.Craft{Window: 64240}
	}
	return list[0]
}

// ending finds the hop up to which is measured: the target, or else the last hop that
// said that packets expired there.
func (s *sounder) ending(target bool) bool {
	s.m.Hop, s.m.Target = report.HopAt{}, false
	for i := range s.way.Hops {
		h := &s.way.Hops[i]
		if target && h.Reached || h.has(expired) && !h.Reached {
			s.m.Hop, s.m.Target = report.HopAt{TTL: h.TTL, From: h.From}, h.Reached
		}
		s.wait = max(s.wait, h.Max)
	}
	return s.m.Hop.TTL > 0
}

// run tries the length of our interface first, then what routers say, and halves what is
// left where nobody says anything. Beside the first goes the shortest packet: where not
// even that is answered, as by UDP ports that want to be asked in their own language, the
// last hop before the target stands for it.
func (s *sounder) run(ctx context.Context) error {
	longest, shortest := s.m.Own, s.least
	list, err := s.try(ctx, []int{shortest, longest})
	if err == nil && s.m.Target && list[0].what == vanished && list[1].what == vanished && s.ending(false) {
		list, err = s.try(ctx, []int{shortest, longest})
	}
	if err != nil || ctx.Err() != nil || list[0].what == vanished && list[1].what == vanished {
		s.m.Hop = report.HopAt{} // nobody answers to this
		return err
	}
	told := s.sum([]int{shortest, longest}, list)
	for range mtuRounds {
		good, bad := s.m.Most, s.bad()
		var sizes []int
		switch {
		case told > good && (bad == 0 || told < bad):
			sizes = []int{told}
		case bad > good+1:
			sizes = between(good, bad)
		case bad == 0:
			return nil
		default:
			hole, err := s.place(ctx, bad)
			if err != nil || hole != nil {
				s.m.Hole = hole
				return err
			}
			s.m.Most = bad // it came after all
			continue
		}
		if list, err = s.try(ctx, sizes); err != nil || ctx.Err() != nil {
			return err
		}
		told = s.sum(sizes, list)
	}
	return nil
}

// sum adds what became of some lengths to what is known, and returns what a router said of
// these lengths that it passes on; 0: none said anything that helps.
func (s *sounder) sum(sizes []int, list []sounded) (told int) {
	for i, r := range list {
		switch {
		case r.what == came:
			s.m.Most = max(s.m.Most, sizes[i])
		case r.what == vanished:
			s.vanished = append(s.vanished, sizes[i])
		case r.instead > 0 && (told == 0 || r.instead < told):
			told = r.instead
		}
	}
	return told
}

// bad is the shortest length that vanished; 0: none did. What was lost by chance is not
// among them, for a longer one came.
func (s *sounder) bad() (size int) {
	for _, v := range s.vanished {
		if v > s.m.Most && (size == 0 || v < size) {
			size = v
		}
	}
	return size
}

// between are lengths that are more than good and less than bad, evenly spread.
func between(good, bad int) (sizes []int) {
	n := min(mtuAtOnce, bad-good-1)
	for i := range n {
		sizes = append(sizes, good+(bad-good)*(i+1)/(n+1))
	}
	return slices.Compact(sizes)
}

// sounded is what became of a packet of one length.
type sounded struct {
	what    sounding
	instead int // the length to try instead; 0: none is known
}

// try sends packets of these lengths to the end of the way.
func (s *sounder) try(ctx context.Context, sizes []int) ([]sounded, error) {
	ttl := uint8(0)
	if !s.m.Target {
		ttl = s.m.Hop.TTL
	}
	list := make([]sounded, len(sizes))
	p := s.plan(sizes, ttl)
	stats, err := s.e.Run(ctx, &p, func(r *scan.Result) {
		i := r.Probe.Variant
		list[i] = s.read(r, sizes[i])
	})
	s.add(stats)
	return list, err
}

// plan asks with packets of these lengths. ttl is that of the packets; 0: the usual one.
func (s *sounder) plan(sizes []int, ttl uint8) scan.Plan {
	p := s.base
	p.Targets, p.Kinds, p.Asks = scan.NewAddrs(s.c.Target), []probe.Kind{traced(s.c.Kind)}, []scan.Ask{{Port: s.c.Port}}
	p.Variants, p.Tries, p.Timeout, p.Patient = uint16(len(sizes)), mtuTries, s.wait, true
	p.Craft = nil
	for _, size := range sizes {
		c := s.craft()
		c.Data, c.Given = make([]byte, size-s.least), c.Given|probe.GivenData
		c.TTL = cmp.Or(ttl, c.TTL)
		p.Craft = append(p.Craft, c)
	}
	p.Craft6 = p.Craft
	return p
}

// read tells what became of a packet of this length.
func (s *sounder) read(r *scan.Result, size int) sounded {
	reply := &r.Reply
	switch {
	case reply.Event == probe.LocalError && probe.Trouble(reply.Errno) == probe.TooLong:
		return sounded{notSent, below(size)}
	case reply.Event != probe.Answer && reply.Event != probe.ICMPError:
		return sounded{}
	case reply.ICMP.Msg != wire.PacketTooBig || reply.Event == probe.Answer:
		// Whatever it says, somebody got it: the target, or a hop that stands for it.
		if says := saysOf(s.c.Target, s.c.Kind, reply); says == expired && (s.m.Target || reply.From != s.m.Hop.From) {
			return sounded{}
		}
		return sounded{what: came}
	}
	l := Limit{By: s.who(reply.From), MTU: int(reply.ICMP.Info), Sent: size}
	if l.MTU >= size || l.MTU < shortest(s.v6) {
		l.MTU = 0
	}
	if i := slices.IndexFunc(s.m.Limits, func(o Limit) bool { return o.By == l.By && o.MTU == l.MTU }); i < 0 {
		s.m.Limits = append(s.m.Limits, l)
	}
	instead := cmp.Or(l.MTU, below(size))
	if instead < s.least || s.v6 && instead < shortest(true) {
		instead = 0
	}
	return sounded{refusedAsLong, instead}
}

// who is the hop of an address.
func (s *sounder) who(from netip.Addr) report.HopAt {
	for i := range s.way.Hops {
		h := &s.way.Hops[i]
		if h.From == from || slices.Contains(h.Others, from) {
			return report.HopAt{TTL: h.TTL, From: from}
		}
	}
	return report.HopAt{From: from}
}

// place finds between which hops packets vanish that have least bytes; nil: they do not.
func (s *sounder) place(ctx context.Context, least int) (*Hole, error) {
	hole := &Hole{Least: least, By: s.m.Hop, Target: s.m.Target}
	passed := make([]bool, s.m.Hop.TTL+1)
	p := s.plan([]int{least}, 0)
	p.TTLs = s.m.Hop.TTL
	stats, err := s.e.Run(ctx, &p, func(r *scan.Result) {
		if s.read(r, least).what == came || saysOf(s.c.Target, s.c.Kind, &r.Reply) == expired && r.Reply.Event == probe.ICMPError {
			passed[r.Probe.TTL] = true
		}
	})
	s.add(stats)
	if passed[s.m.Hop.TTL] {
		return nil, err
	}
	for i := range s.way.Hops {
		if h := &s.way.Hops[i]; h.TTL < s.m.Hop.TTL && passed[h.TTL] {
			hole.After = report.HopAt{TTL: h.TTL, From: h.From}
		}
	}
	for i := range s.way.Hops {
		if h := &s.way.Hops[i]; h.TTL > hole.After.TTL && h.TTL < s.m.Hop.TTL && h.has(expired) {
			hole.By, hole.Target = report.HopAt{TTL: h.TTL, From: h.From}, false
			break
		}
	}
	return hole, err
}

// Record is the measurement as a record.
func (m *MTU) Record(target netip.Addr) *report.PathMTU {
	r := &report.PathMTU{Addr: target, MTU: uint16(m.Most), Hop: m.Hop, Target: m.Target, Own: uint16(m.Own)}
	for _, l := range m.Limits {
		r.Limits = append(r.Limits, report.MTULimit{By: l.By, MTU: uint16(l.MTU), Sent: uint16(l.Sent)})
	}
	if h := m.Hole; h != nil {
		r.Hole = &report.MTUHole{Least: uint16(h.Least), After: h.After, By: h.By, Target: h.Target}
	}
	return r
}

func (s *sounder) add(stats scan.Stats) {
	stats.Loss, stats.ExpectedMissed = -1, -1 // what is too long is no loss
	s.m.Stats = s.m.Stats.Then(stats)
}
