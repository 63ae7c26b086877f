// Package probetest answers probes as targets and routers do, for tests. Each
// reply says where in it the identity is, so that a test can forge it bit by
// bit.
package probetest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"sonde/probe/wire"
)

// Reply is a valid reply to a packet of ours.
type Reply struct {
	Name     string
	Type     uint16  // EtherType
	B        []byte  // from its IP header, or ARP message, on
	Identity []Field // all of it must be right
	// Proof is what proves the reply, in several ways: one of them must be right, all
	// of its fields. Nil: the identity is all.
	Proof [][]Field
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
	Perhaps                 // unproven or elsewhere, as chance has it
	Target                  // elsewhere, unless it quotes the run's only target
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
		r = append(r, query(&p, "echo reply", wire.EchoReply, p.Payload, 8))
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
	r := Reply{Name: name, Type: etherType(v6), B: wire.AppendICMP(nil, &ip, &m, payload),
		Identity: addresses(0, v6, Perhaps, Elsewhere)} // all of the proof is the target's own
	r.Proof = queried(h, h+8, same)
	return r
}

// queried is what proves an ICMP query or its reply: two of identifier, sequence
// number and the first same bytes of the payload, or 8 bytes of that.
func queried(icmp, payload, same int) [][]Field {
	id, seq := Field{"identifier", icmp + 4, 16, Perhaps}, Field{"sequence number", icmp + 6, 16, Perhaps}
	repeated := Field{"payload", payload, 8 * same, Perhaps}
	switch {
	case same >= 8:
		repeated.Bits = 64
		return [][]Field{{id, seq}, {repeated}}
	case same > 0:
		return [][]Field{{id, seq}, {id, repeated}, {seq, repeated}}
	}
	return [][]Field{{id, seq}}
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
	r.Identity = addresses(at, v6, Elsewhere, Target)[1:] // a NAT may have changed the source
	proto := Field{"quoted protocol", at + 9, 8, Elsewhere}
	if v6 {
		proto.At = at + 6
	}
	r.Identity = append(r.Identity, proto)
	h := at + header(v6)
	label := Field{"quoted IP ID", at + 4, 16, Unproven}
	if v6 {
		label = Field{"quoted flow label", at + 2, 16, Unproven}
	}
	ports := []Field{{"quoted source port", h, 16, OtherPort}, {"quoted destination port", h + 2, 16, Unproven}}
	switch p.Layer {
	case wire.LayerTCP:
		r.Identity = append(r.Identity, ports...)
		r.Proof = [][]Field{{{"quoted sequence number", h + 4, 32, Unproven}}, {label}}
		if full && p.TCP.Ack != 0 {
			r.Proof = append(r.Proof, []Field{{"quoted acknowledgement", h + 8, 32, Unproven}})
		}
	case wire.LayerUDP:
		r.Identity = append(r.Identity, ports...)
		r.Proof = [][]Field{{label}}
		if len(p.Payload) > 1 { // else there is nothing in it that only we could know
			r.Proof = append(r.Proof, []Field{{"quoted checksum", h + 6, 16, Unproven}})
			if full {
				r.Proof = append(r.Proof, []Field{{"quoted payload", h + 8, 8 * min(len(p.Payload), wire.QuotedData), Unproven}})
			}
		}
	case wire.LayerICMP:
		same := 0
		switch {
		case !full:
		case p.ICMP.Msg == wire.TimestampRequest:
			same = 4
		case p.ICMP.Msg == wire.EchoRequest:
			same = 8
		}
		r.Proof = queried(h, h+8, same)
		label.Change = Perhaps
		for _, f := range r.Proof[0] {
			r.Proof = append(r.Proof, []Field{f, label})
		}
	}
	return r
}

// TargetMAC is the Ethernet address that neighbours answer with.
var TargetMAC = wire.MAC{0x02, 0, 0, 0, 0, 0x99}

func arp(p *wire.Packet) Reply {
	return Reply{Name: "ARP reply", Type: wire.TypeARP, B: wire.AppendARP(nil, &wire.ARP{Op: 2,
		SenderMAC: TargetMAC, SenderIP: p.ARP.TargetIP, TargetMAC: p.ARP.SenderMAC, TargetIP: p.ARP.SenderIP}),
		Identity: []Field{{"operation", 6, 16, Elsewhere}, {"sender IP", 14, 32, Unproven}}}
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

// Ways returns a copy of r for each way in which it is proved, with all other proof
// rewritten: it must count all the same, and all of its identity matters.
func (r *Reply) Ways() []Reply {
	if r.Proof == nil {
		return []Reply{*r}
	}
	var ways []Reply
	for i, proof := range r.Proof {
		w := Reply{Name: fmt.Sprintf("%s, proved in way %d", r.Name, i+1), Type: r.Type, B: slices.Clone(r.B),
			Identity: append(slices.Clone(r.Identity), proof...)}
		for _, other := range slices.Concat(r.Proof...) {
			if !slices.Contains(proof, other) {
				for at := other.At; at < other.At+other.Bits/8; at++ {
					w.B[at] = r.B[at] ^ 0x5a
				}
			}
		}
		Mend(w.B, w.Type)
		ways = append(ways, w)
	}
	return ways
}

// Rewritten calls f with a copy of r for each field of its proof, with that field
// zeroed, and with it rewritten. The copy is borrowed.
func (r *Reply) Rewritten(f func(field Field, b []byte)) {
	for _, field := range slices.Concat(r.Proof...) {
		for _, keep := range []byte{0, 0xff} {
			b := slices.Clone(r.B)
			for at := field.At; at < field.At+field.Bits/8; at++ {
				b[at] = b[at]&keep ^ 0x5a&keep
			}
			Mend(b, r.Type)
			f(field, b)
		}
	}
}

// Flip calls f with a copy of r for each bit of its identity, with that bit
// flipped. The copy is borrowed. Its checksums are right: who forges computes them.
func (r *Reply) Flip(f func(field Field, bit int, b []byte)) {
	b := make([]byte, len(r.B))
	for _, field := range r.Identity {
		for bit := range field.Bits {
			copy(b, r.B)
			b[field.At+bit/8] ^= 0x80 >> (bit % 8)
			Mend(b, r.Type)
			f(field, bit, b)
		}
	}
}

// Mend makes the checksums of an IP packet right. What is none stays as it is.
func Mend(b []byte, etherType uint16) {
	if etherType == wire.TypeARP {
		return
	}
	if etherType == wire.TypeIPv4 {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], wire.Checksum(b[:20]))
	}
	var p wire.Packet
	at := wire.ChecksumOffset(b)
	if !p.Parse(b, etherType) || at == 0 {
		return
	}
	b[at], b[at+1] = 0, 0
	sum := wire.SegmentChecksum(p.IP.Src, p.IP.Dst, p.IP.Proto, b[header(p.IP.Dst.Is6()):])
	if sum == 0 && p.Layer == wire.LayerUDP {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[at:], sum)
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
