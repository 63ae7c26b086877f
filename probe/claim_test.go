package probe_test

import (
	"net/netip"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// TestClaimFacts checks what a claim reports beside the question.
func TestClaimFacts(t *testing.T) {
	for _, q := range questions() {
		s := source(!q.p.Target.Is4())
		q.p.Try = 3
		for _, reply := range probetest.Replies(q.kind.Append(nil, s, q.p), etherType(q.kind, q.p)) {
			c := claim(q.kind, s, reply.B, reply.Type)
			pkt := parse(t, reply.B, reply.Type)
			if !c.proven() || c.p.Target != q.p.Target || c.p.Port != q.p.Port {
				t.Errorf("%s, %s: %+v", q.name, reply.Name, c)
				continue
			}
			if q.kind == probe.Neighbour {
				if c.r.From != q.p.Target || c.r.Try != 0 || c.r.Who != probe.Target {
					t.Errorf("%s: %+v", q.name, c.r)
				}
				if want := map[bool]wire.MAC{true: probetest.TargetMAC}[pkt.Layer == wire.LayerARP || pkt.ND.HasMAC]; c.r.MAC != want {
					t.Errorf("%s: MAC %v, want %v", q.name, c.r.MAC, want)
				}
				continue
			}
			if c.p.Try != 3 || c.r.Try != 3 || c.r.From != pkt.IP.Src || c.r.IP != pkt.IP || c.r.Layer != pkt.Layer {
				t.Errorf("%s, %s: try %d, from %v, layer %d", q.name, reply.Name, c.r.Try, c.r.From, c.r.Layer)
			}
			if c.r.TCP != pkt.TCP || c.r.UDP != pkt.UDP || c.r.ICMP != pkt.ICMP || c.r.Quote != pkt.Quote {
				t.Errorf("%s, %s: not the packet's headers", q.name, reply.Name)
			}
		}
	}
}

// TestAdvertisementWithoutAddress takes the sender's on the link.
func TestAdvertisementWithoutAddress(t *testing.T) {
	kind := probe.Neighbour.(probe.PacketKind)
	s := source(true)
	ask := kind.Append(nil, s, probe.Probe{Target: theirs6})
	pkt := parse(t, probetest.Replies(ask, wire.TypeIPv6)[1].B, wire.TypeIPv6)
	pkt.MAC = wire.MAC{1, 2, 3, 4, 5, 6}
	var p probe.Probe
	var r probe.Reply
	if !kind.Claim(s, pkt, &p, &r) || r.MAC != pkt.MAC {
		t.Errorf("MAC %v", r.MAC)
	}
}

// TestOurOwnPacketsComeBack lets loopback bring every kind of question, to
// every kind of port of ours, back to us: none is an answer.
func TestOurOwnPacketsComeBack(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		s := source(v6)
		s.Addr = netip.MustParseAddr("127.0.0.1")
		if v6 {
			s.Addr = netip.IPv6Loopback()
		}
		for _, port := range []uint16{9, 69, 80, 61000, 61001, 61014, 61100, 61107, 61114} {
			for _, e := range probe.Kinds() {
				asker, ok := e.Kind.(probe.PacketKind)
				if !ok || e.Kind == probe.Neighbour {
					continue
				}
				for try := uint8(1); try <= 15; try++ {
					b := asker.Append(nil, s, probe.Probe{Target: s.Addr, Port: port, Try: try})
					for _, o := range probe.Kinds() {
						claimer, ok := o.Kind.(probe.PacketKind)
						if !ok {
							continue
						}
						if c := claim(claimer, s, b, etherType(asker, probe.Probe{Target: s.Addr})); c.proven() {
							t.Errorf("%s takes our own %s to port %d for an answer to %+v", o.Kind.Name(), e.Kind.Name(), port, c.p)
						}
					}
				}
			}
		}
	}
}

// TestLoopbackAnswers: a true answer from our own address is one all the same,
// even where it comes from a port of our block.
func TestLoopbackAnswers(t *testing.T) {
	for _, q := range questions() {
		if q.kind == probe.Neighbour {
			continue
		}
		s := source(!q.p.Target.Is4())
		q.p.Target = s.Addr
		for _, port := range []uint16{q.p.Port, 61004} {
			if q.p.Port == 69 || q.p.Port == 0 {
				port = q.p.Port
			}
			q.p.Port = port
			for _, reply := range probetest.Replies(q.kind.Append(nil, s, q.p), etherType(q.kind, q.p)) {
				c := claim(q.kind, s, reply.B, reply.Type)
				if !c.proven() || c.p != q.p {
					t.Errorf("%s, port %d, %s: %+v", q.name, port, reply.Name, c)
				}
			}
		}
	}
}

// TestFixedPort asks with -g: the port does not tell the try, but the echo of
// the timestamp tells when it left.
func TestFixedPort(t *testing.T) {
	opts, ts, err := wire.ParseOptions("linux", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, v6 := range []bool{false, true} {
		s := source(v6)
		s.Ports, s.Roaming = probe.Ports{First: 53, N: 1, Fixed: true}, probe.Ports{}
		s.Craft[0].TCPOptions, s.Craft[0].Timestamp = opts, ts
		s.Clock = 1234
		syn := probe.SYN.(probe.PacketKind)
		p := probe.Probe{Target: theirs(v6), Port: 80, Try: 2}
		sent := syn.Append(nil, s, p)
		s.Clock = 1300
		for _, reply := range probetest.Replies(sent, etherType(syn, p))[:3] {
			// A target puts our value behind its own (RFC 7323 §3).
			pkt := parse(t, reply.B, reply.Type)
			if stamp, ok := wire.FindOption(pkt.TCP.Options(), 8); ok {
				stamp[4], stamp[5], stamp[6], stamp[7] = stamp[0], stamp[1], stamp[2], stamp[3]
			}
			var q probe.Probe
			var r probe.Reply
			if !syn.Claim(s, pkt, &q, &r) || r.Event != probe.Answer || r.Try != 0 || r.Sent != 1234*time.Millisecond {
				t.Errorf("%s: try %d, sent at %v", reply.Name, r.Try, r.Sent)
			}
		}
		// TFTP is asked from ports of its own, so what comes to another one answers nothing.
		apart := source(v6)
		away := probetest.Replies(probe.UDP.(probe.PacketKind).Append(nil, apart, probe.Probe{Target: theirs(v6), Port: 53}), etherType(probe.UDP.(probe.PacketKind), p))[0]
		at := map[bool]int{false: 20, true: 40}[v6]
		away.B[at], away.B[at+1] = 0, 69
		if c := claim(probe.UDP.(probe.PacketKind), apart, away.B, away.Type); c.proven() {
			t.Errorf("a datagram from TFTP's port to a port that asks others: %+v", c.p)
		}
		// TFTP with one port for everything: only its words tell.
		udp := probe.UDP.(probe.PacketKind)
		p = probe.Probe{Target: theirs(v6), Port: 69, Try: 1}
		reply := probetest.Replies(udp.Append(nil, s, p), etherType(udp, p))[0]
		if c := claim(udp, s, reply.B, reply.Type); !c.proven() || c.p.Port != 69 {
			t.Errorf("TFTP: %+v", c)
		}
	}
}

// TestMatch: a transaction identifier strengthens an answer, its absence does
// not weaken the state.
func TestMatch(t *testing.T) {
	s := source(false)
	udp := probe.UDP.(probe.PacketKind)
	p := probe.Probe{Target: theirs4, Port: 53, Try: 1}
	sent := parse(t, udp.Append(nil, s, p), wire.TypeIPv4)
	refused := append([]byte(nil), sent.Payload...)
	refused[2], refused[3] = 0x81, 0x85
	for _, tt := range []struct {
		data  []byte
		match bool
	}{{refused, true}, {append([]byte{refused[0] ^ 1}, refused[1:]...), false}, {nil, false}} {
		b := wire.AppendUDP(nil, &wire.IP{Src: theirs4, Dst: s.Addr}, &wire.UDP{Src: 53, Dst: sent.UDP.Src}, tt.data)
		c := claim(udp, s, b, wire.TypeIPv4)
		if v := udp.Classify(c.p, &c.r); !c.proven() || c.r.Match != tt.match || v.State != probe.Open || int(c.r.Size) != len(tt.data) {
			t.Errorf("%x: match %v, %v, %d bytes", tt.data, c.r.Match, v.State, c.r.Size)
		}
	}
}
