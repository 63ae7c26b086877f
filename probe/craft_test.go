package probe_test

import (
	"slices"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
)

// segments are the kinds that send TCP.
func segments() []question {
	return slices.DeleteFunc(questions(), func(q question) bool { return q.kind.Class() != probe.ClassTCP })
}

// crafted is a source whose packets are all made as c says.
func crafted(v6 bool, c probe.Craft) *probe.Source {
	s := source(v6)
	c.Window = 64240
	s.Craft = []probe.Craft{c}
	return s
}

// replyTo is what a stack of RFC 9293 §3.10.7.1 and .2 sends back to a segment of ours, from
// an open port or from a closed one; nil: nothing.
func replyTo(sent *wire.Packet, open bool) *wire.TCP {
	t, r := &sent.TCP, &wire.TCP{Src: sent.TCP.Dst, Dst: sent.TCP.Src, Window: 1}
	size := uint32(len(sent.Payload))
	for _, flag := range []uint8{wire.SYN, wire.FIN} {
		if t.Flags&flag != 0 {
			size++
		}
	}
	switch {
	case t.Flags&wire.RST != 0:
		return nil
	case t.Flags&wire.ACK != 0:
		r.Flags, r.Seq = wire.RST, t.Ack
	case open && t.Flags&wire.SYN != 0:
		r.Flags, r.Ack, r.Seq = wire.SYN|wire.ACK, t.Seq+1, 77
	case open:
		return nil
	default:
		r.Flags, r.Ack = wire.RST|wire.ACK, t.Seq+size
	}
	return r
}

// TestChosenFlags has every kind of TCP send every combination of the six flags of RFC
// 9293, with payload and without: whatever a stack answers is recognised, and nothing
// else is.
func TestChosenFlags(t *testing.T) {
	for _, q := range segments() {
		for flags := range uint8(64) {
			for _, data := range [][]byte{nil, []byte("five!")} {
				v6 := !q.p.Target.Is4()
				s := crafted(v6, probe.Craft{Given: probe.GivenFlags | probe.GivenData, Flags: flags, Data: data})
				typ := etherType(q.kind, q.p)
				sent := parse(t, q.kind.Append(nil, s, q.p), typ)
				if sent.TCP.Flags != flags || string(sent.Payload) != string(data) {
					t.Fatalf("%s: flags %06b and %q leave as %06b and %q", q.name, flags, data, sent.TCP.Flags, sent.Payload)
				}
				for _, open := range []bool{false, true} {
					r := replyTo(sent, open)
					if r == nil {
						continue
					}
					back := wire.IP{Src: q.p.Target, Dst: s.Addr, TTL: 60}
					c := claim(q.kind, s, wire.AppendTCP(nil, &back, r, nil), typ)
					if !c.proven() || c.p != q.p {
						t.Errorf("%s, flags %06b, %d bytes: the answer %06b is %+v", q.name, flags, len(data), r.Flags, c)
						continue
					}
					v := q.kind.Classify(c.p, &c.r)
					if wantOpen := r.Flags&wire.SYN != 0; wantOpen != (v.Reason == probe.SynAck) || v.State == probe.Closed && wantOpen {
						t.Errorf("%s, flags %06b: the answer %06b means %+v", q.name, flags, r.Flags, v)
					}
					wrong := *r
					wrong.Seq, wrong.Ack = r.Seq^1<<20, r.Ack^1<<20
					if c := claim(q.kind, s, wire.AppendTCP(nil, &back, &wrong, nil), typ); c.proven() {
						t.Errorf("%s, flags %06b: %06b with another number is an answer", q.name, flags, wrong.Flags)
					}
				}
			}
		}
	}
}

// TestFastOpen: the SYN-ACK to a SYN with payload acknowledges it (RFC 7413 §4.1.2), or the
// SYN alone (RFC 9293 §3.10.7.2); anything between proves nothing.
func TestFastOpen(t *testing.T) {
	syn := probe.SYN.(probe.PacketKind)
	for _, v6 := range []bool{false, true} {
		s := crafted(v6, probe.Craft{Given: probe.GivenData, Data: []byte("GET / HTTP/1.0")})
		p := probe.Probe{Target: theirs(v6), Port: 80, Try: 1}
		typ := etherType(syn, p)
		sent := parse(t, syn.Append(nil, s, p), typ)
		back := wire.IP{Src: p.Target, Dst: s.Addr, TTL: 60}
		for took := range uint32(17) {
			r := wire.TCP{Src: 80, Dst: sent.TCP.Src, Ack: sent.TCP.Seq + took, Flags: wire.SYN | wire.ACK}
			c := claim(syn, s, wire.AppendTCP(nil, &back, &r, nil), typ)
			if want := took == 1 || took == 15; c.proven() != want {
				t.Errorf("a SYN-ACK of %d after the sequence number: proven %v", took, c.proven())
			}
		}
	}
}

// TestChosenNumbers: a number that was chosen proves nothing by itself. What repeats it
// answers where it comes to the port of the try, and never to a port that all tries share;
// an error that quotes it, and nothing else that is ours, is weak.
func TestChosenNumbers(t *testing.T) {
	for _, q := range segments() {
		v6 := !q.p.Target.Is4()
		s := crafted(v6, probe.Craft{Given: probe.GivenSeq | probe.GivenAck, Seq: 1000, Ack: 2000})
		typ := etherType(q.kind, q.p)
		sent := parse(t, q.kind.Append(nil, s, q.p), typ)
		if sent.TCP.Seq != 1000 || sent.TCP.Ack != 2000 {
			t.Fatalf("%s: %+v", q.name, sent.TCP)
		}
		r := replyTo(sent, false)
		back := wire.IP{Src: q.p.Target, Dst: s.Addr, TTL: 60}
		answer := func(s *probe.Source, t wire.TCP) claimed {
			return claim(q.kind, s, wire.AppendTCP(nil, &back, &t, nil), typ)
		}
		if c := answer(s, *r); !c.proven() || c.p != q.p {
			t.Errorf("%s: the answer is %+v", q.name, c)
		}
		other := *r
		other.Seq, other.Ack = r.Seq+1, r.Ack+1
		if other.Flags&wire.ACK != 0 && sent.TCP.Flags&wire.FIN != 0 {
			other.Ack++
		}
		if c := answer(s, other); c.proven() {
			t.Errorf("%s: another number than the chosen one is an answer", q.name)
		}
		elsewhere := *r
		elsewhere.Dst += 3 // another try's, which the plan knows not to be on its way
		if c := answer(s, elsewhere); c.proven() && c.p.Try == q.p.Try {
			t.Errorf("%s: a reply to another port answers the same try", q.name)
		}
		fixed := crafted(v6, s.Craft[0])
		fixed.Ports = probe.Ports{First: 61000, N: 1, Fixed: true}
		if c := answer(fixed, *r); c.proven() {
			t.Errorf("%s: with -g nothing is left, and %+v is an answer", q.name, c)
		}
		left := q.kind.(probe.Prover).Left(&s.Craft[0], v6)
		if left.Answer != probe.InPorts || left.Quote != probe.InPorts|probe.InID {
			t.Errorf("%s: left are %+v", q.name, left)
		}
	}
}

// TestChosenPayload: without a payload of its own a datagram is known in a quote by its IP
// ID or flow label; where these are chosen, too, by nothing but its fresh port.
func TestChosenPayload(t *testing.T) {
	udp := probe.UDP.(probe.PacketKind)
	for _, v6 := range []bool{false, true} {
		for _, tt := range []struct {
			given  probe.Given
			fixed  bool
			proven bool
			weak   bool
		}{
			{0, false, true, false},
			{probe.GivenData, false, true, false},
			{probe.GivenData, true, true, false},
			{probe.GivenData | probe.GivenID | probe.GivenFlowLabel, false, false, true},
			{probe.GivenData | probe.GivenID | probe.GivenFlowLabel, true, false, false},
		} {
			s := crafted(v6, probe.Craft{Given: tt.given, Data: []byte("seen by all"), ID: 7, FlowLabel: 7})
			if tt.fixed {
				s.Ports = probe.Ports{First: 61000, N: 1, Fixed: true}
			}
			p := probe.Probe{Target: theirs(v6), Port: 53, Try: 1}
			typ := etherType(udp, p)
			sent := udp.Append(nil, s, p)
			m := wire.ICMP{Msg: wire.PortUnreach}
			m.SetType(v6)
			back := wire.IP{Src: p.Target, Dst: s.Addr, TTL: 60}
			c := claim(udp, s, wire.AppendICMP(nil, &back, &m, sent), typ)
			if !c.ok || c.proven() != tt.proven || c.r.Weak != tt.weak {
				t.Errorf("chosen %b, fixed port %v: %+v", tt.given, tt.fixed, c.r)
			}
			// What everybody could have made up, but for the port.
			q := parse(t, sent, typ)
			forged := wire.IP{Src: s.Addr, Dst: p.Target, Proto: wire.ProtoUDP, TTL: 64, ID: 9, Flow: 9}
			f := wire.AppendUDP(nil, &forged, &wire.UDP{Src: q.UDP.Src, Dst: 53}, []byte("seen by all"))
			if c := claim(udp, s, wire.AppendICMP(nil, &back, &m, f), typ); c.proven() {
				t.Errorf("chosen %b, fixed port %v: a quote with another ID proves %+v", tt.given, tt.fixed, c.p)
			}
		}
	}
}

// TestChosenEcho: an echo request with a chosen payload is known by identifier and sequence
// number, all 32 bits of them; what became of the payload is told as ever.
func TestChosenEcho(t *testing.T) {
	echo := probe.Echo.(probe.PacketKind)
	for _, v6 := range []bool{false, true} {
		for _, data := range []string{"", "a", "eight ch", "of twenty characters"} {
			s := crafted(v6, probe.Craft{Given: probe.GivenData, Data: []byte(data)})
			p := probe.Probe{Target: theirs(v6), Try: 1}
			typ := etherType(echo, p)
			sent := parse(t, echo.Append(nil, s, p), typ)
			if string(sent.Payload) != data {
				t.Fatalf("the payload is %q", sent.Payload)
			}
			back := wire.IP{Src: p.Target, Dst: s.Addr, TTL: 60}
			reply := func(id, seq uint16, payload string) claimed {
				m := wire.ICMP{Msg: wire.EchoReply, ID: id, Seq: seq}
				m.SetType(v6)
				return claim(echo, s, wire.AppendICMP(nil, &back, &m, []byte(payload)), typ)
			}
			if c := reply(sent.ICMP.ID, sent.ICMP.Seq, data); !c.proven() || c.p != p || c.r.Data != probe.DataSame {
				t.Errorf("%q: the reply is %+v", data, c)
			}
			if c := reply(sent.ICMP.ID, sent.ICMP.Seq, data+"x"); !c.proven() || c.r.Data != probe.DataLonger {
				t.Errorf("%q: a longer reply is %+v", data, c)
			}
			for bit := range 16 {
				for _, c := range []claimed{reply(sent.ICMP.ID^1<<bit, sent.ICMP.Seq, data), reply(sent.ICMP.ID, sent.ICMP.Seq^1<<bit, data)} {
					if c.proven() {
						t.Errorf("%q: bit %d does not matter: %+v", data, bit, c.p)
					}
				}
			}
		}
	}
}

// TestChosenID: an IP ID or flow label that was chosen is no second proof beside half of
// another one, and no mark of a traced packet.
func TestChosenID(t *testing.T) {
	echo := probe.Echo.(probe.PacketKind)
	for _, v6 := range []bool{false, true} {
		for _, chosen := range []bool{false, true} {
			var c probe.Craft
			if chosen {
				c = probe.Craft{Given: probe.GivenID | probe.GivenFlowLabel, ID: 7, FlowLabel: 7}
			}
			s := crafted(v6, c)
			p := probe.Probe{Target: theirs(v6), Try: 1}
			typ := etherType(echo, p)
			sent := parse(t, echo.Append(nil, s, p), typ)
			// All but the sequence number and the header is another one.
			forged := sent.IP
			m := wire.ICMP{Msg: wire.EchoRequest, ID: sent.ICMP.ID + 1, Seq: sent.ICMP.Seq}
			m.SetType(v6)
			quoted := wire.AppendICMP(nil, &forged, &m, nil)
			e := wire.ICMP{Msg: wire.TimeExceeded}
			e.SetType(v6)
			back := wire.IP{Src: p.Target, Dst: s.Addr, TTL: 60}
			if got := claim(echo, s, wire.AppendICMP(nil, &back, &e, quoted), typ); got.proven() == chosen {
				t.Errorf("chosen %v: a quote of sequence number and header proves it: %v", chosen, got.proven())
			}
		}
	}
	// Some of all IDs look like a mark of ours: none is taken for one where it was chosen.
	for id := range 1 << 12 {
		s := crafted(false, probe.Craft{Given: probe.GivenID, ID: uint16(id << 4)})
		s.Ports = probe.Ports{First: 61000, N: 1, Tries: 15, Variants: 1, Flows: 1, KeepFlow: true}
		p := probe.Probe{Target: theirs4, Try: 1, TTL: 9}
		sent := parse(t, echo.Append(nil, s, p), wire.TypeIPv4)
		m := wire.ICMP{Msg: wire.EchoRequest, ID: sent.ICMP.ID, Seq: sent.ICMP.Seq + 1}
		m.SetType(false)
		e := wire.ICMP{Msg: wire.TimeExceeded}
		e.SetType(false)
		back := wire.IP{Src: theirs4, Dst: s.Addr, TTL: 60}
		quoted := wire.AppendICMP(nil, &sent.IP, &m, nil)
		for size := range 16 {
			quoted[4], quoted[5] = byte(id>>4), byte(id<<4)|byte(size) // as a device on the way may write it
			if got := claim(echo, s, wire.AppendICMP(nil, &back, &e, quoted), wire.TypeIPv4); got.proven() {
				t.Fatalf("the ID %x is taken for the mark of %+v", quoted[4:6], got.p)
			}
		}
	}
}

// TestLeftOfOthers: a kind that does not say what is left of its carriers has nothing left
// as soon as its segment is not its own.
func TestLeftOfOthers(t *testing.T) {
	other := probe.WithVerdicts(probe.SYN, func(k probe.Kind, p probe.Probe, r *probe.Reply) probe.Verdict { return k.Classify(p, r) })
	for given, left := range map[probe.Given]bool{0: true, probe.GivenID: true, probe.GivenSeq: false, probe.GivenFlags: false, probe.GivenData: false} {
		if got := probe.LeftOf(other, &probe.Craft{Given: given}, false); (got != probe.Left{}) != left {
			t.Errorf("chosen %b: %+v", given, got)
		}
	}
}
