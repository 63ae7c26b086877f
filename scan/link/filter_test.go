package link

import (
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"

	"sonde/probe/wire"
)

// TestFilters runs the programs on packets, in a machine other than the
// kernel's. Those of packet sockets begin with a look at the packet's direction
// that it does not know; conformance runs them.
func TestFilters(t *testing.T) {
	n := &Needs{V4: true, V6: true, TCP: true, UDP: true, Neighbours: true, Ports: []PortRange{{1000, 1999}, {5000, 5000}, {6000, 6001}}}
	echo := *n
	echo.ICMP = true
	noUDP := *n
	noUDP.UDP = false
	all := *n
	all.Ports = nil
	direction := len(forUs())
	programs := map[string][]bpf.Instruction{
		"raw4 tcp": raw4(wire.ProtoTCP, n.Ports, nil), "raw6 tcp": raw6(wire.ProtoTCP, n.Ports, nil),
		"raw4 udp": raw4(wire.ProtoUDP, n.Ports, nil), "raw4 all": raw4(wire.ProtoUDP, nil, nil),
		"raw4 icmp": raw4(wire.ProtoICMP, nil, n.messages4()), "raw6 icmp": raw6(wire.ProtoICMPv6, nil, n.messages6()),
		"raw4 echo": raw4(wire.ProtoICMP, nil, echo.messages4()),
		"frame4":    frame4(n)[direction:], "frame4 no udp": frame4(&noUDP)[direction:], "frame4 all": frame4(&all)[direction:],
		"frame6": frame6(n, true)[direction:], "frame6 nd": frame6(n, false)[direction:],
		"arp": arpReplies()[direction:], "nothing": nothing,
	}
	a4, b4 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	a6, b6 := netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	ip4 := func(proto uint8) *wire.IP { return &wire.IP{Src: a4, Dst: b4, Proto: proto, TTL: 64} }
	ip6 := func(proto uint8) *wire.IP { return &wire.IP{Src: a6, Dst: b6, Proto: proto, TTL: 64} }
	tcp4 := func(port uint16) []byte { return wire.AppendTCP(nil, ip4(wire.ProtoTCP), &wire.TCP{Dst: port}, nil) }
	tcp6 := func(port uint16) []byte { return wire.AppendTCP(nil, ip6(wire.ProtoTCP), &wire.TCP{Dst: port}, nil) }
	udp4 := func(port uint16) []byte { return wire.AppendUDP(nil, ip4(wire.ProtoUDP), &wire.UDP{Dst: port}, nil) }
	icmp4 := func(typ uint8) []byte {
		return wire.AppendICMP(nil, ip4(wire.ProtoICMP), &wire.ICMP{Type: typ}, make([]byte, 20))
	}
	icmp6 := func(typ uint8) []byte {
		return wire.AppendICMP(nil, ip6(wire.ProtoICMPv6), &wire.ICMP{Type: typ}, make([]byte, 20))
	}
	options := append([]byte{0x46, 0}, tcp4(1000)[2:20]...) // one word of IP options
	options = append(append(options, 1, 1, 1, 1), tcp4(1000)[20:]...)
	fragment := tcp4(1000)
	fragment[7] = 1
	more, stranger, udpPart := tcp4(2000), tcp4(1000), udp4(1000)
	more[6] = 0x20
	stranger[7], stranger[9] = 1, 132
	udpPart[6] = 0x20
	behind := append(tcp6(7)[:40:40], 6, 0, 0, 0, 0, 0, 0, 0)
	behind[6] = 60 // destination options
	behind = append(behind, tcp6(7)[40:]...)
	arp := func(op uint16) []byte {
		return wire.AppendARP(nil, &wire.ARP{Op: op, SenderIP: a4, TargetIP: b4})
	}
	for _, test := range []struct {
		program string
		packet  []byte
		want    bool
	}{
		{"raw4 tcp", tcp4(999), false}, {"raw4 tcp", tcp4(1000), true}, {"raw4 tcp", tcp4(1500), true},
		{"raw4 tcp", tcp4(1999), true}, {"raw4 tcp", tcp4(2000), false}, {"raw4 tcp", tcp4(4999), false},
		{"raw4 tcp", tcp4(5000), true}, {"raw4 tcp", tcp4(5001), false}, {"raw4 tcp", tcp4(6001), true},
		{"raw4 tcp", tcp4(6002), false}, {"raw4 tcp", tcp4(65535), false}, {"raw4 tcp", tcp4(0), false},
		{"raw4 tcp", options, true}, {"raw4 tcp", tcp4(1000)[:21], false}, {"raw4 tcp", nil, false},
		{"raw6 tcp", tcp6(1000)[40:], true}, {"raw6 tcp", tcp6(999)[40:], false},
		{"raw4 udp", udp4(5000), true}, {"raw4 udp", udp4(5001), false}, {"raw4 all", udp4(5001), true},
		{"raw4 icmp", icmp4(3), true}, {"raw4 icmp", icmp4(11), true}, {"raw4 icmp", icmp4(12), true},
		{"raw4 icmp", icmp4(0), false}, {"raw4 icmp", icmp4(8), false}, {"raw4 icmp", icmp4(14), false},
		{"raw4 echo", icmp4(0), true}, {"raw4 echo", icmp4(14), true}, {"raw4 echo", icmp4(18), true},
		{"raw4 echo", icmp4(8), false}, {"raw4 echo", icmp4(3), true},
		{"raw6 icmp", icmp6(1)[40:], true}, {"raw6 icmp", icmp6(4)[40:], true}, {"raw6 icmp", icmp6(129)[40:], false},
		{"raw6 icmp", icmp6(136)[40:], false}, {"raw6 icmp", icmp6(135)[40:], false},
		{"frame4", tcp4(1000), true}, {"frame4", tcp4(2000), false}, {"frame4", udp4(1000), true}, {"frame4", options, true},
		{"frame4", icmp4(3), true}, {"frame4", icmp4(0), false}, {"frame4", fragment, true}, {"frame4", more, true}, {"frame4", stranger, false}, {"frame4 no udp", udpPart, false},
		{"frame4", tcp4(1000)[:19], false}, {"frame4", nil, false},
		{"frame4 no udp", udp4(1000), false}, {"frame4 no udp", tcp4(1000), true}, {"frame4 all", tcp4(7), true},
		{"frame6", tcp6(1000), true}, {"frame6", tcp6(7), false}, {"frame6", behind, true}, {"frame6", icmp6(1), true},
		{"frame6", icmp6(136), true}, {"frame6", icmp6(129), false}, {"frame6", icmp6(135), false},
		{"frame6 nd", icmp6(136), true}, {"frame6 nd", icmp6(1), false}, {"frame6 nd", tcp6(1000), false}, {"frame6 nd", behind, false},
		{"arp", arp(2), true}, {"arp", arp(1), false}, {"arp", nil, false}, {"nothing", tcp4(1000), false},
	} {
		vm, err := bpf.NewVM(programs[test.program])
		if err != nil {
			t.Fatalf("%s: %v", test.program, err)
		}
		n, err := vm.Run(test.packet)
		if got := err == nil && n > 0; got != test.want {
			t.Errorf("%s lets in % x: %v (%v)", test.program, test.packet, got, err)
		}
	}
	var many Needs
	many.TCP, many.UDP, many.V6, many.Neighbours = true, true, true, true
	for i := range uint16(50) {
		many.Ports = append(many.Ports, PortRange{i * 100, i*100 + 50})
	}
	for _, prog := range [][]bpf.Instruction{frame4(&many), frame6(&many, true)} {
		if _, err := assemble(prog); err != nil {
			t.Errorf("50 port ranges: %v", err)
		}
	}
}
