package lab

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Link connects two hosts by an Ethernet cable (a veth pair) and returns the
// names of the interfaces at its ends. Addresses with prefix length are given to
// a and b by turns: "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64".
// When it returns, both ends pass packets and all addresses are usable. The link
// takes no time at all: see SlowLink for what that means.
func (n *Network) Link(a, b *Host, addrs ...string) (ifaceA, ifaceB string) {
	n.t.Helper()
	ifaceA, ifaceB = a.nextName("eth"), b.nextName("eth")
	if err := n.cable(a, ifaceA, b, ifaceB); err != nil {
		n.fail("link %s-%s: %v", a.Name, b.Name, err)
	}
	n.share(a, ifaceA, b, ifaceB, addrs)
	return ifaceA, ifaceB
}

// share gives addresses to both ends of a link by turns.
func (n *Network) share(a *Host, ifaceA string, b *Host, ifaceB string, addrs []string) {
	n.t.Helper()
	for i, addr := range addrs {
		if i%2 == 0 {
			a.Addr(ifaceA, addr)
		} else {
			b.Addr(ifaceB, addr)
		}
	}
}

// Switch is an Ethernet switch that any number of hosts can be plugged into.
type Switch struct {
	host   *Host // the namespace that the bridge lives in
	bridge *netlink.Bridge
}

// Switch adds a switch: a bridge without address, spanning tree or snooping.
func (n *Network) Switch(name string) *Switch {
	n.t.Helper()
	snooping := false
	s := &Switch{n.Host(name), &netlink.Bridge{
		LinkAttrs:         netlink.LinkAttrs{Name: "br0"},
		MulticastSnooping: &snooping,
	}}
	s.host.Sysctl("net/ipv6/conf/default/disable_ipv6", "1")
	if err := s.host.links.LinkAdd(s.bridge); err != nil {
		n.fail("switch %s: %v", name, err)
	}
	if err := s.host.links.LinkSetUp(s.bridge); err != nil {
		n.fail("switch %s: %v", name, err)
	}
	return s
}

// Plug connects a host to the switch, with these addresses, and returns the name
// of its interface.
func (s *Switch) Plug(h *Host, addrs ...string) (iface string) {
	n := h.net
	n.t.Helper()
	iface = h.nextName("eth")
	port := s.host.nextName("port")
	if err := n.cable(h, iface, s.host, port); err != nil {
		n.fail("plug %s into %s: %v", h.Name, s.host.Name, err)
	}
	if err := s.host.links.LinkSetMaster(s.host.link(port), s.bridge); err != nil {
		n.fail("plug %s into %s: %v", h.Name, s.host.Name, err)
	}
	h.Addr(iface, addrs...)
	return iface
}

// end is one end of a cable.
type end struct {
	*Host
	iface string
}

// cable makes a veth pair with both ends up.
func (n *Network) cable(a *Host, ifaceA string, b *Host, ifaceB string) error {
	pair := netlink.NewVeth(netlink.LinkAttrs{Name: ifaceA})
	pair.PeerName, pair.PeerNamespace = ifaceB, netlink.NsFd(b.ns)
	if err := a.links.LinkAdd(pair); err != nil {
		return fmt.Errorf("veth: %w", err)
	}
	ends := [...]end{{a, ifaceA}, {b, ifaceB}}
	a.cables[ifaceA], b.cables[ifaceB] = ends[1], ends[0]
	for _, end := range ends {
		if err := end.Do(func() error { return setOffload(end.iface, false) }); err != nil {
			return fmt.Errorf("offload of %s: %w", end.iface, err)
		}
		l, err := end.links.LinkByName(end.iface)
		if err != nil {
			return err
		}
		if err := end.links.LinkSetUp(l); err != nil {
			return err
		}
	}
	if err := a.awaitUp(ifaceA); err != nil {
		return err
	}
	return b.awaitUp(ifaceB)
}

// awaitUp waits until an interface works. The kernel notices the carrier in a
// work queue, and until then the interface drops what it should send; in another
// it makes the link-local address usable, without which a router cannot send
// neighbour solicitations.
func (h *Host) awaitUp(iface string) error {
	return await(iface, func() (string, error) {
		l, err := h.links.LinkByName(iface)
		if err != nil {
			return "", err
		}
		return h.missing(l)
	})
}

// await calls missing until it returns "" or an error, at most for 30 s: other networks
// may be built and torn down at the same time.
func await(iface string, missing func() (string, error)) error {
	const step, most = time.Millisecond, 30 * time.Second
	for end := time.Now().Add(most); ; time.Sleep(step) {
		what, err := missing()
		if what == "" || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s has no %s after %v", iface, what, most)
		}
	}
}

// missing returns what keeps an interface from working, or "".
func (h *Host) missing(l netlink.Link) (string, error) {
	if s := l.Attrs().OperState; s != netlink.OperUp && s != netlink.OperUnknown {
		return "carrier", nil
	}
	if len(l.Attrs().HardwareAddr) == 0 { // so nobody is asked for one
		return "", nil
	}
	err := h.Do(func() error {
		off, err := os.ReadFile("/proc/sys/net/ipv6/conf/" + l.Attrs().Name + "/disable_ipv6")
		if err == nil && string(off) == "1\n" {
			err = errNoIPv6
		}
		return err
	})
	if errors.Is(err, errNoIPv6) {
		return "", nil
	}
	addrs, err2 := h.links.AddrList(l, netlink.FAMILY_V6)
	if err := errors.Join(err, err2); err != nil {
		return "", err
	}
	for _, a := range addrs {
		if a.IP.IsLinkLocalUnicast() && a.Flags&unix.IFA_F_TENTATIVE == 0 {
			return "", nil
		}
	}
	return "link-local address", nil
}

var errNoIPv6 = errors.New("IPv6 is disabled")

// MTU sets the MTU of an interface, in bytes from the IP header on.
func (h *Host) MTU(iface string, bytes int) {
	h.net.t.Helper()
	if err := h.links.LinkSetMTU(h.link(iface), bytes); err != nil {
		h.fail("MTU of %s: %v", iface, err)
	}
}

// FullQueue gives an interface a queue that has no room for any packet: who sends is told
// that (ENOBUFS).
func (h *Host) FullQueue(iface string) {
	h.net.t.Helper()
	err := h.links.QdiscReplace(&netlink.Tbf{
		QdiscAttrs: netlink.QdiscAttrs{LinkIndex: h.Index(iface), Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
		Rate:       1 << 20, Buffer: 1 << 16, Limit: 1,
	})
	if err != nil {
		h.fail("queue of %s: %v", iface, err)
	}
}

// Down turns an interface off, which pulls the cable of the one at its other end. Its
// addresses stay, its routes go.
func (h *Host) Down(iface string) {
	h.net.t.Helper()
	if err := h.links.LinkSetDown(h.link(iface)); err != nil {
		h.fail("%s down: %v", iface, err)
	}
}

// Up turns an interface on that Down turned off, and returns when it passes packets.
// Routes by way of a gateway do not come back by themselves.
func (h *Host) Up(iface string) {
	h.net.t.Helper()
	if err := h.links.LinkSetUp(h.link(iface)); err != nil {
		h.fail("%s up: %v", iface, err)
	}
	if err := h.awaitUp(iface); err != nil {
		h.fail("%v", err)
	}
}

// Unplug takes an interface out of the host, as one that is pulled out of its socket.
// The other end of its cable goes with it.
func (h *Host) Unplug(iface string) {
	h.net.t.Helper()
	if err := h.links.LinkDel(h.link(iface)); err != nil {
		h.fail("%s away: %v", iface, err)
	}
}

// Replug connects two hosts anew by interfaces of names that Unplug took away: it is
// Link otherwise. They have other indexes and MACs than before.
func (n *Network) Replug(a *Host, ifaceA string, b *Host, ifaceB string, addrs ...string) {
	n.t.Helper()
	if err := n.cable(a, ifaceA, b, ifaceB); err != nil {
		n.fail("link %s-%s: %v", a.Name, b.Name, err)
	}
	n.share(a, ifaceA, b, ifaceB, addrs)
}

// Offload turns an interface's offloads on or off: checksums left to the card
// and segments larger than the link. They are off in a new link, so that a
// capture sees what a real wire carries; with offloads on, packet sockets see
// what they see between containers on one machine: checksums not yet computed.
func (h *Host) Offload(iface string, on bool) {
	h.net.t.Helper()
	h.do("offload of "+iface, func() error { return setOffload(iface, on) })
}
