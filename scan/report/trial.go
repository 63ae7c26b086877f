package report

import (
	"math"
	"net/netip"
	"strconv"
	"time"

	"sonde/probe"
)

// Trials is what a run varies.
type Trials struct {
	Proto    string // "icmp", "tcp", "udp"
	Port     uint16 // 0: none
	Factors  []Factor
	Blocks   uint32 // in each of which every variant is sent once; with UntilSure at most
	Interval time.Duration
}

// Factor is a field of the packet that is varied, and its values.
type Factor struct {
	Name   string
	Values []string
}

// Trial is what became of the packets of one variant.
type Trial struct {
	Addr    netip.Addr
	Proto   string
	Port    uint16
	Variant string // "mss,sackok"; of several factors "tcp-options=none tos=184"
	Sent    uint32
	// Answered of Sent, by whatever kind of answer. Low and High are the interval of the
	// rate (Wilson, 95 %), as Rate rounds it.
	Answered  uint32
	Low, High float64
	Kinds     []KindCount   // the most frequent first
	Min       time.Duration // round-trip times, where Answered > 0
	Median    time.Duration
	P95       time.Duration
	Unsent    uint32 // this machine could not send; not in Sent
}

// KindCount counts the answers of one kind, by its word: "syn-ack", "reset".
type KindCount struct {
	Kind string
	N    uint32
}

// Effect is a difference that a property of the packet makes.
type Effect struct {
	Addr netip.Addr // zero: over all targets
	// Properties has it; two are what only their being together does.
	Properties []string // "sackok", "missing mss", "tos=184"
	// Kind is the kind of answer whose share among the answers it changes; "": it changes
	// the share of packets that are answered.
	Kind          string
	With, Without float64  // the shares, as Rate rounds them
	Low, High     float64  // of the difference With − Without
	P             float64  // of as clear a difference by chance; corrected for what was looked at
	Alike         []string // what always goes with it in these variants
	Rivals        []string // what explains it about as well
}

// Conclusion is what the trials with one target come to, and its last record.
type Conclusion struct {
	Addr   netip.Addr // zero: over all targets
	Result string     // "named", "nothing", "too-few", "silent"
	// Bound is the largest difference that any of Rest may make, at 95 % for all of them
	// together, as Rate rounds it; 1 where nothing is known.
	Bound  float64
	Rest   []Bounded
	Untold []string // of which nothing can be said beside what was named
	More   uint32   // about how many more blocks would settle it; 0: it is, or none would
	Blocks uint32   // that were sent
	// Reason is why packets could not be sent, where some could not: probe.ReasonLocalError,
	// with Errno as of a Verdict, or probe.ReasonNoNeighbour; else probe.NoResponse.
	Reason probe.Reason
	Errno  uint16
	Flows  *Flows // nil: it was not asked what loss belongs to
	Place  *Place // nil: it was not looked for
}

// Bounded is a property that is not named, and the largest difference that it may make.
type Bounded struct {
	Property string
	Bound    float64 // as Rate rounds it
}

// Flows is what the same flows, asked again and again, say of loss.
type Flows struct {
	Result    string  // "unsure", "chance", "dead-flows", "uneven"
	Asked     uint32  // flows
	Silent    uint32  // of them that were never answered
	Dead      float64 // the share of flows that never answer, and its interval
	Low, High float64
	Loss      float64  // in the others
	Decides   []string // which part of the headers tells dead flows from others: "source port"
	Idle      []string // which does not
}

// Place is where on the way a difference begins.
type Place struct {
	Variant string // that fares worse
	Beside  string // the one that it was compared with
	Found   bool
	Near    Point   // the last place that both reach alike; TTL 0: this machine
	Far     Point   // the first where they differ
	Between []uint8 // hops between them of which nothing was heard
	Enough  bool    // that nothing was found means that there is nothing
}

// Point is a hop or the target.
type Point struct {
	TTL    uint8
	From   netip.Addr // who answers there; zero: nobody does
	Target bool
}

func (*Trial) record()      {}
func (*Effect) record()     {}
func (*Conclusion) record() {}

// Rate rounds a share, or a difference of two, to what records have of it: six digits.
// What is no number is 0.
func Rate(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return math.Round(max(-1, min(v, 1))*1e6) / 1e6
}

// P rounds a probability to what records have of it, three digits that count.
func P(v float64) float64 {
	p, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return p
}
