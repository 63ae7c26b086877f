package link

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"

	"sonde/probe"

	"github.com/vishvananda/netlink"
	"go4.org/netipx"
	"golang.org/x/sys/unix"
)

// routeBy is route for packets that must leave by interface oif. Without a
// source, and where no route for everybody leads there, the interface's own
// addresses are tried: with two uplinks the second one's routes are mostly in a
// table that a policy rule reserves for what comes from its address.
func (k *kernel) routeBy(addr netip.Addr, oif int, source netip.Addr) (found, error) {
	f, err := k.route(addr, oif, source)
	if err == nil && k.backed(addr, oif, source, f) {
		return f, nil
	}
	if source.IsValid() {
		return found{}, orUnreachable(err)
	}
	for _, own := range k.own {
		a := own.Addr()
		if own.iface != oif || a.Is4() != addr.Is4() || a.IsLinkLocalUnicast() != addr.IsLinkLocalUnicast() {
			continue
		}
		if f, err := k.route(addr, oif, a); err == nil && k.backed(addr, oif, a, f) {
			return f, nil
		}
	}
	return found{}, orUnreachable(err)
}

// backed tells whether a route by interface oif stands behind the kernel's
// answer. IPv6 with a source answers with a route by another interface, if there
// is no better. IPv4 supposes that the target is on the link if no route leads
// there: that nobody answers ARP for it would then say nothing about it.
func (k *kernel) backed(addr netip.Addr, oif int, source netip.Addr, f found) bool {
	ours := k.byIndex(f.iface).loopback // where what is for this machine goes
	switch {
	case f.iface != oif && !ours:
		return false
	case k.local.Contains(addr) && !ours:
		return false // it does not leave (RFC 1122 §3.2.1.3)
	case addr.Is6() && f.iface != oif:
		return slices.ContainsFunc(k.own, func(o ownAddr) bool { return o.Addr() == addr && o.iface == oif })
	}
	if !addr.Is4() || f.next.IsValid() || addr.IsMulticast() || addr == limitedBroadcast {
		return true
	}
	opt := routeOptions(oif, source)
	opt.FIBMatch = true
	_, err := k.netlink.RouteGetWithOptions(addr.AsSlice(), opt)
	return err == nil
}

// limitedBroadcast is everybody on the link (RFC 919 §7).
var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

func orUnreachable(err error) error {
	if err == nil {
		return syscall.ENETUNREACH
	}
	return err
}

func routeOptions(oif int, source netip.Addr) *netlink.RouteGetOptions {
	opt := &netlink.RouteGetOptions{OifIndex: oif}
	if source.IsValid() {
		opt.SrcAddr = source.AsSlice()
	}
	return opt
}

// route asks for the way to addr (RTM_GETROUTE). The error is a probe.Trouble
// or a syscall.Errno.
func (k *kernel) route(addr netip.Addr, oif int, source netip.Addr) (found, error) {
	opt := routeOptions(oif, source)
	routes, err := k.netlink.RouteGetWithOptions(addr.AsSlice(), opt)
	if err != nil {
		return found{}, refusal(errnoOf(err), source)
	}
	if len(routes) == 0 {
		return found{}, syscall.ENETUNREACH
	}
	r := routes[0]
	switch r.Type { // IPv6 answers with the route that refuses
	case unix.RTN_UNREACHABLE:
		return found{}, probe.RouteUnreachable
	case unix.RTN_PROHIBIT:
		return found{}, probe.RouteProhibited
	case unix.RTN_BLACKHOLE:
		return found{}, probe.RouteBlackhole
	case unix.RTN_THROW:
		return found{}, syscall.ENETUNREACH
	}
	f := found{iface: r.LinkIndex, mtu: r.MTU}
	f.src = source // the kernel does not repeat it
	if src, ok := netipx.FromStdIP(r.Src); ok {
		f.src = src
	}
	f.next = gateway(r.Gw, r.Via)
	if !f.src.IsValid() { // no address of this family on the way
		return found{}, syscall.EADDRNOTAVAIL
	}
	return f, nil
}

// refusal is what an error number means in answer to RTM_GETROUTE: IPv4 answers so
// where a route refuses. With a source the kernel says EINVAL of the source, too.
func refusal(errno syscall.Errno, source netip.Addr) error {
	switch {
	case errno == syscall.EHOSTUNREACH:
		return probe.RouteUnreachable
	case errno == syscall.EACCES:
		return probe.RouteProhibited
	case errno == syscall.EINVAL && !source.IsValid():
		return probe.RouteBlackhole
	}
	return errno
}

// errnoOf digs out the kernel's error number; EIO where there is none.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EIO
}
