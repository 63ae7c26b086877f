package link

import (
	"golang.org/x/net/bpf"

	"sonde/probe/wire"
)

// receivers opens the sockets that n needs, for the ways of t.
func receivers(t *Table, n *Needs, buffer int) (all []*receiver, err error) {
	defer func() {
		if err != nil {
			for _, r := range all {
				r.close()
			}
			all = nil
		}
	}()
	for _, f := range planReceivers(t, n) {
		r := f.receiver
		switch {
		case f.rings:
			if r.ring, err = openRing(f.iface, r.typ, f.prog, buffer); err == nil {
				r.fd = r.ring.fd
			}
		case r.frame:
			r.fd, err = openFrameReceiver(f.iface, r.typ, f.prog, buffer)
		default:
			r.fd, err = openRawReceiver(r.typ == wire.TypeIPv6, f.proto, f.prog, buffer)
		}
		if err != nil {
			return all, err
		}
		all = append(all, &r)
	}
	return all, nil
}

// plannedReceiver says what socket to open.
type plannedReceiver struct {
	receiver
	iface int   // packet sockets; 0: all
	rings bool  // packet sockets: with a ring
	proto uint8 // raw sockets
	prog  []bpf.Instruction
}

// planReceivers says which sockets a run needs: raw IP sockets, or, where packets leave
// as frames, packet sockets or rings. Never both for the same packet: it would come
// twice. IP answers count by whichever interface they come in, as they do for the
// kernel. What answers ARP and ND is found on the link that was asked.
//
// Each packet socket is for one EtherType: those for all see a frame before the kernel
// has looked at its VLAN tag, these when it has found whether the frame is for us.
func planReceivers(t *Table, n *Needs) (plan []plannedReceiver) {
	frames := func(iface int, typ uint16, prog []bpf.Instruction) {
		plan = append(plan, plannedReceiver{receiver: receiver{typ: typ, frame: true, macs: t.macs}, iface: iface,
			rings: n.Rings && iface == 0, prog: prog})
	}
	if !n.Frames {
		plan = append(plan, planRaw(t, n)...)
	}
	if n.Frames && n.V4 {
		frames(0, wire.TypeIPv4, frame4(n))
	}
	if n.Frames && n.V6 {
		frames(0, wire.TypeIPv6, frame6(n, true))
	}
	seen := make(map[int]bool)
	for i := range t.ways {
		w := &t.ways[i]
		if w.Err != nil || seen[w.Iface] || !n.Neighbours || !w.Ether {
			continue
		}
		seen[w.Iface] = true
		if n.V4 {
			frames(w.Iface, wire.TypeARP, arpReplies())
		}
		if n.V6 && !n.Frames {
			frames(w.Iface, wire.TypeIPv6, frame6(n, false))
		}
	}
	return plan
}

func planRaw(t *Table, n *Needs) (plan []plannedReceiver) {
	var protos []uint8
	if n.TCP {
		protos = append(protos, wire.ProtoTCP)
	}
	if n.UDP {
		protos = append(protos, wire.ProtoUDP)
	}
	if n.V4 && (n.TCP || n.UDP || n.ICMP) {
		for _, proto := range append(protos, wire.ProtoICMP) {
			plan = append(plan, plannedReceiver{receiver: receiver{typ: wire.TypeIPv4},
				proto: proto, prog: raw4(proto, n.Ports, n.messages4(), t.ownResets(proto)...)})
		}
	}
	if n.V6 && (n.TCP || n.UDP || n.ICMP) {
		for _, proto := range append(protos, wire.ProtoICMPv6) {
			plan = append(plan, plannedReceiver{receiver: receiver{typ: wire.TypeIPv6, proto: proto},
				proto: proto, prog: raw6(proto, n.Ports, n.messages6(), t.ownResets(proto)...)})
		}
	}
	return plan
}

// ownResets drops the RSTs by which a firewall of this machine refuses, in the name of
// the target, what was to leave (nft(8), reject with tcp reset): they come by loopback,
// and may come before the call that sends has said so. Where a target is on loopback, its
// own come that way, too.
func (t *Table) ownResets(proto uint8) []bpf.Instruction {
	for i := range t.ways {
		if w := &t.ways[i]; proto != wire.ProtoTCP || w.Err == nil && t.isLoopback(w.Iface) {
			return nil
		}
	}
	return noReset(t.lo)
}
