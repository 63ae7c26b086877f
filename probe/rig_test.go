package probe_test

import (
	"net/netip"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
)

var (
	ours4   = netip.MustParseAddr("10.0.0.1")
	ours6   = netip.MustParseAddr("fd00::1")
	theirs4 = netip.MustParseAddr("10.1.0.5")
	theirs6 = netip.MustParseAddr("fd01::5")
	ourMAC  = wire.MAC{2, 0, 0, 0, 0, 1}
)

// source asks with 15 tries from 61000 on, and from 61100 on where answers come
// from a new port.
func source(v6 bool) *probe.Source {
	s := &probe.Source{Addr: ours4, Own: ours4, MAC: ourMAC, Key: probe.Key{1, 2}, Clock: 1000,
		Ports:   probe.Ports{First: 61000, N: 15, Tries: 15, Variants: 1, Flows: 1},
		Roaming: probe.Ports{First: 61100, N: 15, Tries: 15, Variants: 1, Flows: 1},
		Craft:   []probe.Craft{{Window: 64240}}}
	if v6 {
		s.Addr, s.Own = ours6, ours6
	}
	return s
}

func theirs(v6 bool) netip.Addr {
	if v6 {
		return theirs6
	}
	return theirs4
}

// etherType is that of the packet that asks p.
func etherType(kind probe.Kind, p probe.Probe) uint16 {
	switch {
	case !p.Target.Is4():
		return wire.TypeIPv6
	case kind == probe.Neighbour:
		return wire.TypeARP
	}
	return wire.TypeIPv4
}

// question is a kind with something to ask.
type question struct {
	name string
	kind probe.PacketKind
	p    probe.Probe
}

// questions are one of each kind and sort, for both families where both have it.
func questions() []question {
	var all []question
	for _, v6 := range []bool{false, true} {
		family := " v4"
		if v6 {
			family = " v6"
		}
		for _, q := range []question{
			{"syn", probe.SYN.(probe.PacketKind), probe.Probe{Port: 80}},
			{"ack", probe.ACK.(probe.PacketKind), probe.Probe{Port: 80}},
			{"window", probe.Window.(probe.PacketKind), probe.Probe{Port: 80}},
			{"fin", probe.FIN.(probe.PacketKind), probe.Probe{Port: 80}},
			{"null", probe.Null.(probe.PacketKind), probe.Probe{Port: 80}},
			{"xmas", probe.Xmas.(probe.PacketKind), probe.Probe{Port: 80}},
			{"maimon", probe.Maimon.(probe.PacketKind), probe.Probe{Port: 80}},
			{"echo", probe.Echo.(probe.PacketKind), probe.Probe{}},
			{"timestamp", probe.Timestamp.(probe.PacketKind), probe.Probe{}},
			{"mask", probe.Mask.(probe.PacketKind), probe.Probe{}},
			{"udp", probe.UDP.(probe.PacketKind), probe.Probe{Port: 53}},
			{"guessable udp", probe.UDP.(probe.PacketKind), probe.Probe{Port: 1434}},
			{"empty udp", probe.UDP.(probe.PacketKind), probe.Probe{Port: 9999}},
			{"tftp", probe.UDP.(probe.PacketKind), probe.Probe{Port: 69}},
			{"neighbour", probe.Neighbour.(probe.PacketKind), probe.Probe{}},
		} {
			if q.kind.Traits().OnlyIPv4 && v6 {
				continue
			}
			q.name += family
			q.p.Target, q.p.Try = theirs(v6), 1
			all = append(all, q)
		}
	}
	return all
}

// parse reads a packet that must be readable.
func parse(t testing.TB, b []byte, etherType uint16) *wire.Packet {
	t.Helper()
	var p wire.Packet
	if !p.Parse(b, etherType) {
		t.Fatalf("not readable: %x", b)
	}
	return &p
}

// claimed is what a kind makes of a packet.
type claimed struct {
	ok bool
	p  probe.Probe
	r  probe.Reply
}

func claim(kind probe.PacketKind, s *probe.Source, b []byte, etherType uint16) claimed {
	var pkt wire.Packet
	if !pkt.Parse(b, etherType) {
		return claimed{}
	}
	var c claimed
	c.ok = kind.Claim(s, &pkt, &c.p, &c.r)
	return c
}

// proven tells whether it was taken for a proven reply.
func (c *claimed) proven() bool { return c.ok && c.r.Event != probe.Unsolicited }
