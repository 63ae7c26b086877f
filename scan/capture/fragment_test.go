package capture

import (
	"net/netip"
	"strings"
	"testing"

	"sonde/probe/wire"
)

// TestFragmentLines: a part of a packet is shown as one, with the ports where it has them.
func TestFragmentLines(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		ip := wire.IP{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), TTL: 64, ID: 4660}
		etherType := uint16(wire.TypeIPv4)
		if v6 {
			ip.Src, ip.Dst, etherType = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2"), wire.TypeIPv6
		}
		whole := wire.AppendUDP(nil, &ip, &wire.UDP{Src: 7, Dst: 53}, make([]byte, 32))
		for at, want := range map[int][]string{
			0:  {netip.AddrPortFrom(ip.Src, 7).String() + " > " + netip.AddrPortFrom(ip.Dst, 53).String() + " udp", ", of which this is bytes 0 to 15, more"},
			16: {ip.Src.String() + " > " + ip.Dst.String() + " fragment of udp 4660 bytes 16 to 31, more ttl 64"},
			32: {"fragment of udp 4660 bytes 32 to 39 ttl 64"},
		} {
			var p wire.Packet
			b := wire.AppendFragment(nil, whole, at, 16, 4660)
			line := string(AppendLine(nil, &p, Sent, 0, etherType, b))
			for _, w := range want {
				if !strings.Contains(line, w) {
					t.Errorf("from %d on: %s, want %q", at, line, w)
				}
			}
		}
	}
}
