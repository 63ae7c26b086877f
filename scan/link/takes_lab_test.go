package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"go4.org/netipx"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab"
)

// TestTakesWhatTheKernelTakes sends frames of every property, in every protocol, and
// compares what the link takes with what the kernel of the same host makes of them: by
// its counters of TCP, UDP and ICMP, and its table of neighbours.
func TestTakesWhatTheKernelTakes(t *testing.T) {
	for _, by := range []string{"raw", "frames", "rings"} {
		t.Run(by, func(t *testing.T) {
			b := newBench(t, by)
			for _, carrier := range carriers {
				if carrier.link && by == "raw" {
					continue // raw sockets hear no ARP and ND; beside them are the same packet sockets
				}
				for _, property := range properties {
					sent, ok := property.of(b, carrier)
					if !ok || by == "raw" && carrier.name[:3] == "TCP" && property.group {
						continue // raw sockets do not tell to whom a frame was
					}
					name := carrier.name + ", " + property.name
					heard, kernel := b.compare(t, carrier, property.other, sent)
					if heard != kernel {
						t.Errorf("%s: the link takes %v, the kernel %v", name, heard, kernel)
					}
					if property.want != 0 && (property.want > 0) != kernel {
						t.Errorf("%s: the kernel takes it: %v", name, kernel)
					}
				}
			}
		})
	}
}

// bench is a client with two links to a server that sends frames by hand.
type bench struct {
	*pair
	link *Link
	next byte        // of the neighbours that are asked for
	macs [2]wire.MAC // ours, by interface
}

func newBench(t *testing.T, by string) *bench {
	p := newPair(t)
	p.net.Link(p.client, p.server, "10.10.0.1/24", "10.10.0.2/24", "fd0a::1/64", "fd0a::2/64")
	for _, h := range []*lab.Host{p.client, p.server} {
		for _, all := range []string{"all", "eth0", "eth1"} {
			h.Sysctl("net/ipv4/conf/"+all+"/rp_filter", "0")
		}
	}
	needs := allNeeds
	needs.ICMP, needs.Neighbours, needs.Frames, needs.Rings = true, true, by != "raw", by == "rings"
	needs.Ports = []PortRange{{sourcePort, sourcePort}}
	b := &bench{pair: p, next: 10, macs: [2]wire.MAC{mac(p.client, "eth0"), mac(p.client, "eth1")}}
	_, b.link = openLink(t, p.client, RouteOptions{}, needs, start, "10.9.0.0/24", "fd09::/120")
	return b
}

// carrier is a packet that answers something.
type carrier struct {
	name string
	v6   bool
	link bool
	// counters of the kernel's that tell of a packet, minus those that tell of a bad one.
	good, bad []string
	build     func(ip *wire.IP) []byte
}

var carriers = []carrier{
	{"TCP", false, false, []string{"Tcp InSegs"}, []string{"Tcp InErrs"}, buildRST},
	{"UDP", false, false, []string{"Udp InDatagrams", "Udp NoPorts"}, nil, buildUDP},
	{"ICMP", false, false, []string{"Icmp InEchoReps"}, nil, buildEcho},
	{"ARP", false, true, nil, nil, nil},
	{"TCP 6", true, false, []string{"Tcp InSegs"}, []string{"Tcp InErrs"}, buildRST},
	{"UDP 6", true, false, []string{"Udp6InDatagrams", "Udp6NoPorts"}, nil, buildUDP},
	{"ICMP 6", true, false, []string{"Icmp6InEchoReplies"}, nil, buildEcho},
	{"ND", true, true, nil, nil, nil},
}

// What answers have behind their headers is enough for three fragments.
var filling = bytes.Repeat([]byte{0xa5}, 40)

func buildRST(ip *wire.IP) []byte {
	ip.Proto = wire.ProtoTCP
	return wire.AppendTCP(nil, ip, &wire.TCP{Src: 80, Dst: sourcePort, Flags: wire.RST | wire.ACK}, filling)
}

func buildUDP(ip *wire.IP) []byte {
	ip.Proto = wire.ProtoUDP
	return wire.AppendUDP(nil, ip, &wire.UDP{Src: 53, Dst: sourcePort}, filling)
}

func buildEcho(ip *wire.IP) []byte {
	m := wire.ICMP{Msg: wire.EchoReply}
	m.SetType(ip.Dst.Is6())
	if ip.Proto = wire.ProtoICMP; ip.Dst.Is6() {
		ip.Proto = wire.ProtoICMPv6
	}
	return wire.AppendICMP(nil, ip, &m, filling)
}

// etherFrame is a frame before it is written.
type etherFrame struct {
	to   wire.MAC
	tags []uint32 // TPID<<16 | TCI
	typ  uint16
	b    []byte
}

func (f *etherFrame) bytes(from wire.MAC) []byte {
	out := wire.AppendEthernet(nil, f.to, from, f.typ)[:12]
	for _, tag := range f.tags {
		out = binary.BigEndian.AppendUint32(out, tag)
	}
	return append(binary.BigEndian.AppendUint16(out, f.typ), f.b...)
}

// of makes the frames of a carrier with this property; false where it has none such.
func (p *property) of(b *bench, c carrier) (frames []etherFrame, ok bool) {
	if p.ip && c.link || p.four && c.v6 {
		return nil, false
	}
	identification++
	i := 0
	if p.other {
		i = 1
	}
	base := etherFrame{to: b.macs[i], typ: wire.TypeIPv4}
	switch {
	case c.name == "ARP":
		b.next += 2
		base.typ = wire.TypeARP
		base.b = wire.AppendARP(nil, &wire.ARP{Op: 2, SenderMAC: neighbourMAC, SenderIP: b.neighbour(false), TargetMAC: b.macs[0], TargetIP: netip.MustParseAddr(b.ours[0])})
	case c.name == "ND":
		b.next += 2
		base.typ = wire.TypeIPv6
		ip := wire.IP{Src: b.neighbour(true), Dst: netip.MustParseAddr(b.ours[1]), TTL: 255}
		base.b = wire.AppendND(nil, &ip, &wire.ND{Target: ip.Src, MAC: neighbourMAC, HasMAC: true, Solicited: true, Override: true}, false)
	default:
		family := 0
		if c.v6 {
			family, base.typ = 1, wire.TypeIPv6
		}
		ip := wire.IP{Src: netip.MustParseAddr(b.theirs[family]), Dst: netip.MustParseAddr(b.ours[family]), TTL: 64, ID: 7}
		if p.header != nil {
			p.header(b, &ip)
		}
		base.b = c.build(&ip)
	}
	all := [][]byte{base.b}
	if p.cut != nil {
		all = p.cut(base.b)
	}
	for _, packet := range all {
		f := base
		f.b = bytes.Clone(packet)
		if p.frame != nil {
			p.frame(&f)
		}
		frames = append(frames, f)
	}
	return frames, true
}

var neighbourMAC = wire.MAC{2, 0, 0, 0, 0, 0x66}

// neighbour is an address on the link that nobody has, another one each time.
func (b *bench) neighbour(v6 bool) netip.Addr {
	if v6 {
		a := netip.MustParseAddr("fd09::").As16()
		a[15] = b.next
		return netip.AddrFrom16(a)
	}
	return netip.AddrFrom4([4]byte{10, 9, 0, b.next})
}

// compare has the server send frames, and tells whether the client's link takes a
// packet, and whether its kernel does.
func (b *bench) compare(t *testing.T, c carrier, other bool, frames []etherFrame) (heard, kernel bool) {
	t.Helper()
	iface := "eth0"
	if other {
		iface = "eth1"
	}
	if c.link {
		b.lookFor(t, b.neighbour(c.v6))
		b.lookFor(t, b.fenceAddr(c.v6))
	}
	before := b.count(t, c)
	b.send(t, iface, append(frames, b.fence(c, other)))
	stop := time.AfterFunc(waits, func() { b.link.Close() })
	defer stop.Stop()
	into := make([]scan.Packet, 1)
	var w wire.Packet
	for fence := false; !fence; {
		if _, err := b.link.Recv(into); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !w.Parse(into[0].B, into[0].Type) {
			continue
		}
		var ours bool
		if ours, fence = b.matches(c, &w); ours && !fence && b.link.Takes(&into[0], &w) {
			heard = true
		}
	}
	if c.link {
		await(t, func() bool { return b.state(t, b.fenceAddr(c.v6))&usable != 0 })
		return heard, b.state(t, b.neighbour(c.v6))&usable != 0
	}
	await(t, func() bool { return b.count(t, c) > before })
	time.Sleep(2 * time.Millisecond) // another processor may have the rest of the way
	return heard, b.count(t, c) > before+1
}

// fence is a frame of a carrier that both take, behind all else.
func (b *bench) fence(c carrier, other bool) etherFrame {
	f := etherFrame{to: b.macs[0], typ: wire.TypeIPv4}
	if other {
		f.to = b.macs[1]
	}
	ip := wire.IP{Src: netip.MustParseAddr(b.theirs[0]), Dst: netip.MustParseAddr(b.ours[0]), TTL: 64}
	if c.v6 {
		f.typ = wire.TypeIPv6
		ip.Src, ip.Dst = netip.MustParseAddr(b.theirs[1]), netip.MustParseAddr(b.ours[1])
	}
	switch {
	case !c.link:
		ip.TOS = fenceTOS
		f.b = c.build(&ip)
	case c.v6:
		ip.TTL = 255
		f.b = wire.AppendND(nil, &ip, &wire.ND{Target: b.fenceAddr(true), MAC: neighbourMAC, HasMAC: true, Solicited: true, Override: true}, false)
	default:
		f.typ = wire.TypeARP
		f.b = wire.AppendARP(nil, &wire.ARP{Op: 2, SenderMAC: neighbourMAC, SenderIP: b.fenceAddr(false), TargetMAC: b.macs[0], TargetIP: ip.Dst})
	}
	return f
}

// fenceTOS is what tells a fence from what it stands behind.
const fenceTOS = 0x48

// fenceAddr is the neighbour of whom fences of ARP and ND tell.
func (b *bench) fenceAddr(v6 bool) netip.Addr { return b.neighbour(v6).Next() }

// matches tells whether w is of a carrier, and whether it is the fence.
func (b *bench) matches(c carrier, w *wire.Packet) (ours, fence bool) {
	fence = w.IP.TOS == fenceTOS
	switch c.name[:2] {
	case "TC":
		return w.Layer == wire.LayerTCP && w.IP.Dst.Is6() == c.v6, fence
	case "UD":
		return w.Layer == wire.LayerUDP && w.IP.Dst.Is6() == c.v6, fence
	case "IC":
		return w.Layer == wire.LayerICMP && w.ICMP.Msg == wire.EchoReply && w.IP.Dst.Is6() == c.v6, fence
	case "AR":
		return w.Layer == wire.LayerARP && w.ARP.SenderIP == b.neighbour(false), w.ARP.SenderIP == b.fenceAddr(false)
	}
	nd := w.Layer == wire.LayerICMP && w.ICMP.Msg == wire.Advertisement
	return nd && w.ND.Target == b.neighbour(true), nd && w.ND.Target == b.fenceAddr(true)
}

// send writes frames to the wire.
func (b *bench) send(t *testing.T, iface string, frames []etherFrame) {
	t.Helper()
	on(t, b.server, func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		to := &unix.SockaddrLinklayer{Ifindex: b.server.Index(iface)}
		for i := range frames {
			if err := unix.Sendto(fd, frames[i].bytes(mac(b.server, iface)), 0, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// count is what the kernel has counted of a carrier.
func (b *bench) count(t *testing.T, c carrier) (n int) {
	t.Helper()
	for _, name := range c.good {
		n += b.counter(t, name)
	}
	for _, name := range c.bad {
		n -= b.counter(t, name)
	}
	return n
}

// counter reads one of the kernel's, as "Tcp InSegs" or "Udp6NoPorts" (proc(5)).
func (b *bench) counter(t *testing.T, name string) (n int) {
	t.Helper()
	on(t, b.client, func() error {
		group, field, old := strings.Cut(name, " ")
		file := "/proc/thread-self/net/snmp6"
		if old {
			file = "/proc/thread-self/net/snmp"
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var heads []string
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			switch {
			case !old && words[0] == name:
				_, err := fmt.Sscan(words[1], &n)
				return err
			case old && words[0] == group+":" && heads == nil:
				heads = words
			case old && words[0] == group+":":
				_, err := fmt.Sscan(words[slices.Index(heads, field)], &n)
				return err
			}
		}
		return errors.New("the kernel does not count " + name)
	})
	return n
}

// lookFor makes the kernel ask for a neighbour.
func (b *bench) lookFor(t *testing.T, addr netip.Addr) {
	t.Helper()
	on(t, b.client, func() error {
		c, err := net.Dial("udp", netip.AddrPortFrom(addr, 9).String())
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("?"))
		return err
	})
	await(t, func() bool { return b.state(t, addr) == netlink.NUD_INCOMPLETE })
}

// state is what the kernel knows of a neighbour.
func (b *bench) state(t *testing.T, addr netip.Addr) (state int) {
	t.Helper()
	on(t, b.client, func() error {
		list, err := netlink.NeighList(b.client.Index("eth0"), 0)
		for _, e := range list {
			if a, ok := netipx.FromStdIP(e.IP); ok && a == addr {
				state = e.State
			}
		}
		return err
	})
	return state
}
