package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"go4.org/netipx"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
	"sonde/scan"
)

// Neighbours asks the kernel for its neighbour table (ARP and ND). It may be
// used by several goroutines.
type Neighbours struct {
	table  *Table
	socket *nl.SocketHandle
}

// OpenNeighbours opens a netlink socket for the interfaces of t's ways.
func OpenNeighbours(t *Table) (*Neighbours, error) {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	if err := s.SetReceiveTimeout(&unix.Timeval{Sec: 5}); err != nil {
		s.Close()
		return nil, fmt.Errorf("netlink: %w", err)
	}
	return &Neighbours{t, &nl.SocketHandle{Socket: s}}, nil
}

// Close closes the socket; nothing may be asked any more.
func (n *Neighbours) Close() { n.socket.Close() }

// usable are the states in which the kernel itself would send to the address.
const usable = netlink.NUD_REACHABLE | netlink.NUD_STALE | netlink.NUD_DELAY | netlink.NUD_PROBE | netlink.NUD_PERMANENT

// Known returns the link-layer addresses that the kernel knows on the links of
// the ways. A link-local address stands there with its zone, and without it
// where no two links have it.
func (n *Neighbours) Known() (map[netip.Addr]wire.MAC, error) {
	names := make(map[int]string)
	for _, w := range n.table.ways {
		if w.Err == nil {
			names[w.Iface] = w.Name
		}
	}
	messages, err := n.request(unix.NLM_F_DUMP, netip.Addr{}, 0)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("neighbours: %w", err)
	}
	known := make(map[netip.Addr]wire.MAC)
	twice := make(map[netip.Addr]bool)
	for _, m := range messages {
		e, err := netlink.NeighDeserialize(m)
		if err != nil || e.State&usable == 0 || len(e.HardwareAddr) != len(wire.MAC{}) {
			continue
		}
		addr, ok := netipx.FromStdIP(e.IP)
		name, ours := names[e.LinkIndex]
		if !ok || !ours {
			continue
		}
		mac := wire.MAC(e.HardwareAddr)
		if addr.Is6() && addr.IsLinkLocalUnicast() {
			known[addr.WithZone(name)] = mac
			if _, has := known[addr]; has {
				twice[addr] = true
			}
		}
		known[addr] = mac
	}
	for addr := range twice {
		delete(known, addr)
	}
	return known, nil
}

// Unresolved tells whether the kernel asked for addr, an on-link target or the next hop
// of a way, and has no answer (yet): what it was given for it did not leave this machine.
// The way names the link.
func (n *Neighbours) Unresolved(addr netip.Addr) bool {
	w := &n.table.ways[n.table.Way(addr)]
	if i := slices.IndexFunc(n.table.ways, func(w scan.Way) bool { return w.Err == nil && w.Next == addr }); i >= 0 {
		w = &n.table.ways[i]
	}
	if w.Err != nil {
		return false
	}
	messages, err := n.request(0, addr.WithZone(""), w.Iface)
	if err != nil || len(messages) == 0 {
		return false // ENOENT: never asked, or forgotten
	}
	e, err := netlink.NeighDeserialize(messages[0])
	return err == nil && e.State&(netlink.NUD_FAILED|netlink.NUD_INCOMPLETE) != 0
}

// request sends one RTM_GETNEIGH about addr on iface; without addr about all.
// struct ndmsg is written by hand: that of the netlink package has padding of
// any value, and the kernel refuses all but zero.
func (n *Neighbours) request(flags int, addr netip.Addr, iface int) ([][]byte, error) {
	msg := make([]byte, 12) // family, 3 zero, index, state, flags, type
	if addr.IsValid() {
		msg[0] = unix.AF_INET
		if addr.Is6() {
			msg[0] = unix.AF_INET6
		}
		binary.NativeEndian.PutUint32(msg[4:], uint32(iface))
		msg = append(msg, nl.NewRtAttr(netlink.NDA_DST, addr.AsSlice()).Serialize()...)
	}
	req := nl.NewNetlinkRequest(unix.RTM_GETNEIGH, flags)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: n.socket}
	req.AddRawData(msg)
	return req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWNEIGH)
}
