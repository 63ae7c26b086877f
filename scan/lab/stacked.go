package lab

import "github.com/vishvananda/netlink"

// Macvlan adds an interface with an Ethernet address of its own on top of
// another one, in bridge mode, as containers have; with these addresses.
func (h *Host) Macvlan(parent string, addrs ...string) (iface string) {
	h.net.t.Helper()
	iface = h.nextName("macvlan")
	err := h.links.LinkAdd(&netlink.Macvlan{
		LinkAttrs: netlink.LinkAttrs{Name: iface, ParentIndex: h.Index(parent)},
		Mode:      netlink.MACVLAN_MODE_BRIDGE,
	})
	if err != nil {
		h.fail("%s: %v", iface, err)
	}
	return h.raise(iface, addrs)
}

// Bridge adds a bridge of which an interface of the host becomes the only port,
// as hypervisors have; with these addresses. The port should have none.
func (h *Host) Bridge(port string, addrs ...string) (iface string) {
	h.net.t.Helper()
	snooping := false
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: h.nextName("br")}, MulticastSnooping: &snooping}
	err := h.links.LinkAdd(br)
	if err == nil {
		err = h.links.LinkSetMaster(h.link(port), br)
	}
	if err != nil {
		h.fail("%s over %s: %v", br.Name, port, err)
	}
	return h.raise(br.Name, addrs)
}

// raise sets an interface up and gives it addresses.
func (h *Host) raise(iface string, addrs []string) string {
	h.net.t.Helper()
	if err := h.links.LinkSetUp(h.link(iface)); err != nil {
		h.fail("%s up: %v", iface, err)
	}
	if err := h.awaitUp(iface); err != nil {
		h.fail("%v", err)
	}
	h.Addr(iface, addrs...)
	return iface
}
