package report

import (
	"net/netip"

	"sonde/probe/wire"
)

// Privilege is something that this process may do on the network, or may not, or a
// means to keep the rest from it: the kernel has that, or it has not.
type Privilege struct {
	Name    string // "raw-sockets", "xdp": to have a program in the kernel ask, "ping"; "landlock", "seccomp": what keeps files and system calls away
	Allowed bool
	Missing bool   // it is not allowed, and sonde does worse without it
	Why     string // a word for what decided it, as schema.json lists them; of ping "", and of a means that is there
	Program string // raw-sockets: path of the running program; "": not known
	Drops   uint32 // raw-sockets: capabilities that sonde gives up before its first packet leaves
	Group   uint32 // ping: our group
	Groups  string // ping: net.ipv4.ping_group_range, which lets groups in; "": not known
	Version uint32 // landlock: of the kernel's (its ABI); 0: it is not there
}

// Limit is a number of this machine that limits what sonde does at once.
type Limit struct {
	Name        string // "open-files", "sockets", "local-ports", "source-ports"
	Value       uint64 // of open-files and sockets
	First, Last uint16 // of ports
	Shared      bool   // source-ports: the kernel takes from them too
}

// Interface is an interface of this machine.
type Interface struct {
	Name  string
	Index uint32
	State string // "up", "down", "no-carrier"
	Kind  string // "ethernet", "ip": without link-layer addresses, "loopback"
	MTU   uint32
	MAC   wire.MAC       // zero: it has none
	Addrs []netip.Prefix // ours, with prefix lengths
}

// Route is a default route of this machine.
type Route struct {
	V6     bool
	Kind   string     // "unicast", or what the kernel says instead of sending: "unreachable", "prohibit", …
	Iface  string     // unicast
	Next   netip.Addr // unicast: the gateway; zero: everybody is on the link
	Source netip.Addr // the preferred one; zero: there is none
	Metric uint32
	Table  uint32 // MainTable, or one that policy rules lead to
}

// MainTable is the routing table that is asked where no rule says otherwise
// (RT_TABLE_MAIN).
const MainTable = 254

// Way is how packets to a target would leave this machine, or to a stretch of
// addresses that begins there.
type Way struct {
	Addr  netip.Addr
	Last  netip.Addr // of a stretch; zero: it is one address, which was named by itself
	Spare bool       // the target is a name, which without --all-addresses means another address
	Name  string     // of the target, as the user wrote it; "": none

	Iface   string
	Index   uint32 // of Iface
	State   string // of Iface, as Interface has it
	Kind    string // of Iface, as Interface has it
	MTU     uint32 // of the route
	Source  netip.Addr
	Foreign bool // Source is not ours

	Local     bool       // the target is this machine itself
	Next      netip.Addr // gateway; zero: the target is on the link
	Neighbour string     // the next hop's MAC is "known" (MAC), "unknown", or "failed" to be found; "each" of a stretch has its own; "": it needs none
	MAC       wire.MAC
	Known     uint32 // of a stretch on the link: how many MACs are known

	TCP, UDP, Sweep string   // what they ask by: "raw-ip", "frames", "sockets" (the kernel's)
	Pings           []string // what a sweep asks: "echo", "syn 443"

	Errno uint16 // why there is no way; 0: there is one, and nothing above but Iface and State is known otherwise
}

func (*Privilege) record() {}
func (*Limit) record()     {}
func (*Interface) record() {}
func (*Route) record()     {}
func (*Way) record()       {}
