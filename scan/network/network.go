// Package network opens what a run works with: it decides which link carries the
// packets, what this process may do, from which source ports it asks, and
// whether the kernel's resets are kept back. Open is what to call first.
package network

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"go4.org/netipx"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/link"
	"sonde/scan/sandbox"
	"sonde/scan/target"
)

// Request says what a run needs of the network.
type Request struct {
	Targets *target.Set
	Iface   string     // -e; "": as the routes say
	Source  netip.Addr // -S; zero: as the routes say
	Port    uint16     // -g; 0: a block of ports
	TTL     uint8      // 0: the kernel's
	TOS     uint8
	Proto   string         // "tcp", "udp", "icmp": what is asked, besides pings
	Sweeps  bool           // pings may be asked, so all protocols and ARP or ND
	Stray   bool           // what is asked belongs to no connection, see probe.Traits
	Via     string         // "raw", "connect", "xdp" or "": as permitted
	Probes  uint64         // about how many questions are asked
	Pinged  bool           // by pings that the user chose
	Guard   bool           // the kernel's resets are to be kept back (--rst-guard)
	Frames  bool           // what is asked has fields that only link-layer frames carry
	Crafts  [2]probe.Craft // shape of what is asked, of IPv4 and IPv6; only with "xdp"
}

// manyProbes is from how many questions on packets leave as frames and answers
// come through rings: these cost more to set up, and less for each packet.
const manyProbes = 8192

// fewProbes is up to how many questions one processor asks as fast as several: what these
// do at the same time is over before they have begun.
const fewProbes = 64

// hugeProbes is from how many questions on answers may come at a million a second,
// for long enough that a busy machine needs more room for them.
const hugeProbes = 1 << 18

// large tells whether the request is worth rings.
func (r *Request) large() bool { return r.Probes >= manyProbes }

// Network is what a run works with: the kernel's, or a simulated one.
type Network struct {
	Link    scan.Link    // packets of our own; nil where the kernel asks
	Sockets scan.Sockets // nil where packets of our own ask
	Routes  scan.Routes
	Start   time.Time // zero of the clock that Link and Sockets stamp with
	Ports   probe.Ports
	Senders int  // goroutines that send the packets of one plan
	Bulk    bool // Link is a scan.Bulk
	// Neighbours are link-layer addresses that are known beforehand.
	Neighbours map[netip.Addr]wire.MAC
	// Resolve says that what leaves by raw IP sockets waits for its next hop to be found.
	Resolve bool
	// Unresolved tells whether the kernel asked for an address on a link and got no answer.
	// Nil: the kernel has no part in it.
	Unresolved func(netip.Addr) bool
	// Lost and Changing are as in scan.Config. Nil: nobody knows.
	Lost     func(way uint16, since time.Duration) probe.Trouble
	Changing func(since time.Duration) bool
	// Unwatched tells why not all losses are known, nil if they are. Nil: they are, or
	// Notes say why not.
	Unwatched func() error
	// Hostless tells whether an address is of no single host, as a broadcast
	// address is. Nil: none is.
	Hostless func(netip.Addr) bool
	// Stretches tells the runs of addresses within a range that share a way. Nil: it
	// is not known.
	Stretches func(r netipx.IPRange, each func(first, last netip.Addr, way uint16))
	NoEcho    error    // why the kernel sends no echo requests for us; nil if it does
	Notes     []string // what the user must know of the way of asking
	// Dial opens the connections of conversations with open ports. Nil: the kernel
	// does, of a network that Open has opened; any other has none.
	Dial Dialer
	// GuardsRST: RSTs without ACK from our ports are kept back.
	GuardsRST bool
	closers   []func() // in the order in which they were opened
	real      bool     // it is the kernel's, and privileges are left to give up
	many      bool     // more than fewProbes questions are asked
}

// Real tells whether it is the kernel's. Of another one, as tests have, no packet may leave
// by the kernel.
func (n *Network) Real() bool { return n.real }

// Dialer opens TCP connections; *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Opener opens the network for a request.
type Opener func(r *Request) (*Network, error)

// NoWay is the error of Open where there is no way to any target yet, or no such
// interface: both may come.
type NoWay struct{ Err error }

func (e *NoWay) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *NoWay) Unwrap() error { return e.Err }

// Raw tells whether packets of our own are sent.
func (n *Network) Raw() bool { return n.Link != nil }

// Close lets go of what Open opened besides Link and Sockets, which belong to who
// runs plans on them.
func (n *Network) Close() {
	for _, c := range slices.Backward(n.closers) {
		c()
	}
	n.closers = nil
}

// Open opens the kernel's network. Privileges are left for opening outputs: GiveUp is
// to be called before anything is asked. Its error is of this machine: what is missing,
// and how to get it.
func Open(r *Request) (*Network, error) {
	watch, unwatched := link.OpenWatch() // first, to miss nothing that changes meanwhile
	n, table, err := open(r)
	if err != nil {
		if unwatched == nil {
			watch.Close()
		}
		return nil, err
	}
	if unwatched != nil {
		n.Notes = append(n.Notes, Blind(unwatched))
		return n, nil
	}
	watch.Follow(table)
	n.Lost = func(way uint16, since time.Duration) probe.Trouble { return watch.Lost(way, n.Start.Add(since)) }
	n.Changing = func(since time.Duration) bool { return watch.Changing(n.Start.Add(since)) }
	n.Unwatched, n.closers = watch.Err, append(n.closers, watch.Close)
	return n, nil
}

// Blind says what it means that losses of our own are not known, and why they are not.
func Blind(err error) string {
	return "the kernel does not tell of changes (" + err.Error() + "): where an address, a route or a link is lost on the way, that looks like silence"
}

// open opens all but what tells of changes.
func open(r *Request) (*Network, *link.Table, error) {
	table, err := Routes(r)
	if err == nil {
		err = reachable(table, r)
	}
	switch {
	case refused(err), errors.Is(err, syscall.EMFILE): // which does not pass
		return nil, nil, Sandboxed(err)
	case err != nil:
		return nil, nil, &NoWay{err}
	}
	n := &Network{Routes: table, Start: time.Now(), Hostless: table.Hostless, Stretches: table.Stretches, real: true, many: r.Probes > fewProbes}
	why := error(nil)
	if r.Via != "connect" {
		why = link.Permitted()
	}
	if errors.Is(why, link.ErrUnsaid) {
		return nil, nil, Sandboxed(why)
	}
	if why != nil && (r.Via == "raw" || r.bulk() || table.Foreign()) {
		return nil, nil, NeedsRaw(why, r.Guard)
	}
	if r.Via == "connect" || why != nil {
		err = n.openSockets(r, table, why)
	} else {
		n.Notes = append(n.Notes, ruleNotes(table)...)
		err = n.openRaw(r, table)
	}
	if err != nil {
		n.Close()
		return nil, nil, Sandboxed(err)
	}
	return n, table, nil
}

// ruleNotes says that packets of our own may leave by another way than those of
// applications; none where no rule of this machine looks at more than addresses.
func ruleNotes(table *link.Table) []string {
	rules := table.Choosy()
	if len(rules) == 0 {
		return nil
	}
	return []string{"a rule of this machine chooses ways by more than the address (ip rule: " + strings.Join(rules, "; ") +
		"): packets of our own go the way of all others; with --via connect the kernel asks, and follows it"}
}

// openRaw opens sockets for packets of our own.
func (n *Network) openRaw(r *Request, table *link.Table) error {
	n.Ports = sourcePorts(r.Port)
	needs := r.needs(table, n.Ports)
	n.watchNeighbours(table)
	// A gateway may die while many questions are asked, of which only ARP and ND tell soon.
	needs.Neighbours = needs.Neighbours || !n.resolved(r, table) || r.Probes > fewProbes && slices.ContainsFunc(table.Ways(), hasGateway)
	n.Resolve = needs.Neighbours
	options := link.Options{Start: n.Start}
	if r.Probes >= hugeProbes {
		options.ReceiveBuffer = 16 << 20
	}
	if r.bulk() {
		if err := n.openBulk(r, table, needs, options); err != nil {
			return err
		}
		return n.openGuard(r, table)
	}
	opened, err := link.Open(table, needs, options)
	if err != nil {
		return err
	}
	n.Link = opened
	if needs.Rings {
		n.Senders = min(2, runtime.NumCPU()) // more are not faster: the kernel's queues are shared
	}
	return n.openGuard(r, table)
}

// watchNeighbours opens the kernel's table of neighbours.
func (n *Network) watchNeighbours(table *link.Table) {
	if !slices.ContainsFunc(table.Ways(), hasNeighbours) {
		return
	}
	neighbours, err := link.OpenNeighbours(table)
	if err != nil {
		return
	}
	n.closers = append(n.closers, neighbours.Close)
	n.Unresolved = neighbours.Unresolved
	n.Neighbours, _ = neighbours.Known() // not knowing costs a question each
}

// resolved tells whether the kernel knows the link-layer address of all next hops: then
// nothing that it is given is kept back.
func (n *Network) resolved(r *Request, table *link.Table) bool {
	for _, w := range table.Ways() {
		if w.Err == nil && w.Ether && w.Next.IsValid() && n.Neighbours[w.Next.WithZone("")] == (wire.MAC{}) {
			return false
		}
	}
	if onLink(table, r.Targets) > mostNeighbours {
		return false
	}
	for i := range r.Targets.Len() {
		a := r.Targets.At(i)
		if !IsNeighbour(&table.Ways()[table.Way(a)]) {
			continue
		}
		if n.Neighbours[a.WithZone("")] == (wire.MAC{}) {
			return false
		}
	}
	return true
}

// hasNeighbours tells whether a way has next hops that are found by ARP or ND.
func hasNeighbours(w scan.Way) bool { return w.Ether && w.Err == nil }

// hasGateway tells whether a way has a next hop for all that is beyond it.
func hasGateway(w scan.Way) bool { return hasNeighbours(w) && w.Next.IsValid() }

// needs says which sockets packets of our own take.
func (r *Request) needs(table *link.Table, ports probe.Ports) link.Needs {
	needs := link.Needs{TCP: r.Proto == "tcp" || r.Sweeps, UDP: r.Proto == "udp" || r.Sweeps, ICMP: true,
		Ports: []link.PortRange{{First: ports.First, Last: ports.First + ports.N - 1}}}
	for _, w := range table.Ways() {
		needs.Frames = needs.Frames || w.Frames
	}
	needs.Rings = needs.Frames && (r.large() || r.bulk())
	for block := range r.Targets.Each {
		needs.V4 = needs.V4 || block.From().Is4()
		needs.V6 = needs.V6 || !block.From().Is4()
	}
	for _, w := range table.Ways() { // an IPv4 route may lead by an IPv6 gateway (RFC 5549)
		needs.V6 = needs.V6 || w.Err == nil && w.Next.Is6()
	}
	needs.V6 = needs.V6 || len(r.Targets.Zoned()) > 0
	needs.Neighbours = (r.Sweeps || needs.Frames) && slices.ContainsFunc(table.Ways(), hasNeighbours)
	return needs
}

// GiveUp gives up all that root, or the program's file, is permitted, and all that
// package sandbox takes away, but for what root needs where files will be changed by
// name. What is open by then stays so. From then on all processors are used.
func GiveUp(later sandbox.Files) (sandbox.State, error) {
	s, err := sandbox.Enter(policy(later))
	runtime.SetDefaultGOMAXPROCS()
	return s, Sandboxed(err)
}

// GiveUp does the same when outputs are open and before anything a stranger says is
// read, but for what the kernel's sockets take where they are opened later: a source
// port below 1024, and a group for which the kernel sends echo requests.
func (n *Network) GiveUp(later sandbox.Files) error {
	if !n.real {
		return nil
	}
	p := policy(later)
	p.Programs = n.Bulk
	if n.Sockets != nil && n.NoEcho == nil && p.Nobody == sandbox.OtherGroup {
		p.Nobody = sandbox.OtherUser
	}
	if n.Sockets != nil && n.Ports.N == 1 && n.Ports.First < unprivilegedPort {
		p.Keep = append(p.Keep, cap.NET_BIND_SERVICE)
	}
	if _, err := sandbox.Enter(p); err != nil {
		return Sandboxed(err)
	}
	n.spread()
	return nil
}

// spread has the run use as many processors as are worth it: it begins with one.
func (n *Network) spread() {
	switch {
	case n.Senders > 0:
		// Go takes its time to notice that a goroutine is in a system call. Senders
		// always are, and whoever receives must not wait for them.
		runtime.GOMAXPROCS(runtime.NumCPU() + n.Senders)
	case n.many:
		runtime.SetDefaultGOMAXPROCS()
	}
}

// policy is what any run still needs that changes these files later.
func policy(later sandbox.Files) sandbox.Policy {
	if later.Any() {
		return sandbox.Policy{Nobody: sandbox.StayUser, Keep: []cap.Value{cap.DAC_OVERRIDE}, Files: later}
	}
	return sandbox.Policy{Nobody: sandbox.OtherGroup}
}

// unprivilegedPort is the first port that everybody may send from.
const unprivilegedPort = 1024

// openSockets makes the kernel ask for us.
func (n *Network) openSockets(r *Request, table *link.Table, why error) error {
	shape := link.Shape{Source: r.Source, Port: r.Port, Iface: r.Iface, TTL: r.TTL, TOS: r.TOS}
	sockets, err := link.OpenSockets(link.SocketOptions{Start: n.Start, Routes: table,
		Shape: func(uint32, probe.Probe) link.Shape { return shape }})
	if err != nil {
		return err
	}
	n.Sockets = sockets
	n.watchNeighbours(table)
	n.NoEcho = link.PingPermitted()
	n.Ports = sourcePorts(r.Port)
	if why != nil {
		n.Notes = append(n.Notes, "no raw sockets here ("+why.Error()+"), so the kernel asks: connect")
	}
	return nil
}
