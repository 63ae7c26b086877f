package trial

import (
	"math"

	"sonde/scan/stat"
)

// FlowAnswer is what became of one packet of a flow: the same flows are asked once in
// each round. Flows and rounds count from 0.
type FlowAnswer struct {
	Flow, Round int
	Answered    bool
}

// FlowResult says what loss belongs to.
type FlowResult int

const (
	// FlowUnsure: too few flows, rounds, answers to tell.
	FlowUnsure FlowResult = iota
	// FlowChance: loss hits any flow alike, or there is none.
	FlowChance
	// FlowDead: some flows are never answered, and others are.
	FlowDead
	// FlowUneven: flows differ in their loss, but none of them stands out as dead.
	FlowUneven
)

// String returns the result's word.
func (r FlowResult) String() string {
	return [...]string{"unsure", "chance", "dead-flows", "uneven"}[r]
}

// FlowVerdict is what the same flows, asked again and again, come to.
type FlowVerdict struct {
	Result FlowResult
	// Flows is how many were asked, Silent how many of them were never answered.
	Flows, Silent int
	// Dead is the share of flows that are never answered, with its interval at 95 %; Loss
	// the rate of loss in the others.
	Dead, Low, High, Loss float64
	// P is the probability of flows that differ as much by chance.
	P float64
}

const (
	flowAlpha   = 0.005 // the probability that chance is called a matter of flows
	shareToTell = 0.25  // a share of dead flows that might have been overlooked is not chance yet
)

// ByFlow says whether loss belongs to flows or to chance. What hits all flows in a
// round alike does not count.
func ByFlow(answers []FlowAnswer) *FlowVerdict {
	t := newTable(answers)
	v := &FlowVerdict{Flows: len(t.rows), High: 1, P: 1}
	answered := 0
	for _, n := range t.totals() {
		answered += n
		v.Silent += btoi(n == 0)
	}
	if answered == 0 || v.Flows < 2 {
		return v
	}
	v.P = t.byChance()
	v.Dead, v.Loss = t.mixture()
	v.Low, v.High = stat.Wilson(v.Dead, float64(v.Flows), stat.Normal95)
	lost := answered < len(answers)
	switch {
	case v.P <= flowAlpha && v.Dead*float64(v.Flows) > 0.5 && t.living().byChance() > flowAlpha:
		v.Result = FlowDead
	case v.P <= flowAlpha:
		v.Result = FlowUneven
	case v.High <= shareToTell && (!lost || t.rounds > 1):
		v.Result = FlowChance
	}
	if v.Result != FlowDead {
		v.Low = 0
	}
	if t.rounds == 1 && lost { // a dead flow and one that is unlucky look the same
		v.High = 1
	}
	return v
}

// FlowsWorthAsking returns how many flows to ask, and in how many rounds, so that a
// share of dead flows is there to be seen in 99 of 100 runs, and in 95 no other flow is
// silent by that rate of random loss. There are never more than 20 rounds.
func FlowsWorthAsking(share, loss float64) (flows, rounds int) {
	share, loss = min(max(share, 0.01), 0.99), min(max(loss, 0.001), 0.99)
	flows = max(8, int(math.Ceil(math.Log(0.01)/math.Log1p(-share))))
	rounds = int(math.Ceil(math.Log(0.05/float64(flows)) / math.Log(loss)))
	return flows, min(max(3, rounds), 20)
}

// Part is a set of flows that differ in one part of their headers only: "source port",
// "destination port", "flow label", "source address", "target".
type Part struct {
	Name    string
	Answers []FlowAnswer
}

// PartResult says whether a part of the headers decides which flows are dead.
type PartResult int

const (
	// PartUnsure: these flows do not tell.
	PartUnsure PartResult = iota
	// PartDecides: flows that differ in nothing else fare differently.
	PartDecides
	// PartIdle: it makes no difference.
	PartIdle
)

// Deciding says of each part whether it decides, where dead is the share of flows that
// are known to be dead, as of ByFlow. A part whose flows fare all alike decides nothing,
// if it is improbable that they all happened to be dead, or none of them. If none of any
// part was answered, nothing is known.
func Deciding(parts []Part, dead float64) []PartResult {
	results := make([]PartResult, len(parts))
	any := false
	for i, p := range parts {
		v := ByFlow(p.Answers)
		n := float64(v.Flows)
		any = any || v.Silent < v.Flows
		switch {
		case v.Result == FlowDead || v.Result == FlowUneven:
			results[i] = PartDecides
		case v.Flows > 1 && v.Silent == v.Flows && math.Pow(dead, n) <= unlikely:
			results[i] = PartIdle
		case v.Flows > 1 && v.Dead*n < 0.5 && math.Pow(1-dead, n) <= unlikely:
			results[i] = PartIdle
		}
	}
	if !any {
		clear(results)
	}
	return results
}

// unlikely is the probability of flows that fare alike by chance, up to which a part is
// said to decide nothing.
const unlikely = 0.05
