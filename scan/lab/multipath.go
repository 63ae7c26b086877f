package lab

import (
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Multipath adds a route to a prefix over several gateways, between which the host
// balances load, by addresses and ports (fib_multipath_hash_policy 1).
func (h *Host) Multipath(prefix string, gateways ...string) {
	h.net.t.Helper()
	dst, err := ipNet(prefix)
	r := &netlink.Route{Dst: dst}
	for _, gw := range gateways {
		a, bad := netip.ParseAddr(gw)
		if bad != nil {
			h.fail("gateway: %v", bad)
			return
		}
		r.MultiPath = append(r.MultiPath, &netlink.NexthopInfo{Gw: a.AsSlice()})
	}
	if err == nil {
		r.Family = family(dst)
		err = h.links.RouteAdd(r)
	}
	if err != nil {
		h.fail("route %s via %v: %v", prefix, gateways, err)
	}
	h.Sysctl("net/ipv4/fib_multipath_hash_policy", "1")
	h.Sysctl("net/ipv6/fib_multipath_hash_policy", "1")
}
