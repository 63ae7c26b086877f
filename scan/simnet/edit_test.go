package simnet

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sonde/probe/wire"
)

// TestEdits: what a router is said to write is in what arrives behind it, with right
// checksums, and answers come back as if nothing had been changed.
func TestEdits(t *testing.T) {
	for _, edit := range []string{"dscp 10", "ecn 1", "mss 1300", "strip sackok strip ts", "scrub", "nat 100.64.0.7 late", "nat fd64::7",
		"sport 1025", "port 8080", "seq 4294967290", "set-ttl 77", "late set-ttl 77 dscp 10 ecn 1", "sport 1 port 2 seq 3 nat 100.64.0.7"} {
		text := fmt.Sprintf(`
iface eth0 %v/24 %v/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via 2001:db8::2
router r1 10.0.0.2 2001:db8::2 %s
router r2 10.1.0.2 fd01::2
	rule admin-prohibited udp
path 10.9.0.0/16 r1 r2
path fd09::/64 r1 r2
hosts 10.9.0.5
	tcp open
hosts fd09::5
	tcp open
`, header("10.9.0.5").Src, header("fd09::5").Src, edit)
		for _, addr := range []string{"10.9.0.5", "fd09::5"} {
			bubble(t, text, func(r *rig) {
				r.send(syn(addr, 40000, 80, 1000, linuxSYN...))
				if g := r.wait1(time.Second); g.TCP.Flags != wire.SYN|wire.ACK || g.TCP.Ack != 1001 || g.TCP.Src != 80 || g.TCP.Dst != 40000 || g.IP.Dst != header(addr).Src {
					t.Errorf("%s: %+v %+v", edit, g.IP, g.TCP)
				}
				sent := withTTL(syn(addr, 40001, 80, 1000, linuxSYN...), 2)
				r.send(sent)
				g := r.wait1(time.Second)
				if g.IP.Dst != header(addr).Src {
					t.Errorf("%s: an error to %v", edit, g.IP.Dst)
				}
				if g.ICMP.Msg != wire.TimeExceeded {
					return // its TTL was raised
				}
				var q wire.Packet
				if quote := g.Payload[:g.Quote.Len]; !q.Parse(quote, typeOf(quote)) || !sumsOK(quote, typeOf(quote), &q) {
					t.Errorf("%s: it quotes %x", edit, quote)
				} else if a := netip.MustParseAddr(addr); q.IP.Dst != a {
					t.Errorf("%s: to %v", edit, q.IP.Dst)
				}
			})
		}
	}
}
