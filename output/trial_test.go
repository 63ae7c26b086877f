package output

import (
	"math"
	"net/netip"
	"syscall"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// trialScenarios are trials: one that names an option, and where it is dropped; one of
// several factors, answers and targets; and those that name nothing.
func trialScenarios() []scenario {
	end := report.End{Complete: true, Loss: -1, ExpectedMissed: -1, Sent: 1200, Received: 1061, Elapsed: 24100 * time.Millisecond, ExitReason: "named"}
	options := &report.Trials{Proto: "tcp", Port: 21, Blocks: 200, Interval: 120 * time.Millisecond, Factors: []report.Factor{{Name: "tcp-options", Values: []string{"none", "mss", "mss,sackok", "linux"}}}}
	rate := func(addr netip.Addr, variant string, answered uint32, low, high float64, kinds ...report.KindCount) *report.Trial {
		t := &report.Trial{Addr: addr, Proto: "tcp", Port: 21, Variant: variant, Sent: 200, Answered: answered, Low: low, High: high, Kinds: kinds}
		if answered > 0 {
			t.Min, t.Median, t.P95 = 180*time.Microsecond, 210*time.Microsecond, 900*time.Microsecond
		}
		if kinds == nil && answered > 0 {
			t.Kinds = []report.KindCount{{Kind: "syn-ack", N: answered}}
		}
		return t
	}
	sackok := &report.Effect{Addr: web, Properties: []string{"sackok"}, With: 0.695, Without: 1, Low: -0.38, High: -0.23, P: 1.2e-14}
	named := &report.Conclusion{Addr: web, Result: "named", Bound: 0.0284, Rest: []report.Bounded{{Property: "mss", Bound: 0.02}, {Property: "ts", Bound: 0.02}, {Property: "wscale", Bound: 0.02}}, Blocks: 200,
		Flows: &report.Flows{Result: "chance", Asked: 40}, Place: &report.Place{Variant: "mss,sackok", Beside: "mss", Found: true, Near: report.Point{TTL: 1, From: gate}, Far: report.Point{TTL: 3, From: web, Target: true}, Between: []uint8{2}}}
	both := &report.Trials{Proto: "tcp", Port: 21, Blocks: 200, Interval: time.Second, Factors: []report.Factor{{Name: "tos", Values: []string{"0", "184"}}, {Name: "ecn", Values: []string{"0", "2"}}}}
	many := []report.Record{
		rate(web, "tos=0 ecn=0", 150, 0.68, 0.81), rate(web, "tos=184 ecn=2", 149, 0.68, 0.8, report.KindCount{Kind: "reset", N: 100}, report.KindCount{Kind: hostile, N: 49}),
		&report.Effect{Addr: web, Properties: []string{"tos=184", "ecn=2"}, Kind: "reset", With: 0.67, Without: 0, Low: 0.5, High: 0.8, P: 0.0123, Alike: []string{"ttl=9"}, Rivals: []string{"size ≥ 1200", "dscp=ef"}},
		&report.Conclusion{Addr: web, Result: "named", Bound: 0.1, Rest: []report.Bounded{{Property: "tos=184", Bound: 0.02}}, Untold: []string{"ecn=2"}, More: 120, Blocks: 200,
			Flows: &report.Flows{Result: "dead-flows", Asked: 40, Silent: 10, Dead: 0.25, Low: 0.14, High: 0.4, Loss: 0.05, Decides: []string{"source port", "destination port"}, Idle: []string{"flow label"}},
			Place: &report.Place{Variant: "tos=184 ecn=2", Beside: "tos=0 ecn=0", Enough: true}},
		rate(six, "tos=0 ecn=0", 0, 0, 0.02),
		&report.Conclusion{Addr: six, Result: "silent", Bound: 1, Reason: probe.ReasonNoNeighbour, Blocks: 200, Flows: &report.Flows{Result: "unsure", Asked: 40, Silent: 40}},
		&report.Effect{Properties: []string{"tos=184"}, With: 0.4, Without: 0.8, Low: -0.5, High: -0.3, P: 1e-5},
		&report.Conclusion{Result: "named", Bound: 1, Blocks: 400},
	}
	cut := end
	cut.Complete, cut.Interrupted = false, true
	return []scenario{
		{name: "trial", scan: report.Scan{Command: "trial", Args: []string{"trial"}, Trials: options}, end: end,
			records: []report.Record{rate(web, "none", 200, 0.981, 1), rate(web, "mss", 200, 0.981, 1), rate(web, "mss,sackok", 139, 0.628, 0.755), rate(web, "linux", 137, 0.618, 0.745), sackok, named}},
		{name: "trial-many", scan: report.Scan{Command: "trial", Args: []string{"trial"}, Trials: both, Notes: []string{"a note"}}, end: cut, records: many},
		{name: "trial-nothing", scan: report.Scan{Command: "trial", Args: []string{"trial"}, Trials: options}, end: end,
			records: []report.Record{rate(web, "none", 160, 0.74, 0.85), rate(web, "mss", 158, 0.73, 0.84),
				&report.Conclusion{Addr: web, Result: "nothing", Bound: 0.0912, Rest: []report.Bounded{{Property: "mss", Bound: 0.02}, {Property: "sackok", Bound: 0.02}}, Blocks: 200, Flows: &report.Flows{Result: "chance", Asked: 40, Loss: 0.2}}}},
		{name: "trial-few", scan: report.Scan{Command: "trial", Args: []string{"trial"}, Trials: options}, end: end,
			records: []report.Record{&report.Trial{Addr: web, Proto: "tcp", Port: 21, Variant: "none", High: 1, Unsent: 3},
				&report.Conclusion{Addr: web, Result: "too-few", Bound: 0.31, Reason: probe.ReasonLocalError, Errno: uint16(syscall.EMSGSIZE), Rest: []report.Bounded{{Property: "mss", Bound: 0.02}}, Blocks: 20, More: 80, Flows: &report.Flows{Result: "uneven", Asked: 40, Loss: 0.1},
					Place: &report.Place{Variant: "none", Beside: "mss"}}}},
	}
}

// canonicalTrial makes of what is random of trials something that could be found.
func canonicalTrial(rec report.Record) {
	share := func(list ...*float64) {
		for _, v := range list {
			if math.IsNaN(*v) || math.IsInf(*v, 0) {
				*v = 0.5
			}
			*v = report.Rate(math.Abs(math.Mod(*v, 1)))
		}
	}
	switch r := rec.(type) {
	case *report.Trial:
		r.Addr = known(r.Addr)
		share(&r.Low, &r.High)
		r.Min, r.Median, r.P95 = r.Min.Truncate(time.Microsecond), r.Median.Truncate(time.Microsecond), r.P95.Truncate(time.Microsecond)
		if r.Answered %= r.Sent | 1; r.Answered == 0 {
			r.Min, r.Median, r.P95 = 0, 0, 0
		}
	case *report.Effect:
		share(&r.With, &r.Without, &r.Low, &r.High, &r.P)
		r.Low, r.P = -r.Low, report.P(r.P)
	case *report.Conclusion:
		share(&r.Bound)
		for i := range r.Rest {
			share(&r.Rest[i].Bound)
		}
		if r.Reason = []probe.Reason{probe.NoResponse, probe.ReasonLocalError, probe.ReasonNoNeighbour}[int(r.Reason)%3]; r.Reason != probe.ReasonLocalError {
			r.Errno = 0
		}
		r.Result = trialResults[len(r.Result)%len(trialResults)]
		if f := r.Flows; f != nil {
			share(&f.Dead, &f.Low, &f.High, &f.Loss)
			f.Result = flowResults[len(f.Result)%len(flowResults)]
		}
		if p := r.Place; p != nil {
			for i := range p.Between {
				p.Between[i] |= 1
			}
			if !p.Found {
				p.Near, p.Far = report.Point{}, report.Point{}
			}
		}
	}
}

func canonicalTrials(t *report.Trials) {
	if t != nil {
		t.Proto = []string{"icmp", "tcp", "udp"}[len(t.Proto)%3]
		t.Interval = t.Interval.Truncate(time.Microsecond)
		for i := range t.Factors {
			if len(t.Factors[i].Values) == 0 {
				t.Factors[i].Values = nil
			}
		}
	}
}
