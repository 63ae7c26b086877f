package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// tracedBy are the ways of asking that a trace has.
var tracedBy = []string{"--proto icmp", "-p 80", "-p 81", "--proto udp"}

// eachTrace runs a test by every protocol, in both families, by packets of our own and,
// where the kernel asks by it, without.
func eachTrace(t *testing.T, run func(t *testing.T, w way, line string)) {
	t.Helper()
	for _, w := range ways() {
		for _, by := range tracedBy {
			for _, via := range []string{"", " --via connect"} {
				if via != "" && by == "--proto icmp" {
					continue // users may not ping in a new network namespace
				}
				t.Run(w.name+" "+by+via, func(t *testing.T) { run(t, w, "trace --timeout 3s "+by+via) })
			}
		}
	}
}

// TestTraceBeyondRefusal: a router that refuses what expires on it, or the first
// packets, ends nothing: the way leads to the target.
func TestTraceBeyondRefusal(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	h.server.TCP(80)
	for _, w := range ways() {
		h.routers[1].Firewall(lab.Rule{Chain: lab.Prerouting, Dst: w.server(), TTL: 1, Do: lab.AdminProhibited})
	}
	eachTrace(t, func(t *testing.T, w way, line string) {
		o := ask(t, h.client, line, w.server())
		o.wantExit(t, job.ExitYes)
		o.wantText(t, "4 hops, reached.")
		o.wantRoute(t, true, w.hops[:]...)
		if len(o.hops) > 1 && o.hops[1].Reason != probe.AdminProhibited || !strings.HasSuffix(o.hopRow(2), "refused: admin-prohibited") {
			t.Errorf("what hop 2 says is not told: %s", o.hopRow(2))
		}
	})
	// The first hop, and the last one, refuse as well.
	for _, w := range ways() {
		h.routers[0].Firewall(lab.Rule{Chain: lab.Prerouting, Dst: w.server(), TTL: 1, Do: lab.NoRoute})
		h.routers[2].Firewall(lab.Rule{Chain: lab.Prerouting, Dst: w.server(), TTL: 1, Do: lab.HostUnreach})
	}
	eachTrace(t, func(t *testing.T, w way, line string) {
		o := ask(t, h.client, line, w.server())
		o.wantExit(t, job.ExitYes)
		o.wantRoute(t, true, w.hops[:]...)
	})
}

// TestTraceFirstRefused: a router that refuses the first packets, and passes on others.
func TestTraceFirstRefused(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		for _, by := range tracedBy {
			t.Run(w.name+" "+by, func(t *testing.T) {
				t.Parallel()
				h := newHighway(t, 0)
				h.server.TCP(80)
				h.routers[1].Firewall(lab.Rule{Chain: lab.Forward, Dst: w.server(), First: 1, Do: lab.NoRoute})
				o := ask(t, h.client, "trace --timeout 3s "+by, w.server())
				o.wantExit(t, job.ExitYes)
				o.wantRoute(t, true, w.hops[:]...)
				if row := o.hopRow(3); !strings.Contains(row, "also "+w.hops[1]) || !strings.Contains(row, "also refused: ") {
					t.Errorf("nothing tells of the refusal: %s", row)
				}
			})
		}
	}
}

// TestTraceEndsAtRefusal: where a router refuses all, the way ends there, with exit code
// 1, and without asking all that is farther.
func TestTraceEndsAtRefusal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		do    lab.Action
		words [2]string // in each family
	}{
		{"prohibited", lab.AdminProhibited, [2]string{"admin-prohibited", "admin-prohibited"}},
		{"no route", lab.NoRoute, [2]string{"net-unreach", "no-route"}},
		{"the reject of nftables", lab.PortUnreach, [2]string{"port-unreach", "port-unreach"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHighway(t, 0)
			h.server.TCP(80)
			for _, w := range ways() {
				h.routers[1].Firewall(lab.Rule{Chain: lab.Forward, Dst: w.server(), Do: tt.do})
			}
			eachTrace(t, func(t *testing.T, w way, line string) {
				words := tt.words[0]
				if w.name == "IPv6" {
					words = tt.words[1]
				}
				o := ask(t, h.client, line, w.server())
				o.wantExit(t, job.ExitNo)
				o.wantRoute(t, false, w.hops[0], w.hops[1], w.hops[1])
				o.wantText(t, "ends here: "+words)
				o.wantText(t, "Not reached, the last answer came from hop 3 ("+w.hops[1]+"): "+words)
				if o.end.Sent > 3*3+2*30 { // of 90: a busy machine asks some again before it hears
					t.Errorf("%d packets were sent", o.end.Sent)
				}
			})
		})
	}
}

// TestTraceLoop: two routers that send packets to each other are named.
func TestTraceLoop(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	h.routers[1].Route("10.3.0.0/24", "10.12.0.1")
	h.routers[1].Route("fd03::/64", "fd12::1")
	eachTrace(t, func(t *testing.T, w way, line string) {
		o := ask(t, h.client, line, w.server())
		o.wantExit(t, job.ExitNo)
		a, b, first := w.hops[0], w.hops[1], 1
		if w.name == "IPv6" { // in which Linux answers from the interface that the packet came in by
			a, b, first = w.hops[1], "fd12::1", 2
		}
		words := fmt.Sprintf("oop between %s and %s from hop %d on", a, b, first)
		o.wantText(t, "L"+words)
		o.wantText(t, "Not reached: l"+words)
		o.wantRoute(t, false, append([]string{w.hops[0]}[:first-1], a, b, a, b, a)...)
		f := o.finding(probe.Loop)
		if f == nil {
			t.Fatal("there is no finding")
		}
		if int(f.Hop) != first || !slices.Equal(f.Routers, []netip.Addr{netip.MustParseAddr(a), netip.MustParseAddr(b)}) || f.Addr.String() != w.server() {
			t.Errorf("the finding is %s", jsonOf(f))
		}
		if o.end.Sent > 3*6+30 {
			t.Errorf("%d packets were sent", o.end.Sent)
		}
	})
}

// TestTraceLabels: the MPLS labels of routers that tell them, in each form in which they
// do, come into the text and into JSON.
func TestTraceLabels(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, gate := n.Host("client"), n.Host("gate")
	n.Link(client, gate, "192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64")
	client.Default("192.0.2.2", "2001:db8::2")
	gate.Firewall(lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1,3", Do: lab.Drop}) // its kernel has no route
	stacks := [][]wire.Label{2: {wire.NewLabel(416243, 0, true, 1)}, 3: {wire.NewLabel(16, 5, false, 254), wire.NewLabel(1048575, 0, true, 1)}, 4: {wire.NewLabel(7, 0, true, 1)}}
	router := func(got *wire.Packet, raw []byte, _ netip.Addr) []byte {
		ttl, v6 := int(got.IP.TTL), got.IP.Dst.Is6()
		from := netip.AddrFrom4([4]byte{203, 0, 113, byte(ttl)})
		if v6 {
			from = netip.MustParseAddr(fmt.Sprint("2001:db8:1::", ttl))
		}
		if ttl > 4 {
			return complain(got, raw, got.IP.Dst, map[bool]uint8{false: 3, true: 1}[v6], map[bool]uint8{false: 3, true: 4}[v6])
		}
		quote := raw
		m := wire.ICMP{Msg: wire.TimeExceeded}
		m.SetType(v6)
		if ttl > 1 {
			quote = wire.AppendExtension(append(slices.Clone(raw), make([]byte, 128-len(raw))...), stacks[ttl])
			length := uint32(128/4) << 16 // RFC 4884 §4.1, §4.2
			if v6 {
				length = 128 / 8 << 24
			}
			switch ttl {
			case 2:
				m.Info = length
			case 3: // from before there was a length
			case 4: // one that is wrong
				m.Info = length / 2
			}
		}
		return wire.AppendICMP(nil, &wire.IP{Src: from, Dst: got.IP.Src, TTL: 64}, &m, quote)
	}
	d := device{gate4: netip.MustParseAddr("192.0.2.2"), gate6: netip.MustParseAddr("2001:db8::2"), pings: true,
		at: func(bool, uint16) retort { return retort{"router", []saying{router}} }}
	d.start(t, gate)
	for _, target := range []string{"198.51.100.10", "2001:db8:2::10"} {
		for _, by := range tracedBy {
			o := ask(t, client, "trace --timeout 3s "+by, target)
			o.wantExit(t, job.ExitYes)
			if len(o.hops) != 5 {
				t.Errorf("%s %s: %s", by, target, o.route())
				continue
			}
			for ttl, stack := range stacks {
				if ttl > 0 && !slices.Equal(o.hops[ttl-1].Labels, stack) {
					t.Errorf("%s %s, hop %d: labels %x, want %x", by, target, ttl, o.hops[ttl-1].Labels, stack)
				}
			}
			for ttl, words := range map[int]string{2: "MPLS 416243 tc 0 ttl 1", 3: "MPLS 16 tc 5 ttl 254 / 1048575 tc 0 ttl 1", 4: "MPLS 7 tc 0 ttl 1"} {
				if !strings.Contains(o.hopRow(ttl), words) {
					t.Errorf("%s %s: the line of hop %d is %q, without %q", by, target, ttl, o.hopRow(ttl), words)
				}
			}
		}
	}
}

// TestTraceDeadHost: the last router says that nobody is there, after some seconds in which
// nobody answers ARP or ND. Who waits for that is told; who does not hears silence.
func TestTraceDeadHost(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	for _, w := range ways() {
		absent, words := "10.3.0.77", "host-unreach"
		if w.name == "IPv6" {
			absent, words = "fd03::77", "addr-unreach"
		}
		for _, by := range []string{"--proto icmp", "-p 80", "--proto udp"} {
			o := ask(t, h.client, "trace --timeout 6s "+by, absent)
			o.wantExit(t, job.ExitNo)
			o.wantRoute(t, false, w.hops[0], w.hops[1], w.hops[2], w.hops[2])
			o.wantText(t, "ends here: "+words)
		}
	}
}

// TestTraceOtherAddress: a target that answers from another of its addresses is reached,
// by packets of our own and where the kernel sends echo requests and datagrams for us.
func TestTraceOtherAddress(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, gate := n.Host("client"), n.Host("gate")
	n.Link(client, gate, "192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64")
	client.Default("192.0.2.2", "2001:db8::2")
	client.Sysctl("net/ipv4/ping_group_range", "0 0")
	gate.Firewall(lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1,3", Do: lab.Drop}) // its kernel has no route
	other := map[bool]netip.Addr{false: netip.MustParseAddr("203.0.113.9"), true: netip.MustParseAddr("2001:db8:1::9")}
	host := func(got *wire.Packet, raw []byte, device netip.Addr) []byte {
		v6 := got.IP.Dst.Is6()
		ip := wire.IP{Src: other[v6], Dst: got.IP.Src, TTL: 64}
		m := wire.ICMP{Msg: wire.PortUnreach}
		switch {
		case got.IP.TTL == 1:
			m.Msg, ip.Src = wire.TimeExceeded, device
		case got.Layer == wire.LayerTCP:
			return wire.AppendTCP(nil, &ip, &wire.TCP{Src: got.TCP.Dst, Dst: got.TCP.Src, Ack: got.TCP.Seq + 1, Flags: wire.RST | wire.ACK}, nil)
		case got.Layer == wire.LayerICMP:
			m = wire.ICMP{Msg: wire.EchoReply, ID: got.ICMP.ID, Seq: got.ICMP.Seq}
			m.SetType(v6)
			return wire.AppendICMP(nil, &ip, &m, got.Payload)
		}
		m.SetType(v6)
		return wire.AppendICMP(nil, &ip, &m, raw)
	}
	d := device{gate4: netip.MustParseAddr("192.0.2.2"), gate6: netip.MustParseAddr("2001:db8::2"), pings: true,
		at: func(bool, uint16) retort { return retort{"host", []saying{host}} }}
	d.start(t, gate)
	for _, target := range []string{"198.51.100.10", "2001:db8:2::10"} {
		for _, by := range []string{"--proto icmp", "--proto icmp --via connect", "-p 80", "--proto udp", "--proto udp --via connect"} {
			o := ask(t, client, "trace --timeout 3s "+by, target)
			o.wantExit(t, job.ExitYes)
			from := other[strings.Contains(target, ":")]
			if len(o.hops) != 2 || o.hops[1].From != from || !o.hops[1].Reached {
				t.Errorf("%s %s: %s", by, target, o.route())
			}
			o.wantText(t, "reached by another of its addresses: ")
		}
	}
}
