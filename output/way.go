package output

import (
	"net/netip"
	"syscall"
)

// Way is how packets to Record.Addr would leave this machine, or to a stretch of
// addresses that begins there.
type Way struct {
	Last  netip.Addr // of a stretch; zero: it is one address, which was named by itself
	Spare bool       // the target is a name, which without --all-addresses means another address

	Iface   string
	Index   uint32 // of Iface
	State   string // of Iface, as Interface has it
	Kind    string // of Iface, as Interface has it
	MTU     uint32 // of the route
	Source  netip.Addr
	Foreign bool // Source is not ours

	Local     bool       // the target is this machine itself
	Next      netip.Addr // gateway; zero: the target is on the link
	Neighbour string     // the next hop's MAC is "known" (Record.MAC), "unknown", or "failed" to be found; "each" of a stretch has its own; "": it needs none
	Known     uint32     // of a stretch on the link: how many MACs are known

	TCP, UDP, Sweep string   // what they ask by: "raw-ip", "frames", "sockets" (the kernel's)
	Pings           []string // what a sweep asks: "echo request", "SYN 443"

	Errno uint16 // why there is no way; 0: there is one, and nothing above but Iface and State is known otherwise
}

// noWay is a word for why there is no way to addr.
func noWay(addr netip.Addr, w *Way) string {
	switch syscall.Errno(w.Errno) {
	case syscall.ENETUNREACH:
		return "no-route"
	case syscall.EHOSTUNREACH:
		return "unreachable"
	case syscall.EACCES:
		return "prohibited"
	case syscall.ENODEV:
		return "no-interface"
	case syscall.EADDRNOTAVAIL:
		return "no-source"
	case syscall.EINVAL:
		// Both a route and a question without an answer end so.
		if addr.Is6() && addr.IsLinkLocalUnicast() && addr.Zone() == "" {
			return "no-zone"
		}
		return "blackhole"
	}
	return "error"
}

// resolves is how the MAC of a neighbour is found.
func resolves(addr netip.Addr) string {
	if addr.Is4() {
		return "ARP"
	}
	return "ND"
}
