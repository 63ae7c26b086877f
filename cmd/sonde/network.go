package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"time"

	"go4.org/netipx"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/link"
	"sonde/scan/target"
)

// request says what a command needs of the network.
type request struct {
	targets *target.Set
	iface   string
	source  netip.Addr
	port    uint16 // -g
	ttl     uint8
	tos     uint8
	proto   string // "tcp", "udp", "icmp": what is asked, besides pings
	sweeps  bool   // pings may be asked, so all protocols and ARP or ND
	stray   bool   // what is asked belongs to no connection, see probe.StrayKind
	via     string // "raw", "connect" or "": as permitted
	files   bool   // files will be written later
	probes  uint64 // about how many questions are asked
	pinged  bool   // by the pings of -P
	guard   bool   // --rst-guard
}

// manyProbes is from how many questions on packets leave as frames and answers
// come through rings: these are dear to set up, but cost less for each packet.
const manyProbes = 8192

// hugeProbes is from how many questions on answers may come at a million a second,
// for long enough that a busy machine needs more room for them.
const hugeProbes = 1 << 18

// large tells whether the request is worth rings.
func (r *request) large() bool { return r.probes >= manyProbes }

// network is what a run works with: the kernel's, or a simulated one.
type network struct {
	link    scan.Link
	sockets scan.Sockets
	routes  scan.Routes
	start   time.Time
	ports   probe.Ports
	senders int // goroutines that send the packets of one plan
	known   map[netip.Addr]wire.MAC
	vain    func(netip.Addr) bool
	// hostless tells whether an address is of no single host, as a broadcast
	// address is. nil: none is.
	hostless func(netip.Addr) bool
	noEcho   error // why the kernel sends no echo requests for us; nil if it does
	note     string
	close    func()
}

// opener opens the network for a request.
type opener func(req *request) (*network, error)

// raw tells whether packets of our own are sent.
func (n *network) raw() bool { return n.link != nil }

// openKernel opens the real network, and gives up all privileges afterwards.
func openKernel(req *request) (*network, error) {
	table, err := newTable(req)
	if err != nil {
		return nil, err
	}
	if err := honoured(table, req); err != nil {
		return nil, local(err)
	}
	n := &network{routes: table, start: time.Now(), close: func() {}, hostless: table.Hostless}
	why := error(nil)
	if req.via != "connect" {
		why = link.Permitted()
	}
	if why != nil && (req.via == "raw" || table.Foreign()) {
		return nil, needsRaw(why, req.guard)
	}
	if req.via == "connect" || why != nil {
		return n, n.openSockets(req, table, why)
	}
	return n, n.openRaw(req, table)
}

// needsRaw is the error where packets of our own, or a guard beside them, are asked
// for and not permitted.
func needsRaw(why error, guard bool) error {
	capabilities := "cap_net_raw"
	if guard {
		capabilities += ",cap_net_admin"
	}
	return local(fmt.Errorf("%w: run as root, or: setcap %s+p sonde", why, capabilities))
}

// newTable asks for the ways to the targets of a request.
func newTable(req *request) (*link.Table, error) {
	options := link.RouteOptions{Iface: req.iface, Source: req.source}
	if req.stray || req.large() {
		options.Frames = link.FrameAll
	}
	table, err := link.NewTable(req.targets.Ranges(), req.targets.Zoned(), options)
	if err == nil && options.Frames != link.FrameAll && onLink(table, req.targets) > mostNeighbours {
		options.Frames = link.FrameOnLink
		table, err = link.NewTable(req.targets.Ranges(), req.targets.Zoned(), options)
	}
	if err != nil {
		return nil, local(err)
	}
	return table, nil
}

// honoured refuses -e and -S where none of the targets can be asked that way.
func honoured(table *link.Table, req *request) error {
	flags := ""
	if req.iface != "" {
		flags += " -e " + req.iface
	}
	if req.source.IsValid() {
		flags += " -S " + req.source.String()
	}
	ways := table.Ways()[1:] // the first is for what is no target
	if flags == "" || len(ways) == 0 {
		return nil
	}
	for _, w := range ways {
		if w.Err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: no way to %v: %w", flags[1:], req.targets.At(0), ways[0].Err)
}

// mostNeighbours is for how many hosts on a link the kernel is left to find the
// Ethernet addresses: its table has room for 1024 (gc_thresh3), and is not ours
// alone.
const mostNeighbours = 256

// onLink counts the targets that are on an Ethernet link of ours, up to a few
// more than mostNeighbours.
func onLink(table *link.Table, targets *target.Set) int {
	near := false
	for _, w := range table.Ways() {
		near = near || isNeighbour(&w)
	}
	n := 0
	for i := uint64(0); near && i < targets.Len() && n <= mostNeighbours; i++ {
		if isNeighbour(&table.Ways()[table.Way(targets.At(i))]) {
			n++
		}
	}
	return n
}

// isNeighbour tells whether targets on this way are on an Ethernet link of ours, so
// that ARP or ND finds them.
func isNeighbour(w *scan.Way) bool { return w.Err == nil && w.Ether && !w.Next.IsValid() }

// sendsFrames tells whether IP packets leave as frames on any way.
func sendsFrames(table *link.Table) bool {
	for _, w := range table.Ways() {
		if w.Frames {
			return true
		}
	}
	return false
}

// openRaw opens sockets for packets of our own.
func (n *network) openRaw(req *request, table *link.Table) error {
	n.ports = sourcePorts(req.port)
	needs := link.Needs{TCP: req.proto == "tcp" || req.sweeps, UDP: req.proto == "udp" || req.sweeps, ICMP: true,
		Frames: sendsFrames(table), Ports: []link.PortRange{{First: n.ports.First, Last: n.ports.First + n.ports.N - 1}}}
	needs.Rings = needs.Frames && req.large()
	for _, r := range req.targets.Ranges() {
		needs.V4 = needs.V4 || r.From().Is4()
		needs.V6 = needs.V6 || !r.From().Is4()
	}
	needs.V6 = needs.V6 || len(req.targets.Zoned()) > 0
	ether := false
	for _, w := range table.Ways() {
		ether = ether || w.Ether && w.Err == nil
	}
	needs.Neighbours = ether && (req.sweeps || needs.Frames)
	options := link.Options{Start: n.start}
	if req.probes >= hugeProbes {
		options.ReceiveBuffer = 32 << 20
	}
	opened, err := link.Open(table, needs, options)
	if err != nil {
		return local(err)
	}
	n.link = opened
	if needs.Rings {
		n.senders = min(2, runtime.NumCPU()) // more are not faster: the kernel's queues are shared
		// Go takes its time to notice that a goroutine is in a system call. Senders
		// always are, and whoever receives must not wait for them.
		runtime.GOMAXPROCS(runtime.NumCPU() + n.senders)
	}
	if neighbours, err := link.OpenNeighbours(table); err == nil {
		n.close = neighbours.Close
		n.vain = neighbours.Unresolved
		if needs.Neighbours {
			n.known, _ = neighbours.Known() // not knowing costs a question each
		}
	}
	if err := n.openGuard(req, table); err != nil {
		return err
	}
	if err := giveUp(req.files); err != nil {
		return local(errors.Join(err, opened.Close()))
	}
	return nil
}

// giveUp drops all capabilities, but for what root needs to write files.
func giveUp(files bool) error {
	var keep []cap.Value
	if files {
		keep = []cap.Value{cap.DAC_OVERRIDE}
	}
	return link.Drop(keep...)
}

// openSockets makes the kernel ask for us.
func (n *network) openSockets(req *request, table *link.Table, why error) error {
	shape := link.Shape{Source: req.source, Port: req.port, Iface: req.iface, TTL: req.ttl, TOS: req.tos}
	sockets, err := link.OpenSockets(link.SocketOptions{Start: n.start, Routes: table,
		Shape: func(uint32, probe.Probe) link.Shape { return shape }})
	if err != nil {
		return local(err)
	}
	n.sockets = sockets
	n.noEcho = link.PingPermitted()
	n.ports = sourcePorts(req.port)
	if why != nil {
		n.note = "no raw sockets here (" + why.Error() + "), so the kernel asks: connect"
	}
	return nil
}

// sourcePorts is the block of source ports to take from: the given one, or
// what lies above the range from which the kernel serves its own sockets.
func sourcePorts(given uint16) probe.Ports {
	if given != 0 {
		return probe.Ports{First: given, N: 1}
	}
	first, _ := freePorts()
	// The block begins anywhere in the first half of what is there, so that two
	// scans in a row do not meet each other's half-open connections.
	room := 65536 - first
	start := first + int(time.Now().UnixNano()/1000)%(room/2)
	return probe.Ports{First: uint16(start), N: uint16(room / 2)}
}

// freePorts returns the first source port of those that blocks are taken from up
// to 65535, and whether the kernel takes some of them for its own sockets.
func freePorts() (first int, shared bool) {
	_, last, ok := kernelPorts()
	if ok && last < 64000 {
		return last + 1, false
	}
	return 61000, ok
}

// kernelPorts returns the range from which the kernel serves its own sockets.
func kernelPorts() (first, last int, ok bool) {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, 0, false
	}
	n, _ := fmt.Sscan(string(b), &first, &last)
	return first, last, n == 2
}

// hasRoute tells whether there is a way to addr.
func hasRoute(addr netip.Addr) bool {
	var ranges []netipx.IPRange
	var zoned []netip.Addr
	if addr.Zone() != "" {
		zoned = append(zoned, addr)
	} else {
		ranges = append(ranges, netipx.IPRangeFrom(addr, addr))
	}
	t, err := link.NewTable(ranges, zoned, link.RouteOptions{})
	return err == nil && t.Ways()[t.Way(addr)].Err == nil
}
