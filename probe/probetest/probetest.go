// Package probetest answers probes as targets and routers do, for tests. Each
// reply says where in it the identity is, so that a test can forge it bit by
// bit.
package probetest

import (
	"net/netip"

	"sonde/probe/wire"
)

// Reply is a valid reply to a packet of ours.
type Reply struct {
	Name     string
	Type     uint16 // EtherType
	B        []byte // from its IP header, or ARP message, on
	Identity []Field
}

// Field is a part of a reply that must be as it is for the reply to count.
type Field struct {
	Name   string
	At     int // byte offset
	Bits   int
	Change Change
}

// Change is what becomes of a reply when a bit of the field is another one.
type Change uint8

const (
	Unproven  Change = iota // still for us, but it proves nothing any more
	Elsewhere               // somebody else's packet, not ours to count
	OtherPort               // unproven if still to one of our ports, else elsewhere
)

// Router is who sends the ICMP errors that do not come from the target.
func Router(v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr("fd00::2")
	}
	return netip.MustParseAddr("10.0.0.2")
}

// Replies returns all kinds of valid replies to sent.
func Replies(sent []byte, etherType uint16) []Reply {
	var p wire.Packet
	if !p.Parse(sent, etherType) {
		return nil
	}
	var r []Reply
	switch {
	case p.Layer == wire.LayerARP:
		return []Reply{arp(&p)}
	case p.Layer == wire.LayerICMP && p.ICMP.Msg == wire.Solicitation:
		return []Reply{advertisement(&p, true), advertisement(&p, false)}
	case p.Layer == wire.LayerTCP && p.TCP.Flags == wire.SYN:
		t := wire.TCP{Seq: 0x01020304, Ack: p.TCP.Seq + 1, Window: 65160, OptLen: p.TCP.OptLen, Opt: p.TCP.Opt}
		r = append(r, tcp(&p, "SYN-ACK", t, wire.SYN|wire.ACK), tcp(&p, "RST", t, wire.RST|wire.ACK),
			tcp(&p, "bare ACK", t, wire.ACK), tcp(&p, "lone SYN", t, wire.SYN))
	case p.Layer == wire.LayerTCP && p.TCP.Flags&wire.ACK != 0:
		r = append(r, tcp(&p, "RST", wire.TCP{Seq: p.TCP.Ack}, wire.RST))
	case p.Layer == wire.LayerTCP && p.TCP.Flags&wire.FIN != 0:
		// A FIN counts (RFC 9293 §3.10.7.1); some stacks do not count it, so the
		// last bit proves nothing.
		for _, counted := range []uint32{1, 0} {
			reset := tcp(&p, "RST", wire.TCP{Ack: p.TCP.Seq + counted}, wire.RST|wire.ACK)
			reset.Identity[len(reset.Identity)-1].Bits--
			r = append(r, reset)
		}
	case p.Layer == wire.LayerTCP:
		r = append(r, tcp(&p, "RST", wire.TCP{Ack: p.TCP.Seq}, wire.RST|wire.ACK))
	case p.Layer == wire.LayerUDP:
		r = append(r, udp(&p))
	case p.Layer == wire.LayerICMP && p.ICMP.Msg == wire.TimestampRequest:
		stamps := append(p.Payload[:4:4], 0, 1, 2, 3, 4, 5, 6, 7)
		r = append(r, query(&p, "timestamp reply", wire.TimestampReply, stamps, 4))
	case p.Layer == wire.LayerICMP && p.ICMP.Msg == wire.MaskRequest:
		r = append(r, query(&p, "mask reply", wire.MaskReply, []byte{255, 255, 255, 0}, 0))
	case p.Layer == wire.LayerICMP:
		r = append(r, query(&p, "echo reply", wire.EchoReply, p.Payload, len(p.Payload)))
	}
	for _, full := range []bool{true, false} {
		r = append(r, icmpError(sent, &p, wire.PortUnreach, p.IP.Dst, full))
		r = append(r, icmpError(sent, &p, wire.AdminProhibited, Router(p.IP.Dst.Is6()), full))
	}
	return r
}

// back is the IP header of an answer to p.
func back(p *wire.Packet) wire.IP {
	return wire.IP{Src: p.IP.Dst, Dst: p.IP.Src, TTL: 61, Proto: p.IP.Proto}
}

// addresses are those of the IP header at offset at, whose source and
// destination change to what is said.
func addresses(at int, v6 bool, src, dst Change) []Field {
	if v6 {
		return []Field{{"source", at + 8, 128, src}, {"destination", at + 24, 128, dst}}
	}
	return []Field{{"source", at + 12, 32, src}, {"destination", at + 16, 32, dst}}
}

// header is the size of the IP header of what this package and package wire
// write.
func header(v6 bool) int {
	if v6 {
		return 40
	}
	return 20
}

func etherType(v6 bool) uint16 {
	if v6 {
		return wire.TypeIPv6
	}
	return wire.TypeIPv4
}

func tcp(p *wire.Packet, name string, t wire.TCP, flags uint8) Reply {
	ip, v6 := back(p), p.IP.Dst.Is6()
	t.Src, t.Dst, t.Flags = p.TCP.Dst, p.TCP.Src, flags
	h := header(v6)
	r := Reply{Name: name, Type: etherType(v6), B: wire.AppendTCP(nil, &ip, &t, nil)}
	r.Identity = append(addresses(0, v6, Unproven, Elsewhere),
		Field{"source port", h, 16, Unproven}, Field{"destination port", h + 2, 16, OtherPort})
	switch {
	case flags == wire.RST: // RFC 9293 §3.5.2: the number that was acknowledged
		r.Identity = append(r.Identity, Field{"sequence number", h + 4, 32, Unproven})
	case flags&wire.ACK != 0:
		r.Identity = append(r.Identity, Field{"acknowledgement", h + 8, 32, Unproven})
	}
	return r
}

// NewPort is where TFTP answers come from.
const NewPort = 40069

// udp answers from the port that was asked, or, if that is TFTP's, from a new
// one with an error.
func udp(p *wire.Packet) Reply {
	ip, v6 := back(p), p.IP.Dst.Is6()
	u := wire.UDP{Src: p.UDP.Dst, Dst: p.UDP.Src}
	r := Reply{Name: "answer", Type: etherType(v6)}
	data := []byte("some answer")
	h := header(v6)
	r.Identity = append(addresses(0, v6, Unproven, Elsewhere), Field{"destination port", h + 2, 16, OtherPort})
	if p.UDP.Dst == 69 {
		r.Name, u.Src, data = "answer from a new port", NewPort, []byte("\x00\x05\x00\x01no\x00")
	} else {
		r.Identity = append(r.Identity, Field{"source port", h, 16, Unproven})
	}
	r.B = wire.AppendUDP(nil, &ip, &u, data)
	return r
}

// query answers an ICMP query by msg and payload, whose first same bytes are those
// that were asked with.
func query(p *wire.Packet, name string, msg wire.Message, payload []byte, same int) Reply {
	ip, v6 := back(p), p.IP.Dst.Is6()
	m := wire.ICMP{Msg: msg, ID: p.ICMP.ID, Seq: p.ICMP.Seq}
	m.SetType(v6)
	h := header(v6)
	named := Unproven
	if same == 0 { // then nothing else shows whose it is
		named = Elsewhere
	}
	return Reply{Name: name, Type: etherType(v6), B: wire.AppendICMP(nil, &ip, &m, payload),
		Identity: append(addresses(0, v6, Elsewhere, Elsewhere), // identifier and payload are the target's own
			Field{"identifier", h + 4, 16, named},
			Field{"sequence number", h + 6, 16, Elsewhere}, // of another question, which has another identifier
			Field{"payload", h + 8, 8 * same, Unproven})}
}

// icmpError quotes sent, in full or its header and 8 bytes.
func icmpError(sent []byte, p *wire.Packet, msg wire.Message, from netip.Addr, full bool) Reply {
	v6 := from.Is6()
	ip := wire.IP{Src: from, Dst: p.IP.Src, TTL: 250, Proto: wire.ProtoICMP}
	m := wire.ICMP{Msg: msg}
	m.SetType(v6)
	name := map[bool]string{true: "in full", false: "by 8 bytes"}[full] + ", from " + from.String()
	quote := sent
	if !full {
		quote = sent[:header(v6)+8]
	}
	r := Reply{Name: "ICMP error quoting " + name, Type: etherType(v6), B: wire.AppendICMP(nil, &ip, &m, quote)}
	at := header(v6) + 8
	r.Identity = addresses(at, v6, Elsewhere, Unproven)
	proto := Field{"quoted protocol", at + 9, 8, Elsewhere}
	if v6 {
		proto.At = at + 6
	}
	r.Identity = append(r.Identity, proto)
	h := at + header(v6)
	switch p.Layer {
	case wire.LayerTCP:
		r.Identity = append(r.Identity, Field{"quoted source port", h, 16, OtherPort},
			Field{"quoted destination port", h + 2, 16, Unproven}, Field{"quoted sequence number", h + 4, 32, Unproven})
	case wire.LayerUDP:
		r.Identity = append(r.Identity, Field{"quoted source port", h, 16, OtherPort},
			Field{"quoted destination port", h + 2, 16, Unproven}, Field{"quoted checksum", h + 6, 16, Unproven})
		switch { // of an empty datagram, or one byte that is always the same, the checksum proves nothing
		case len(p.Payload) > 1:
		case v6:
			r.Identity = append(r.Identity, Field{"quoted flow label", at + 2, 16, Unproven})
		default:
			r.Identity = append(r.Identity, Field{"quoted IP ID", at + 4, 16, Unproven})
		}
	case wire.LayerICMP:
		r.Identity[1].Change = Elsewhere // the identifier is the target's own
		r.Identity = append(r.Identity, Field{"quoted checksum", h + 2, 16, Unproven},
			Field{"quoted identifier", h + 4, 16, Elsewhere}, Field{"quoted sequence number", h + 6, 16, Elsewhere})
	}
	return r
}

// TargetMAC is the Ethernet address that neighbours answer with.
var TargetMAC = wire.MAC{0x02, 0, 0, 0, 0, 0x99}

func arp(p *wire.Packet) Reply {
	return Reply{Name: "ARP reply", Type: wire.TypeARP, B: wire.AppendARP(nil, &wire.ARP{Op: 2,
		SenderMAC: TargetMAC, SenderIP: p.ARP.TargetIP, TargetMAC: p.ARP.SenderMAC, TargetIP: p.ARP.SenderIP}),
		Identity: []Field{{"operation", 6, 16, Elsewhere}, {"sender IP", 14, 32, Unproven}, {"target MAC", 18, 48, Elsewhere}}}
}

// advertisement answers a solicitation, with an address option or, as RFC 4861
// §7.2.4 allows, without.
func advertisement(p *wire.Packet, option bool) Reply {
	ip := wire.IP{Src: p.ND.Target, Dst: p.IP.Src, TTL: 255}
	nd := wire.ND{Target: p.ND.Target, MAC: TargetMAC, HasMAC: option, Solicited: true, Override: true}
	name := "ND advertisement"
	if !option {
		name += " without address"
	}
	return Reply{Name: name, Type: wire.TypeIPv6, B: wire.AppendND(nil, &ip, &nd, false),
		Identity: []Field{{"hop limit", 7, 8, Elsewhere}, {"destination", 24, 128, Elsewhere},
			{"type and code", 40, 16, Elsewhere}, {"target", 48, 128, Unproven}}}
}

// Flip calls f with a copy of r for each bit of its identity, with that bit
// flipped. The copy is borrowed.
func (r *Reply) Flip(f func(field Field, bit int, b []byte)) {
	b := append([]byte(nil), r.B...)
	for _, field := range r.Identity {
		for bit := range field.Bits {
			b[field.At+bit/8] ^= 0x80 >> (bit % 8)
			f(field, bit, b)
			b[field.At+bit/8] ^= 0x80 >> (bit % 8)
		}
	}
}

// Covers tells whether a bit of the packet, counted from its start, is in r's
// identity.
func (r *Reply) Covers(bit int) bool {
	for _, f := range r.Identity {
		if bit >= 8*f.At && bit < 8*f.At+f.Bits {
			return true
		}
	}
	return false
}
