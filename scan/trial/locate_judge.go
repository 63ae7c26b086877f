package trial

import "math"

// This file decides whether two variants differ, and from which hop on. That they do at
// all is shown by pairs of which one had a fate and the other had not: by chance it is
// either of them as often. Where it begins is what explains the pairs of all hops best,
// since what is lost at one hop is lost for all that follow.

// odds is how far the pairs speak against chance. For each hop and fate it bets that of
// the two variants one has the fate more often, with gains that are fair where none has.
// So the stake grows to a hundred times itself with probability 1/100 at most, however
// often one looks (Ville's inequality); and the mean of the stakes of all hops does.
type odds struct{ most float64 }

// look brings the odds up to date.
func (o *odds) look(hops []*hopPairs) {
	sum := 0.0
	for _, h := range hops {
		sum += h.before * h.stake()
	}
	o.most = max(o.most, sum/float64(len(hops)))
}

// p is how likely at most chance makes such odds.
func (o *odds) p() float64 { return min(1, 1/o.most) }

// stake is what has become of a stake of 1: half of it was bet on the fate that came
// first, half of the rest on the second, and so on.
func (h *hopPairs) stake() float64 {
	share, sum := 1.0, 0.0
	for _, f := range h.order {
		share /= 2
		sum += share * bet(h.differing(f))
	}
	return sum + share
}

// differing is in how many pairs only the guilty packet had the fate f, and in how many
// only the innocent one.
func (h *hopPairs) differing(f fate) (g, i int) {
	for _, p := range h.pairs {
		switch {
		case p.fates[guilty] == p.fates[innocent]:
		case p.fates[guilty] == f:
			g += p.n
		case p.fates[innocent] == f:
			i += p.n
		}
	}
	return g, i
}

// bet is what becomes of a stake of 1 when one side wins a times and the other b times:
// half of it says that one side wins nearly always, half that it does so with any
// probability, all alike.
func bet(a, b int) float64 {
	const nearly = 0.98
	x, y := float64(a), float64(b)
	always := (math.Pow(2*nearly, x)*math.Pow(2-2*nearly, y) + math.Pow(2*nearly, y)*math.Pow(2-2*nearly, x)) / 2
	lx, _ := math.Lgamma(x + 1)
	ly, _ := math.Lgamma(y + 1)
	lxy, _ := math.Lgamma(x + y + 2)
	return (always + math.Exp((x+y)*math.Ln2+lx+ly-lxy)) / 2
}

// Bounds of what is settled.
const (
	significant = 0.01 // P of a difference
	misplaced   = 0.01 // that it begins elsewhere; and how much less likely one must be than none
	telling     = 20   // odds from which on a fate that only the guilty have is what differs
)

// judged is what the pairs tell. Hops are counted from 0.
type judged struct {
	found   bool
	settled bool
	near    int // the last hop that is alike; -1: none is known to be
	far     int // the first that is not, if found
}

// judge says where a difference begins that chance makes with probability p at most.
func judge(hops []*hopPairs, p float64) judged {
	heard := heardOf(hops)
	likely := begins(heard)
	j := judged{near: -1, far: -1}
	before := 0.0 // it begins up to hop k
	for k := range hops {
		before += likely[k]
		switch {
		case !heard[k].tells():
		case before <= misplaced/2:
			j.near = k
		case before >= 1-misplaced/2 && j.far < 0:
			j.far = k
		}
	}
	j.found = p <= significant && j.far >= 0
	j.settled = j.found
	for k := j.near + 1; k < j.far; k++ {
		j.settled = j.settled && !heard[k].tells() && !hops[k].answers()
	}
	j.settled = j.settled || j.far < 0 && nothing(hops, heard)
	return j
}

// paired is how the packets of pairs fared in that of which the variants differ: whether
// each had the fate that innocent ones have.
type paired struct{ both, guilty, innocent float64 }

// tells tells whether anything is known.
func (p *paired) tells() bool { return p.both+p.guilty+p.innocent > 0 }

// heardOf counts the pairs of each hop. What differs is whether a packet has the most
// frequent answer that the innocent ones have there; or, where the guilty ones have one
// that these have not, such as a firewall's RST, whether it is spared that: then a silent
// hop tells something, too.
func heardOf(hops []*hopPairs) []paired {
	odd, most := oddFate(hops)
	usual := 0.0
	for _, h := range hops {
		if g, i := h.differing(h.usual()); i > g {
			usual = max(usual, bet(g, i))
		}
	}
	list := make([]paired, len(hops))
	for k, h := range hops {
		fine := func(f fate) bool { return f == h.usual() && f.says != unheard }
		if most >= telling && most >= usual {
			fine = func(f fate) bool { return f != odd }
		}
		for _, p := range h.pairs {
			switch g, i := fine(p.fates[guilty]), fine(p.fates[innocent]); {
			case g && i:
				list[k].both += float64(p.n)
			case g:
				list[k].guilty += float64(p.n)
			case i:
				list[k].innocent += float64(p.n)
			}
		}
	}
	return list
}

// oddFate is the answer that most distinguishes the guilty, and its odds.
func oddFate(hops []*hopPairs) (odd fate, most float64) {
	for _, h := range hops {
		for _, f := range h.order {
			if f.says != reached && f.says != refused {
				continue
			}
			if g, i := h.differing(f); g > i && bet(g, i) > most {
				odd, most = f, bet(g, i)
			}
		}
	}
	return odd, most
}

// usual is the answer that most innocent packets had; no answer if none had any.
func (h *hopPairs) usual() fate {
	best, most := fate{}, 0
	for _, f := range h.order {
		n := 0
		for _, p := range h.pairs {
			if p.fates[innocent] == f {
				n += p.n
			}
		}
		if f.says != unheard && n > most {
			best, most = f, n
		}
	}
	return best
}

// effects are the shares of guilty packets that may have another fate than innocent ones,
// from the least that is looked for.
var effects = [...]float64{0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99}

// secondRule is how likely the effect grows at a hop: there may be two rules.
const secondRule = 0.01

// begins is how likely the difference begins with each hop; the last is how likely there
// is none. That there is one is as likely beforehand, and every place alike. What is
// lost is lost for all hops that follow, so the effect never shrinks from hop to hop.
func begins(heard []paired) []float64 {
	n := len(heard)
	behind := make([]float64, n+1) // log likelihood of the hops from k on, where it begins with k
	var with [len(effects)]float64 // the same with each effect at k
	for k := n - 1; k >= 0; k-- {
		larger, count := math.Inf(-1), 0.0
		for d := len(effects) - 1; d >= 0; d-- {
			next := with[d]
			if count > 0 {
				next = addLogs(math.Log(1-secondRule)+with[d], math.Log(secondRule/count)+larger)
			}
			larger, count = addLogs(larger, with[d]), count+1
			with[d] = heard[k].likelihood(effects[d]) + next
		}
		behind[k] = math.Inf(-1)
		for d := range effects {
			behind[k] = addLogs(behind[k], with[d]-math.Log(float64(len(effects))))
		}
	}
	alike, all := 0.0, math.Inf(-1)
	for k := range behind {
		if k < n {
			behind[k] += alike - math.Log(float64(n))
			alike += heard[k].likelihood(0)
		} else {
			behind[k] = alike
		}
		all = addLogs(all, behind[k])
	}
	for k := range behind {
		behind[k] = math.Exp(behind[k] - all)
	}
	return behind
}

// addLogs is the logarithm of the sum of two numbers whose logarithms are a and b.
func addLogs(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// likelihood is the logarithm of how likely the pairs of a hop are, of which one at least
// fared well, where this share of the guilty is lost before it. How often a packet's answer
// is lost otherwise, by loss or by a limit, is the same for both, and what suits the pairs
// best: where a limit lets one of each pair have its answer, it is a coin that is tossed.
func (p *paired) likelihood(effect float64) float64 {
	if !p.tells() {
		return 0
	}
	const steps = 40
	best := math.Inf(-1)
	for s := range steps {
		both := (float64(s) + 0.5) / steps // share of pairs both of which are heard
		g := (1 - both) * (1 - effect)
		i := (1 - both) + both*effect
		b := both * (1 - effect)
		all := math.Log(g + i + b)
		best = max(best, p.both*(math.Log(b)-all)+p.guilty*(math.Log(g)-all)+p.innocent*(math.Log(i)-all))
	}
	return best
}

// nothing tells whether even the least effect is unlikely, wherever it begins, at the last
// hop that tells anything or before.
func nothing(hops []*hopPairs, heard []paired) bool {
	sum, known := 0.0, false
	for k := len(heard) - 1; k >= 0; k-- {
		if !heard[k].tells() && !hops[k].answers() {
			continue
		}
		known = true
		if sum += heard[k].likelihood(effects[0]) - heard[k].likelihood(0); sum > math.Log(misplaced) {
			return false
		}
	}
	return known
}
