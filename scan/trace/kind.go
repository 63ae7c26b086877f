package trace

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// traced makes a kind whose time-exceeded errors are answers: they are what a
// trace asks for. Every answer is final, since each question is asked once.
func traced(k probe.Kind) probe.Kind { return probe.WithVerdicts(k, final) }

func final(k probe.Kind, p probe.Probe, r *probe.Reply) probe.Verdict {
	v := k.Classify(p, r)
	if r.Event == probe.ICMPError && (r.ICMP.Msg == wire.TimeExceeded || r.ICMP.Msg.IsError()) {
		v.Final = true
	}
	return v
}
