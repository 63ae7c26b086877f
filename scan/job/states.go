package job

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// answers are one reply of each sort that kinds tell apart.
var answers = []probe.Reply{
	{Event: probe.Silence},
	{Event: probe.Answer, Layer: wire.LayerTCP, TCP: wire.TCP{Flags: wire.SYN | wire.ACK}},
	{Event: probe.Answer, Layer: wire.LayerTCP, TCP: wire.TCP{Flags: wire.RST | wire.ACK}},
	{Event: probe.Answer, Layer: wire.LayerTCP, TCP: wire.TCP{Flags: wire.RST, Window: 1}},
	{Event: probe.ICMPError, Who: probe.Target, Layer: wire.LayerICMP, ICMP: wire.ICMP{Msg: wire.PortUnreach}},
	{Event: probe.ICMPError, Who: probe.Other, Layer: wire.LayerICMP, ICMP: wire.ICMP{Msg: wire.AdminProhibited}},
	{Event: probe.LocalError},
}

// may tells whether a port can be found in a state by a kind. Only a SYN is answered by
// SYN-ACK: of a kind that sends another segment, one with chosen flags.
func (q *question) may(k probe.Kind, s probe.State) bool {
	c := &q.crafts[0]
	syn := !k.Traits().Stray || c.Has(probe.GivenFlags) && c.Flags&wire.SYN != 0
	for i := range answers {
		if answers[i].TCP.Flags&wire.SYN != 0 && !syn {
			continue
		}
		if k.Classify(probe.Probe{}, &answers[i]).State == s {
			return true
		}
	}
	return s == probe.Unknown
}

// stateRules refuse what waits for states that this way of asking never finds.
func (q *question) stateRules(s *Spec) []rule {
	k, asked := q.kind, q.scan
	if s.Command != "tcp" && s.Command != "udp" {
		return nil
	}
	if k == nil {
		k = probe.SYN
	}
	if asked == "" {
		asked = s.Command
	}
	list, open := "", q.may(k, probe.Open) || q.may(k, probe.OpenFiltered)
	for _, state := range portStates {
		if q.may(k, state) {
			list += " " + state.String()
		}
	}
	return []rule{
		{s.Show.Open && !open, "--open: no port is found open by " + asked + ", which tells:" + list},
		{q.want != nil && !q.may(k, *q.want), "--" + s.first("expect", "wait-for") + " " + s.Expect + s.WaitFor + ": no port is found so by " + asked + ", which tells:" + list},
	}
}
