package diff

import (
	"net/netip"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// path is where questions may be lost that have the same chance of it: on the way to the
// ports of a host, or, of pings, to the hosts of a network.
type path struct {
	addr  netip.Addr // of a network the first
	proto string     // "ping", "link"
}

// pingPath is that of a question whether a host is there. On the link all have one.
func pingPath(addr netip.Addr, r probe.Reason) path {
	switch r {
	case probe.ARPReply, probe.NDReply, probe.ReasonNoNeighbour:
		return path{proto: "link"}
	}
	return path{wire.UsualNetwork(addr).Addr(), "ping"}
}

// counts are questions that were answered, and tries of them that were not.
type counts struct{ answered, lost uint64 }

// learn counts what an answered question tells of loss. ICMP errors do not count: hosts limit
// them.
func (s *Side) learn(p path, v *report.Verdict, g grade) {
	if g != proven || v.Tries == 0 || icmp(v.Reason) {
		return
	}
	if s.tries == nil {
		s.tries = map[path]*counts{}
	}
	c := s.tries[p]
	if c == nil {
		if len(s.tries) > maxFacts {
			return
		}
		c = &counts{}
		s.tries[p] = c
	}
	c.answered++
	c.lost += uint64(v.Tries) - 1
	if n := v.Repeat; n != nil { // asked again whatever was answered
		c.answered += uint64(n.Answered) - min(1, uint64(n.Answered))
		c.lost += uint64(n.Sent-min(n.Sent, n.Answered)) - (uint64(v.Tries) - 1)
	}
}

// triesOf is how often somebody silent was asked.
func triesOf(v *report.Verdict, g grade) uint8 {
	if g != silent {
		return 0
	}
	return v.Tries
}

// icmp tells whether an answer is an ICMP error.
func icmp(r probe.Reason) bool { return r >= probe.NetUnreach && r <= probe.PacketTooBig }

// gradeOf is how a verdict is known.
func gradeOf(v *report.Verdict) grade {
	switch {
	case v.Reason == probe.ReasonLocalError, v.Reason == probe.SpoofedSource, v.Reason == probe.ReasonDeadline:
		return undecided
	case v.Weak, v.Doubt.Middlebox(), v.Unproven > 0:
		return doubtful
	case v.Reason == probe.NoResponse && !v.From.IsValid(), v.Reason == probe.ReasonNoNeighbour:
		return silent
	}
	return proven
}

// chance is how probable it may be at most that silence of one question or another is
// loss, where a difference is still called strong.
const chance = 0.001

// lossExplains tells whether loss may be the cause that one of so many questions was not
// answered, each asked so often. How much is lost is learnt from questions that were
// answered, n of them, behind k tries that were not. Where nothing was known of it before, and each rate as probable as any
// other, the next t tries are all lost with the probability
//
//	(k+1)(k+2)…(k+t) / (n+k+2)(n+k+3)…(n+k+1+t)
//
// (the rule of succession, Laplace 1814, for t tries).
func lossExplains(c counts, tries uint8, questions uint64) bool {
	if tries == 0 {
		return true
	}
	p := 1.0
	for i := range uint64(tries) {
		p *= float64(c.lost+1+i) / float64(c.answered+c.lost+2+i)
	}
	return p*float64(max(questions, 1)) > chance
}

// silence judges a difference between an answer and silence.
func (c *comparison) silence(p path, answer probe.Reason, tries uint8) report.Weakness {
	if icmp(answer) {
		return report.ByLimit
	}
	known := counts{}
	for _, s := range []*Side{c.old, c.new} {
		if n := s.tries[p]; n != nil {
			known.answered += n.answered
			known.lost += n.lost
		}
	}
	if lossExplains(known, tries, c.answered[p.proto]) {
		return report.BySilence
	}
	return report.Proven
}
