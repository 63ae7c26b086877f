package compare

import (
	"time"

	"sonde/scan/report"
)

// Words for why a verdict is not what it would be otherwise; schema.json lists them.
const (
	whyTwoCould    = "several-alike"   // several packets could be the question, or several questions the packet
	whyNotRecorded = "not-recorded"    // the far capture was not being made then, as far as it shows
	whyOnTheWay    = "answered-on-way" // the answer did not come from the far end
	whyEnds        = "near-ends"       // the near capture ends before the answer could have come
)

// odd are packets of FAR's flow that NEAR's has not.
func odd(got []*packet) (list []*packet) {
	for _, r := range got {
		if r.twin == nil && !r.copy {
			list = append(list, r)
		}
	}
	return list
}

// could tells whether one that NEAR has not may be q after all, changed beyond recognition,
// or taken for another one.
func (n *flow) could(q *packet, e *engine) bool {
	low, high := e.spanOf(&e.clock.there)
	for _, r := range within(n.odd, q.at+low, q.at+high, false) {
		if r.kind == q.kind {
			return true
		}
	}
	return false
}

// verdict is what became of a question.
func (e *engine) verdict(n *flow, q *packet, doubt bool) *report.Pair {
	r := &report.Pair{Near: seen(q), Proto: protoName(q), What: q.what(), Number: n.sum.number(q)}
	arrived := q.twin
	if arrived != nil {
		r.Far = seen(arrived)
		r.Changes = changes(q, arrived)
		r.Delay, r.HasDelay = delay(arrived.at-q.at), !e.clock.oneWay
		r.Copies = uint32(arrived.copies - 1)
	}
	sent := answerSent(n, q)
	got := q.answer
	if got != nil {
		r.Answer = got.answerName()
		if got.kind == refusal && got.from != q.dst.Addr() {
			r.By = got.from
		}
	} else if sent != nil {
		r.Answer = sent.answerName()
	}
	if sent != nil && sent.twin != nil {
		r.Back = changes(sent, sent.twin)
		r.BackDelay, r.HasBack = delay(sent.twin.at-sent.at), !e.clock.oneWay
	}
	unclear := q.unclear || sent != nil && sent.unclear || got != nil && got.twin != nil && got.twin.unclear
	unclear = unclear || q.kind == stream && n.pair != nil && !n.counted || e.shaky && e.clock.oneWay
	switch {
	case got != nil && (arrived != nil || sent != nil) && !unclear:
		r.Verdict = report.Answered
		if sent == nil && n.pair != nil && got.twin == nil {
			r.Why = whyOnTheWay
		}
	case doubt || unclear, arrived == nil && (e.shaky || n.could(q, e)):
		r.Verdict, r.Why = report.Unsure, whyTwoCould
	case arrived == nil && sent == nil && !e.recorded(q.at, got != nil):
		if r.Verdict, r.Why = report.Unsure, whyNotRecorded; got != nil && !q.repeated {
			r.Verdict = report.Answered
		}
	case got != nil:
		r.Verdict, r.Why = report.LostThere, whyOnTheWay
	case arrived == nil && sent == nil:
		r.Verdict = report.LostThere
	case sent != nil:
		if r.Verdict = report.LostBack; !e.heard(sent.at) {
			r.Verdict, r.Why = report.Unsure, whyEnds
		}
	default:
		if r.Verdict = report.Unanswered; !e.waited(arrived) {
			r.Verdict, r.Why = report.Unsure, whyNotRecorded
		}
	}
	e.edge.judge(r.Verdict)
	return r
}

// answerSent is the answer to q, of n, as FAR has it; nil: there is none.
func answerSent(n *flow, q *packet) *packet {
	if q.twin != nil && q.twin.answer != nil {
		return q.twin.answer
	}
	if n.pair == nil || q.twin != nil {
		return nil
	}
	if q.answer != nil {
		return q.answer.twin // FAR has not the question, but the answer that came
	}
	return nil
}

// delay is rounded to what records have of it. A packet does not arrive before it leaves.
func delay(d int64) time.Duration {
	return max(0, time.Duration(d).Round(time.Microsecond))
}
