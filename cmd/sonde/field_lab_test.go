package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe/wire"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// newField is a client before a device that says these for all addresses beyond it.
func newField(t *testing.T, says ...saying) *lab.Host {
	n := labtest.New(t)
	client, gate := n.Host("client"), n.Host("gate")
	n.Link(client, gate, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2")
	gate.Firewall(lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1", Do: lab.Drop}) // its kernel knows no way on, and says so
	(&device{gate4: netip.MustParseAddr("10.1.0.2"), gate6: netip.MustParseAddr("fd01::2"), pings: true,
		at: func(bool, uint16) retort { return retort{"", says} }}).start(t, gate)
	return client
}

// headerOf is the length of the IP header of a packet without options.
func headerOf(v6 bool) int {
	if v6 {
		return 40
	}
	return 20
}

// TestOddResets: a closed port of a small stack acknowledges the SYN itself, nothing, or
// not at all.
func TestOddResets(t *testing.T) {
	t.Parallel()
	client := newField(t, func(got *wire.Packet, _ []byte, _ netip.Addr) []byte {
		if got.Layer != wire.LayerTCP || got.TCP.Flags != wire.SYN {
			return nil
		}
		ip := wire.IP{Src: got.IP.Dst, Dst: got.IP.Src, TTL: 64, Proto: wire.ProtoTCP}
		h := wire.TCP{Src: got.TCP.Dst, Dst: got.TCP.Src, Flags: wire.RST | wire.ACK}
		switch got.TCP.Dst {
		case 1001:
			h.Ack = got.TCP.Seq
		case 1003:
			h.Flags = wire.RST
		case 1004:
			h.Ack = got.TCP.Seq + 1
		}
		return wire.AppendTCP(nil, &ip, &h, nil)
	})
	for _, target := range []string{"10.9.0.9", "fd09::9"} {
		o := ask(t, client, "tcp -PN -p 1001-1004", target)
		o.wantExit(t, job.ExitNo)
		for port := 1001; port <= 1004; port++ {
			if p := o.ports[port]; p.state() != "closed (reset)" || p.Weak != (port != 1004) {
				t.Errorf("%s: port %d is %s, weak %v", target, port, p.state(), p.Weak)
			}
		}
	}
}

// TestOddEchoes: a host is up that brings back less of an echo request than it got, more,
// or something else.
func TestOddEchoes(t *testing.T) {
	t.Parallel()
	client := newField(t, func(got *wire.Packet, raw []byte, _ netip.Addr) []byte {
		v6 := got.IP.Dst.Is6()
		dst := got.IP.Dst.AsSlice()
		data := slices.Clone(raw[headerOf(v6)+8:])
		switch dst[len(dst)-1] {
		case 2:
			data = data[:min(len(data), 16)]
		case 3:
			data = nil
		case 4:
			data = append(data, make([]byte, 8)...)
		case 5:
			clear(data[max(0, len(data)-2):])
		}
		ip := wire.IP{Src: got.IP.Dst, Dst: got.IP.Src, TTL: 64, Proto: wire.ProtoICMP}
		m := wire.ICMP{Type: map[bool]uint8{false: 0, true: 129}[v6], ID: got.ICMP.ID, Seq: got.ICMP.Seq}
		return wire.AppendICMP(nil, &ip, &m, data)
	})
	for _, network := range []string{"10.9.0.", "fd09::"} {
		for _, last := range []string{"1", "2", "3", "4", "5"} {
			o := ask(t, client, "sweep -PE", network+last)
			o.wantExit(t, job.ExitYes)
			if h := o.hosts[network+last]; h.state() != "up (echo-reply)" {
				t.Errorf("%s is %s", h.Addr, h.state())
			}
		}
	}
}

// scrubbed answers as a way of four hops does whose first router gives each packet another
// IP ID, or flow label.
func scrubbed(got *wire.Packet, raw []byte, _ netip.Addr) []byte {
	v6 := got.IP.Dst.Is6()
	quote := slices.Clone(raw[:headerOf(v6)+8])
	from, ttl := netip.MustParseAddr("203.0.113.1"), 8
	typ, code := uint8(11), uint8(0)
	if v6 {
		from, ttl, typ = netip.MustParseAddr("fd13::1"), 7, 3
	}
	left := quote[ttl]
	if left > 1 && v6 {
		quote[1], quote[2], quote[3] = quote[1]&0xf0|0x0a, 0xbc, quote[3]^0x5a
	} else if left > 1 {
		quote[4], quote[5] = quote[4]^0x5a, 0xde
	}
	quote[ttl] = 1
	for range left - 1 {
		from = from.Next()
	}
	if left >= 4 {
		if got.Layer == wire.LayerTCP {
			return answers("SYN-ACK")(got, raw, got.IP.Dst)
		}
		from, typ, code = got.IP.Dst, 3, 3
		if v6 {
			typ, code = 1, 4
		}
	}
	ip := wire.IP{Src: from, Dst: got.IP.Src, TTL: 60, Proto: wire.ProtoICMP}
	return wire.AppendICMP(nil, &ip, &wire.ICMP{Type: typ, Code: code}, quote)
}

// TestScrubbedWay: a router that rewrites what a quote is usually known by loses no hop.
func TestScrubbedWay(t *testing.T) {
	t.Parallel()
	client := newField(t, scrubbed)
	for target, hops := range map[string][]string{
		"198.51.100.10": {"203.0.113.1", "203.0.113.2", "203.0.113.3", "198.51.100.10"},
		"fd98::10":      {"fd13::1", "fd13::2", "fd13::3", "fd98::10"},
	} {
		for _, line := range []string{"trace -p 80", "trace --proto udp"} {
			o := ask(t, client, line, target)
			o.wantExit(t, job.ExitYes)
			o.wantRoute(t, true, hops...)
		}
	}
}

// TestOddNeighbours: who answers ARP without our own hardware address in the body of it is
// there all the same (RFC 5227 section 2.6).
func TestOddNeighbours(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, odd := n.Host("client"), n.Host("odd")
	n.Link(client, odd, "10.1.0.1/24", "10.1.0.2/24")
	frames := odd.Frames("eth0")
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			k, err := frames.Read(b)
			if err != nil {
				return
			}
			const asked = 14 + 24 // the last byte of the address is three behind
			if k < 42 || b[12] != 8 || b[13] != 6 || b[21] != 1 || b[asked+3] < 12 || b[asked+3] > 15 {
				continue
			}
			a := slices.Clone(b[:42])
			mac := odd.MAC("eth0")
			copy(a[:6], b[6:12])
			if b[asked+3] == 15 { // as a broadcast
				copy(a[:6], "\xff\xff\xff\xff\xff\xff")
			}
			copy(a[6:], mac)
			a[21] = 2
			copy(a[22:], mac)
			copy(a[28:32], b[38:42])
			copy(a[32:38], "\xff\xff\xff\xff\xff\xff")
			copy(a[38:42], b[28:32])
			frames.Write(a) // once closed, nobody listens
		}
	}()
	t.Cleanup(func() { frames.Close(); <-done })
	for _, line := range []string{"sweep 10.1.0.12 10.1.0.15", "sweep 10.1.0.8/29"} {
		o := ask(t, client, line)
		o.wantExit(t, job.ExitYes)
		for _, addr := range []string{"10.1.0.12", "10.1.0.15"} {
			if h := o.hosts[addr]; h.state() != "up (arp-reply)" {
				t.Errorf("%s: %s is %s", line, addr, h.state())
			}
		}
	}
}

// TestRangeWithoutRoute: a range that no route leads to is exit 4, and why, at once.
func TestRangeWithoutRoute(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.client.TakeRoute("0.0.0.0/0", "10.1.0.2")
	o.client.TakeRoute("::/0", "fd01::2")
	wire := o.client.Capture("eth0")
	for _, target := range []string{"10.66.0.0/24", "fd66::/120", "11.0.0.0/8"} {
		for _, line := range []string{"tcp -p 80", "udp -p 53", "sweep", "fp -p 80", "tcp -p 80 --via connect"} {
			got := typed(t, o.client, append(strings.Fields(line), target)...)
			got.wantExit(t, job.ExitLocal)
			got.text += got.stderr
			got.wantText(t, "no route")
		}
	}
	if left := wire.Packets().Out().Probes(); len(left) > 0 {
		t.Errorf("left:\n%v", left)
	}
}
