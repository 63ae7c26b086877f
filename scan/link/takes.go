package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
	"sonde/scan"
)

// Takes implements scan.Link. Raw sockets get what the kernel took; that a transport's
// checksum is right they are not told, no more than packet sockets are of anything.
func (l *Link) Takes(p *scan.Packet, w *wire.Packet) bool {
	if !wire.Intact(p.B, p.Type, p.Sums) {
		return false
	}
	if !p.Frame || l.table.isLoopback(int(p.Iface)) {
		return true
	}
	switch {
	case w.Layer == wire.LayerARP:
		return l.table.linked(w.ARP.SenderIP, p.Iface)
	case w.ICMP.Msg == wire.Advertisement && !l.table.linked(w.ND.Target, p.Iface):
		return false
	case w.Layer == wire.LayerTCP && p.To[0]&1 != 0:
		return false // a group of hosts has no connections
	}
	return l.takesSource(p.Iface, w.IP.Src, w.IP.Dst)
}

// linked tells whether addr is looked for on the link of interface iface: the kernel,
// too, keeps a table of neighbours for each.
func (t *Table) linked(addr netip.Addr, iface int32) bool {
	for zoned, way := range t.zoned {
		if zoned.WithZone("") == addr && t.ways[way].Iface == int(iface) {
			return true
		}
	}
	if addr.Is6() && addr.IsLinkLocalUnicast() {
		for _, way := range t.groups {
			if t.ways[way].Iface == int(iface) {
				return true
			}
		}
	}
	w := &t.ways[t.Way(addr)]
	return w.Err == nil && w.Iface == int(iface)
}

// takesSource tells whether the kernel takes packets from src to dst, an address of
// ours, that come by interface iface: not those whose source is nobody's (RFC 1122
// section 3.2.1.3, RFC 4291 section 2.5.3 and 2.7), our own, or, where the kernel
// filters by reverse path, one that is not to be found by that interface.
func (l *Link) takesSource(iface int32, src, dst netip.Addr) bool {
	if src.IsMulticast() || src.IsLoopback() {
		return false
	}
	t := l.table
	if src.Is6() {
		// A link-local address is another one's on another link.
		return !src.IsLinkLocalUnicast() || !t.isZoned(src) || t.linked(src, iface)
	}
	w := &t.ways[t.Way(src)]
	if w.Err == nil && w.Iface == int(iface) && !t.Local(src) {
		return true // it was asked that way
	}
	if t.foreign { // what is for a foreign address is not for the kernel
		return !t.Local(src)
	}
	return l.origins.ask(origin{iface, src, dst})
}

// isZoned tells whether addr was asked for with a zone.
func (t *Table) isZoned(addr netip.Addr) bool {
	for zoned := range t.zoned {
		if zoned.WithZone("") == addr {
			return true
		}
	}
	return false
}

// sources are the addresses that packets leave with, by the ways of t.
func sources(t *Table) (list []netip.Addr) {
	for i := range t.ways {
		if w := &t.ways[i]; w.Err == nil && !slices.Contains(list, w.Src) {
			list = append(list, w.Src)
		}
	}
	return list
}

// origin is where a packet comes from: by which interface, from whom, for which address
// of ours.
type origin struct {
	iface    int32
	src, dst netip.Addr
}

// origins remembers what the kernel said of origins. It belongs to who receives.
type origins struct {
	known  map[origin]bool
	socket *nl.SocketHandle
}

// mostOrigins is how many are remembered.
const mostOrigins = 1 << 12

// open opens the socket by which the kernel is asked.
func (o *origins) open() error {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	if err := s.SetReceiveTimeout(&unix.Timeval{Sec: 1}); err != nil {
		s.Close()
		return fmt.Errorf("netlink: %w", err)
	}
	o.socket = &nl.SocketHandle{Socket: s}
	return nil
}

// ask asks the kernel how it would route a packet that comes in (RTM_GETROUTE with an
// incoming interface): it refuses the sources that it would not take. Where it does not
// say, what came counts.
func (o *origins) ask(from origin) bool {
	taken, ok := o.known[from]
	if ok {
		return taken
	}
	req := nl.NewNetlinkRequest(unix.RTM_GETROUTE, 0)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: o.socket}
	req.AddData(&nl.RtMsg{RtMsg: unix.RtMsg{Family: unix.AF_INET, Dst_len: 32, Src_len: 32}})
	req.AddData(nl.NewRtAttr(unix.RTA_DST, from.dst.AsSlice()))
	req.AddData(nl.NewRtAttr(unix.RTA_SRC, from.src.AsSlice()))
	req.AddData(nl.NewRtAttr(unix.RTA_IIF, binary.NativeEndian.AppendUint32(nil, uint32(from.iface))))
	_, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWROUTE)
	taken = !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EXDEV)
	if len(o.known) >= mostOrigins || o.known == nil {
		o.known = make(map[origin]bool)
	}
	o.known[from] = taken
	return taken
}

// close lets go of the socket.
func (o *origins) close() {
	if o.socket != nil {
		o.socket.Close()
	}
}
