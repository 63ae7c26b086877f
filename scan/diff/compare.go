package diff

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// ErrApart is the error of two runs that have nothing in common.
var ErrApart = errors.New("they have nothing in common: no host or port that both have asked")

// Pair is two runs. The zero value is ready to take the records of both.
type Pair struct {
	values, protos words
	sides          [2]Side
}

// Old and New take the records of the one run and of the other, one after the other.
func (p *Pair) Old() *Side { return p.side(0) }
func (p *Pair) New() *Side { return p.side(1) }

func (p *Pair) side(i int) *Side {
	s := &p.sides[i]
	s.values, s.protos = &p.values, &p.protos
	return s
}

// comparison is two sides that are walked through together.
type comparison struct {
	old, new *Side
	put      func(*report.Difference)
	sum      report.Differences
	answered map[string]uint64 // questions that could fall silent, by the proto of their path
	kinds    map[string]bool   // protocols whose ports were asked in ways that do not compare
	targets  bool              // both have the same
	pings    bool              // hosts were looked for otherwise
}

// Compare hands each difference to put, by address and then by what it is about, and returns
// what they come to. What is handed to put is borrowed. An error, such as ErrApart, comes
// before the first.
func (p *Pair) Compare(put func(*report.Difference)) (*report.Differences, error) {
	c, err := p.compare()
	if err != nil {
		return nil, err
	}
	return c.tellAll(put), nil
}

// compare prepares what tellAll does.
func (p *Pair) compare() (*comparison, error) {
	c := &comparison{old: p.Old(), new: p.New(), answered: map[string]uint64{}, kinds: map[string]bool{}}
	for _, s := range []*Side{c.old, c.new} {
		s.facts.sort()
		if len(s.facts.list) > maxFacts {
			return nil, errTooMuch
		}
		sum := map[string]uint64{}
		for path, n := range s.tries {
			sum[path.proto] += n.answered
		}
		for proto, n := range sum {
			c.answered[proto] = max(c.answered[proto], n)
		}
	}
	c.sum.Old, c.sum.New = c.old.about(), c.new.about()
	c.lines()
	trial := *c // which tells nobody
	sum := trial.tellAll(func(*report.Difference) {})
	told := sum.Same + sum.Undecided + sum.OtherKind
	for _, n := range slices.Concat(sum.Strong[:], sum.Weak[:]) {
		told += n
	}
	if told == 0 && sum.OneSided > 0 {
		return nil, ErrApart
	}
	return c, nil
}

// tellAll hands all differences to put, and returns their sum.
func (c *comparison) tellAll(put func(*report.Difference)) *report.Differences {
	c.put = put
	c.walk()
	return &c.sum
}

// lines compares the command lines of both.
func (c *comparison) lines() {
	if len(c.old.runs) == 0 || len(c.new.runs) == 0 {
		return
	}
	old, now := &c.old.runs[0], &c.new.runs[0]
	c.targets = old.sameTargets(&now.line)
	c.pings = !slices.Equal(old.pings, now.pings)
	only := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
	}
	c.sum.Old.Flags, c.sum.New.Flags = only(old.shape, now.shape), only(now.shape, old.shape)
	for _, o := range c.old.runs {
		for _, n := range c.new.runs {
			if o.Asked != nil && n.Asked != nil && o.Asked.Proto == n.Asked.Proto && kindClass(o.Asked.Kind) != kindClass(n.Asked.Kind) {
				c.kinds[o.Asked.Proto] = true
			}
		}
	}
}

// otherFlags tells whether the runs made their packets in other ways.
func (c *comparison) otherFlags() bool { return len(c.sum.Old.Flags)+len(c.sum.New.Flags) > 0 }

// kindClass is one word for the ways of asking a port whose answers mean the same.
func kindClass(kind string) string {
	switch kind {
	case "connect":
		return "syn"
	case "null", "xmas", "maimon":
		return "fin"
	}
	return kind
}

// walk goes through the facts of both, in order. Of ports in a row it takes those first of
// which nothing changes.
func (c *comparison) walk() {
	a, b := c.old.facts.list, c.new.facts.list
	var f, g fact
	i, j := 0, 0
	next := func(list []fact, at *int, to *fact) bool {
		if *at >= len(list) {
			return false
		}
		*to = list[*at]
		*at++
		return true
	}
	more, others := next(a, &i, &f), next(b, &j, &g)
	for more || others {
		order := 0
		if more && others {
			order = f.order(&g)
		}
		switch {
		case !others || more && (order < 0 || order == 0 && f.last < g.first):
			c.alone(&f, c.old, c.new, true)
			more = next(a, &i, &f)
		case !more || order > 0 || g.last < f.first:
			c.alone(&g, c.new, c.old, false)
			others = next(b, &j, &g)
		case f.first < g.first:
			head := f
			head.last, f.first = g.first-1, g.first
			c.alone(&head, c.old, c.new, true)
		case g.first < f.first:
			head := g
			head.last, g.first = f.first-1, f.first
			c.alone(&head, c.new, c.old, false)
		default:
			x, y := f, g
			x.last = min(f.last, g.last)
			y.last = x.last
			c.both(&x, &y)
			if f.last == x.last {
				more = next(a, &i, &f)
			} else {
				f.first = x.last + 1
			}
			if g.last == x.last {
				others = next(b, &j, &g)
			} else {
				g.first = x.last + 1
			}
		}
	}
}

// n is how many ports a fact is about, or 1.
func (f *fact) n() uint64 { return uint64(f.last-f.first) + 1 }

// both judges what both sides know.
func (c *comparison) both(f, g *fact) {
	values := c.old.values.list
	switch {
	case f.what == report.APort && c.kinds[c.old.protos.list[f.proto]]:
		c.sum.OtherKind += f.n()
		return
	case f.grade == undecided || g.grade == undecided:
		c.sum.Undecided += f.n()
		return
	case f.value == g.value:
		c.sum.Same += f.n()
		return
	case f.what == report.AHop:
		c.hop(f, g)
		return
	}
	weak := report.Proven
	switch {
	case f.grade == doubtful || g.grade == doubtful:
		weak = report.ByDoubt
	case f.grade == guessed || g.grade == guessed:
		weak = report.ByGuess
	case f.grade == silent && g.grade == silent: // which means something else to other probes
		weak = report.BySilence
	case f.grade == silent:
		weak = c.fellSilent(g, f)
	case g.grade == silent:
		weak = c.fellSilent(f, g)
	}
	d := difference{old: values[f.value], new: values[g.value], oldReason: f.reason, newReason: g.reason, weak: weak}
	switch up := probe.Up.String(); {
	case f.what != report.AHost:
	case d.new == up && !c.old.hosts[f.addr]:
		d.open = report.PortRanges(c.new.open[f.addr])
	case d.old == up && !c.new.hosts[f.addr]:
		d.open = report.PortRanges(c.old.open[f.addr])
	}
	c.tell(f, d)
}

// fellSilent judges an answer that the other run did not get.
func (c *comparison) fellSilent(answer, silence *fact) report.Weakness {
	switch answer.what {
	case report.APort:
		return c.silence(path{answer.addr, c.old.protos.list[answer.proto]}, answer.reason, silence.tries)
	case report.AHost:
		return c.silence(pingPath(answer.addr, answer.reason), answer.reason, silence.tries)
	}
	return report.NotSaid
}

// hop judges a hop for which both sides have something.
func (c *comparison) hop(f, g *fact) {
	old, now := c.old.values.list[f.value], c.old.values.list[g.value]
	w := way{f.addr, c.old.protos.list[f.proto]}
	others := strings.Fields(now)
	common := slices.ContainsFunc(strings.Fields(old), func(router string) bool { return slices.Contains(others, router) })
	weak := report.Proven
	switch {
	case common:
		c.sum.Same++
		return
	case f.grade == silent || g.grade == silent:
		weak = report.BySilence
	case c.old.balances(w, f.first) || c.new.balances(w, f.first):
		weak = report.Balanced
	}
	c.tell(f, difference{old: old, new: now, weak: weak})
}

// balances tells whether several routers answered for a hop, or for one before it.
func (s *Side) balances(w way, ttl uint16) bool {
	at, ok := s.balanced[w]
	return ok && uint16(at) <= ttl
}

// difference is what is told of one.
type difference struct {
	old, new             string
	oldReason, newReason probe.Reason
	open                 string
	weak                 report.Weakness
}

// tell counts a difference, and hands one to put for each port that it is about.
func (c *comparison) tell(f *fact, d difference) {
	if d.weak == report.Proven && (c.otherFlags() || c.pings && f.what == report.AHost) {
		d.weak = report.OtherFlags
	}
	r := &report.Difference{Addr: f.addr, What: f.what, Proto: c.old.protos.list[f.proto], Old: d.old, New: d.new, Open: d.open, Weak: d.weak}
	r.OldReason, r.NewReason = d.oldReason, d.newReason
	for n := uint32(f.first); n <= uint32(f.last); n++ {
		if f.what == report.AHop {
			r.TTL = uint8(n)
		} else {
			r.Port = uint16(n)
		}
		if d.weak == report.Proven {
			c.sum.Strong[f.what]++
		} else {
			c.sum.Weak[d.weak]++
		}
		c.put(r)
	}
}

// oneWay is the difference between a value that has a side and nothing that the other one
// has; isOld says that it is the old one.
func oneWay(value string, reason probe.Reason, isOld bool, weak report.Weakness) difference {
	if isOld {
		return difference{old: value, oldReason: reason, weak: weak}
	}
	return difference{new: value, newReason: reason, weak: weak}
}

// alone judges what only one side knows.
func (c *comparison) alone(f *fact, side, other *Side, isOld bool) {
	value := side.values.list[f.value]
	proto := side.protos.list[f.proto]
	_, known := other.hosts[f.addr]
	switch f.what {
	case report.AHost:
		c.aloneHost(f, side, other, isOld)
	case report.APort:
		switch {
		case f.grade == undecided:
			c.sum.Undecided += f.n()
		case !known || !other.asked(proto, f.first, f.last):
			c.sum.OneSided += f.n()
		case !other.complete() || !other.onlyOpen():
			c.sum.Undecided += f.n()
		case value != probe.Open.String():
			c.sum.Same += f.n() // neither is open
		default:
			weak := report.BySilence
			if f.grade == proven && other.noSilence() {
				weak = report.Proven
			}
			c.tell(f, oneWay(value, f.reason, isOld, weak))
		}
	case report.AFinding:
		switch {
		case !known || other.fromXML():
			c.sum.OneSided++
		case !other.complete():
			c.sum.Undecided++
		default:
			c.tell(f, oneWay(value, 0, isOld, report.NotSaid))
		}
	case report.AHop:
		w := way{f.addr, proto}
		end, reached := other.reached[w]
		switch target := f.addr.WithZone("").String(); {
		case !reached && !other.traced(w):
			c.sum.OneSided++
		case f.grade != proven, reached && slices.Contains(strings.Fields(value), target):
			c.sum.Undecided++ // the target's own answers beyond it say nothing
		case reached && f.first > uint16(end) && !side.balances(w, f.first) && !other.balances(w, f.first):
			c.tell(f, oneWay(value, 0, isOld, report.Proven))
		default:
			c.tell(f, oneWay(value, 0, isOld, report.BySilence))
		}
	default:
		c.sum.OneSided += f.n()
	}
}

// aloneHost judges a host of which the other side has no record: it was not asked, or it was
// silent and is not listed.
func (c *comparison) aloneHost(f *fact, side, other *Side, isOld bool) {
	_, known := other.hosts[f.addr]
	switch {
	case f.grade == undecided || known:
		c.sum.Undecided++
	case !c.targets && !other.covers(f.addr):
		c.sum.OneSided++
	case f.grade == silent:
		c.sum.Same++
	case !other.complete():
		c.sum.Undecided++
	default:
		weak := report.ByDoubt
		if f.grade == proven {
			weak = c.silence(pingPath(f.addr, f.reason), f.reason, other.tries0())
		}
		d := oneWay(side.values.list[f.value], f.reason, isOld, weak)
		d.open = report.PortRanges(side.open[f.addr])
		c.tell(f, d)
	}
}

// covers tells whether a run of the side has surely asked an address.
func (s *Side) covers(addr netip.Addr) bool {
	return slices.ContainsFunc(s.runs, func(r run) bool { return r.line.covers(addr) })
}
