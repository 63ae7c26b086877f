package scan

// This file says what a plan is in numbers, for a link that computes questions by itself:
// what At does is done there once more.

// Permutation is a shuffle: one of 0 … N-1, over halves of so many bits. The keys have the
// tweak in them.
type Permutation struct {
	N    uint64
	Half uint
	Keys [4]uint64
}

// permutation is s with a tweak.
func (s *shuffle) permutation(tweak uint64) Permutation {
	p := Permutation{N: s.n, Half: s.half, Keys: s.key}
	for i := range p.Keys {
		p.Keys[i] += tweak << 32
	}
	return p
}

// Block is a stretch of a plan's questions that are shuffled among themselves.
type Block struct {
	First, Len uint64      // numbers of its questions, in this shard
	Questions  Permutation // of its questions, in all shards
	Hosts      uint64      // how many it asks
	Grouped    bool        // which of the targets these are says the plan's shuffle of hosts …
	Base       uint64      // … from this place on
}

// Block is the stretch of question i. At makes of question First+k of a block: place
// k*Shards+Shard of the permutation is the number of a host and, that divided by Hosts, of
// an ask; and with Grouped it is Base plus that number, in the permutation of HostOrder, that
// is the host.
func (p *Plan) Block(i uint64) Block {
	n := i / p.inner
	b := Block{First: n * p.inner, Len: min(p.inner, p.n-n*p.inner), Questions: p.shuffled(n).permutation(p.tweak(n)), Hosts: p.Targets.Len()}
	if p.Order == ByHosts {
		b.Hosts, b.Grouped, b.Base = p.hosts.in(n), true, n*p.hosts.size
	}
	return b
}

// HostOrder is the permutation by which ByHosts deals hosts out; elsewhere there is none,
// and only its N means something: how many targets there are.
func (p *Plan) HostOrder() Permutation {
	if p.Order == ByHosts {
		return p.hosts.shuffle.permutation(0)
	}
	return Permutation{N: p.Targets.Len()}
}

// Computable tells whether the questions of p are what Block says: each is a target and an
// ask, and no more.
func (p *Plan) Computable() bool {
	return !p.Straight && (p.Order == Shuffled || p.Order == ByHosts) && p.TTLs == 0 && p.Flows <= 1 && p.Variants <= 1 && p.Reps <= 1 &&
		p.Settle == SettleEach && len(p.Kinds) == 1 && !p.Source.IsValid() && p.SourcePort == 0 && !p.KeepFlow && !p.Sockets &&
		p.Pace == 0 && p.Interval == 0 && p.HostTimeout == 0
}
