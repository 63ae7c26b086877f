package probe

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// Salts keep the proofs of different kinds apart, so that an answer to one
// cannot pass for an answer to another. Kinds that share their code have them
// where they are registered.
const (
	saltSYN = 'S'
	saltUDP = 'U'

	saltFragment = '/'
)

// appendTCP writes a TCP packet of p with the shape that s gives it.
func appendTCP(b []byte, s *Source, p Probe, t *wire.TCP, proof uint64) []byte {
	c := &s.Craft[p.Variant]
	t.Src, t.Dst = s.Ports.Of(p), p.Port
	c.tcp(t)
	ip := header(s, p, wire.ProtoTCP, proof)
	return s.summed(wire.AppendTCP(b, &ip, t, c.Data), len(b), p)
}

// summed is b with the checksum of the packet that begins at start as p has it: right, or
// wrong on purpose.
func (s *Source) summed(b []byte, start int, p Probe) []byte {
	if s.Craft[p.Variant].BadSum {
		wire.SpoilChecksum(b[start:])
	}
	return b
}

// header is the IP header of p. The IP ID is never 0 unless it is chosen, since the
// kernel would overwrite that on a raw socket.
func header(s *Source, p Probe, proto uint8, proof uint64) wire.IP {
	ip := wire.IP{Src: s.Addr, Dst: p.Target.WithZone(""), Proto: proto, TTL: 64,
		ID: markedID(proof, s.mark(p)), Flow: uint32(proof>>32) & 0xfffff}
	s.Craft[p.Variant].ip(&ip)
	if p.TTL != 0 {
		ip.TTL = p.TTL
	}
	return ip
}

// setOptions gives a SYN its options, with the clock in the timestamp: a base
// of the flow's own plus milliseconds, so that the echo tells when the answered
// try left (RFC 7323 §4.1 recommends offsets per connection).
func setOptions(t *wire.TCP, s *Source, p Probe, proof uint64) {
	c := &s.Craft[p.Variant]
	t.OptLen = uint8(copy(t.Opt[:], c.TCPOptions))
	if c.Timestamp > 0 {
		binary.BigEndian.PutUint32(t.Opt[c.Timestamp:], markedTime(s, proof, s.mark(p)))
	}
}

// claimTCP recognises a TCP packet to one of our ports and fills p from it.
func claimTCP(s *Source, pkt *wire.Packet, p *Probe) bool {
	if pkt.Layer != wire.LayerTCP || pkt.IP.Dst != s.Addr || !s.Ports.Into(pkt.TCP.Dst, p) {
		return false
	}
	p.Target, p.Port = pkt.IP.Src, pkt.TCP.Src
	return true
}

// aboutTCP recognises an ICMP error about a TCP packet to one of our ports and fills
// p from that.
func aboutTCP(s *Source, pkt *wire.Packet, p *Probe) bool {
	return errorAbout(s, pkt, wire.ProtoTCP) && s.into(&pkt.Quote, p)
}

// AppendReset writes the RST that takes back a connection which stands, from before,
// in the place of p: with the number that it expects (RFC 9293 §3.5.1). An ACK in it
// passes a guard that keeps back RSTs without one.
func (s *Source) AppendReset(b []byte, p Probe, from uint16, seq, ack uint32, withACK bool) []byte {
	t := wire.TCP{Src: from, Dst: p.Port, Seq: seq, Flags: wire.RST}
	if withACK {
		t.Flags, t.Ack = wire.RST|wire.ACK, ack
	}
	p.TTL = 0
	ip := header(s, p, wire.ProtoTCP, s.Proof(saltSYN, p.Target, p.Port, from))
	return wire.AppendTCP(b, &ip, &t, nil)
}
