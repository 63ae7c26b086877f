package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"

	"sonde/probe"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// nodeStatus answers as NetBIOS does to who asks for the status of the node (RFC 1002
// §4.2.18), with the name of its workgroup and its own; others is put into the ID.
func nodeStatus(name string, others uint16) lab.Responder {
	return func(q []byte, _ netip.AddrPort) []byte {
		if len(q) < 50 {
			return nil
		}
		b := binary.BigEndian.AppendUint16(nil, binary.BigEndian.Uint16(q)^others)
		b = append(b, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0)
		b = append(b, q[12:50]...)
		b = append(b, 0, 0, 0, 0, 0, 1+2*18, 2)
		b = append(fmt.Appendf(b, "%-15s\x00", "WORKGROUP"), 0x84, 0)
		return append(fmt.Appendf(b, "%-15s\x00", name), 0x04, 0)
	}
}

// joined has a host listen to a UDP port of a group on its interface eth0.
func joined(t *testing.T, h *lab.Host, group string, answer lab.Responder) {
	t.Helper()
	var c *net.UDPConn
	if err := h.Do(func() error {
		at, err := net.ResolveUDPAddr("udp", group)
		if err != nil {
			return err
		}
		iface, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		c, err = net.ListenMulticastUDP("udp4", iface, at)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if reply := answer(b[:n], from); reply != nil {
				c.WriteToUDPAddrPort(reply, from)
			}
		}
	}()
}

// linkLocal is the link-local address of a host's eth0, without a zone.
func linkLocal(h *lab.Host) netip.Addr {
	m := h.MAC("eth0")
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]})
}

// neighbourhood is a link of a client and a router with six hosts, and a link beyond the
// router.
type neighbourhood struct {
	client, router *lab.Host
	beyond         *lab.Host
	hosts          map[string]*lab.Host
}

func newNeighbourhood(t *testing.T) *neighbourhood {
	n := labtest.New(t)
	s := &neighbourhood{client: n.Host("client"), router: n.Router("router"), beyond: n.Host("beyond"), hosts: map[string]*lab.Host{}}
	lan := n.Switch("lan")
	lan.Plug(s.client, "10.64.3.1/25")
	lan.Plug(s.router, "10.64.3.2/25")
	n.Link(s.router, s.beyond, "10.64.4.1/24", "10.64.4.2/24", "fd64::1/64", "fd64::2/64")
	s.client.Default("10.64.3.2")
	for name, addr := range map[string]string{"printer": "10.64.3.70", "camera": "10.64.3.100", "windows": "10.64.3.126", "quiet": "10.64.3.9"} {
		h := n.Host(name)
		lan.Plug(h, addr+"/25")
		s.hosts[name] = h
	}
	for _, name := range []string{"sensor", "deaf"} { // which have IPv6 only
		h := n.Host(name)
		lan.Plug(h)
		s.hosts[name] = h
	}
	return s
}

// TestLocal finds all six hosts of a link, of which two have no IPv4 and one answers no
// echo requests to groups, and who three of them say they are, and sends nothing that a
// router would pass on.
func TestLocal(t *testing.T) {
	t.Parallel()
	s := newNeighbourhood(t)
	h := s.hosts
	h["deaf"].Sysctl("net/ipv6/icmp/echo_ignore_multicast", "1")
	h["printer"].UDP(5353, lab.DNS(map[string][]netip.Addr{"printer.local": {netip.MustParseAddr("10.64.3.70")}}))
	h["sensor"].UDP(5353, lab.DNS(map[string][]netip.Addr{"sensor.local": {linkLocal(h["sensor"])}}))
	h["windows"].UDP(137, nodeStatus("BUERO-7", 0))
	llmnr := lab.DNS(map[string][]netip.Addr{"buero-7": {netip.MustParseAddr("10.64.3.126")}})
	joined(t, h["windows"], "224.0.0.252:5355", func(q []byte, from netip.AddrPort) []byte {
		b := llmnr(q, from)
		if len(b) < 4 || b[3]&15 != 0 { // who has no such name stays silent (RFC 4795 §2.3)
			return nil
		}
		return b
	})
	wire, far := s.client.Capture("eth0"), s.router.Capture("eth1")
	o := ask(t, s.client, "sweep --local")
	o.wantExit(t, 0)

	named := map[string]string{}
	macs := map[string]bool{}
	for addr, r := range o.hosts {
		if r.State != probe.Up || strings.HasSuffix(addr, ".1") {
			t.Errorf("%s is %s", addr, r.state())
		}
		macs[net.HardwareAddr(r.MAC[:]).String()] = true
		for _, name := range r.Local {
			named[name.Source+" "+name.Name] = addr
		}
	}
	for name, host := range h {
		if !macs[host.MAC("eth0").String()] {
			t.Errorf("%s, at %v, was not found", name, host.MAC("eth0"))
		}
	}
	deaf := linkLocal(h["deaf"]).WithZone("eth0").String()
	if r := o.hosts[deaf]; r.state() != "up (param-problem)" {
		t.Errorf("%s is %s", deaf, r.state())
	}
	sensor := linkLocal(h["sensor"]).WithZone("eth0").String()
	if r := o.hosts[sensor]; r.state() != "up (echo-reply)" || !r.HasRTT {
		t.Errorf("%s is %s, its round trip known: %v", sensor, r.state(), r.HasRTT)
	}
	want := map[string]string{"mdns printer.local": "10.64.3.70", "mdns sensor.local": sensor, "netbios BUERO-7": "10.64.3.126", "llmnr buero-7": "10.64.3.126"}
	for name, addr := range want {
		if named[name] != addr {
			t.Errorf("%s is said by %q, want %s", name, named[name], addr)
		}
	}
	if len(named) != len(want) {
		t.Errorf("named: %v", named)
	}
	o.wantText(t, "says it is printer.local (mdns)", "says it is buero-7 (llmnr), BUERO-7 (netbios)")
	if got := inText(o.text); !slices.IsSortedFunc(got, netip.Addr.Compare) || len(got) != len(o.hosts) {
		t.Errorf("the text is not in order: %v", got)
	}
	onLinkOnly(t, s, wire.Packets(), far.Packets())
	if o.end.Duplicates != 0 {
		t.Errorf("%d duplicates, though each answered for itself", o.end.Duplicates)
	}
}

// inText are the addresses that lines of a text begin with.
func inText(text string) (list []netip.Addr) {
	for line := range strings.Lines(text) {
		word, _, _ := strings.Cut(line, " ")
		if a, err := netip.ParseAddr(word); err == nil {
			list = append(list, a)
		}
	}
	return list
}

// onLinkOnly fails where something has left the link, or could have.
func onLinkOnly(t *testing.T, s *neighbourhood, near, far lab.Packets) {
	t.Helper()
	if len(far) > 0 {
		t.Errorf("beyond the router:\n%v", far)
	}
	sent := 0
	for _, p := range near.Out() {
		src, dst := p.Addrs()
		switch ip4, ip6 := p.IPv4(), p.IPv6(); {
		case unreachable(p) && netip.MustParsePrefix("10.64.3.0/25").Contains(dst), unreachable(p) && dst.IsLinkLocalUnicast():
			// The kernel's: it knows nothing of our ports.
		case p.Neighbour() || ip6 != nil && ip6.HopLimit == 255: // which no router passes on
		case ip4 != nil && ip4.TTL == 1, ip6 != nil && ip6.HopLimit == 1:
			sent++
			link := netip.MustParsePrefix("10.64.3.0/25").Contains(dst) || dst.IsLinkLocalUnicast() || dst.IsLinkLocalMulticast()
			if !link {
				t.Errorf("%v to %v is not of this link", src, dst)
			}
		default:
			t.Errorf("a router would pass on %v", p)
		}
	}
	if sent < 6 {
		t.Errorf("%d packets with hop limit 1: the capture has not seen the run", sent)
	}
}

// unreachable tells whether p says port unreachable.
func unreachable(p *lab.Packet) bool {
	typ, code, ok := p.ICMP()
	return ok && (typ == 3 && code == 3 || typ == 1 && code == 4)
}

// TestLocalLies: answers with another ID, from another port, or for another address prove
// nothing, and names are told as they are said.
func TestLocalLies(t *testing.T) {
	t.Parallel()
	s := newNeighbourhood(t)
	h := s.hosts
	addr := func(a string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(a)} }
	h["windows"].UDP(137, nodeStatus("FORGED", 1))
	other := lab.DNS(map[string][]netip.Addr{"other.local": addr("10.64.3.70")})
	h["camera"].UDP(5353, func(q []byte, from netip.AddrPort) []byte { // as an answer to another's question
		b := other(q, from)
		b[2] &^= 0x80
		return b
	})
	honest := lab.DNS(map[string][]netip.Addr{"a\x1b[31m\x00\xff.local": addr("10.64.3.70")})
	h["printer"].UDP(5353, honest)
	o := ask(t, s.client, "sweep --local -4")
	o.wantExit(t, 0)
	for a, r := range o.hosts {
		if a != "10.64.3.70" && len(r.Local) > 0 {
			t.Errorf("%s is called %v", a, r.Local)
		}
	}
	if strings.Contains(o.text, "\x1b") || !strings.Contains(o.text, `a\x1b[31m`) {
		t.Error("the text does not escape a name")
	}
	for a := range o.hosts {
		if strings.Contains(a, ":") {
			t.Errorf("%s was found in spite of -4", a)
		}
	}
	if o.end.Unsolicited == 0 {
		t.Error("nothing is said of answers without proof")
	}
}

// TestLocalLinks: links are chosen by -e, what is excluded is not told of, -6 asks nobody by
// ARP, and prefixes of millions are refused by a line that works.
func TestLocalLinks(t *testing.T) {
	t.Parallel()
	s := newNeighbourhood(t)
	wire := s.client.Capture("eth0")
	six := ask(t, s.client, "sweep --local -6 --exclude "+linkLocal(s.hosts["quiet"]).String())
	six.wantExit(t, 0)
	if len(six.hosts) != 6 { // five of the six, and the router
		t.Errorf("%d hosts: %v", len(six.hosts), six.up())
	}
	if arp := wire.Packets().Out().Find(func(p *lab.Packet) bool { return p.Layer(layers.LayerTypeARP) != nil }); len(arp) > 0 {
		t.Errorf("-6 asks by ARP:\n%v", arp)
	}
	typed(t, s.client, "sweep", "--local", "-e", "lo").wantExit(t, 4)
	typed(t, s.client, "sweep", "--local", "10.64.3.9").wantExit(t, 2)
	s.client.Addr("eth0", "10.200.0.1/8")
	large := typed(t, s.client, "sweep", "--local")
	large.wantExit(t, 2)
	_, line, ok := strings.Cut(large.stderr, "as in sonde ")
	words := strings.Fields(line)
	if !ok || len(words) < 5 {
		t.Fatalf("no line is proposed: %s", large.stderr)
	}
	proposed := slices.Clone(words[:5])
	proposed[4] = strings.TrimSuffix(proposed[4], ",")
	if o := typed(t, s.client, proposed...); o.exit == 2 {
		t.Errorf("%v: exit 2", proposed)
	}
	typed(t, s.client, "sweep", "--local", "-6").wantExit(t, 0)
}
