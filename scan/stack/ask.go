package stack

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"sonde/fingerprint/stack"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// Config is whom to ask.
type Config struct {
	Target netip.Addr
	Open   uint16        // a TCP port that is open
	Closed uint16        // one that is closed, or that nobody uses
	RTT    time.Duration // 0: not known
	// Guarded says that no RST of ours leaves (--rst-guard): the target then holds
	// connections half-open, and its numbers tell nothing.
	Guarded bool
}

// The bounds of the wait for one answer: of questions that may well stay silent.
const (
	shortestWait = 250 * time.Millisecond
	longestWait  = time.Second
)

// datagram is what a closed UDP port is asked: what its error quotes of so much tells
// systems apart. It is long enough that all of it and 8 bytes of it are not the same.
const datagram = 300

// What the offers are. They are a part of what the rows of the database mean, so they stay
// as they are: an MSS of 1460, or 1440, SACK, timestamps and a window scale of 7 as Linux's
// client orders them; and the same in the opposite order, without SACK, with ECE and CWR.
var (
	offer    = []byte{2, 4, 1460 >> 8, 1460 & 0xff, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7}
	offerTS  = 8
	reversed = []byte{3, 3, 7, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 4, 1460 >> 8, 1460 & 0xff}
	revTS    = 6
)

const (
	offerWindow  = 64240
	everyFlag    = wire.SYN | wire.FIN | wire.URG | wire.PSH
	offeringECN  = wire.SYN | wire.ECE | wire.CWR
	flows, times = 2, 2 // connections whose clocks are looked at, and how often
)

// variants of a SYN to the open port.
const (
	variantReversed = iota
	variantEvery
	variantCount
)

// Run asks c.Target. base carries what all plans have in common. Answers are what came
// until ctx ended.
func Run(ctx context.Context, e *scan.Engine, base scan.Plan, c Config) (*Answers, scan.Stats, error) {
	r := &asking{answers: &Answers{v6: !c.Target.Is4(), guarded: c.Guarded}, stats: scan.NoStats()}
	base = c.base(e, base)
	r.run(ctx, e, []ask{
		{clocks(base, c.Open), r.answers.clock},
		{variants(base, c.Open), r.answers.variant},
		{strays(base, &c), func(res *scan.Result) { r.answers.stray(res, c.Open) }},
		{echo(base), r.answers.echo},
		{unused(base, c.Closed), r.answers.unreach},
	})
	return r.answers, r.stats, r.err
}

// AskClosed asks once more what a closed port answers, where the one that Run was given
// does not answer.
func (a *Answers) AskClosed(ctx context.Context, e *scan.Engine, base scan.Plan, c Config) (scan.Stats, error) {
	r := &asking{answers: a, stats: scan.NoStats()}
	r.run(ctx, e, []ask{{strays(c.base(e, base), &c), func(res *scan.Result) { a.stray(res, c.Open) }}})
	return r.stats, r.err
}

// base is what all plans have in common.
func (c *Config) base(e *scan.Engine, base scan.Plan) scan.Plan {
	wait := min(max(4*c.RTT, shortestWait), longestWait)
	if own := e.Timing().Timeout; own > 0 {
		wait = own
	}
	base.Targets, base.Tries, base.Timeout = scan.NewAddrs(c.Target), 2, wait
	if most := e.Timing().MaxRetries; most >= 0 { // as the user has it
		base.Tries = most + 1
	}
	return base
}

// ask is a plan, and who hears what becomes of its questions.
type ask struct {
	plan scan.Plan
	hear func(*scan.Result)
}

// run runs plans, all at once.
func (r *asking) run(ctx context.Context, e *scan.Engine, asks []ask) {
	for _, ask := range asks {
		r.wg.Go(func() {
			stats, err := e.Run(ctx, &ask.plan, func(res *scan.Result) {
				r.mu.Lock()
				defer r.mu.Unlock()
				ask.hear(res)
			})
			r.mu.Lock()
			defer r.mu.Unlock()
			stats.Loss, stats.ExpectedMissed = -1, -1 // what is odd is not answered, and says nothing of loss
			r.stats = r.stats.Plus(stats)
			r.err = errors.Join(r.err, err)
		})
	}
	r.wg.Wait()
}

// asking is a Run under way.
type asking struct {
	wg      sync.WaitGroup
	mu      sync.Mutex
	answers *Answers
	stats   scan.Stats
	err     error
}

// shape gives a plan the shapes of its packets, of which IPv6 has the lower MSS: 20 bytes
// more are its header's.
func shape(p *scan.Plan, crafts ...probe.Craft) {
	p.Craft, p.Craft6 = crafts, nil
	for _, c := range crafts {
		if at := slices.Index(c.TCPOptions, 1460>>8); at >= 0 && c.TCPOptions[at+1] == 1460&0xff {
			c.TCPOptions = slices.Clone(c.TCPOptions)
			c.TCPOptions[at], c.TCPOptions[at+1] = 1440>>8, 1440&0xff
		}
		p.Craft6 = append(p.Craft6, c)
	}
	p.Variants = uint16(len(crafts))
}

// routed is a craft with what of the user's routers look at.
func routed(base *scan.Plan) probe.Craft {
	c := probe.Craft{Window: offerWindow}
	if len(base.Craft) > 0 {
		c.TTL, c.TOS = base.Craft[0].TTL, base.Craft[0].TOS
	}
	return c
}

// clocks asks the open port for two connections, and after a while for the same again: how
// far initial sequence numbers and timestamps have come says by which clock they grow.
func clocks(base scan.Plan, port uint16) scan.Plan {
	c := routed(&base)
	c.TCPOptions, c.Timestamp = offer, offerTS
	shape(&base, c)
	base.Kinds, base.Asks = []probe.Kind{probe.SYN}, []scan.Ask{{Port: port}}
	base.Flows, base.Reps = flows, times
	base.Settle, base.Order, base.SameFlows = scan.SettleNever, scan.InRounds, true
	base.Tries, base.Timeout = 0, 0
	return base
}

// variants asks the open port by SYNs of other shapes.
func variants(base scan.Plan, port uint16) scan.Plan {
	crafts := make([]probe.Craft, variantCount)
	for i := range crafts {
		crafts[i] = routed(&base)
		crafts[i].Given = probe.GivenFlags
	}
	v := &crafts[variantReversed]
	v.TCPOptions, v.Timestamp, v.Flags = reversed, revTS, offeringECN
	v = &crafts[variantEvery]
	v.TCPOptions, v.Timestamp, v.Flags = offer, offerTS, everyFlag
	shape(&base, crafts...)
	base.Kinds, base.Asks = []probe.Kind{probe.SYN}, []scan.Ask{{Port: port}}
	return base
}

// What strays asks by, as places in strayKinds. By the last of them the open port is asked,
// too.
const (
	askSYN = iota
	askACK
	askFPU
	askNone
)

var strayKinds = []probe.Kind{askSYN: probe.SYN, askACK: probe.ACK, askFPU: probe.Xmas, askNone: probe.Null}

// strays asks the closed port what closed ports answer, and the open one by a segment
// without flags.
func strays(base scan.Plan, c *Config) scan.Plan {
	craft := routed(&base)
	craft.TCPOptions, craft.Timestamp = offer, offerTS
	shape(&base, craft)
	base.Kinds = strayKinds
	for i := range strayKinds {
		base.Asks = append(base.Asks, scan.Ask{Kind: uint8(i), Port: c.Closed})
	}
	base.Asks = append(base.Asks, scan.Ask{Kind: askNone, Port: c.Open})
	return base
}

// echo asks by an echo request of a code that none has.
func echo(base scan.Plan) scan.Plan {
	shape(&base, routed(&base))
	base.Kinds, base.Asks = []probe.Kind{probe.CodedEcho}, []scan.Ask{{}}
	return base
}

// unused asks a UDP port that is likely to be closed.
func unused(base scan.Plan, port uint16) scan.Plan {
	c := routed(&base)
	c.Data, c.Given = make([]byte, datagram), probe.GivenData
	for i := range c.Data {
		c.Data[i] = byte(i)
	}
	shape(&base, c)
	base.Kinds, base.Asks = []probe.Kind{probe.UDP}, []scan.Ask{{Port: port}}
	return base
}

// Judge judges answers by a database; nil is the one that is part of the program.
func (a *Answers) Judge(d *stack.Database) *stack.Verdict {
	if d == nil {
		d = stack.Builtin()
	}
	return d.Judge(a.Features())
}
