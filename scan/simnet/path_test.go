package simnet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sonde/probe/wire"
)

// Time exceeded comes from each router in turn, with what it quotes; behind the
// last one the host answers.
func TestTrace(t *testing.T) {
	both(t, network(t, "office"), "10.2.0.10", "2001:db8:2::10", func(r *rig, addr string) {
		v6 := netip.MustParseAddr(addr).Is6()
		from := []string{"10.0.0.254", "10.1.0.1", "10.2.0.1"}
		if v6 {
			from = []string{"2001:db8::fe", "2001:db8:1::1", "2001:db8:2::1"}
		}
		rtt := []time.Duration{400 * time.Microsecond, 10400 * time.Microsecond, 12400 * time.Microsecond, 12400 * time.Microsecond}
		for hop := 1; hop <= 4; hop++ {
			sent := r.Elapsed()
			b := withTTL(syn(addr, 40000, 80, 1000, linuxSYN...), uint8(hop))
			r.send(b)
			g := r.wait1(500 * time.Millisecond)
			if d := g.at - sent; d != rtt[hop-1] {
				t.Errorf("hop %d: after %v, want %v", hop, d, rtt[hop-1])
			}
			if g.MAC != gwMAC {
				t.Errorf("hop %d: from MAC %x", hop, g.MAC)
			}
			if hop == 4 {
				if g.TCP.Flags != wire.SYN|wire.ACK || g.IP.TTL != 61 || g.IP.Src.String() != addr {
					t.Errorf("target: %+v %+v", g.IP, g.TCP)
				}
				continue
			}
			// Errors start with TTL 255 and pass the routers before theirs.
			if g.ICMP.Msg != wire.TimeExceeded || g.IP.Src.String() != from[hop-1] || int(g.IP.TTL) != 256-hop || g.IP.Dst != header(addr).Src {
				t.Errorf("hop %d: %+v %+v", hop, g.IP, g.ICMP)
			}
			q := &g.Quote
			if want := map[bool]int{true: ipv6Header + 8, false: ipv4Header + 8}[v6]; hop == 2 && q.Len != want {
				t.Errorf("%d bytes quoted, want %d", q.Len, want)
			}
			whole := hop != 2 // r2 quotes 8 bytes and wipes the DSCP
			if q.Src != 40000 || q.Dst != 80 || q.Seq != 1000 || q.HasTCP != whole || q.IP.TTL != 1 || q.IP.Dst.String() != addr {
				t.Errorf("hop %d quotes %+v", hop, q)
			}
			if want := map[bool]uint8{true: 0, false: 0xb8}[hop >= 2]; q.IP.TOS != want {
				t.Errorf("hop %d: quoted TOS %#x, want %#x", hop, q.IP.TOS, want)
			}
			if !v6 {
				if sum := wire.Checksum(g.Payload[:ipv4Header]); sum != 0 {
					t.Errorf("hop %d: the quoted header has a wrong checksum", hop)
				}
				if q.IP.ID != 77 {
					t.Errorf("hop %d: quoted ID %d", hop, q.IP.ID)
				}
			}
		}
		r.send(message(addr, wire.EchoRequest, "ping"))
		if g := r.wait1(time.Second); g.ICMP.Msg != wire.EchoReply || g.IP.TTL != 61 {
			t.Errorf("echo: %+v %+v", g.IP, g.ICMP)
		}
		for i, router := range from { // routers answer for themselves
			r.send(withTTL(message(router, wire.EchoRequest, "ping"), uint8(i+1))) // just enough
			if g := r.wait1(time.Second); g.ICMP.Msg != wire.EchoReply || g.IP.Src.String() != router || int(g.IP.TTL) != 64-i {
				t.Errorf("ping of %s: %+v %+v", router, g.IP, g.ICMP)
			}
			r.send(syn(router, 40000, 80, 1000))
			if g := r.wait1(time.Second); g.TCP.Flags != wire.RST|wire.ACK || g.IP.Src.String() != router {
				t.Errorf("SYN to %s: %+v %+v", router, g.IP, g.TCP)
			}
		}
	})
}

func TestSilentRouterAndLoop(t *testing.T) {
	bubble(t, network(t, "office"), func(r *rig) {
		for hop, want := range []string{"10.0.0.254", "", "10.1.0.1", "10.3.0.10"} {
			r.send(withTTL(syn("10.3.0.10", 40000, 443, 1000), uint8(hop+1)))
			g := r.wait(500 * time.Millisecond)
			if want == "" && len(g) != 0 || want != "" && (len(g) != 1 || g[0].IP.Src.String() != want) {
				t.Errorf("hop %d: %v, want %q", hop+1, g, want)
			}
		}
		for _, test := range []struct {
			ttl  uint8
			from string
		}{{1, "10.0.0.254"}, {2, "10.1.0.1"}, {3, "10.0.0.254"}, {4, "10.1.0.1"}, {29, "10.0.0.254"}, {30, "10.1.0.1"}} {
			r.send(withTTL(syn("10.66.0.1", 40000, 80, 1000), test.ttl))
			if g := r.wait1(time.Second); g.ICMP.Msg != wire.TimeExceeded || g.IP.Src.String() != test.from {
				t.Errorf("loop, TTL %d: %v %+v", test.ttl, g.IP.Src, g.ICMP)
			}
		}
	})
}

// The last router reports absent hosts after looking for them.
func TestDead(t *testing.T) {
	both(t, network(t, "office"), "10.2.9.9", "2001:db8:2::9", func(r *rig, addr string) {
		r.send(syn(addr, 40000, 80, 1000))
		g := r.wait1(10 * time.Second)
		want := wire.HostUnreach
		if g.IP.Src.Is6() {
			want = wire.AddrUnreach
		}
		if fw := r.n.router(g.IP.Src); g.ICMP.Msg != want || fw < 0 || r.n.routers[fw].name != "fw" || g.at != 3*time.Second+12400*time.Microsecond {
			t.Errorf("%v: %v %+v", g.at, g.IP.Src, g.ICMP)
		}
		if c := r.Counts(); c.Absent != 1 {
			t.Errorf("%+v", c)
		}
	})
	bubble(t, network(t, "office"), func(r *rig) { // without dead: nothing
		r.send(syn("192.0.2.1", 40000, 80, 1000))
		if g := r.wait(10 * time.Second); len(g) != 0 {
			t.Errorf("%v", g)
		}
	})
}

func TestRules(t *testing.T) {
	both(t, network(t, "office"), "10.2.0.10", "2001:db8:2::10", func(r *rig, addr string) {
		for _, test := range []struct {
			b    []byte
			want string
			from string // name of the router; "": the target
			ttl  uint8
		}{
			{syn(addr, 1, 80, 1000), "syn-ack", "", 61},
			{syn(addr, 1, 445, 1000), "", "", 0},
			{syn(addr, 1, 25, 1000), "admin-prohibited", "fw", 253},
			{segmentTo(addr, 1, 25, 7, 9, wire.ACK), "admin-prohibited", "fw", 253},
			{syn(addr, 1, 113, 1000), "rst", "", 253}, // the firewall's own TTL gives it away
			{datagram(addr, 1, 12053, "x"), "", "", 0},
			{datagram(addr, 53, 12053, "x"), "udp 12053 x", "", 61},
			{datagram(addr, 1, 9, "x"), "port-unreach", "", 61},
		} {
			r.send(test.b)
			g := r.wait(500 * time.Millisecond)
			if d := describe(g); d != test.want {
				t.Errorf("% x: %q, want %q", test.b[:24], d, test.want)
				continue
			}
			if test.want == "" {
				continue
			}
			name := ""
			if i := r.n.router(g[0].IP.Src); i >= 0 {
				name = r.n.routers[i].name
			}
			if name != test.from || g[0].IP.TTL != test.ttl {
				t.Errorf("%s: from %v (%s) with TTL %d, want %s and %d", test.want, g[0].IP.Src, name, g[0].IP.TTL, test.from, test.ttl)
			}
		}
		// 30 % of the SYNs with sackok to port 21 are dropped, none without.
		for _, opts := range [][]byte{linuxSYN, {2, 4, 5, 0xb4}} {
			n := 0
			for i := range 1000 {
				r.send(syn(addr, uint16(41000+i), 21, 1000, opts...))
			}
			for _, p := range r.wait(500 * time.Millisecond) {
				if p.TCP.Flags == wire.SYN|wire.ACK {
					n++
				}
			}
			lo, hi := 1000, 1000
			if len(opts) > 4 {
				lo, hi = 650, 750
			}
			if n < lo || n > hi {
				t.Errorf("%d of 1000 SYNs with options % x were answered, want %d to %d", n, opts, lo, hi)
			}
			r.wait(10 * time.Second)
		}
	})
}

// Every kind of ICMP error, from a router and from a host, in both families.
func TestKinds(t *testing.T) {
	var rules, lines string
	for i, k := range kinds {
		rules += fmt.Sprintf("\trule %s tcp %d\n", k.name, 1000+i)
		lines += fmt.Sprintf("\ttcp %s %d; udp %s %d by r1\n", k.name, 2000+i, k.name, 2000+i)
	}
	text := "iface eth0 10.0.0.1/24 2001:db8::1/64\nroute 0.0.0.0/0 via 10.0.0.254\nroute ::/0 via 2001:db8::fe\n" +
		"router r1 10.0.0.254 2001:db8::fe\n" + rules + "path 0.0.0.0/0 r1\npath ::/0 r1\n" +
		"hosts 10.9.0.1\n" + lines + "hosts 2001:db8:9::1\n" + lines
	both(t, text, "10.9.0.1", "2001:db8:9::1", func(r *rig, addr string) {
		v6 := netip.MustParseAddr(addr).Is6()
		for i, k := range kinds {
			want := nearest(k.msg, v6)
			for _, b := range [][]byte{
				syn(addr, 40000, uint16(1000+i), 7),
				syn(addr, 40000, uint16(2000+i), 7),
				datagram(addr, 40000, uint16(2000+i), "x"),
			} {
				r.send(b)
				g := r.wait1(time.Second)
				if g.ICMP.Msg != want || g.Quote.IP.Dst.String() != addr {
					t.Errorf("%s: %+v", k.name, g.ICMP)
				}
				if k.msg == want && wire.Message(0) == g.ICMP.Msg {
					t.Errorf("%s: not understood", k.name)
				}
				proto := wire.ProtoTCP
				if g.Quote.IP.Proto == wire.ProtoUDP {
					proto = wire.ProtoUDP
				}
				if byTarget := g.IP.Src.String() == addr; byTarget != (proto == wire.ProtoTCP && b[len(b)-1] != 'x' && g.Quote.Dst >= 2000) {
					t.Errorf("%s: port %d, proto %d: from %v", k.name, g.Quote.Dst, proto, g.IP.Src)
				}
				if state := r.n.PortState(uint8(proto), netip.MustParseAddr(addr), g.Quote.Dst); state.String() != "filtered" {
					t.Errorf("%s: truth of port %d is %v", k.name, g.Quote.Dst, state)
				}
			}
		}
	})
}

func TestRewriting(t *testing.T) {
	text := "iface eth0 10.0.0.1/24 2001:db8::1/64\nroute 0.0.0.0/0 via 10.0.0.254\nroute ::/0 via 2001:db8::fe\n" +
		"router r1 10.0.0.254 2001:db8::fe mss 1300 strip ts dscp 10\nrouter r2 10.1.0.1 2001:db8:1::1\n" +
		"path 0.0.0.0/0 r1 r2\npath ::/0 r1 r2\nhosts 10.9.0.1\n\ttcp open 80\nhosts 2001:db8:9::1\n\ttcp open 80\n"
	both(t, text, "10.9.0.1", "2001:db8:9::1", func(r *rig, addr string) {
		b := syn(addr, 40000, 80, 1000, linuxSYN...)
		r.send(withTTL(b, 2))
		g := r.wait1(time.Second)
		opts := g.Quote.TCP.Options()
		have, _ := offered(opts)
		if g.Quote.IP.TOS != 10<<2 || binary.BigEndian.Uint16(opts[2:]) != 1300 || have != optMSS|optSACK|optScale|anyOption {
			t.Errorf("TOS %#x, options % x", g.Quote.IP.TOS, opts)
		}
		r.send(withTTL(syn(addr, 40000, 80, 1000, 2, 4, 4, 0xb0), 2)) // MSS 1200
		if g := r.wait1(time.Second); binary.BigEndian.Uint16(g.Quote.TCP.Opt[2:]) != 1200 {
			t.Errorf("a lower MSS was changed: % x", g.Quote.TCP.Options())
		}
		// The checksum has been kept right: the host answers, and without ts.
		r.send(syn(addr, 40001, 80, 1000, linuxSYN...))
		g = r.wait1(time.Second)
		if have, _ := offered(g.TCP.Options()); g.TCP.Flags != wire.SYN|wire.ACK || have&optTS != 0 {
			t.Errorf("%+v", g.TCP)
		}
	})
}

// Rules may look at the TOS and the size of a packet, whatever its protocol.
func TestRulesOnShape(t *testing.T) {
	text := "iface eth0 10.0.0.1/24 2001:db8::1/64\nroute 0.0.0.0/0 via 10.0.0.254\nroute ::/0 via 2001:db8::fe\n" +
		"router r1 10.0.0.254 2001:db8::fe\n\trule drop tos 8-11,184\n\trule drop icmp size 200-65535\n\trule drop udp size 0-60 tos 4\n" +
		"path 0.0.0.0/0 r1\npath ::/0 r1\nhosts 10.9.0.1\n\ttcp open 80\nhosts 2001:db8:9::1\n\ttcp open 80\n"
	both(t, text, "10.9.0.1", "2001:db8:9::1", func(r *rig, addr string) {
		long := string(make([]byte, 200))
		for _, test := range []struct {
			what string
			b    []byte
			tos  uint8
			come bool
		}{
			{"syn, tos 0", syn(addr, 40000, 80, 1), 0, true},
			{"syn, tos 7", syn(addr, 40001, 80, 1), 7, true},
			{"syn, tos 8", syn(addr, 40002, 80, 1), 8, false},
			{"syn, tos 11", syn(addr, 40003, 80, 1), 11, false},
			{"echo, tos 184", message(addr, wire.EchoRequest, "ping"), 184, false},
			{"echo, tos 185", message(addr, wire.EchoRequest, "ping"), 185, true},
			{"short echo", message(addr, wire.EchoRequest, "ping"), 0, true},
			{"long echo", message(addr, wire.EchoRequest, long), 0, false},
			{"long udp", datagram(addr, 40000, 9, long), 4, true},
			{"short udp", datagram(addr, 40001, 9, "x"), 4, false},
			{"short udp, tos 0", datagram(addr, 40002, 9, "x"), 0, true},
		} {
			if typeOf(test.b) == wire.TypeIPv4 {
				old := binary.BigEndian.Uint16(test.b)
				test.b[tosAt4] = test.tos
				adjust(test.b[sumAt4:], old, binary.BigEndian.Uint16(test.b))
			} else {
				test.b[0], test.b[1] = test.b[0]&0xf0|test.tos>>4, test.tos<<4|test.b[1]&0x0f
			}
			r.send(test.b)
			if g := r.wait(time.Second); (len(g) == 1) != test.come {
				t.Errorf("%s: %d answers", test.what, len(g))
			}
		}
	})
}

// A router's limit holds for all its errors together.
func TestRouterLimit(t *testing.T) {
	text := "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.254\nrouter r1 10.0.0.254 limit 1/s burst 3\npath 0.0.0.0/0 r1\nhosts 10.9.0.0/24\n"
	bubble(t, text, func(r *rig) {
		for i := range 100 {
			r.send(withTTL(syn(fmt.Sprintf("10.9.0.%d", i), 40000, 80, 1000), 1))
			time.Sleep(100 * time.Millisecond)
		}
		if g := r.wait(0); len(g) != 3+9 {
			t.Errorf("%d errors in 10 s, want 12", len(g))
		}
	})
}

// Rules for the way back see answers, by the ports of who sent them.
func TestRulesBack(t *testing.T) {
	text := "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.254\nrouter r1 10.0.0.254\n\trule accept tcp 81 back\n\trule drop tcp 80-89 to 10.9.0.1 back\n" +
		"path 0.0.0.0/0 r1\nhosts 10.9.0.0/24\n"
	bubble(t, text, func(r *rig) {
		for _, test := range []struct {
			addr  string
			sport uint16
			dport uint16
			come  bool
		}{{"10.9.0.1", 40000, 80, false}, {"10.9.0.1", 40000, 81, true}, {"10.9.0.1", 80, 90, true}, {"10.9.0.2", 40000, 80, true}} {
			r.send(syn(test.addr, test.sport, test.dport, 1000))
			if g := r.wait(time.Second); (len(g) == 1) != test.come {
				t.Errorf("%+v: %d answers", test, len(g))
			}
		}
		if c := r.Counts(); c.Filtered != [2]uint64{0, 1} {
			t.Errorf("%+v", c)
		}
	})
}

// A SYN proxy answers for every port in the target's name.
func TestForgedSYNACK(t *testing.T) {
	bubble(t, network(t, "mixed"), func(r *rig) {
		r.send(syn("10.4.0.7", 40000, 12345, 1000, linuxSYN...))
		if g := r.wait1(time.Second); g.TCP.Flags != wire.SYN|wire.ACK || g.TCP.Ack != 1001 || g.TCP.Window != 0 || g.TCP.OptLen != 0 || g.IP.Src.String() != "10.4.0.7" {
			t.Errorf("%+v", g.TCP)
		}
	})
}

func TestNoErrorsAboutErrors(t *testing.T) {
	bubble(t, network(t, "office"), func(r *rig) {
		b := appendError(nil, syn("10.2.0.10", 1, 2, 3), wire.TypeIPv4, wire.PortUnreach, netip.MustParseAddr("10.2.0.10"), 64, -1, 0)
		// Turned round, it is an error of ours to the target.
		copy(b[srcAt4:], []byte{10, 0, 0, 1, 10, 2, 0, 10})
		b[sumAt4], b[sumAt4+1] = 0, 0
		binary.BigEndian.PutUint16(b[sumAt4:], wire.Checksum(b[:ipv4Header]))
		for ttl := uint8(4); ttl > 0; ttl-- {
			r.send(withTTL(b, ttl))
		}
		if g := r.wait(10 * time.Second); len(g) != 0 {
			t.Errorf("%v", g)
		}
	})
}
