package main

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"sonde/output"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/link"
	"sonde/scan/sweep"
)

// knownMACs are the neighbours that the kernel knows; link-local ones with their
// zone.
type knownMACs map[netip.Addr]wire.MAC

// ways reports the way to each target that was named by itself, and to each
// stretch of the networks.
func (e *examination) ways() {
	for _, h := range e.targets.Named {
		r := e.way(h.Addr, netip.Addr{})
		r.Way.Spare = h.Spare
		if h.Name != "" {
			r.Names = []string{h.Name}
		}
		e.tell(r)
	}
	for _, within := range e.targets.Swept.Ranges() {
		e.table.Stretches(within, func(first, last netip.Addr, _ uint16) {
			e.tell(e.way(first, last))
		})
	}
}

// tell reports a way. Where there is none, a target of the other commands could
// not be asked.
func (e *examination) tell(r *output.Record) {
	if r.Way.Errno != 0 && !r.Way.Spare {
		e.score.unasked++
	}
	e.write(r)
}

// way describes how packets to addr would leave, or to all from addr to last
// unless that is zero.
func (e *examination) way(addr, last netip.Addr) *output.Record {
	w := &e.table.Ways()[e.table.Way(addr)]
	o := &output.Way{Last: last}
	r := &output.Record{Type: output.OfWay, Addr: addr, Way: o}
	var face link.Interface
	for _, f := range e.interfaces {
		if f.Index == w.Iface {
			face = f
			o.Iface, o.Index, o.State, o.Kind = f.Name, uint32(f.Index), f.Carrier.String(), f.Medium.String()
		}
	}
	if w.Err != nil {
		errno := syscall.EIO
		errors.As(w.Err, &errno)
		o.Errno = uint16(errno)
		return r
	}
	o.MTU, o.Source, o.Foreign, o.Next = uint32(w.MTU), w.Src, e.table.Foreign(), w.Next
	o.Local = face.Medium == link.Loopback || e.table.Local(addr)
	e.neighbour(r, w)
	e.methods(o, w, face.Medium)
	return r
}

// neighbour fills in what the kernel knows of the next hop's MAC.
func (e *examination) neighbour(r *output.Record, w *scan.Way) {
	hop := w.Next
	switch {
	case !w.Ether || r.Way.Local || r.Addr.IsMulticast(): // whose MAC follows from the address
		return
	case !hop.IsValid() && r.Way.Last.IsValid():
		r.Way.Neighbour = "each"
		for a := range e.known {
			if a.Zone() == "" && !a.Less(r.Addr) && !r.Way.Last.Less(a) {
				r.Way.Known++
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
		r.Way.Neighbour, r.MAC = "known", mac
	case e.neighbours.Unresolved(hop):
		r.Way.Neighbour = "failed"
	default:
		r.Way.Neighbour = "unknown"
	}
}

// methods fills in how the other commands would ask on this way.
func (e *examination) methods(o *output.Way, w *scan.Way, medium link.Medium) {
	method := "raw-ip"
	switch {
	case !e.raw:
		method = "sockets"
	case w.Frames && medium != link.Loopback: // which takes no frames (link.Link)
		method = "frames"
	}
	o.TCP, o.UDP, o.Sweep = method, method, method
	pings := sweep.For(sweep.Default(), !w.Own.Is4())
	switch {
	case !e.raw:
		pings = byKernel(sweep.Unprivileged(e.rights.Ping == nil))
	case e.table.Foreign(): // as sweep does: one packet, and nothing beside it
		pings = []sweep.Ping{{Kind: probe.Echo}}
	case isNeighbour(w):
		o.Sweep, pings = "frames", sweep.Link()
	}
	for _, p := range pings {
		o.Pings = append(o.Pings, pingWords(p, w.Own.Is4()))
	}
}

// pingWords names a ping: "syn 443".
func pingWords(p sweep.Ping, v4 bool) string {
	_, link := p.Kind.(probe.LinkKind)
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
