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
	ByPass                // one repetition (in a sweep: one ask) after the other, each shuffled
)

// Plan is a set of questions as data: the product of its dimensions. Questions
// are numbered in the order of asking; At and Index compute both ways, and
// nothing is ever expanded.
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
	SourcePort  uint16        // -g; 0: a block of the engine's
	KeepFlow    bool          // one port for all TTLs and tries of a flow (trace)
	Sockets     bool          // asked by kernel sockets
	Patient     bool          // how fast one answer came says nothing about the next (hops; UDP sets it)
	Tries       int           // of a silent question, exactly; 0: as the engine's timing has it
	Timeout     time.Duration // the longest wait for one reply; 0: as the engine's timing has it
	Pace        time.Duration // between any two packets, at least; 0: as fast as the pacer lets
	Interval    time.Duration // between the starts of passes (repetitions); 0: as fast as the pacer lets
	HostTimeout time.Duration // give up on a host this long after its first question
	OmitSilence bool          // no Result for silence (sweeps of ranges): Stats.Silent counts it
	// Skip tells which questions an earlier run has decided: they are neither
	// asked nor handed out again. Nil: none.
	Skip func(number uint64) bool
	// Keeper, if not nil, keeps how far the run has come, and knows how far an
	// earlier one came.
	Keeper Keeper
	// Leaving, if not nil, is told of every packet that is about to be sent.
	Leaving func(q probe.Probe, at time.Duration)
	// Stray, if not nil, takes proven answers that do not name one question: in
	// a plan of TTLs, what the target says by TCP or UDP. It must not block; r is
	// borrowed. It tells whether it wanted the answer.
	Stray func(q probe.Probe, r *probe.Reply) bool
	// Later, if not nil, is told of answers to questions that were decided before.
	// It is called as Stray is.
	Later func(q probe.Probe, r *probe.Reply)

	n, inner, whole uint64 // questions; of one pass in this shard; of one pass in all shards
	shuffle         shuffle
	askIndex        []([]int32) // by kind, by port: index into Asks, -1 if not asked
}

// Compile checks the plan and computes what At and Index need. It must be
// called before anything else; once more changes nothing.
func (p *Plan) Compile() error {
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
	p.whole = whole / p.passes()
	p.shuffle = newShuffle(p.whole, p.Seed)
	p.inner = (p.whole - p.Shard + p.Shards - 1) / p.Shards
	if p.Shard >= p.whole {
		p.inner = 0
	}
	p.n = p.inner * p.passes()
	return nil
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

// passes is how many shuffles follow each other.
func (p *Plan) passes() uint64 {
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

// dims returns the sizes of ask, TTL, flow and variant within a pass; the
// repetition is the slowest dimension and needs none.
func (p *Plan) dims() (asks, ttls, flows, variants uint64) {
	asks, ttls, flows, variants = uint64(len(p.Asks)), uint64(p.ttls()), uint64(p.Flows), uint64(p.Variants)
	if p.Order == ByPass && p.Settle == SettleGroup {
		asks = 1
	}
	return
}

// At returns the i-th question, i < Len. It does not allocate.
func (p *Plan) At(i uint64) probe.Probe {
	pass, k := i/p.inner, p.place(i)
	asks, ttls, flows, variants := p.dims()
	host := k % p.Targets.Len()
	k /= p.Targets.Len()
	variant := k % variants
	k /= variants
	flow := k % flows
	k /= flows
	ttl := k % ttls
	k /= ttls
	ask := k % asks
	rep := k / asks
	if p.Order == ByPass {
		if p.Settle == SettleGroup {
			ask = pass
		} else {
			rep = pass
		}
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
	pass, rep, ask := uint64(0), uint64(q.Rep), uint64(a)
	if p.Order == ByPass {
		if p.Settle == SettleGroup {
			pass, ask = ask, 0
		} else {
			pass, rep = rep, 0
		}
	}
	k := ((((rep*asks+ask)*ttls+ttl)*flows+uint64(q.Flow))*variants+uint64(q.Variant))*p.Targets.Len() + host
	j := k
	if !p.Straight {
		j = p.shuffle.index(k, p.tweak(pass))
	}
	if j%p.Shards != p.Shard {
		return 0, false
	}
	return pass*p.inner + j/p.Shards, true
}

// Group returns the host of question i, as its index in Targets.
func (p *Plan) Group(i uint64) uint64 {
	return p.place(i) % p.Targets.Len()
}

// place is what the shuffle makes of question i within its pass.
func (p *Plan) place(i uint64) uint64 {
	if p.Straight {
		return (i%p.inner)*p.Shards + p.Shard
	}
	return p.shuffle.at((i%p.inner)*p.Shards+p.Shard, p.tweak(i/p.inner))
}

// tweak makes every pass another shuffle; but the passes of a sweep are alike,
// so that all questions to a host are in one shard.
func (p *Plan) tweak(pass uint64) uint64 {
	if p.Settle == SettleGroup {
		return 0
	}
	return pass
}
