package simnet

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// network returns the text of a shared network.
func network(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../testdata/networks/" + name + ".net")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	ourMAC = wire.MAC{2, 0, 0, 0, 0, 1}
	gwMAC  = wire.MAC{2, 0, 0, 0, 0, 0xfe}
)

func arpFor(target string) []byte {
	return wire.AppendARP(nil, &wire.ARP{Op: 1, SenderMAC: ourMAC, SenderIP: us4, TargetIP: netip.MustParseAddr(target)})
}

func solicit(target string, hops uint8) ([]byte, wire.MAC) {
	addr := netip.MustParseAddr(target)
	group, mac := wire.SolicitedNode(addr)
	ip := wire.IP{Src: us6, Dst: group, TTL: hops}
	return wire.AppendND(nil, &ip, &wire.ND{Target: addr, MAC: ourMAC, HasMAC: true}, true), mac
}

func TestNeighbours(t *testing.T) {
	bubble(t, network(t, "lan"), func(r *rig) {
		for _, test := range []struct {
			target string
			mac    wire.MAC // zero: the one that Truth tells
			there  bool
		}{
			{"10.0.0.254", gwMAC, true},
			{"10.0.0.2", wire.MAC{}, true},
			{"10.0.0.3", wire.MAC{}, true},
			{"10.0.0.4", wire.MAC{}, false},    // deaf
			{"10.0.0.9", wire.MAC{}, false},    // nobody
			{"10.0.0.1", wire.MAC{}, false},    // ourselves
			{"192.0.2.1", wire.MAC{}, false},   // not on the link
			{"2001:db8::2", wire.MAC{}, true},  //
			{"2001:db8::9", wire.MAC{}, false}, //
			{"2001:db8::fe", gwMAC, true},      //
		} {
			addr := netip.MustParseAddr(test.target)
			if addr.Is4() {
				r.sendPacket(scan.Packet{Type: wire.TypeARP, B: arpFor(test.target), Frame: true, MAC: wire.Broadcast,
					Way: r.Way(netip.MustParseAddr("10.0.0.2"))})
			} else {
				b, mac := solicit(test.target, 255)
				r.frame(mac, b)
			}
			g := r.wait(time.Second)
			if !test.there {
				if len(g) != 0 {
					t.Errorf("%s: %d answers", test.target, len(g))
				}
				continue
			}
			if len(g) != 1 {
				t.Errorf("%s: %d answers, want 1", test.target, len(g))
				continue
			}
			truth := r.n.Truth(addr)
			want := test.mac
			if want == (wire.MAC{}) {
				want = truth.MAC
			}
			switch a := g[0]; {
			case !truth.Neighbour || g[0].MAC != want:
				t.Errorf("%s: from %x, want %x (truth %+v)", test.target, g[0].MAC, want, truth)
			case addr.Is4() && (a.ARP.Op != 2 || a.ARP.SenderIP != addr || a.ARP.SenderMAC != want || a.ARP.TargetIP != us4 || a.ARP.TargetMAC != ourMAC):
				t.Errorf("%s: %+v", test.target, a.ARP)
			case addr.Is6() && (a.ICMP.Msg != wire.Advertisement || a.ND.Target != addr || !a.ND.HasMAC || a.ND.MAC != want ||
				!a.ND.Solicited || a.IP.TTL != 255 || a.IP.Dst != us6 || a.ND.Router != (want == gwMAC)):
				t.Errorf("%s: %+v %+v", test.target, a.IP, a.ND)
			}
		}
		b, mac := solicit("2001:db8::2", 64) // forwarded, so nobody listens
		r.frame(mac, b)
		if g := r.wait(time.Second); len(g) != 0 {
			t.Errorf("a solicitation with hop limit 64 was answered: %v", g)
		}
	})
}

// Hosts behind routers are nobody's neighbours, and a question to one Ethernet
// address is not answered by another.
func TestNoNeighbours(t *testing.T) {
	bubble(t, network(t, "office"), func(r *rig) {
		way := r.Way(netip.MustParseAddr("10.0.0.254"))
		far := netip.MustParseAddr("10.2.0.10")
		other := wire.MAC{2, 9, 9, 9, 9, 9}
		for _, p := range []scan.Packet{
			{Type: wire.TypeARP, B: arpFor("10.2.0.10"), MAC: wire.Broadcast},
			{Type: wire.TypeARP, B: arpFor("10.0.0.254"), MAC: other},
			{Type: wire.TypeIPv4, B: syn("10.2.0.10", 40000, 80, 1), MAC: r.n.Truth(far).MAC},
		} {
			p.Way, p.Frame = way, true
			r.sendPacket(p)
		}
		if g := r.wait(5 * time.Second); len(g) != 0 {
			t.Errorf("%v", g)
		}
		r.sendPacket(scan.Packet{Type: wire.TypeARP, B: arpFor("10.0.0.254"), MAC: gwMAC, Way: way, Frame: true}) // unicast
		if g := r.wait1(time.Second); g.ARP.Op != 2 || g.ARP.SenderMAC != gwMAC {
			t.Errorf("%+v", g.ARP)
		}
	})
}

func TestFramesNeedTheRightMAC(t *testing.T) {
	both(t, network(t, "lan"), "10.0.0.2", "2001:db8::2", func(r *rig, addr string) {
		right := r.n.Truth(netip.MustParseAddr(addr)).MAC
		r.frame(right, syn(addr, 40000, 80, 1))
		if g := r.wait1(time.Second); g.TCP.Flags != wire.SYN|wire.ACK || g.MAC != right {
			t.Errorf("right MAC: %+v from %x", g.TCP, g.MAC)
		}
		for _, wrong := range []wire.MAC{{2, 9, 9, 9, 9, 9}, wire.Broadcast, r.n.Truth(netip.MustParseAddr("10.0.0.3")).MAC} {
			r.frame(wrong, syn(addr, 40001, 80, 1))
		}
		if g := r.wait(10 * time.Second); len(g) != 0 {
			t.Errorf("wrong MAC: %v", g)
		}
		if c := r.Counts(); c.WrongMAC != 3 {
			t.Errorf("WrongMAC is %d, want 3", c.WrongMAC)
		}
	})
}

// The kernel says host unreachable from our own address, 3 s after the first
// packet to a neighbour that does not answer, for all that wait.
func TestUnresolvedNeighbour(t *testing.T) {
	both(t, network(t, "lan"), "10.0.0.9", "2001:db8::9", func(r *rig, addr string) {
		r.send(syn(addr, 40000, 80, 1111))
		if g := r.wait(2 * time.Second); len(g) != 0 {
			t.Fatalf("too early: %v", g)
		}
		r.send(datagram(addr, 40001, 53, "x"))
		g := r.wait(1500 * time.Millisecond)
		if len(g) != 2 {
			t.Fatalf("%d errors, want 2", len(g))
		}
		want := wire.HostUnreach
		if g[0].IP.Src.Is6() {
			want = wire.AddrUnreach
		}
		for _, e := range g {
			if e.at != 3*time.Second || e.ICMP.Msg != want || !r.Local(e.IP.Src) || !r.Local(e.IP.Dst) ||
				e.Quote.IP.Dst.String() != addr || e.MAC != (wire.MAC{}) {
				t.Errorf("%v: %+v %+v", e.at, e.ICMP, e.Quote.IP)
			}
		}
		if g[0].Quote.Seq != 1111 || g[1].Quote.Dst != 53 {
			t.Errorf("quotes: %+v, %+v", g[0].Quote, g[1].Quote)
		}
		r.send(syn(addr, 40002, 80, 2222)) // a new search
		if e := r.wait1(4 * time.Second); e.at != 6500*time.Millisecond {
			t.Errorf("second search ended at %v", e.at)
		}
		if c := r.Counts(); c.Unresolved != 3 || r.unresolved.len() != 1 {
			t.Errorf("Unresolved is %d, want 3; %d neighbours remembered, want 1", c.Unresolved, r.unresolved.len())
		}
	})
}

func TestNeighbourTableOverflow(t *testing.T) {
	bubble(t, "iface eth0 10.0.0.1/16 mac 02:00:00:00:00:01", func(r *rig) {
		for i := range maxUnresolved {
			r.send(syn(fmt.Sprintf("10.0.%d.%d", 1+i/256, i%256), 40000, 80, 1))
		}
		b := syn("10.0.200.1", 40000, 80, 1)
		p := []scan.Packet{{Way: r.Way(dstOf(b)), Type: wire.TypeIPv4, B: b}}
		if n, err := r.Send(p); n != 0 || !errors.Is(err, syscall.ENOBUFS) {
			t.Errorf("Send: %d, %v, want ENOBUFS", n, err)
		}
		if g := r.wait(3 * time.Second); len(g) != maxUnresolved {
			t.Errorf("%d errors, want %d", len(g), maxUnresolved)
		}
		if n, err := r.Send(p); n != 1 || err != nil {
			t.Errorf("Send: %d, %v, want room again", n, err)
		}
	})
}

func TestWays(t *testing.T) {
	bubble(t, network(t, "lan"), func(r *rig) {
		for _, test := range []struct {
			target, name, src, next string
			err                     error
		}{
			{"10.0.0.77", "eth0", "10.0.0.1", "", nil},
			{"192.0.2.1", "eth0", "10.0.0.1", "10.0.0.254", nil},
			{"2001:db8::77", "eth0", "2001:db8::1", "", nil},
			{"fe80::1%eth0", "eth0", "2001:db8::1", "", nil},
			{"2a00::1", "eth0", "2001:db8::1", "2001:db8::fe", nil},
			{"127.0.0.1", "lo", "127.0.0.1", "", nil},
			{"10.0.0.1", "lo", "10.0.0.1", "", nil}, // ourselves
			{"198.51.100.1", "", "", "", probe.RouteUnreachable},
			{"203.0.113.1", "", "", "", probe.RouteProhibited},
		} {
			w := r.Ways()[r.Way(netip.MustParseAddr(test.target))]
			if w.Name != test.name || w.Err != test.err ||
				test.src != "" && w.Src.String() != test.src || w.Next.IsValid() != (test.next != "") ||
				test.next != "" && w.Next.String() != test.next || w.Ether != (test.name == "eth0") {
				t.Errorf("%s: %+v", test.target, w)
			}
		}
		if !r.Local(us4) || !r.Local(us6) || r.Local(netip.MustParseAddr("10.0.0.2")) {
			t.Error("Local is wrong")
		}
		r.send(syn("127.0.0.1", 40000, 22, 1)) // over lo
		if g := r.wait1(time.Second); g.TCP.Flags != wire.SYN|wire.ACK || g.at != 0 {
			t.Errorf("lo: %v %+v", g.at, g.TCP)
		}
	})
	bubble(t, "iface eth0 10.0.0.1/24", func(r *rig) {
		if w := r.Ways()[r.Way(netip.MustParseAddr("2001:db8::1"))]; w.Err != syscall.ENETUNREACH {
			t.Errorf("no route: %+v", w)
		}
	})
}

// A target's ports, asked one by one: what comes back, and that Truth agrees.
func TestPorts(t *testing.T) {
	both(t, network(t, "lan"), "10.0.0.2", "2001:db8::2", func(r *rig, addr string) {
		a := netip.MustParseAddr(addr)
		sport := uint16(40000)
		for _, test := range []struct {
			b    []byte
			want string
		}{
			{syn(addr, 1, 80, 1000), "syn-ack"},
			{syn(addr, 1, 81, 1000), "rst"},
			{syn(addr, 1, 445, 1000), ""},
			{syn(addr, 1, 25, 1000), "admin-prohibited"},
			{segmentTo(addr, 2, 80, 7, 9, wire.ACK), "rst"},
			{segmentTo(addr, 2, 81, 7, 9, wire.ACK), "rst"},
			{segmentTo(addr, 2, 445, 7, 9, wire.ACK), ""},
			{segmentTo(addr, 2, 80, 7, 0, wire.FIN), ""},
			{segmentTo(addr, 2, 81, 7, 0, wire.FIN), "rst"},
			{segmentTo(addr, 2, 80, 7, 0, 0), ""},
			{segmentTo(addr, 2, 81, 7, 0, 0), "rst"},
			{segmentTo(addr, 2, 81, 7, 0, wire.FIN|wire.PSH|wire.URG), "rst"},
			{segmentTo(addr, 2, 80, 7, 9, wire.FIN|wire.ACK), "rst"},
			{segmentTo(addr, 2, 81, 7, 0, wire.RST), ""},
			{datagram(addr, 3, 53, "question"), "udp 53 question"},
			{datagram(addr, 3, 53, ""), ""},
			{datagram(addr, 3, 69, "tftp"), "udp * tftp"},
			{datagram(addr, 3, 514, "log"), ""},
			{datagram(addr, 3, 161, "snmp"), ""},
			{datagram(addr, 3, 9, "x"), "port-unreach"},
			{message(addr, wire.EchoRequest, "ping"), "echo-reply 7 9 ping"},
			{badSum(syn(addr, 1, 80, 1000)), ""},
			{badSum(datagram(addr, 3, 53, "x")), ""},
			{badSum(message(addr, wire.EchoRequest, "ping")), ""},
		} {
			sport++
			setSport(test.b, sport)
			r.send(test.b)
			g := r.wait(10 * time.Second)
			if name := describe(g); name != test.want {
				t.Errorf("% x: %q, want %q", test.b[:24], name, test.want)
			}
			for _, p := range g {
				if p.IP.Src != a || p.IP.TTL != 64 {
					t.Errorf("from %v with TTL %d", p.IP.Src, p.IP.TTL)
				}
			}
		}
	})
}

// setSport writes a source port (identifier for ICMP is left), sum included. A
// wrong sum stays wrong.
func setSport(b []byte, port uint16) {
	proto, off := segment(b, typeOf(b))
	at := map[uint8]int{wire.ProtoTCP: 16, wire.ProtoUDP: 6}[proto]
	if at == 0 {
		return
	}
	old := uint16(b[off])<<8 | uint16(b[off+1])
	b[off], b[off+1] = byte(port>>8), byte(port)
	adjust(b[off+at:], old, port)
}

func badSum(b []byte) []byte {
	b[wire.ChecksumOffset(b)] ^= 0x55
	return b
}

// describe names one answer; "" is none.
func describe(g []got) string {
	if len(g) == 0 {
		return ""
	}
	if len(g) > 1 {
		return fmt.Sprintf("%d packets", len(g))
	}
	p := g[0]
	switch p.Layer {
	case wire.LayerTCP:
		switch {
		case p.TCP.Flags == wire.SYN|wire.ACK && p.TCP.Ack == 1001:
			return "syn-ack"
		case p.TCP.Flags == wire.RST && p.TCP.Seq == 9, p.TCP.Flags == wire.RST|wire.ACK && p.TCP.Ack == 1001,
			p.TCP.Flags == wire.RST|wire.ACK && (p.TCP.Ack == 7 || p.TCP.Ack == 8):
			return "rst"
		}
		return fmt.Sprintf("%+v", p.TCP)
	case wire.LayerUDP:
		if p.UDP.Src >= 32768 {
			return "udp * " + string(p.Payload)
		}
		return fmt.Sprintf("udp %d %s", p.UDP.Src, p.Payload)
	case wire.LayerICMP:
		if p.ICMP.Msg == wire.EchoReply {
			return fmt.Sprintf("echo-reply %d %d %s", p.ICMP.ID, p.ICMP.Seq, p.Payload)
		}
		for _, k := range kinds {
			if k.msg == p.ICMP.Msg {
				return k.name
			}
		}
	}
	return "?"
}

// A tunnel has no Ethernet addresses.
func TestTunnel(t *testing.T) {
	bubble(t, network(t, "mixed"), func(r *rig) {
		b := syn("10.8.0.9", 40000, 80, 1000)
		r.send(b)
		if g := r.wait1(time.Second); g.MAC != (wire.MAC{}) || g.TCP.Flags != wire.SYN|wire.ACK {
			t.Errorf("from %x: %+v", g.MAC, g.TCP)
		}
		r.frame(wire.MAC{2, 9, 9, 9, 9, 9}, syn("10.8.0.9", 40001, 80, 1000)) // nobody looks at it
		if g := r.wait1(time.Second); g.TCP.Dst != 40001 {
			t.Errorf("%+v", g.TCP)
		}
	})
}

func TestTimestampRequest(t *testing.T) {
	bubble(t, network(t, "lan"), func(r *rig) {
		time.Sleep(5 * time.Second)
		r.send(message("10.0.0.2", wire.TimestampRequest, "abcd\x00\x00\x00\x00\x00\x00\x00\x00"))
		g := r.wait1(time.Second)
		if g.ICMP.Msg != wire.TimestampReply || g.ICMP.ID != 7 || g.ICMP.Seq != 9 || string(g.Payload) != "abcd\x00\x00\x13\x88\x00\x00\x13\x88" {
			t.Errorf("%+v % x", g.ICMP, g.Payload)
		}
		r.send(message("10.0.0.3", wire.TimestampRequest, "abcd\x00\x00\x00\x00\x00\x00\x00\x00"))
		r.send(message("10.0.0.3", wire.EchoRequest, "abcd"))
		if g := r.wait(time.Second); len(g) != 0 {
			t.Errorf("a host that answers nothing answered: %v", g)
		}
	})
}

// Linux sends at most one ICMP error a second to each peer, after a burst of 6.
func TestHostLimit(t *testing.T) {
	both(t, network(t, "lan"), "10.0.0.5", "2001:db8::5", func(r *rig, addr string) {
		for i := range 20 {
			r.send(datagram(addr, 40000, uint16(1000+i), "x"))
		}
		if g := r.wait(100 * time.Millisecond); len(g) != 6 {
			t.Errorf("%d errors of the burst, want 6", len(g))
		}
		for i := range 100 { // 10 a second for 10 s
			r.send(datagram(addr, 40000, uint16(2000+i), "x"))
			time.Sleep(100 * time.Millisecond)
		}
		if g := r.wait(0); len(g) != 10 {
			t.Errorf("%d errors in 10 s, want 10", len(g))
		}
		if c := r.Counts(); c.Limited != 14+90 {
			t.Errorf("Limited is %d, want 104", c.Limited)
		}
	})
}
