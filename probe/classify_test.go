package probe_test

import (
	"slices"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
)

// row is one row of a table: what came back, and what it means.
type row struct {
	name  string
	reply probe.Reply
	want  probe.Verdict
}

func answer(layer wire.Layer, flags uint8) probe.Reply {
	return probe.Reply{Event: probe.Answer, Layer: layer, TCP: wire.TCP{Flags: flags}}
}

func withWindow(r probe.Reply, window uint16) probe.Reply {
	r.TCP.Window = window
	return r
}

// TestClassifyAnswers is the table of states and reasons, without ICMP errors.
func TestClassifyAnswers(t *testing.T) {
	final := func(s probe.State, r probe.Reason) probe.Verdict {
		return probe.Verdict{State: s, Reason: r, Final: true}
	}
	silent := func(s probe.State) probe.Verdict { return probe.Verdict{State: s, Reason: probe.NoResponse} }
	silence := probe.Reply{Event: probe.Silence}
	muteRows := []row{
		{"RST", answer(wire.LayerTCP, wire.RST|wire.ACK), final(probe.Closed, probe.Reset)},
		{"silence", silence, silent(probe.OpenFiltered)},
	}
	tests := map[probe.Kind][]row{
		probe.SYN: {
			{"SYN-ACK", answer(wire.LayerTCP, wire.SYN|wire.ACK), final(probe.Open, probe.SynAck)},
			{"SYN-ACK with ECN", answer(wire.LayerTCP, wire.SYN|wire.ACK|wire.ECE), final(probe.Open, probe.SynAck)},
			{"bare ACK", answer(wire.LayerTCP, wire.ACK), final(probe.Open, probe.SynAck)},
			{"lone SYN", answer(wire.LayerTCP, wire.SYN), final(probe.Open, probe.Syn)},
			{"RST", answer(wire.LayerTCP, wire.RST|wire.ACK), final(probe.Closed, probe.Reset)},
			{"silence", silence, silent(probe.Filtered)},
		},
		probe.ACK: {
			{"RST", answer(wire.LayerTCP, wire.RST), final(probe.Unfiltered, probe.Reset)},
			{"silence", silence, silent(probe.Filtered)},
		},
		probe.Window: {
			{"RST with a window", withWindow(answer(wire.LayerTCP, wire.RST), 4096), final(probe.Open, probe.Reset)},
			{"RST without", answer(wire.LayerTCP, wire.RST), final(probe.Closed, probe.Reset)},
			{"silence", silence, silent(probe.Filtered)},
		},
		probe.FIN:    muteRows,
		probe.Null:   muteRows,
		probe.Xmas:   muteRows,
		probe.Maimon: muteRows,
		probe.UDP: {
			{"answer", answer(wire.LayerUDP, 0), final(probe.Open, probe.UDPResponse)},
			{"silence", silence, silent(probe.OpenFiltered)},
		},
		probe.Echo: {
			{"reply", answer(wire.LayerICMP, 0), final(probe.Up, probe.EchoReply)},
			{"silence", silence, silent(probe.Unknown)},
		},
		probe.Timestamp: {
			{"reply", answer(wire.LayerICMP, 0), final(probe.Up, probe.TimestampReply)},
			{"silence", silence, silent(probe.Unknown)},
		},
		probe.Mask: {
			{"reply", answer(wire.LayerICMP, 0), final(probe.Up, probe.MaskReply)},
			{"silence", silence, silent(probe.Unknown)},
		},
		probe.Connect: {
			{"established", answer(wire.LayerTCP, wire.SYN|wire.ACK), final(probe.Open, probe.SynAck)},
			{"refused", answer(wire.LayerTCP, wire.RST|wire.ACK), final(probe.Closed, probe.ConnRefused)},
			{"timeout", silence, silent(probe.Filtered)},
		},
		probe.Neighbour: {
			{"silence", silence, probe.Verdict{State: probe.Down, Reason: probe.ReasonNoNeighbour}},
		},
	}
	for _, e := range probe.Kinds() {
		if len(tests[e.Kind]) == 0 {
			t.Errorf("%s is not in the table", e.Kind.Name())
		}
	}
	for kind, rows := range tests {
		for _, v6 := range []bool{false, true} {
			for _, r := range rows {
				if got := kind.Classify(probe.Probe{Target: theirs(v6)}, &r.reply); got != r.want {
					t.Errorf("%s, %s: %v (%v), final %v", kind.Name(), r.name, got.State, got.Reason, got.Final)
				}
			}
		}
	}
	for _, v6 := range []bool{false, true} {
		r := answer(wire.LayerARP, 0)
		want := final(probe.Up, map[bool]probe.Reason{false: probe.ARPReply, true: probe.NDReply}[v6])
		if got := probe.Neighbour.Classify(probe.Probe{Target: theirs(v6)}, &r); got != want {
			t.Errorf("neighbour: %v (%v)", got.State, got.Reason)
		}
	}
}

// icmpErrors are all types and codes that say that a packet was not delivered,
// with the reason each has.
var icmpErrors = []struct {
	v6        bool
	typ, code uint8
	reason    string
}{
	{false, 3, 0, "net-unreach"}, {false, 3, 1, "host-unreach"}, {false, 3, 2, "proto-unreach"}, {false, 3, 3, "port-unreach"},
	{false, 3, 4, "packet-too-big"}, {false, 3, 5, "host-unreach"}, {false, 3, 6, "net-unreach"}, {false, 3, 7, "host-unreach"},
	{false, 3, 8, "host-unreach"}, {false, 3, 9, "net-prohibited"}, {false, 3, 10, "host-prohibited"}, {false, 3, 11, "net-unreach"},
	{false, 3, 12, "host-unreach"}, {false, 3, 13, "admin-prohibited"}, {false, 3, 14, "admin-prohibited"}, {false, 3, 15, "admin-prohibited"},
	{false, 11, 0, "time-exceeded"}, {false, 11, 1, "time-exceeded"}, {false, 12, 0, "param-problem"}, {false, 12, 2, "param-problem"},
	{true, 1, 0, "no-route"}, {true, 1, 1, "admin-prohibited"}, {true, 1, 2, "beyond-scope"}, {true, 1, 3, "addr-unreach"},
	{true, 1, 4, "port-unreach"}, {true, 1, 5, "policy-fail"}, {true, 1, 6, "reject-route"}, {true, 2, 0, "packet-too-big"},
	{true, 3, 0, "time-exceeded"}, {true, 3, 1, "time-exceeded"}, {true, 4, 0, "param-problem"}, {true, 4, 1, "param-problem"},
}

// TestClassifyErrors lets the target and a router send every ICMP error about
// every kind, on the wire.
func TestClassifyErrors(t *testing.T) {
	for _, q := range questions() {
		if q.kind == probe.Neighbour {
			continue
		}
		v6 := !q.p.Target.Is4()
		s := source(v6)
		sent := q.kind.Append(nil, s, q.p)
		for _, e := range icmpErrors {
			if e.v6 != v6 {
				continue
			}
			for _, who := range []probe.Who{probe.Target, probe.Other} {
				ip := wire.IP{Src: q.p.Target, Dst: s.Addr, TTL: 60}
				if who == probe.Other {
					ip.Src = theirs(v6).Next()
				}
				b := wire.AppendICMP(nil, &ip, &wire.ICMP{Type: e.typ, Code: e.code}, sent)
				c := claim(q.kind, s, b, etherType(q.kind, q.p))
				if !c.proven() || c.p != q.p || c.r.Event != probe.ICMPError || c.r.Who != who || c.r.From != ip.Src || c.r.Try != 1 {
					t.Errorf("%s, %d/%d: %+v", q.name, e.typ, e.code, c)
					continue
				}
				want := probe.Verdict{State: probe.Filtered}
				switch {
				case q.kind.Class() == probe.ClassEcho:
					want.State = probe.Unknown
				case q.kind == probe.UDP && e.reason == "port-unreach" && who == probe.Target:
					want.State = probe.Closed
				}
				got := q.kind.Classify(c.p, &c.r)
				if got.Reason.String() != e.reason || got.State != want.State || got.Final {
					t.Errorf("%s, %d/%d from %v: %v (%v), final %v; want %v (%s)", q.name, e.typ, e.code, ip.Src, got.State, got.Reason, got.Final, want.State, e.reason)
				}
				if q.kind == probe.SYN { // the kernel's error queue says the same
					if got := probe.Connect.Classify(c.p, &c.r); got.State != probe.Filtered || got.Reason.String() != e.reason {
						t.Errorf("connect, %d/%d: %v (%v)", e.typ, e.code, got.State, got.Reason)
					}
				}
			}
		}
		// What quotes a packet that went on is no error.
		for _, m := range []wire.Message{wire.SourceQuench, wire.Redirect} {
			icmp := wire.ICMP{Msg: m}
			if !icmp.SetType(v6) {
				continue
			}
			b := wire.AppendICMP(nil, &wire.IP{Src: q.p.Target, Dst: s.Addr}, &icmp, sent)
			if c := claim(q.kind, s, b, etherType(q.kind, q.p)); c.proven() {
				t.Errorf("%s: message %d is taken for %+v", q.name, m, c)
			}
		}
	}
}

// TestClassifyLocal: what happened on this machine says nothing of the target.
func TestClassifyLocal(t *testing.T) {
	for _, e := range probe.Kinds() {
		for event, want := range map[probe.Event]probe.Reason{
			probe.LocalError: probe.ReasonLocalError, probe.NoNeighbour: probe.ReasonNoNeighbour,
			probe.Deadline: probe.ReasonDeadline, probe.Unseen: probe.SpoofedSource,
		} {
			v := e.Kind.Classify(probe.Probe{Target: theirs4}, &probe.Reply{Event: event, Who: probe.Ourselves})
			if v.State != probe.Unknown || v.Reason != want {
				t.Errorf("%s: event %d is %v (%v)", e.Kind.Name(), event, v.State, v.Reason)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range probe.States() {
		if s, ok := probe.ParseState(name); !ok || s.String() != name {
			t.Errorf("state %q is read as %v", name, s)
		}
	}
	if s, ok := probe.ParseState("ajar"); ok {
		t.Errorf("ajar is %v", s)
	}
	reasons := slices.Clone(probe.Reasons())
	slices.Sort(reasons)
	if len(slices.Compact(reasons)) != len(probe.Reasons()) || slices.Contains(reasons, "") {
		t.Errorf("reasons %q", reasons)
	}
	for letter, kind := range map[string]probe.Kind{"S": probe.SYN, "T": probe.Connect, "A": probe.ACK, "W": probe.Window,
		"F": probe.FIN, "N": probe.Null, "X": probe.Xmas, "M": probe.Maimon} {
		if e, ok := probe.ByScan(letter); !ok || e.Kind != kind {
			t.Errorf("-s%s is %v", letter, e.Kind)
		}
	}
	for letter, kind := range map[string]probe.Kind{"E": probe.Echo, "P": probe.Timestamp, "M": probe.Mask, "S": probe.SYN, "A": probe.ACK, "U": probe.UDP, "R": probe.Neighbour} {
		if e, ok := probe.ByPing(letter); !ok || e.Kind != kind {
			t.Errorf("-P%s is %v", letter, e.Kind)
		}
	}
	if _, ok := probe.ByPing(""); ok {
		t.Error("no letter names a kind")
	}
}
