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
)

// appendTCP writes a TCP packet of p with the shape that s gives it.
func appendTCP(b []byte, s *Source, p Probe, t *wire.TCP, proof uint64) []byte {
	c := &s.Craft[p.Variant]
	t.Src, t.Dst = s.Ports.Of(p), p.Port
	t.Window = c.Window
	ip := header(s, p, wire.ProtoTCP, proof)
	return wire.AppendTCP(b, &ip, t, nil)
}

// header is the IP header of p. The IP ID is never 0, which the kernel would
// overwrite on a raw socket.
func header(s *Source, p Probe, proto uint8, proof uint64) wire.IP {
	c := &s.Craft[p.Variant]
	ip := wire.IP{Src: s.Addr, Dst: p.Target.WithZone(""), Proto: proto, TTL: c.TTL, TOS: c.TOS, DF: true,
		ID: markedID(proof, s.mark(p)), Flow: uint32(proof>>32) & 0xfffff}
	if p.TTL != 0 {
		ip.TTL = p.TTL
	}
	if ip.TTL == 0 {
		ip.TTL = 64
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

// claimTCPError recognises an ICMP error about a TCP packet of ours and fills p
// from its quote.
func claimTCPError(s *Source, pkt *wire.Packet, p *Probe) bool {
	if !quoted(s, pkt, wire.ProtoTCP) || !s.Ports.Into(pkt.Quote.Src, p) {
		return false
	}
	p.Target, p.Port = pkt.Quote.IP.Dst, pkt.Quote.Dst
	return true
}
