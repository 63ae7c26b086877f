package wire

import "testing"

// TestNoAllocation holds the promise of the package for what runs per packet.
func TestNoAllocation(t *testing.T) {
	g := newGenerator(7)
	var packets [][]byte
	for range 200 {
		b := g.packet()
		packets = append(packets, b, g.mutate(b))
	}
	arp := AppendARP(nil, &ARP{SenderIP: a4, TargetIP: b4})
	p := new(Packet)
	buffer := make([]byte, 0, 2048)
	payload := make([]byte, 100)
	opts, _, err := ParseOptions("linux", false)
	if err != nil {
		t.Fatal(err)
	}
	tcp, udp, nd := g.tcp(), UDP{Src: 1, Dst: 2}, g.nd()
	tcp.OptLen = uint8(copy(tcp.Opt[:], opts))
	message := ICMP{Msg: EchoRequest}

	for name, f := range map[string]func(){
		"Parse": func() {
			for _, b := range packets {
				p.Parse(b, typeOf(b))
			}
			p.Parse(arp, TypeARP)
		},
		"Append": func() {
			for _, ip := range []*IP{{Src: a4, Dst: b4}, {Src: a6, Dst: b6}} {
				AppendTCP(buffer, ip, &tcp, payload)
				AppendUDP(buffer, ip, &udp, payload)
				message.SetType(!ip.Dst.Is4())
				b := AppendICMP(buffer, ip, &message, payload)
				SentChecksum(b)
			}
			AppendND(buffer, &IP{Src: a6, Dst: b6}, &nd, true)
			AppendARP(buffer, &ARP{SenderIP: a4, TargetIP: b4})
			AppendEthernet(buffer, Broadcast, MAC{}, TypeARP)
			SolicitedNode(a6)
		},
		"Options": func() {
			AppendOptions(buffer, tcp.Options())
			FindOption(tcp.Options(), OptTimestamp)
			DSCPName(46)
			DSCPName(45)
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for name, packet := range map[string][]byte{
		"TCP":   unhex(b, synV4),
		"TCPv6": unhex(b, ackV6),
		"Error": quoting(false, 3, 3, append(make([]byte, 4), unhex(b, synV4)...)),
	} {
		b.Run(name, func(b *testing.B) {
			p := new(Packet)
			b.ReportAllocs()
			for b.Loop() {
				p.Parse(packet, typeOf(packet))
			}
		})
	}
}

func BenchmarkAppendTCP(b *testing.B) {
	opts, _, err := ParseOptions("linux", false)
	if err != nil {
		b.Fatal(err)
	}
	tcp := TCP{Src: 40000, Dst: 80, Flags: SYN, Window: 64240}
	tcp.OptLen = uint8(copy(tcp.Opt[:], opts))
	for name, ip := range map[string]IP{"v4": {Src: a4, Dst: b4, TTL: 64}, "v6": {Src: a6, Dst: b6, TTL: 64}} {
		b.Run(name, func(b *testing.B) {
			buffer := make([]byte, 0, 128)
			b.ReportAllocs()
			for b.Loop() {
				AppendTCP(buffer, &ip, &tcp, nil)
			}
		})
	}
}
