package link

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

var allNeeds = Needs{V4: true, V6: true, TCP: true, UDP: true, ICMP: true, Ports: []PortRange{{sourcePort, sourcePort}}}

// TestHeaderStays: what leaves is what was given, byte by byte.
func TestHeaderStays(t *testing.T) {
	p := newPair(t)
	for _, frames := range []bool{false, true} {
		n := allNeeds
		n.Frames = frames
		tab, l := openLink(t, p.client, RouteOptions{}, n, start, p.theirs...)
		seen := p.server.Capture("eth0")
		for _, s := range p.theirs {
			to := netip.MustParseAddr(s)
			packet := tcp(tab, to, 81, wire.SYN, func(ip *wire.IP) { ip.TTL, ip.TOS, ip.Flow = 7, 0xb8, 0xabcde })
			packet.Frame, packet.MAC = frames, mac(p.server, "eth0")
			if n, err := sendOne(l, packet); n != 1 || err != nil {
				t.Fatalf("frames %v, %s: %d, %v", frames, s, n, err)
			}
			got := seen.Await(waits, func(x *lab.Packet) bool {
				src, dst := x.Addrs()
				return x.TCP() != nil && dst == to && src == tab.Ways()[packet.Way].Src
			})
			if got == nil {
				t.Fatalf("frames %v: nothing arrived at %s", frames, s)
			}
			var sent, came wire.Packet
			b := got.Data()
			sent.Parse(packet.B, packet.Type)
			came.Parse(b[14:], packet.Type)
			if sent.IP != came.IP || sent.TCP != came.TCP {
				t.Errorf("frames %v:\nsent %+v %+v\ncame %+v %+v", frames, sent.IP, sent.TCP, came.IP, came.TCP)
			}
		}
	}
}

// TestAnswers: SYN to an open and a closed port, UDP to a closed one and to a
// host beyond a router, by raw sockets and by frames, from a host whose own
// firewall lets in what it asked for.
func TestAnswers(t *testing.T) {
	n := labtest.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Default("10.2.0.2", "fd02::2")
	router.Sysctl("net/ipv4/icmp_ratelimit", "0")
	router.Sysctl("net/ipv6/icmp/ratelimit", "0")
	// Without a route a router answers once a second, whatever its settings: let
	// its firewall say so.
	router.Route("10.3.0.0/16", "10.2.0.10")
	router.Route("fd03::/64", "fd02::10")
	router.Firewall(lab.Rule{Chain: lab.Forward, Dst: "10.3.0.0/16", Do: lab.NoRoute}, lab.Rule{Chain: lab.Forward, Dst: "fd03::/64", Do: lab.NoRoute})
	server.TCP(80)
	server.UDP(53, lab.Echo)
	server.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.AdminProhibited})
	targets := []string{"10.2.0.10", "fd02::10", "10.3.0.1", "fd03::1"}
	for _, frames := range []bool{false, true} {
		needs := allNeeds
		needs.Frames = frames
		for i, family := range []string{"IPv4", "IPv6"} {
			to, beyond := netip.MustParseAddr(targets[i]), netip.MustParseAddr(targets[i+2])
			unreach := []wire.Message{wire.NetUnreach, wire.NoRoute}[i]
			for _, ask := range []struct {
				name  string
				make  func(tab *Table) scan.Packet
				check func(w *wire.Packet) bool
			}{
				{"open", func(tab *Table) scan.Packet { return tcp(tab, to, 80, wire.SYN, nil) },
					func(w *wire.Packet) bool {
						return w.Layer == wire.LayerTCP && w.TCP.Flags == wire.SYN|wire.ACK && w.TCP.Ack == 0x01020305 && w.TCP.OptLen > 0
					}},
				{"closed", func(tab *Table) scan.Packet { return tcp(tab, to, 81, wire.SYN, nil) },
					func(w *wire.Packet) bool { return w.Layer == wire.LayerTCP && w.TCP.Flags == wire.RST|wire.ACK }},
				{"prohibited", func(tab *Table) scan.Packet { return tcp(tab, to, 445, wire.SYN, nil) },
					func(w *wire.Packet) bool {
						return w.Layer == wire.LayerICMP && w.ICMP.Msg == wire.AdminProhibited && w.Quote.Dst == 445 && w.Quote.HasSeq
					}},
				{"udp answer", func(tab *Table) scan.Packet { return udp(tab, to, 53, []byte("what is it")) },
					func(w *wire.Packet) bool { return w.Layer == wire.LayerUDP && string(w.Payload) == "what is it" }},
				{"udp closed", func(tab *Table) scan.Packet { return udp(tab, to, 54, []byte("x")) },
					func(w *wire.Packet) bool {
						return w.Layer == wire.LayerICMP && w.ICMP.Msg == wire.PortUnreach && w.Quote.Dst == 54
					}},
				{"beyond", func(tab *Table) scan.Packet { return udp(tab, beyond, 54, []byte("x")) },
					func(w *wire.Packet) bool {
						return w.Layer == wire.LayerICMP && w.ICMP.Msg == unreach && w.Quote.IP.Dst == beyond
					}},
				{"hops", func(tab *Table) scan.Packet {
					return tcp(tab, to, 80, wire.SYN, func(ip *wire.IP) { ip.TTL = 1 })
				},
					func(w *wire.Packet) bool { return w.Layer == wire.LayerICMP && w.ICMP.Msg == wire.TimeExceeded }},
			} {
				tab, l := openLink(t, client, RouteOptions{}, needs, start, targets...)
				p := ask.make(tab)
				p.Frame, p.MAC = frames, mac(router, "eth0")
				if n, err := sendOne(l, p); n != 1 || err != nil {
					t.Fatalf("%s %s, frames %v: %d, %v", family, ask.name, frames, n, err)
				}
				_, w := receive(t, l, waits, func(_ *scan.Packet, w *wire.Packet) bool { return ask.check(w) })
				if w == nil {
					t.Errorf("%s %s, frames %v: no answer", family, ask.name, frames)
				} else if w.IP.TTL < 60 || w.IP.Dst != tab.Ways()[p.Way].Src || w.IP.Len == 0 {
					t.Errorf("%s %s, frames %v: %+v", family, ask.name, frames, w.IP)
				}
				l.Close()
			}
		}
	}
}

// TestRebuiltHeader: the header that a raw IPv6 socket does not deliver says
// what the packet's own said.
func TestRebuiltHeader(t *testing.T) {
	p := newPair(t)
	to := netip.MustParseAddr(p.theirs[1])
	p.server.UDP(53, lab.Echo)
	tab, l := openLink(t, p.client, RouteOptions{}, allNeeds, start, p.theirs...)
	seen := p.client.Capture("eth0")
	echo := func() scan.Packet {
		ip, q := header(tab, to, wire.ProtoICMPv6)
		ip.TOS, ip.Flow = 0x28, 0x12345 // the kernel reflects both in echo replies
		q.B = wire.AppendICMP(nil, &ip, &wire.ICMP{Msg: wire.EchoRequest, Type: 128, ID: 1, Seq: 2}, []byte("abc"))
		return q
	}()
	p.server.Sysctl("net/ipv6/flowlabel_reflect", "4")
	for _, q := range []scan.Packet{echo, udp(tab, to, 53, []byte("abc"))} {
		seen.Forget()
		if n, err := sendOne(l, q); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		var w wire.Packet
		into := make([]scan.Packet, 1)
		if _, err := l.Recv(into); err != nil {
			t.Fatal(err)
		}
		w.Parse(into[0].B, into[0].Type)
		onWire := seen.Await(waits, func(x *lab.Packet) bool {
			src, _ := x.Addrs()
			return !x.Out && src == to && x.IPv6() != nil && !x.Neighbour()
		})
		if onWire == nil {
			t.Fatal("no answer on the wire")
		}
		var want wire.Packet
		want.Parse(onWire.Data()[14:], wire.TypeIPv6)
		if w.IP != want.IP || string(w.Payload) != "abc" {
			t.Errorf("rebuilt %+v, on the wire %+v", w.IP, want.IP)
		}
	}
}

// TestOnlyOurs: other ports and other types do not come in.
func TestOnlyOurs(t *testing.T) {
	p := newPair(t)
	p.server.UDP(53, lab.Echo)
	for _, frames := range []bool{false, true} {
		needs := Needs{V4: true, V6: true, UDP: true, Frames: frames, Ports: []PortRange{{1, 2}, {sourcePort - 1, sourcePort}}}
		tab, l := openLink(t, p.client, RouteOptions{}, needs, start, p.theirs...)
		for _, s := range p.theirs {
			to := netip.MustParseAddr(s)
			strange := udp(tab, to, 53, []byte("no"))
			ip, _ := header(tab, to, wire.ProtoUDP)
			strange.B = wire.AppendUDP(nil, &ip, &wire.UDP{Src: sourcePort + 1, Dst: 53}, []byte("no"))
			packets := []scan.Packet{strange, strange, udp(tab, to, 53, []byte("yes"))}
			for i := range packets {
				packets[i].Frame, packets[i].MAC = frames, mac(p.server, "eth0")
			}
			sendAll(t, l.Send, packets)
			into := make([]scan.Packet, 8)
			n, err := l.Recv(into)
			var w wire.Packet
			if err != nil || n != 1 || !w.Parse(into[0].B, into[0].Type) || string(w.Payload) != "yes" {
				t.Errorf("frames %v, %s: %d packets, %v; the first says %q", frames, s, n, err, w.Payload)
			}
		}
		l.Close()
	}
}

// TestPolicySource: a packet with one of our own addresses as source takes the
// way that the policy rule for that source names, header of our own or not.
func TestPolicySource(t *testing.T) {
	n := labtest.New(t)
	client, a, b := n.Host("client"), n.Router("a"), n.Router("b")
	n.Link(client, a, "10.1.0.1/24", "10.1.0.2/24")
	n.Link(client, b, "10.2.0.1/24", "10.2.0.2/24")
	client.Default("10.1.0.2")
	client.RouteTable(100, "0.0.0.0/0", "10.2.0.2")
	client.Policy(100, "10.2.0.1/32", "")
	to := netip.MustParseAddr("198.51.100.9")
	for source, router := range map[string]*lab.Host{"10.1.0.1": a, "10.2.0.1": b} {
		tab, l := openLink(t, client, RouteOptions{Source: netip.MustParseAddr(source)}, allNeeds, start, to.String())
		seen := router.Capture("eth0")
		if n, err := sendOne(l, udp(tab, to, 9, nil)); n != 1 || err != nil {
			t.Fatal(source, n, err)
		}
		if seen.Await(waits, func(x *lab.Packet) bool { return x.UDP() != nil }) == nil {
			t.Errorf("from %s: nothing at router %s", source, router.Name)
		}
	}
}

// TestBackPressure: a full queue is neither silent nor an error.
func TestBackPressure(t *testing.T) {
	p := newPair(t)
	for _, s := range p.theirs { // the questions for it would be lost in the queue, too
		p.client.Neighbour("eth0", s, p.server.MAC("eth0"))
	}
	slow(t, p.client, "eth0")
	tab, l := openLink(t, p.client, RouteOptions{}, Needs{V4: true, V6: true, UDP: true}, start, p.theirs...)
	for _, s := range p.theirs {
		var packets []scan.Packet
		for range 64 {
			packets = append(packets, udp(tab, netip.MustParseAddr(s), 9, make([]byte, 1000)))
		}
		full := false
		for range 500 {
			n, err := l.Send(packets)
			if err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			if n < len(packets) {
				full = true
				break
			}
		}
		if !full {
			t.Errorf("%s: a slow interface took everything", s)
		}
	}
}

// TestNoAllocation: a packet costs no garbage, sent or received.
func TestNoAllocation(t *testing.T) {
	rings := allNeeds
	rings.Frames, rings.Rings = true, true
	for name, needs := range map[string]Needs{"raw IP": allNeeds, "rings": rings} {
		p := newPair(t)
		tab, l := openLink(t, p.client, RouteOptions{}, needs, start, p.theirs...)
		for _, s := range p.theirs {
			var packets []scan.Packet // the far end's kernel answers: a program there would be counted, too
			for range 32 {
				q := tcp(tab, netip.MustParseAddr(s), 81, wire.SYN, nil)
				q.Frame, q.MAC = needs.Frames, mac(p.server, "eth0")
				packets = append(packets, q)
			}
			into := make([]scan.Packet, 64)
			sent, got := 0, 0
			if n := testing.AllocsPerRun(20, func() { n, _ := l.Send(packets); sent += n }); n != 0 {
				t.Errorf("%s, %s: Send of 32 packets allocates %v times", name, s, n)
			}
			if n := testing.AllocsPerRun(8, func() { n, _ := l.Recv(into); got += n }); n != 0 {
				t.Errorf("%s, %s: Recv allocates %v times", name, s, n)
			}
			if sent < 600 || got < 200 {
				t.Errorf("%s, %s: %d sent, %d received", name, s, sent, got)
			}
			drainLink(l, into)
		}
	}
}

// drainLink receives what is there already.
func drainLink(l *Link, into []scan.Packet) {
	for {
		if len(l.receive.ready) == 0 {
			l.poller.conn.Read(func(fd uintptr) bool { l.poller.look(fd); return true })
			if l.poller.n == 0 {
				return
			}
			l.receive.ready = l.poller.events[:l.poller.n]
		}
		l.fetchReady(into)
	}
}

// TestPathMTU: a packet leaves, whole, though this machine was told that it is
// too large for the path: anybody who quotes a packet can tell it so.
func TestPathMTU(t *testing.T) {
	n := labtest.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	near, far := n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Default("10.2.0.2", "fd02::2")
	router.MTU(near, 1280)
	server.MTU(far, 1280)
	const size = 1400
	for _, s := range []string{"10.2.0.10", "fd02::10"} {
		to := netip.MustParseAddr(s)
		seen := client.Capture("eth0")
		tooBig := func(x *lab.Packet) bool {
			typ, code, ok := x.ICMP()
			return ok && !x.Out && (typ == 3 && code == 4 || typ == 2)
		}
		// The kernel learns it from its own datagram, whose path MTU it discovers.
		on(t, client, func() error {
			c, err := net.Dial("udp", net.JoinHostPort(s, "9"))
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write(make([]byte, size))
			if err == nil && seen.Await(waits, tooBig) == nil {
				err = errors.New("nothing says that it is too big")
			}
			return err
		})
		tab, l := openLink(t, client, RouteOptions{}, allNeeds, start, s)
		if n, err := sendOne(l, udp(tab, to, 9, make([]byte, size))); n != 1 || err != nil {
			t.Fatalf("%s: %d, %v", s, n, err)
		}
		left := seen.Await(waits, func(x *lab.Packet) bool {
			return x.Out && x.UDP() != nil && x.UDP().SrcPort == sourcePort && len(x.UDP().Payload) == size
		})
		if left == nil {
			t.Errorf("%s: it did not leave:\n%v", s, seen.Packets())
		}
	}
}
