package trial

import "time"

// Observation is what became of one packet.
type Observation struct {
	// Variant and Block say which packet it was, each from 0 on. What is the same for all
	// variants of a block, such as a bad second, is not taken for a difference.
	Variant, Block int
	// Kind is the word of the answer, such as "syn-ack", "reset", "admin-prohibited"; ""
	// is silence.
	Kind string
	// RTT is the round-trip time of an answer.
	RTT time.Duration
}

// Result is what a verdict comes to.
type Result int

const (
	// TooFew: nothing is named, and differences larger than the limit remain possible.
	TooFew Result = iota
	// Named: at least one property makes a difference.
	Named
	// Nothing: no property makes a difference larger than the verdict's Bound.
	Nothing
	// Silent: no packet of any variant was answered, so that there is nothing to compare.
	Silent
)

// String returns the result's word.
func (r Result) String() string {
	return [...]string{"too-few", "named", "nothing", "silent"}[r]
}

// Term is one property that a variant has or has not.
type Term struct {
	Factor string // the factor's name
	Text   string // the property as people read it: "sackok", "missing mss", "tos=184", "size ≥ 1200"
}

// Effect is a difference that a property makes.
type Effect struct {
	// Terms is the property: one term, or two for what only their being together does.
	Terms []Term
	// Kind is "" where the answer rate differs; else the kind of answer whose share among
	// the answers does.
	Kind string
	// With and Without are the rates, from 0 to 1, of packets that have the property and of
	// those that do not, where none of the other effects lowers them.
	With, Without float64
	// Diff is With − Without; Low and High are its interval, at the verdict's confidence.
	Diff, Low, High float64
	// P is the probability of as clear a difference by chance, corrected for the number of
	// properties that were looked at.
	P float64
	// Alike are the properties that the design cannot tell apart from this one: each
	// variant that has one has the other.
	Alike [][]Term
	// Rivals are the properties that explain what was seen about as well, so that more
	// blocks are needed to tell them apart.
	Rivals [][]Term
}

// Rate is what became of the packets of one variant.
type Rate struct {
	Variant, Sent, Answered int
	// Rate is Answered/Sent, Low and High its Wilson interval at 95 %.
	Rate, Low, High float64
	// Kinds counts the answers by their kind.
	Kinds map[string]int
	// Min, Median and P95 are of the round-trip times; 0 without an answer.
	Min, Median, P95 time.Duration
}

// Bounded is a property that is not named, and the largest difference that it may make.
type Bounded struct {
	Terms []Term
	Bound float64
}

// Verdict is what a trial comes to.
type Verdict struct {
	Result Result
	// Effects are the differences found, the largest first.
	Effects []Effect
	// Bound is the largest difference, of answer rates or of shares of a kind, that the
	// single properties in Rest may make, and Rest has that of each: the confidence holds
	// for all of them at once. It is of packets as they were sent, beside the effects named.
	// Properties together are not in it.
	Bound float64
	Rest  []Bounded
	// Untold are the properties of which nothing can be said: the effects named leave no
	// variants that differ in them and are answered.
	Untold [][]Term
	// More is about how many more blocks would settle a verdict of TooFew, or tell rivals
	// apart; 0 otherwise.
	More int
	// Rates has a row for each variant, in their order.
	Rates []Rate
}
