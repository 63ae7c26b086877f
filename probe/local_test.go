package probe_test

import (
	"net/netip"
	"testing"

	"sonde/probe"
	"sonde/probe/payload"
	"sonde/probe/wire"
)

// linkSource is who asks on a link, in one family.
func linkSource(own string) *probe.Source {
	a := netip.MustParseAddr(own)
	return &probe.Source{Addr: a, Own: a, Key: probe.Key{1, 2}, Craft: []probe.Craft{{}},
		Ports: probe.Ports{First: 61000, N: 64, Tries: 4, Variants: 1, Flows: 1}}
}

// parsed is a packet as it comes in.
func parsed(t *testing.T, b []byte) *wire.Packet {
	t.Helper()
	p := &wire.Packet{}
	typ := uint16(wire.TypeIPv4)
	if b[0]>>4 == 6 {
		typ = wire.TypeIPv6
	}
	if !p.Parse(b, typ) {
		t.Fatalf("not a packet: %x", b)
	}
	p.MAC = wire.MAC{2, 0, 0, 0, 0, 9}
	return p
}

// TestAllNodes: an echo reply from whomever on the link answers what was sent to all nodes,
// and an error that quotes the option; nothing else does.
func TestAllNodes(t *testing.T) {
	s, group := linkSource("fe80::1"), probe.AllNodesGroup("eth0")
	asked := probe.Probe{Target: group, Rep: 1, Try: 1}
	plain := probe.AllNodes.(probe.LinkKind)
	q := parsed(t, plain.Append(nil, s, asked))
	if typ, to := plain.Frame(asked); typ != wire.TypeIPv6 || to != (wire.MAC{0x33, 0x33, 0, 0, 0, 1}) || q.IP.TTL != 1 || q.IP.Dst != group.WithZone("") {
		t.Errorf("sent to %v at %v with hop limit %d", q.IP.Dst, to, q.IP.TTL)
	}
	reply := func(from, to string, id, seq uint16, payload []byte) *wire.Packet {
		m := wire.ICMP{Msg: wire.EchoReply, ID: id, Seq: seq}
		m.SetType(true)
		return parsed(t, wire.AppendICMP(nil, &wire.IP{Src: netip.MustParseAddr(from), Dst: netip.MustParseAddr(to), TTL: 64}, &m, payload))
	}
	id, seq, data := q.ICMP.ID, q.ICMP.Seq, q.Payload
	for name, tt := range map[string]struct {
		pkt  *wire.Packet
		want probe.Event // Silence: it is not claimed
	}{
		"an answer":             {reply("fe80::9", "fe80::1", id, seq, data), probe.Answer},
		"another identifier":    {reply("fe80::9", "fe80::1", id+1, seq, nil), probe.Silence},
		"another sequence":      {reply("fe80::9", "fe80::1", id, seq+1, nil), probe.Silence},
		"for somebody else":     {reply("fe80::9", "fe80::2", id, seq, data), probe.Silence},
		"from beyond the link":  {reply("2001:db8::9", "fe80::1", id, seq, data), probe.Unsolicited},
		"the question itself":   {q, probe.Silence},
		"as IPv4 would have it": {parsed(t, wire.AppendICMP(nil, &wire.IP{Src: netip.MustParseAddr("10.0.0.9"), Dst: netip.MustParseAddr("10.0.0.1"), TTL: 64}, &wire.ICMP{ID: id, Seq: seq}, data)), probe.Silence},
	} {
		var p probe.Probe
		var r probe.Reply
		if claimed := plain.Claim(s, tt.pkt, &p, &r); claimed != (tt.want != probe.Silence) || r.Event != tt.want {
			t.Errorf("%s: claimed %v, event %v, want %v", name, claimed, r.Event, tt.want)
		}
		if tt.want != probe.Answer {
			continue
		}
		if p.Target != group.WithZone("") || p.Rep != 1 || r.From != netip.MustParseAddr("fe80::9") || r.MAC != tt.pkt.MAC {
			t.Errorf("%s: of %v, repetition %d, from %v at %v", name, p.Target, p.Rep, r.From, r.MAC)
		}
		if v := plain.Classify(p, &r); v.State != probe.Up || v.Reason != probe.EchoReply {
			t.Errorf("%s: %v (%v)", name, v.State, v.Reason)
		}
	}
	allNodesOption(t, s, asked, q)
}

func allNodesOption(t *testing.T, s *probe.Source, asked probe.Probe, plain *wire.Packet) {
	t.Helper()
	k := probe.AllNodesOption.(probe.LinkKind)
	sent := k.Append(nil, s, asked)
	// RFC 8200 §4.6: next header 60, and in it 58, no further 8 bytes, the option.
	if sent[6] != 60 || sent[40] != 58 || sent[41] != 0 || sent[42] != wire.UnknownOption || int(sent[4])<<8|int(sent[5]) != len(sent)-40 {
		t.Errorf("the headers are % x", sent[:48])
	}
	if p := parsed(t, sent); p.ICMP.Msg != wire.EchoRequest || !wire.Intact(sent, wire.TypeIPv6, wire.SumsUnseen) {
		t.Error("behind the option stands no intact echo request")
	}
	refusal := func(quote []byte) *wire.Packet {
		m := wire.ICMP{Type: 4, Code: 2, Info: 42} // RFC 4443 §3.4: unrecognised option, and where
		return parsed(t, wire.AppendICMP(nil, &wire.IP{Src: netip.MustParseAddr("fe80::9"), Dst: s.Addr, TTL: 64}, &m, quote))
	}
	var p probe.Probe
	var r probe.Reply
	if !k.Claim(s, refusal(sent), &p, &r) || r.Event != probe.ICMPError || p.Rep != 1 || r.MAC == (wire.MAC{}) {
		t.Errorf("the refusal: event %v, repetition %d, at %v", r.Event, p.Rep, r.MAC)
	}
	if v := k.Classify(p, &r); v.State != probe.Up || v.Reason != probe.ParamProblem {
		t.Errorf("the refusal says %v (%v)", v.State, v.Reason)
	}
	forged := append([]byte(nil), sent...)
	forged[48+4], forged[48+6] = ^forged[48+4], ^forged[48+6] // identifier and sequence number
	clear(forged[48+8:])
	clear(forged[1:4])
	p, r = probe.Probe{}, probe.Reply{}
	if k.Claim(s, refusal(forged), &p, &r) && r.Event == probe.ICMPError {
		t.Error("a quote of what was never sent counts")
	}
	if k.Claim(s, plain, &p, &r) {
		t.Error("an echo request is claimed")
	}
}

// TestNameServices: a name is taken from an answer from whom was asked, at the port that was
// asked, with the ID and the question; a host that has none says so.
func TestNameServices(t *testing.T) {
	for _, tt := range []struct {
		kind     probe.Kind
		own, of  string
		to       string // whom it is sent to
		services *payload.NameService
	}{
		{probe.MDNS, "10.0.0.1", "10.0.0.9", "10.0.0.9", payload.MDNS},
		{probe.MDNS, "fe80::1", "fe80::9", "fe80::9", payload.MDNS},
		{probe.LLMNR, "10.0.0.1", "10.0.0.9", "224.0.0.252", payload.LLMNR},
		{probe.LLMNR, "fe80::1", "fe80::9", "ff02::1:3", payload.LLMNR},
	} {
		s := linkSource(tt.own)
		k := tt.kind.(probe.PacketKind)
		asked := probe.Probe{Target: netip.MustParseAddr(tt.of), Port: tt.services.Port, Try: 2}
		q := parsed(t, k.Append(nil, s, asked))
		if q.IP.Dst.String() != tt.to || q.IP.TTL != 1 || q.UDP.Dst != tt.services.Port {
			t.Errorf("%s: asked is %v port %d with hop limit %d", k.Name(), q.IP.Dst, q.UDP.Dst, q.IP.TTL)
		}
		said := append([]byte(nil), q.Payload...)
		said[2], said[7] = 0x84, 1
		said = append(said, "\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x78\x00\x0c\x04host\x05local\x00"...)
		answer := func(from string, port, to uint16, data []byte) *wire.Packet {
			return parsed(t, wire.AppendUDP(nil, &wire.IP{Src: netip.MustParseAddr(from), Dst: s.Addr, TTL: 64}, &wire.UDP{Src: port, Dst: to}, data))
		}
		other := append([]byte(nil), said...)
		other[0] ^= 1
		nobody := "10.0.0.8"
		if s.Addr.Is6() {
			nobody = "fe80::8"
		}
		for name, c := range map[string]struct {
			pkt  *wire.Packet
			want probe.Event
		}{
			"an answer":        {answer(tt.of, q.UDP.Dst, q.UDP.Src, said), probe.Answer},
			"another ID":       {answer(tt.of, q.UDP.Dst, q.UDP.Src, other), probe.Unsolicited},
			"of somebody else": {answer(nobody, q.UDP.Dst, q.UDP.Src, said), probe.Unsolicited},
			"another port":     {answer(tt.of, 53, q.UDP.Src, said), probe.Silence},
			"no port of ours":  {answer(tt.of, q.UDP.Dst, 1024, said), probe.Silence},
			"cut short":        {answer(tt.of, q.UDP.Dst, q.UDP.Src, said[:len(said)-3]), probe.Unsolicited},
			"nothing":          {answer(tt.of, q.UDP.Dst, q.UDP.Src, nil), probe.Unsolicited},
		} {
			var p probe.Probe
			var r probe.Reply
			if claimed := k.Claim(s, c.pkt, &p, &r); claimed != (c.want != probe.Silence) || r.Event != c.want {
				t.Errorf("%s, %s: claimed %v, event %v, want %v", k.Name(), name, claimed, r.Event, c.want)
			}
			if c.want == probe.Answer && (r.Name != "host.local" || p.Try != 2 || p.Target != asked.Target) {
				t.Errorf("%s, %s: %q of %v, try %d", k.Name(), name, r.Name, p.Target, p.Try)
			}
		}
		var p probe.Probe
		var r probe.Reply
		m := wire.ICMP{Msg: wire.PortUnreach}
		m.SetType(s.Addr.Is6())
		refused := wire.AppendICMP(nil, &wire.IP{Src: asked.Target, Dst: s.Addr, TTL: 64}, &m, k.Append(nil, s, asked))
		if tt.kind == probe.MDNS && (!k.Claim(s, parsed(t, refused), &p, &r) || r.Event != probe.ICMPError || r.Who != probe.Target) {
			t.Errorf("%s: port unreachable is event %v", k.Name(), r.Event)
		}
	}
}
