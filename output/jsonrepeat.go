package output

import (
	"sonde/probe"
	"sonde/scan/report"
)

// This file writes and reads what became of questions that were asked several times
// (-c, and hops).

// times writes round-trip times, and with spread how they are distributed.
func (l *line) times(n *report.Repeat, spread bool) {
	l.open("rtt_ms")
	l.millis("min", n.Min)
	l.millis("avg", n.Avg)
	l.millis("max", n.Max)
	if spread {
		l.millis("stddev", n.Deviation)
		l.millis("p50", n.P50)
		l.millis("p90", n.P90)
		l.millis("p99", n.P99)
	}
	l.shut()
}

// repeat writes the counts of -c.
func (l *line) repeat(v *report.Verdict) {
	n := v.Repeat
	if n == nil {
		return
	}
	l.num("sent", uint64(n.Sent))
	l.num("answered", uint64(n.Answered))
	if lost := n.Lost(); lost >= 0 && v.Reason != probe.SpoofedSource { // whose answers go elsewhere
		l.float("loss", lost, 6)
	}
	l.num("late", uint64(n.Late))
	l.num("duplicates", uint64(n.Duplicates))
	l.num("reordered", uint64(n.Reordered))
	l.some("unsent", uint64(n.Unsent))
	for i := range l.objects("answers", len(n.Answers)) {
		a := &n.Answers[i]
		l.word("state", a.State.String())
		l.word("reason", a.Reason.String())
		l.addr("from", a.From)
		l.yes("weak", a.Weak)
		l.num("count", uint64(a.N))
	}
}

// times reads round-trip times. Those of no answer, or of nothing but zeros, are none.
func (o *object) times(n *report.Repeat) {
	in := o.open("rtt_ms")
	in.need("min", "avg", "max")
	n.Min, n.Avg, n.Max = in.millis("min"), in.millis("avg"), in.millis("max")
	if in.has("stddev") { // those before did not write it
		in.need("p50", "p90", "p99")
		n.Deviation, n.P50, n.P90, n.P99 = in.millis("stddev"), in.millis("p50"), in.millis("p90"), in.millis("p99")
	}
	if !n.Timed() {
		n.Min, n.Avg, n.Max, n.Deviation, n.P50, n.P90, n.P99 = 0, 0, 0, 0, 0, 0, 0
	}
}

// repeat reads the counts of -c. How much is lost follows from them.
func (o *object) repeat(states []probe.State) *report.Repeat {
	o.need("answered")
	n := &report.Repeat{Sent: uint32(o.num("sent", 32)), Answered: uint32(o.num("answered", 32)), Unsent: uint32(o.num("unsent", 32)),
		Late: uint32(o.num("late", 32)), Duplicates: uint32(o.num("duplicates", 32)), Reordered: uint32(o.num("reordered", 32))}
	if o.has("rtt_ms") {
		o.times(n)
	}
	n.Answers = each(o, "answers", func(in *object, key string) report.Answers {
		a := in.open(key)
		a.need("state", "reason", "count")
		return report.Answers{State: a.state("state", states), Reason: a.reason("reason"), From: a.addr("from"),
			Weak: a.bool("weak"), N: uint32(a.num("count", 32))}
	})
	return n
}
