package doctor

import (
	"fmt"
	"net/netip"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/link"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/sweep"
)

// knownMACs are the neighbours that the kernel knows; link-local ones with their
// zone.
type knownMACs map[netip.Addr]wire.MAC

// ways reports the way to each target that was named by itself, and to each
// stretch of the networks.
func (e *examination) ways() {
	for h := range e.targets.Named {
		r := e.way(h.Addr, netip.Addr{})
		r.Spare, r.Name = h.Spare, h.Name
		e.tell(r)
	}
	for within := range e.targets.Swept.Each {
		e.table.Stretches(within, func(first, last netip.Addr, _ uint16) {
			e.tell(e.way(first, last))
		})
	}
}

// tell reports a way. Where there is none, a target of the other commands could
// not be asked.
func (e *examination) tell(r *report.Way) {
	if r.Errno != 0 && !r.Spare {
		e.unasked++
	}
	e.out.Put(r)
}

// way describes how packets to addr would leave, or to all from addr to last
// unless that is zero.
func (e *examination) way(addr, last netip.Addr) *report.Way {
	w := &e.table.Ways()[e.table.Way(addr)]
	r := &report.Way{Addr: addr, Last: last}
	var face link.Interface
	for _, f := range e.interfaces {
		if f.Index == w.Iface {
			face = f
			r.Iface, r.Index, r.State, r.Kind = f.Name, uint32(f.Index), f.Carrier.String(), f.Medium.String()
		}
	}
	if w.Err != nil {
		r.Errno = uint16(probe.TroubleOf(w.Err))
		return r
	}
	r.MTU, r.Source, r.Foreign, r.Next = uint32(w.MTU), w.Src, e.table.Foreign(), w.Next
	r.Local = face.Medium == link.Loopback || e.table.Local(addr)
	e.neighbour(r, w)
	e.methods(r, w, face.Medium)
	return r
}

// neighbour fills in what the kernel knows of the next hop's MAC.
func (e *examination) neighbour(r *report.Way, w *scan.Way) {
	hop := w.Next
	switch {
	case !w.Ether || r.Local || r.Addr.IsMulticast(): // whose MAC follows from the address
		return
	case !hop.IsValid() && r.Last.IsValid():
		r.Neighbour = "each"
		for a := range e.known {
			if a.Zone() == "" && !a.Less(r.Addr) && !r.Last.Less(a) {
				r.Known++
			}
		}
		return
	case !hop.IsValid():
		hop = r.Addr
	}
	key := hop.WithZone("")
	if key.Is6() && key.IsLinkLocalUnicast() {
		key = key.WithZone(w.Name)
	}
	mac, known := e.known[key]
	switch {
	case known:
		r.Neighbour, r.MAC = "known", mac
	case e.neighbours.Unresolved(hop):
		r.Neighbour = "failed"
	default:
		r.Neighbour = "unknown"
	}
}

// methods fills in how the other commands would ask on this way.
func (e *examination) methods(r *report.Way, w *scan.Way, medium link.Medium) {
	method := "raw-ip"
	switch {
	case !e.raw:
		method = "sockets"
	case w.Frames && medium != link.Loopback: // which takes no frames (link.Link)
		method = "frames"
	}
	r.TCP, r.UDP, r.Sweep = method, method, method
	pings := sweep.For(sweep.Default(), !w.Own.Is4())
	switch {
	case !e.raw:
		pings = sweep.ByKernel(sweep.Unprivileged(e.rights.Ping == nil))
	case e.table.Foreign(): // as sweep does: one packet, and nothing beside it
		pings = []sweep.Ping{{Kind: probe.Echo}}
	case network.IsNeighbour(w):
		r.Sweep, pings = "frames", sweep.Link()
	}
	for _, p := range pings {
		r.Pings = append(r.Pings, pingWords(p, w.Own.Is4()))
	}
}

// pingWords names a ping: "syn 443".
func pingWords(p sweep.Ping, v4 bool) string {
	link := p.Kind.Traits().Link
	switch {
	case link && v4:
		return "ARP"
	case link:
		return "ND"
	case p.Port != 0:
		return fmt.Sprintf("%s %d", p.Kind.Name(), p.Port)
	}
	return p.Kind.Name()
}
