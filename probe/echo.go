package probe

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"sonde/probe/wire"
)

// Echo is what ping sends (RFC 792, RFC 4443 §4.1). The sequence number counts
// tries, the identifier and the payload are the proof.
var Echo = Register(Entry{Kind: echo{}, Ping: "E"})

// echoSize is the payload of ping: 56 bytes make an 84-byte packet on IPv4.
const echoSize = 56

type echo struct{}

func (echo) Name() string   { return "echo" }
func (echo) Doc() string    { return "ICMP echo request, as ping sends it" }
func (echo) Asks() string   { return "echo request" }
func (echo) Proto() string  { return "icmp" }
func (echo) Class() Class   { return ClassEcho }
func (echo) Socket() Socket { return SocketPing }

// icmpProto is the protocol number of ICMP for the family of a.
func icmpProto(a netip.Addr) uint8 {
	if a.Is4() {
		return wire.ProtoICMP
	}
	return wire.ProtoICMPv6
}

// echoSeq numbers p's try; echoFrom reads it back.
func echoSeq(s *Source, p Probe) uint16 {
	switch {
	case s.Ports.KeepFlow:
		return p.Flow<<10 | s.mark(p)
	case s.Ports.Fixed:
		return uint16(max(p.Try, 1))
	}
	return s.Ports.Of(p) - s.Ports.First + 1
}

func echoFrom(s *Source, seq uint16, p *Probe) bool {
	switch {
	case s.Ports.KeepFlow:
		p.Flow = seq >> 10
		return s.unmark(seq&markMask, p)
	case s.Ports.Fixed:
		p.Try = uint8(seq)
		return seq > 0 && seq < 256
	}
	return seq > 0 && seq <= s.Ports.N && s.Ports.Into(s.Ports.First+seq-1, p)
}

// echoProof has the block of ports in it, though echo has no ports: that keeps
// runs apart which ask the same host at the same time. A traced flow has one
// proof for all its packets.
func echoProof(s *Source, target netip.Addr, seq uint16) uint64 {
	if s.Ports.KeepFlow {
		seq >>= 10
	}
	return s.Proof(saltEcho, target, s.Ports.First, seq)
}

func (echo) Append(b []byte, s *Source, p Probe) []byte {
	seq := echoSeq(s, p)
	proof := echoProof(s, p.Target, seq)
	ip := header(s, p, icmpProto(p.Target), proof)
	m := wire.ICMP{Msg: wire.EchoRequest, ID: uint16(proof), Seq: seq}
	m.SetType(!p.Target.Is4())
	data := echoPayload(proof, s.mark(p))
	return wire.AppendICMP(b, &ip, &m, data[:])
}

// echoPayload is the proof, and bytes that count, as ping's do; of a traced
// packet the last two make up for the mark in the checksum.
func echoPayload(proof uint64, mark uint16) (data [echoSize]byte) {
	binary.BigEndian.PutUint64(data[:], proof)
	for i := 8; i < echoSize; i++ {
		data[i] = byte(i)
	}
	if mark != 0 {
		binary.BigEndian.PutUint16(data[echoSize-2:], ^mark)
	}
	return data
}

func (k echo) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if pkt.Layer != wire.LayerICMP {
		return false
	}
	if q := &pkt.Quote; q.Len > 0 {
		if !quoted(s, pkt, icmpProto(s.Addr)) || !echoFrom(s, q.Dst, p) {
			return false
		}
		p.Target = q.IP.Dst
		proof := echoProof(s, p.Target, q.Dst)
		if q.Src != uint16(proof) { // some other program's ping
			return false
		}
		claimError(pkt, p, r)
		s.scratch = k.Append(s.scratch[:0], s, *p)
		if !q.HasSum || q.Sum != transportSum(s.scratch, 2) {
			r.Event = Unsolicited
		}
		return true
	}
	if pkt.ICMP.Msg != wire.EchoReply || pkt.IP.Dst != s.Addr || !echoFrom(s, pkt.ICMP.Seq, p) {
		return false
	}
	p.Target = pkt.IP.Src
	proof := echoProof(s, p.Target, pkt.ICMP.Seq)
	data := echoPayload(proof, s.mark(*p))
	named, said := pkt.ICMP.ID == uint16(proof), bytes.Equal(pkt.Payload, data[:])
	if !named && !said { // some other program's ping
		return false
	}
	claimAnswer(pkt, p, r)
	r.ICMP = pkt.ICMP
	if !named || !said {
		r.Event = Unsolicited
	}
	return true
}

// transportSum reads the checksum, or another word, at offset off of the transport
// header of a packet that we built: no IPv4 options, no extension headers.
func transportSum(b []byte, off int) uint16 {
	if b[0]>>4 == 4 {
		return binary.BigEndian.Uint16(b[20+off:])
	}
	return binary.BigEndian.Uint16(b[40+off:])
}

func (echo) Classify(p Probe, r *Reply) Verdict {
	if r.Event == Answer {
		return Verdict{Up, EchoReply, true}
	}
	return undecided(r, Unknown, Unknown)
}
