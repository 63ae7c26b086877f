package scan

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"time"

	"sonde/probe"
)

// Targets is an ordered set of addresses that is computed, never expanded.
type Targets interface {
	Len() uint64
	At(i uint64) netip.Addr
	Index(a netip.Addr) (uint64, bool)
}

// Ask is one way of asking a host: a kind, and the port for kinds that have one.
type Ask struct {
	Kind uint8 // index into Plan.Kinds
	Port uint16
}

// Settle says what an answer puts an end to.
type Settle uint8

const (
	SettleEach  Settle = iota // its question
	SettleGroup               // all questions to its host (sweep)
	SettleNever               // nothing: every question is asked once, whatever comes (-c, trial)
)

// Order says in which order questions are asked.
type Order uint8

const (
	Shuffled Order = iota // all in one shuffle
	ByBlock               // block by block, each shuffled: one repetition (in a sweep: one ask) after the other
	ByHosts               // all questions to some hosts, drawn from all over the targets, then to others: see hostgroups.go
	// InRounds is repetition by repetition, all in the same shuffle: between two
	// repetitions of a question lies a whole round, and all of them are in one shard.
	// Each is waited for just as long: see Plan.Timeout. With several variants each
	// round is shuffled by itself, so that none of them always follows the same other.
	InRounds
)

// Plan is a set of questions as data: the product of its dimensions. Questions
// are numbered in the order of asking; At and Index compute both ways, and
// nothing is ever expanded.
//
// It has many fields, since each is one thing that may be asked for by itself.
type Plan struct {
	Targets  Targets
	Kinds    []probe.Kind
	Asks     []Ask
	TTLs     uint8         // 1 … TTLs each; 0: as the way has it
	Flows    uint16        // 0 counts as 1, as for the next two
	Variants uint16        // indexes Craft
	Reps     uint32        // repetitions of every question
	Craft    []probe.Craft // shape of the packets, by variant; nil: one plain
	Craft6   []probe.Craft // the same for IPv6; nil: as Craft

	Settle        Settle
	Order         Order
	Straight      bool   // no shuffle: TTL by TTL (trace)
	Seed          uint64 // of the shuffle
	Shard, Shards uint64 // the Shard-th (from 0) of Shards parts; Shards 0 counts as 1

	Source      netip.Addr    // foreign source, zero if the way's own
	SourcePort  uint16        // -g; 0: any of the engine's
	KeepFlow    bool          // one port for all TTLs and tries of a flow (trace), instead of one for each
	SameFlows   bool          // with InRounds: every repetition leaves from the source port that it had before, so it is the same packet again
	Sockets     bool          // asked by kernel sockets
	Bulk        bool          // asked by the link itself, which is a Bulk; see Computable
	Patient     bool          // how fast one answer came says nothing about the next (hops; UDP sets it)
	Tries       int           // of a silent question, exactly; 0: as the engine's timing has it
	Timeout     time.Duration // the longest wait for one reply; 0: as the engine's timing has it
	Pace        time.Duration // between any two packets, at least; 0: as fast as the pacer lets
	Interval    time.Duration // between the starts of blocks (repetitions), InRounds between two repetitions of a question; 0: as fast as the pacer lets
	HostTimeout time.Duration // give up on a host this long after its first question
	OmitSilence bool          // no Result for silence (sweeps of ranges): Stats.Silent counts it
	// GroupOver, if not nil, is told each group of hosts whose questions are all decided,
	// where that is before the run is over, from the goroutine that called Engine.Run.
	// Only with ByHosts.
	GroupOver func(group uint64)
	// Watcher, if not nil, follows the run, and says what of the plan need not be
	// asked.
	Watcher Watcher

	n, inner, whole uint64 // questions; of one block in this shard; of one block in all shards
	single          bool   // one question for each host, in one shuffle
	shuffle         shuffle
	hosts           hostGroups  // with ByHosts
	askIndex        []([]int32) // by kind, by port: index into Asks, -1 if not asked
}

// Compile checks the plan and computes what At and Index need. It must be
// called before anything else; once more does nothing, so that others may use the
// plan when it is run.
func (p *Plan) Compile() error {
	if p.whole > 0 {
		return nil
	}
	if len(p.Asks) == 0 || p.Targets.Len() == 0 {
		return errors.New("nothing to ask")
	}
	p.Flows, p.Variants, p.Reps, p.Shards = max(p.Flows, 1), max(p.Variants, 1), max(p.Reps, 1), max(p.Shards, 1)
	if p.Craft == nil {
		p.Craft = []probe.Craft{{Window: 64240}}
	}
	for _, k := range p.Kinds {
		// How fast one UDP service answers says nothing about another one.
		p.Patient = p.Patient || k.Class() == probe.ClassUDP && p.Settle != SettleGroup
	}
	if p.Craft6 == nil {
		p.Craft6 = p.Craft
	}
	if p.Shard >= p.Shards {
		return fmt.Errorf("shard %d of %d", p.Shard+1, p.Shards)
	}
	if int(p.Variants) > min(len(p.Craft), len(p.Craft6)) {
		return errors.New("more variants than crafts")
	}
	p.askIndex = make([][]int32, len(p.Kinds))
	for i, a := range p.Asks {
		k := p.askIndex[a.Kind]
		for int(a.Port) >= len(k) {
			k = append(k, make([]int32, int(a.Port)+1-len(k))...)
		}
		k[a.Port] = int32(i) + 1
		p.askIndex[a.Kind] = k
	}
	whole, ok := product(p.Targets.Len(), uint64(len(p.Asks)), uint64(p.ttls()), uint64(p.Flows), uint64(p.Variants), uint64(p.Reps))
	if !ok {
		return errors.New("more questions than can be counted")
	}
	if p.Order == ByHosts {
		p.parts(whole)
		return nil
	}
	p.single = whole == p.Targets.Len() && p.TTLs == 0 && !p.Straight
	p.whole = whole / p.blocks()
	p.shuffle = newShuffle(p.whole, p.Seed)
	p.inner = p.share(p.whole)
	p.n = p.inner * p.blocks()
	return nil
}

// share is how many of whole questions are in this shard.
func (p *Plan) share(whole uint64) uint64 {
	if p.Shard >= whole {
		return 0
	}
	return (whole - p.Shard + p.Shards - 1) / p.Shards
}

func product(factors ...uint64) (uint64, bool) {
	n := uint64(1)
	for _, f := range factors {
		hi, lo := bits.Mul64(n, f)
		if hi != 0 || lo > 1<<62 {
			return 0, false
		}
		n = lo
	}
	return n, true
}

func (p *Plan) ttls() uint8 { return max(p.TTLs, 1) }

// blocks is how many shuffles follow each other: of one block each.
func (p *Plan) blocks() uint64 {
	switch {
	case p.Order == Shuffled:
		return 1
	case p.Settle == SettleGroup:
		return uint64(len(p.Asks))
	}
	return uint64(p.Reps)
}

// Len returns how many questions there are in this shard.
func (p *Plan) Len() uint64 { return p.n }

// Groups returns how many hosts there are, in all shards.
func (p *Plan) Groups() uint64 { return p.Targets.Len() }

// dims returns the sizes of ask, TTL, flow and variant within a block; the
// repetition is the slowest dimension and needs none.
func (p *Plan) dims() (asks, ttls, flows, variants uint64) {
	asks, ttls, flows, variants = uint64(len(p.Asks)), uint64(p.ttls()), uint64(p.Flows), uint64(p.Variants)
	if p.byAsk() {
		asks = 1
	}
	return
}

// byAsk tells whether blocks are of one ask each.
func (p *Plan) byAsk() bool { return p.inBlocks() && p.Settle == SettleGroup }

// byRep tells whether blocks are of one repetition each.
func (p *Plan) byRep() bool { return p.inBlocks() && p.Settle != SettleGroup }

// repeatsPackets tells whether a repetition is the same packet again.
func (p *Plan) repeatsPackets() bool { return p.SourcePort != 0 || p.SameFlows }

// inBlocks tells whether one ask or one repetition comes after the other.
func (p *Plan) inBlocks() bool { return p.Order == ByBlock || p.Order == InRounds }

// At returns the i-th question, i < Len. It does not allocate.
func (p *Plan) At(i uint64) probe.Probe {
	if p.single { // the largest jobs, and without a division
		return probe.Probe{Kind: p.Asks[0].Kind, Target: p.Targets.At(p.shuffle.at(i*p.Shards+p.Shard, 0)), Port: p.Asks[0].Port}
	}
	block, k := i/p.inner, p.place(i)
	asks, ttls, flows, variants := p.dims()
	host, k := p.host(block, k)
	variant := k % variants
	k /= variants
	flow := k % flows
	k /= flows
	ttl := k % ttls
	k /= ttls
	ask := k % asks
	rep := k / asks
	switch {
	case p.byAsk():
		ask = block
	case p.byRep():
		rep = block
	}
	a := p.Asks[ask]
	q := probe.Probe{Kind: a.Kind, Target: p.Targets.At(host), Port: a.Port, Flow: uint16(flow), Variant: uint16(variant), Rep: uint32(rep)}
	if p.TTLs > 0 {
		q.TTL = uint8(ttl) + 1
	}
	return q
}

// Index returns the number of a question, or false if this shard of the plan
// does not ask it. Way and Try of q do not matter. It does not allocate.
func (p *Plan) Index(q probe.Probe) (uint64, bool) {
	host, ok := p.Targets.Index(q.Target)
	if !ok || int(q.Kind) >= len(p.askIndex) || int(q.Port) >= len(p.askIndex[q.Kind]) {
		return 0, false
	}
	a := p.askIndex[q.Kind][q.Port] - 1
	if a < 0 || q.Flow >= p.Flows || q.Variant >= p.Variants || q.Rep >= p.Reps {
		return 0, false
	}
	ttl := uint64(0)
	if p.TTLs > 0 {
		if q.TTL < 1 || q.TTL > p.TTLs {
			return 0, false
		}
		ttl = uint64(q.TTL) - 1
	}
	asks, ttls, flows, variants := p.dims()
	block, rep, ask := uint64(0), uint64(q.Rep), uint64(a)
	switch {
	case p.byAsk():
		block, ask = ask, 0
	case p.byRep():
		block, rep = rep, 0
	}
	hosts, shuffle := p.Targets.Len(), &p.shuffle
	if p.Order == ByHosts {
		block, host = p.hosts.of(host)
		hosts, shuffle = p.hosts.in(block), p.shuffled(block)
	}
	k := ((((rep*asks+ask)*ttls+ttl)*flows+uint64(q.Flow))*variants+uint64(q.Variant))*hosts + host
	j := k
	if !p.Straight {
		j = shuffle.index(k, p.tweak(block))
	}
	if j%p.Shards != p.Shard {
		return 0, false
	}
	return block*p.inner + j/p.Shards, true
}

// asksAtSomeTTL tells whether some question is as q is, whatever its TTL.
func (p *Plan) asksAtSomeTTL(q probe.Probe) bool {
	for ttl := uint8(1); ttl <= p.TTLs; ttl++ {
		q.TTL = ttl
		if _, ok := p.Index(q); ok {
			return true
		}
	}
	return false
}

// cell is what question i of a plan that is Computable asks: a host, and an ask.
func (p *Plan) cell(i uint64) (host, ask uint64) { return p.host(i/p.inner, p.place(i)) }

// Group returns the host of question i, as its index in Targets.
func (p *Plan) Group(i uint64) uint64 {
	host, _ := p.host(i/p.inner, p.place(i))
	return host
}

// host is which host place k of a block asks, and what is left of k then.
func (p *Plan) host(block, k uint64) (host, rest uint64) {
	if p.Order == ByHosts {
		n := p.hosts.in(block)
		return p.hosts.at(block, k%n), k / n
	}
	return k % p.Targets.Len(), k / p.Targets.Len()
}

// HostGroup returns the group of a host with ByHosts; false if the plan does not ask it.
func (p *Plan) HostGroup(a netip.Addr) (uint64, bool) {
	host, ok := p.Targets.Index(a)
	if !ok || p.Order != ByHosts {
		return 0, false
	}
	group, _ := p.hosts.of(host)
	return group, true
}

// place is what the shuffle makes of question i within its block.
func (p *Plan) place(i uint64) uint64 {
	if p.Straight {
		return (i%p.inner)*p.Shards + p.Shard
	}
	return p.shuffled(i/p.inner).at((i%p.inner)*p.Shards+p.Shard, p.tweak(i/p.inner))
}

// tweak makes every block another shuffle; but the blocks of a sweep are alike,
// so that all questions to a host are in one shard, and so are rounds of one variant.
func (p *Plan) tweak(block uint64) uint64 {
	if p.Settle == SettleGroup || p.Order == InRounds && p.Variants <= 1 {
		return 0
	}
	return block
}
