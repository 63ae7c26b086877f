package link

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestNeighbourFrames: an ARP request and a neighbour solicitation are answered,
// with the sender's MAC, ours and a time; nobody's request comes in.
func TestNeighbourFrames(t *testing.T) {
	for _, rings := range []bool{false, true} {
		t.Run(map[bool]string{false: "calls", true: "ring"}[rings], func(t *testing.T) { neighbourFrames(t, rings) })
	}
}

func neighbourFrames(t *testing.T, rings bool) {
	p := newPair(t)
	start := time.Now()
	tab, l := openLink(t, p.client, RouteOptions{}, Needs{V4: true, V6: true, Neighbours: true, Rings: rings}, start, p.theirs...)
	ours, theirs := mac(p.client, "eth0"), mac(p.server, "eth0")
	v4, v6 := netip.MustParseAddr(p.theirs[0]), netip.MustParseAddr(p.theirs[1])

	arp := wire.ARP{Op: 1, SenderMAC: ours, SenderIP: netip.MustParseAddr(p.ours[0]), TargetIP: v4}
	group, groupMAC := wire.SolicitedNode(v6)
	ip := wire.IP{Src: netip.MustParseAddr(p.ours[1]), Dst: group, Proto: wire.ProtoICMPv6, TTL: 255}
	packets := []scan.Packet{
		{Way: tab.Way(v4), Frame: true, Type: wire.TypeARP, MAC: wire.Broadcast, B: wire.AppendARP(nil, &arp)},
		{Way: tab.Way(v6), Frame: true, Type: wire.TypeIPv6, MAC: groupMAC,
			B: wire.AppendND(nil, &ip, &wire.ND{Target: v6, MAC: ours, HasMAC: true}, true)},
	}
	sendAll(t, l.Send, packets)
	var w wire.Packet
	into := make([]scan.Packet, 4)
	defer time.AfterFunc(waits, func() { l.Close() }).Stop()
	for seen4, seen6 := false, false; !seen4 || !seen6; {
		n, err := l.Recv(into)
		if err != nil {
			t.Fatalf("ARP %v, ND %v: %v", seen4, seen6, err)
		}
		for _, q := range into[:n] {
			if !w.Parse(q.B, q.Type) {
				t.Fatalf("type %#x: % x", q.Type, q.B)
			}
			switch {
			case w.Layer == wire.LayerARP && w.ARP.Op == 2 && w.ARP.SenderIP == v4:
				seen4 = w.ARP.SenderMAC == theirs && w.ARP.TargetMAC == ours
			case w.Layer == wire.LayerICMP && w.ICMP.Msg == wire.Advertisement && w.ND.Target == v6 && w.IP.TTL == 255:
				seen6 = w.ND.MAC == theirs
			default:
				t.Errorf("%+v", w)
			}
			if q.MAC != theirs || q.To != ours || !q.Frame || q.At <= 0 || q.At > time.Since(start) {
				t.Errorf("from %x to %x at %v", q.MAC, q.To, q.At)
			}
		}
	}
}

// TestForeignSource: one packet leaves with the foreign source, and nothing of
// this machine's beside it.
func TestForeignSource(t *testing.T) {
	p := newPair(t)
	seen := p.server.Capture("eth0")
	for i, foreign := range []string{"10.42.48.1", "fd42::1"} {
		to := netip.MustParseAddr(p.theirs[i])
		tab, l := openLink(t, p.client, RouteOptions{Source: netip.MustParseAddr(foreign), Iface: "eth0"},
			Needs{V4: true, V6: true, TCP: true, ICMP: true, Frames: true, Neighbours: true}, start, to.String())
		w := tab.Ways()[tab.Way(to)]
		if !w.Frames || w.Src.String() != foreign || w.Own.String() != p.ours[i] {
			t.Fatalf("%+v", w)
		}
		q := tcp(tab, to, 8081, wire.SYN, nil)
		q.Frame, q.MAC = true, mac(p.server, "eth0")
		if n, err := sendOne(l, q); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	in := seen.PacketsAfter(300 * time.Millisecond).In()
	for _, foreign := range []string{"10.42.48.1", "fd42::1"} {
		n := len(in.Find(func(x *lab.Packet) bool { src, _ := x.Addrs(); return src.String() == foreign && x.TCP().SYN }))
		if n != 1 {
			t.Errorf("%d SYN from %s:\n%s", n, foreign, in)
		}
	}
	if n := len(in.Probes()); n != 2 {
		t.Errorf("%d packets, not 2:\n%s", n, in)
	}
}

// TestBehindFirewall: behind a stateful firewall of our own the RST to a FIN
// reaches a packet socket and not a raw one: why such questions go as frames.
func TestBehindFirewall(t *testing.T) {
	p := newPair(t)
	p.client.Firewall(lab.Stateful()...)
	for _, frames := range []bool{true, false} {
		for _, s := range p.theirs {
			needs := allNeeds
			needs.Frames = frames
			tab, l := openLink(t, p.client, RouteOptions{}, needs, start, p.theirs...)
			q := tcp(tab, netip.MustParseAddr(s), 81, wire.FIN, nil)
			q.Frame, q.MAC = frames, mac(p.server, "eth0")
			if n, err := sendOne(l, q); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			wait := waits
			if !frames {
				wait = 200 * time.Millisecond
			}
			_, w := receive(t, l, wait, func(_ *scan.Packet, w *wire.Packet) bool { return w.TCP.Flags&wire.RST != 0 })
			if (w != nil) != frames {
				t.Errorf("%s, frames %v: %+v", s, frames, w)
			}
			l.Close()
		}
	}
}

// TestNothingChanges: opening and closing a link leaves the interface as it was.
func TestNothingChanges(t *testing.T) {
	p := newPair(t)
	state := func() (text string) {
		on(t, p.client, func() error {
			eth0, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			groups, err := os.ReadFile("/proc/thread-self/net/dev_mcast") // link-layer addresses listened to
			a := eth0.Attrs()
			text = fmt.Sprintf("flags %#x, promiscuity %d, all-multicast %d\n%s", a.RawFlags, a.Promisc, a.Allmulti, groups)
			return err
		})
		return text
	}
	before := state()
	_, l := openLink(t, p.client, RouteOptions{}, Needs{V4: true, V6: true, TCP: true, Frames: true, Neighbours: true}, start, p.theirs...)
	if during := state(); during != before {
		t.Errorf("before:\n%sduring:\n%s", before, during)
	}
	l.Close()
	if after := state(); after != before {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
}

// TestDrops: what did not fit into the queue is counted, also after Close.
func TestDrops(t *testing.T) {
	n := labtest.New(t)
	h := n.Host("alone")
	var l *Link
	var tab *Table
	on(t, h, func() (err error) {
		if tab, err = NewTable(slices.Values(ranges(t, "127.0.0.1")), nil, RouteOptions{}); err != nil {
			return err
		}
		l, err = Open(tab, Needs{V4: true, UDP: true}, Options{Start: start, ReceiveBuffer: 4096})
		return err
	})
	defer l.Close()
	var packets []scan.Packet
	for range 64 {
		packets = append(packets, udp(tab, netip.MustParseAddr("127.0.0.1"), 9, make([]byte, 1000)))
	}
	sendAll(t, l.Send, packets)
	if d := l.Drops(); d < 32 || d > 128 { // port unreachable comes back for each
		t.Errorf("%d drops", d)
	}
	was := l.Drops()
	l.Close()
	if l.Drops() != was {
		t.Errorf("%d drops, and after Close %d", was, l.Drops())
	}
}
