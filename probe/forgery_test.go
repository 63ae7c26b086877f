package probe_test

import (
	"slices"
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// TestForgery flips every bit of every kind of valid reply. A bit of the
// identity must make the claim fail, or point to something that was not asked;
// any other bit may change what the reply says, but not what it answers.
func TestForgery(t *testing.T) {
	for _, q := range questions() {
		// Of a source with one port, what another try would have sent is not there
		// to be pointed at.
		v6 := !q.p.Target.Is4()
		s := source(v6)
		typ := etherType(q.kind, q.p)
		for _, reply := range ways(q.kind.Append(nil, s, q.p), typ) {
			t.Run(q.name+", "+reply.Name, func(t *testing.T) {
				c := claim(q.kind, s, reply.B, reply.Type)
				if !c.proven() || !answers(q, &c) {
					t.Fatalf("the valid reply is not claimed: %+v", c)
				}
				b := append([]byte(nil), reply.B...)
				for bit := range 8 * len(b) {
					b[bit/8] ^= 0x80 >> (bit % 8)
					c := claim(q.kind, s, b, reply.Type)
					switch {
					case !c.proven():
					case !answers(q, &c) && !reply.Covers(bit):
						t.Errorf("bit %d of byte %d makes it an answer to %+v", bit%8, bit/8, c.p)
					case answers(q, &c) && reply.Covers(bit):
						t.Errorf("bit %d of byte %d does not matter, but belongs to the identity", bit%8, bit/8)
					}
					b[bit/8] ^= 0x80 >> (bit % 8)
				}
			})
		}
	}
}

// ways are all replies to sent, each once for every way in which it is proved.
func ways(sent []byte, etherType uint16) []probetest.Reply {
	var all []probetest.Reply
	for _, r := range probetest.Replies(sent, etherType) {
		all = append(all, r.Ways()...)
	}
	return all
}

// TestRewritten rewrites every field of every carrier in turn, as NATs, scrubbers and
// small stacks do: the reply counts as if it had been left alone, as long as something
// else proves it.
func TestRewritten(t *testing.T) {
	for _, q := range questions() {
		s := source(!q.p.Target.Is4())
		for _, reply := range probetest.Replies(q.kind.Append(nil, s, q.p), etherType(q.kind, q.p)) {
			if reply.Proof == nil {
				continue
			}
			plain := claim(q.kind, s, reply.B, reply.Type)
			want := q.kind.Classify(plain.p, &plain.r)
			reply.Rewritten(func(f probetest.Field, b []byte) {
				left := false
				for _, proof := range reply.Proof {
					left = left || !slices.Contains(proof, f)
				}
				c := claim(q.kind, s, b, reply.Type)
				switch {
				case left && (!c.proven() || !answers(q, &c) || q.kind.Classify(c.p, &c.r) != want):
					t.Errorf("%s, %s, %s rewritten: %+v", q.name, reply.Name, f.Name, c)
				case !left && c.proven():
					t.Errorf("%s, %s, %s rewritten: nothing proves it any more, but %+v", q.name, reply.Name, f.Name, c)
				}
			})
		}
	}
}

// TestForgeryIsCounted says which forged replies are unsolicited, and which are
// somebody else's.
func TestForgeryIsCounted(t *testing.T) {
	for _, q := range questions() {
		s := source(!q.p.Target.Is4())
		for _, reply := range ways(q.kind.Append(nil, s, q.p), etherType(q.kind, q.p)) {
			reply.Flip(func(f probetest.Field, bit int, b []byte) {
				var pkt wire.Packet
				c := claim(q.kind, s, b, reply.Type)
				if f.Change == probetest.Perhaps || f.Change == probetest.Target && pkt.Quote.IP.Proto != wire.ProtoTCP && pkt.Quote.IP.Proto != wire.ProtoUDP {
					return
				}
				want := f.Change == probetest.Unproven && pkt.Parse(b, reply.Type)
				if f.Change == probetest.OtherPort {
					port := uint16(b[f.At])<<8 | uint16(b[f.At+1])
					want = s.Ports.Has(port) || s.Roaming.Has(port) && q.kind.Name() == "udp"
				}
				// The plan refuses claims that point to something not asked.
				if c.ok != want {
					t.Errorf("%s, %s, bit %d of %s: ours %v, want %v", q.name, reply.Name, bit, f.Name, c.ok, want)
				}
			})
		}
	}
}

// answers tells whether c is about q, at the try that was sent.
func answers(q question, c *claimed) bool {
	p := c.p
	if q.kind == probe.Neighbour {
		p.Try = q.p.Try // nothing in ARP or ND tells the try
	}
	return p == q.p
}

// TestOfOthers is about replies that are right in everything but one thing.
func TestOfOthers(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		s := source(v6)
		third := probetest.Router(v6)
		typ := etherType(probe.SYN, probe.Probe{Target: theirs(v6)})
		syn := probe.SYN.(probe.PacketKind)
		udp := probe.UDP.(probe.PacketKind)
		p := probe.Probe{Target: theirs(v6), Port: 80, Try: 1}
		sent := parse(t, syn.Append(nil, s, p), typ)
		back := wire.IP{Src: theirs(v6), Dst: s.Addr, TTL: 60}
		synAck := wire.TCP{Src: 80, Dst: sent.TCP.Src, Ack: sent.TCP.Seq + 1, Flags: wire.SYN | wire.ACK}

		elsewhere := back
		elsewhere.Src = third
		if c := claim(syn, s, wire.AppendTCP(nil, &elsewhere, &synAck, nil), typ); c.proven() {
			t.Errorf("a SYN-ACK from a third address answers %+v", c.p)
		}
		otherPort := synAck
		otherPort.Dst++ // a try of ours, but with a number of its own
		if c := claim(syn, s, wire.AppendTCP(nil, &back, &otherPort, nil), typ); !c.ok || c.proven() {
			t.Errorf("a SYN-ACK to the port of another try: %+v", c)
		}
		otherPort.Dst = 443
		if c := claim(syn, s, wire.AppendTCP(nil, &back, &otherPort, nil), typ); c.ok {
			t.Errorf("a SYN-ACK to another program: %+v", c)
		}
		otherSource := source(v6)
		otherSource.Key = probe.Key{3, 4}
		if c := claim(syn, otherSource, wire.AppendTCP(nil, &back, &synAck, nil), typ); !c.ok || c.proven() {
			t.Errorf("a SYN-ACK to another run with the same port: %+v", c)
		}
		fixed := source(v6)
		fixed.Ports = probe.Ports{First: 61000, N: 1, Fixed: true}
		lone := wire.TCP{Src: 80, Dst: 61000, Seq: 77, Flags: wire.SYN}
		if c := claim(syn, fixed, wire.AppendTCP(nil, &back, &lone, nil), typ); !c.ok || c.proven() {
			t.Errorf("a lone SYN to a fixed port: %+v", c)
		}
		for _, flags := range []uint8{0, wire.RST, wire.FIN, wire.SYN | wire.FIN, wire.SYN | wire.PSH, wire.SYN | wire.RST,
			wire.SYN | wire.RST | wire.ACK, wire.PSH} {
			odd := synAck
			odd.Flags = flags
			if c := claim(syn, s, wire.AppendTCP(nil, &back, &odd, nil), typ); !c.ok || c.proven() {
				t.Errorf("flags %08b: %+v", flags, c)
			}
		}
		udpFrom := func(ip wire.IP, from uint16) claimed {
			return claim(udp, s, wire.AppendUDP(nil, &ip, &wire.UDP{Src: from, Dst: 61000}, []byte("x")), typ)
		}
		if c := udpFrom(back, 53); !c.proven() || c.p != (probe.Probe{Target: theirs(v6), Port: 53, Try: 1}) {
			t.Errorf("a UDP answer: %+v", c)
		}
		if c := udpFrom(elsewhere, 53); c.p.Target != third {
			t.Errorf("a UDP answer from another address answers %+v", c.p)
		}
		if c := udpFrom(back, 54); c.p.Port != 54 {
			t.Errorf("a UDP answer from another port answers %+v", c.p)
		}
	}
}
