package main

import (
	"bytes"
	"net/netip"
	"sync"
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab"
)

// TestForgeryOfKernelReplies records what real kernels reply to each kind and
// lets in, in place of it, a copy for each bit on which its identity rests, with
// that bit flipped: the state stays what silence makes it, and every copy that
// is for us is counted. A reply that is let in as it was recorded is one.
func TestForgeryOfKernelReplies(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(22)
	n.server.UDP(53, lab.Echo)
	n.router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "9000", Do: lab.AdminProhibited})
	for _, tt := range []struct {
		name          string
		kind          probe.Kind
		port          uint16
		onLink        bool
		valid, silent string
	}{
		{"SYN-ACK", probe.SYN, 22, false, "open syn-ack", "filtered no-response"},
		{"RST", probe.SYN, 80, false, "closed reset", "filtered no-response"},
		{"reject", probe.SYN, 9000, false, "filtered admin-prohibited", "filtered no-response"},
		{"RST to an ACK", probe.ACK, 80, false, "unfiltered reset", "filtered no-response"},
		{"UDP answer", probe.UDP, 53, false, "open udp-response", "open|filtered no-response"},
		{"port unreachable, quoting a question", probe.UDP, 161, false, "closed port-unreach", "open|filtered no-response"},
		{"port unreachable, quoting nothing", probe.UDP, 80, false, "closed port-unreach", "open|filtered no-response"},
		{"echo reply", probe.Echo, 0, false, "up echo-reply", "unknown no-response"},
		{"ARP or ND", probe.Neighbour, 0, true, "", "down no-neighbour"},
	} {
		for _, f := range families() {
			t.Run(tt.name+"/"+f.name, func(t *testing.T) {
				target, valid := f.server, tt.valid
				if tt.onLink {
					target, valid = f.router, map[string]string{"IPv4": "up arp-reply", "IPv6": "up nd-reply"}[f.name]
				}
				for _, forge := range []bool{false, true} {
					r := &recorder{kind: tt.kind, forge: forge}
					got, stats := askEngine(t, n.client, false, tt.kind, []uint16{tt.port}, netip.MustParseAddr(target),
						func(l scan.Link) scan.Link { r.Link = l; return r })
					want := valid
					if forge {
						want = tt.silent
					}
					if got[tt.port] != want || r.recorded == 0 {
						t.Errorf("forged %v, %d replies recorded: %s, want %s", forge, r.recorded, got[tt.port], want)
					}
					if !forge {
						continue
					}
					t.Logf("%d replies recorded, %d forged copies, %d of them for us; %s, %d unsolicited", r.recorded, r.forged, r.ours, got[tt.port], stats.Unsolicited)
					if stats.Received != 0 || stats.Duplicates != 0 || stats.Unsolicited < r.ours || stats.Unsolicited > r.ours+r.perhaps || r.ours+r.perhaps == 0 {
						t.Errorf("of %d forged copies %d were for us; %+v", r.forged, r.ours, stats)
					}
				}
			})
		}
	}
}

// recorder is a link that replaces the replies that come in by forged copies.
type recorder struct {
	scan.Link
	kind  probe.Kind
	forge bool

	mu   sync.Mutex
	sent []scan.Packet

	waiting                []scan.Packet // forged, to come in
	recorded, forged, ours uint64
	perhaps                uint64 // copies that may be for us, as chance has it
}

func (r *recorder) Send(packets []scan.Packet) (int, error) {
	r.mu.Lock()
	for _, p := range packets {
		p.B = bytes.Clone(p.B)
		r.sent = append(r.sent, p)
	}
	r.mu.Unlock()
	return r.Link.Send(packets)
}

func (r *recorder) Recv(into []scan.Packet) (int, error) {
	if len(r.waiting) == 0 {
		n, err := r.Link.Recv(into)
		if err != nil {
			return n, err
		}
		for _, p := range into[:n] {
			r.take(p)
		}
	}
	n := copy(into, r.waiting)
	r.waiting = r.waiting[n:]
	return n, nil
}

// take lets a packet in, or forged copies of it if it is a reply.
func (r *recorder) take(p scan.Packet) {
	p.B = bytes.Clone(p.B)
	reply, ok := r.reply(p)
	if ok {
		r.recorded++
	}
	switch {
	case !ok || !r.forge:
		r.waiting = append(r.waiting, p)
		return
	case r.forged > 0: // a UDP answer to one try with a flipped bit may be a valid one to another
		return
	}
	for _, way := range reply.Ways() {
		way.Flip(func(f probetest.Field, _ int, b []byte) {
			switch f.Change {
			case probetest.Target:
				return // a NAT may have changed it, since there is one target only
			case probetest.Perhaps:
				r.perhaps++
			}
			forged := p
			forged.B = bytes.Clone(b)
			r.waiting = append(r.waiting, forged)
			r.forged++
			if r.counts(f, b, p.Type) {
				r.ours++
			}
		})
	}
}

// reply finds which packet of ours p is a reply to. What p's identity is, and
// where in it, is that of a reply of the same form.
func (r *recorder) reply(p scan.Packet) (probetest.Reply, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var got, form wire.Packet
	if !got.Parse(p.B, p.Type) {
		return probetest.Reply{}, false
	}
	for _, s := range r.sent {
		typ := etherType(s.B)
		for _, reply := range probetest.Replies(s.B, typ) {
			if p.Type != reply.Type || !form.Parse(reply.B, reply.Type) || !sameForm(&got, &form) {
				continue
			}
			reply.B = p.B
			return reply, true
		}
	}
	return probetest.Reply{}, false
}

// sameForm tells whether two packets reply to the same packet of ours with the
// same message.
func sameForm(a, b *wire.Packet) bool {
	if a.Layer != b.Layer {
		return false
	}
	switch a.Layer {
	case wire.LayerARP:
		return a.ARP.Op == b.ARP.Op && a.ARP.SenderIP == b.ARP.SenderIP
	case wire.LayerTCP:
		return a.TCP.Src == b.TCP.Src && a.TCP.Dst == b.TCP.Dst && a.TCP.Flags == b.TCP.Flags
	case wire.LayerUDP:
		return a.UDP.Src == b.UDP.Src && a.UDP.Dst == b.UDP.Dst
	}
	return a.ICMP.Msg == b.ICMP.Msg && a.ICMP.ID == b.ICMP.ID && a.ICMP.Seq == b.ICMP.Seq && a.ND.Target == b.ND.Target &&
		a.Quote.Src == b.Quote.Src && a.Quote.Dst == b.Quote.Dst && a.Quote.HasPorts == b.Quote.HasPorts
}

// counts tells whether a forged copy is still for us: to a port of the run, or
// quoting one.
func (r *recorder) counts(f probetest.Field, b []byte, etherType uint16) bool {
	var p wire.Packet
	switch {
	case !p.Parse(b, etherType) || f.Change == probetest.Elsewhere || f.Change == probetest.Perhaps:
		return false
	case f.Change == probetest.OtherPort:
		ports := scan.MostTries
		if r.kind == probe.UDP { // and as many for answers from a new port
			ports *= 2
		}
		port := int(b[f.At])<<8 | int(b[f.At+1])
		return port >= 61000 && port < 61000+ports
	}
	return true
}
