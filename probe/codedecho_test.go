package probe_test

import (
	"net/netip"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
)

// TestCodedEcho: the request has code 9 and else is an echo request, and the reply is
// recognised whichever code it has.
func TestCodedEcho(t *testing.T) {
	for _, addrs := range [][2]string{{"192.0.2.1", "192.0.2.2"}, {"2001:db8::1", "2001:db8::2"}} {
		us, target := netip.MustParseAddr(addrs[0]), netip.MustParseAddr(addrs[1])
		s := &probe.Source{Addr: us, Key: probe.Key{1, 2}, Craft: []probe.Craft{{}}, Ports: probe.Ports{First: 40000, N: 8, Tries: 1, Variants: 1, Flows: 1}}
		etherType := uint16(wire.TypeIPv4)
		if target.Is6() {
			etherType = wire.TypeIPv6
		}
		k := probe.CodedEcho.(probe.PacketKind)
		var pkt wire.Packet
		asked := probe.Probe{Target: target, Try: 1}
		if !pkt.Parse(k.Append(nil, s, asked), etherType) || pkt.ICMP.Msg != wire.EchoRequest || pkt.ICMP.Code != 9 {
			t.Fatalf("%v: sent %+v", target, pkt.ICMP)
		}
		for _, code := range []uint8{0, 9} {
			m := wire.ICMP{Msg: wire.EchoReply, ID: pkt.ICMP.ID, Seq: pkt.ICMP.Seq}
			m.SetType(target.Is6())
			m.Code = code
			var back wire.Packet
			if !back.Parse(wire.AppendICMP(nil, &wire.IP{Src: target, Dst: us, TTL: 64}, &m, pkt.Payload), etherType) {
				t.Fatal("the reply is malformed")
			}
			var p probe.Probe
			var r probe.Reply
			if !k.Claim(s, &back, &p, &r) || r.Event != probe.Answer || p.Try != 1 || r.ICMP.Code != code {
				t.Errorf("%v, code %d: %+v of %+v", target, code, r, p)
			}
		}
	}
}
