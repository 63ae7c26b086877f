package simnet

import (
	"net/netip"
	"syscall"
	"time"

	"sonde/probe/wire"
	"sonde/scan"
)

// Network is a network as its file describes it. Nothing in it changes when it
// is used, except that a test may set Seed before Open.
type Network struct {
	Seed uint64

	kernelRST   bool
	sendbuf     int
	drain       time.Duration // from one packet to the next
	rcvbuf      int
	coalesce    time.Duration
	faults      []fault
	ifaces      []iface
	ways        []scan.Way
	routes      []route // longest prefix first
	noWay       uint16  // the way that says that there is none
	local       map[netip.Addr]int
	routers     []router
	paths       []path // longest prefix first
	single      map[netip.Addr]*group
	groups      []*group // of prefixes, longest first
	lines       [][2]line
	routerHost  group               // a router as a host
	routerAddrs map[netip.Addr]bool // of all routers
}

// The two directions of a line.
const (
	there = iota
	back
)

// line is one direction of a line between two neighbours.
type line struct {
	loss, dup     chance
	delay, jitter time.Duration
	spread        time.Duration // of a constant addition for each host
	interval      time.Duration // of its bottleneck: from one packet to the next; 0: none
	queue         int           // packets that wait there
	down          []span
}

// span is a stretch of time, its end not included.
type span struct{ from, to time.Duration }

func (s span) has(at time.Duration) bool { return at >= s.from && at < s.to }

// fault makes Send fail.
type fault struct {
	errno syscall.Errno
	share chance
	when  span
}

// iface is an interface of ours.
type iface struct {
	name   string
	mac    wire.MAC
	ether  bool // has a MAC
	frames bool
	mtu    int
	addrs  []netip.Prefix // ours, with the length of the on-link prefix
	line   int            // index into lines
}

// onLink tells whether addr is on i's link.
func (i *iface) onLink(addr netip.Addr) bool {
	for _, p := range i.addrs {
		if p.Masked().Contains(addr) {
			return true
		}
	}
	return addr.Is6() && addr.IsLinkLocalUnicast() && i.addr(true).IsValid()
}

// addr returns i's first address of a family.
func (i *iface) addr(v6 bool) netip.Addr {
	for _, p := range i.addrs {
		if p.Addr().Is6() == v6 {
			return p.Addr()
		}
	}
	return netip.Addr{}
}

// route leads a prefix to a way.
type route struct {
	prefix netip.Prefix
	way    uint16
}

// router forwards packets, may change them, or refuses them.
type router struct {
	name   string
	addrs  []netip.Addr
	mac    wire.MAC
	ether  bool // has a MAC: may be a gateway
	ttl    uint8
	silent bool
	quote  int // bytes quoted behind the IP header; negative: as many as allowed
	limit  limit
	mtu    mtu
	edit   edit
	count  countdown
	rules  [2][]rule
	line   int
	split  *split // nil: it sends all the same way
}

// mtu is how long packets may be that a router passes on.
type mtu struct {
	most   int // bytes; 0: any
	untold bool
	tells  int // what its messages say, where that is not most
}

// addr returns r's first address of a family.
func (r *router) addr(v6 bool) netip.Addr {
	for _, a := range r.addrs {
		if a.Is6() == v6 {
			return a
		}
	}
	return netip.Addr{}
}

func (r *router) has(addr netip.Addr) bool {
	for _, a := range r.addrs {
		if a == addr {
			return true
		}
	}
	return false
}

// limit is a rate limit of ICMP errors: a bucket of burst tokens that gets one
// each interval. 0: no limit.
type limit struct {
	interval time.Duration
	burst    int
}

// verdict is what becomes of a packet.
type verdict uint8

const (
	accept verdict = iota
	drop
	reset   // TCP RST in the name of the target
	forge   // SYN-ACK in the name of the target
	refuse  // an ICMP error
	silence // a UDP service that says nothing
	echo    // a UDP service, and a TCP one where it means open
	served  // a UDP service that answers what has a payload
	tftp    // a UDP service that answers from a new port
)

// action is a verdict with what it needs.
type action struct {
	verdict verdict
	msg     wire.Message // of refuse
	router  int          // who refuses; negative: who has the action
}

// rule is one line of a router's firewall. The zero value of a condition is
// always true.
type rule struct {
	action
	proto        uint8 // wire.ProtoTCP..., ICMP for both families
	ports, sport *portSet
	tos, size    *portSet // of the whole packet
	to           netip.Prefix
	option       option
	unless       bool // the option must be absent
	share        chance
}

// path leads a prefix over routers.
type path struct {
	prefix    netip.Prefix
	routers   []int
	loop      bool
	dead      wire.Message // about absent hosts; OtherMessage: nothing
	deadAfter time.Duration
}

// group is the description of one host, or of all hosts of a prefix.
type group struct {
	prefix  netip.Prefix
	alive   chance
	seed    uint64
	ttl     uint8
	mac     wire.MAC
	hasMAC  bool
	stack   stack
	tcp     []portLine // the last that fits counts
	udp     []portLine
	noEcho  bool
	noStamp bool
	mask    bool          // answers address mask requests
	sleeps  time.Duration // what wakes it is lost, and what comes until then
	noNeigh bool
	limit   limit
	retries int
	strict  bool // half-open connections as in "half-open strict"
	line    int
}

// portLine says what some ports of a host do.
type portLine struct {
	action
	ports *portSet
	share chance // of the ports, by a hash
	salt  uint64
}

// way returns the index of the way to addr.
func (n *Network) way(addr netip.Addr) uint16 {
	addr = addr.WithZone("").Unmap()
	for i := range n.routes {
		if n.routes[i].prefix.Contains(addr) {
			return n.routes[i].way
		}
	}
	return n.noWay
}

// path returns the index of the path to addr over a gateway, the most specific
// one; negative: none.
func (n *Network) path(gateway int, addr netip.Addr) int {
	for i := range n.paths {
		if n.paths[i].routers[0] == gateway && n.paths[i].prefix.Contains(addr) {
			return i
		}
	}
	return -1
}

// router returns the index of the router that has addr; negative: none.
func (n *Network) router(addr netip.Addr) int {
	if !n.routerAddrs[addr] {
		return -1
	}
	for i := range n.routers {
		if n.routers[i].has(addr) {
			return i
		}
	}
	return -1
}

// group returns what describes the host at addr; nil if there is no such host.
func (n *Network) group(addr netip.Addr) *group {
	g := n.single[addr]
	if g == nil {
		for _, p := range n.groups {
			if p.prefix.Contains(addr) {
				g = p
				break
			}
		}
	}
	if g == nil || !g.has(addr) {
		return nil
	}
	return g
}

// neighbour returns the MAC of the on-link address addr; false if nobody has it
// or answers for it.
func (n *Network) neighbour(addr netip.Addr) (wire.MAC, bool) {
	if r := n.router(addr); r >= 0 && n.routers[r].ether {
		return n.routers[r].mac, true
	}
	if g := n.group(addr); g != nil && !g.noNeigh {
		return g.macOf(addr), true
	}
	return wire.MAC{}, false
}
