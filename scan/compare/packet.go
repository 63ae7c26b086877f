package compare

import (
	"encoding/binary"
	"net/netip"

	"sonde/probe/wire"
	"sonde/scan/capture"
)

// kind is what a packet is among those of its flow. Packets of different kinds are
// never taken for the same one.
type kind uint8

const (
	other    kind = iota
	syn           // without ACK
	synAck        //
	reset         //
	stream        // any other segment of TCP
	datagram      // UDP
	echo          // a question of ICMP that has an identifier: echo, timestamp, mask
	reply         // the answer to such a one
	refusal       // an ICMP error; its flow is that of the packet that it quotes
	kinds
)

// packet is what is kept of a packet.
type packet struct {
	at       int64          // nanoseconds since 1970, on the clock of NEAR
	shown    int64          // the same on the clock of its file
	src, dst netip.AddrPort // of ICMP the identifier in place of the client's port; of a refusal those of an answer to what it quotes
	from     netip.Addr     // who sent a refusal
	proto    uint8
	kind     kind
	code     wire.Message // of ICMP
	flags    uint8
	ttl, tos uint8
	df       bool
	id       uint16 // IPv4; 0: none
	label    uint32 // IPv6; 0: none
	seq, ack uint32 // of TCP; of ICMP seq is the sequence number
	window   uint16
	size     int32  // of the payload, in bytes, on the wire
	word     uint16 // the first two bytes of the payload
	sum      uint64 // a hash of the first bytes of the payload; 0: they were not kept, or there are none
	options  options
	state
}

// state is what is found out of a packet.
type state struct {
	there    bool    // it goes the way of the flow's first question
	copies   uint16  // of it in its file, within copyTime
	noted    bool    // it is in the index
	open     bool    // nothing has been decided of it
	copy     bool    // of another one that was received, as far as that can be told
	repeated bool    // another one of its flow has the same content
	unclear  bool    // of those that have the same content, nobody can say whether it was this one that arrived
	twin     *packet // in the other file
	answer   *packet // in its own file; of a question
}

// options are the TCP options that routers are known to change.
type options struct {
	mss    uint16
	wscale uint8
	has    uint8  // which there are, as below
	order  uint32 // a hash of all kinds in their order
	others uint32 // the same of those that have no bit in has
	val    uint32 // of the timestamp
	echo   uint32
}

// Bits of options.has.
const (
	hasMSS = 1 << iota
	hasWScale
	hasSackOK
	hasTime
)

// summed is how much of a payload counts for its hash: captures are often cut.
const summed = 64

// decoder makes packets of frames.
type decoder struct {
	wire wire.Packet
	room []byte // for what a capture has cut off
}

// skipped says why a frame is not looked at.
type skipped uint8

const (
	looked skipped = iota
	notTimed
	foreignLink // a link type that is not read
	notIP
	notUnderstood // a fragment, another protocol, cut in its headers
	skips
)

// decode fills p from a frame.
func (d *decoder) decode(p *packet, f *capture.Frame) skipped {
	if !f.Timed {
		return notTimed
	}
	if !f.Link.Known() {
		return foreignLink
	}
	etherType, b, ok := capture.Network(f.Link, f.Data)
	if !ok || etherType != wire.TypeIPv4 && etherType != wire.TypeIPv6 {
		return notIP
	}
	kept := len(b)
	b = d.whole(b, etherType)
	if !d.wire.Parse(b, etherType) {
		return notUnderstood
	}
	w := &d.wire
	*p = packet{at: f.At, shown: f.At, proto: w.IP.Proto, ttl: w.IP.TTL, tos: w.IP.TOS, df: w.IP.DF, id: w.IP.ID, label: w.IP.Flow,
		size: int32(len(w.Payload)), state: state{copies: 1, open: true}}
	sport, dport := uint16(0), uint16(0)
	switch w.Layer {
	case wire.LayerTCP:
		t := &w.TCP
		sport, dport = t.Src, t.Dst
		p.flags, p.seq, p.ack, p.window = t.Flags, t.Seq, t.Ack, t.Window
		p.options = readOptions(t.Options())
		switch {
		case t.Flags&wire.RST != 0:
			p.kind = reset
		case t.Flags&(wire.SYN|wire.ACK) == wire.SYN|wire.ACK:
			p.kind = synAck
		case t.Flags&wire.SYN != 0:
			p.kind = syn
		default:
			p.kind = stream
		}
	case wire.LayerUDP:
		p.kind, sport, dport = datagram, w.UDP.Src, w.UDP.Dst
	default:
		if !p.icmp(w) {
			return notUnderstood
		}
	}
	if p.kind != refusal {
		p.src, p.dst = netip.AddrPortFrom(w.IP.Src, sport), netip.AddrPortFrom(w.IP.Dst, dport)
	}
	switch p.kind {
	case echo:
		p.src = netip.AddrPortFrom(w.IP.Src, w.ICMP.ID)
	case reply:
		p.dst = netip.AddrPortFrom(w.IP.Dst, w.ICMP.ID)
	}
	if n := kept - (len(b) - len(w.Payload)); p.kind != refusal && len(w.Payload) > 0 && n >= min(len(w.Payload), summed) {
		p.sum = mix(hashBytes(w.Payload[:min(len(w.Payload), summed)]), 1) | 1
		if len(w.Payload) >= 2 {
			p.word = binary.BigEndian.Uint16(w.Payload)
		}
	}
	return looked
}

// whole returns a packet as long as its header says: what a capture has cut off is
// zeros. What stands behind the packet's end is left to the parser.
func (d *decoder) whole(b []byte, etherType uint16) []byte {
	total := 0
	switch {
	case etherType == wire.TypeIPv4 && len(b) >= 20:
		total = int(binary.BigEndian.Uint16(b[2:]))
	case etherType == wire.TypeIPv6 && len(b) >= 40:
		total = 40 + int(binary.BigEndian.Uint16(b[4:]))
	}
	if total <= len(b) || total > 1<<16-1 {
		return b
	}
	d.room = append(d.room[:0], b...)
	for len(d.room) < total {
		d.room = append(d.room, make([]byte, min(total-len(d.room), 512))...)
	}
	return d.room
}

// icmp fills in what an ICMP message tells. It returns false for those that belong to
// no flow.
func (p *packet) icmp(w *wire.Packet) bool {
	p.code = w.ICMP.Msg
	switch w.ICMP.Msg {
	case wire.EchoRequest, wire.TimestampRequest, wire.MaskRequest:
		p.kind, p.seq = echo, uint32(w.ICMP.Seq)
		return true
	case wire.EchoReply, wire.TimestampReply, wire.MaskReply:
		p.kind, p.seq, p.code = reply, uint32(w.ICMP.Seq), w.ICMP.Msg-1
		return true
	}
	q := &w.Quote
	if !w.ICMP.Msg.IsError() || !q.HasPorts {
		return false
	}
	// It is an answer to what it quotes.
	p.kind, p.proto, p.from = refusal, q.IP.Proto, w.IP.Src
	p.src, p.dst = netip.AddrPortFrom(q.IP.Dst, q.Dst), netip.AddrPortFrom(q.IP.Src, q.Src)
	if q.IP.Proto == wire.ProtoICMP || q.IP.Proto == wire.ProtoICMPv6 {
		p.src, p.seq = netip.AddrPortFrom(q.IP.Dst, 0), uint32(q.Dst)
	}
	p.ack = q.Seq
	return true
}

// readOptions reads those of a segment.
func readOptions(b []byte) (o options) {
	for {
		k, v, rest, ok := wire.NextOption(b)
		if !ok {
			return o
		}
		b = rest
		if k == wire.OptNOP || k == wire.OptEOL {
			continue // what strips options leaves them in their place
		}
		o.order = o.order*31 + uint32(k)
		switch {
		case k == wire.OptMSS && len(v) == 2:
			o.mss, o.has = binary.BigEndian.Uint16(v), o.has|hasMSS
		case k == wire.OptWScale && len(v) == 1:
			o.wscale, o.has = v[0], o.has|hasWScale
		case k == wire.OptSackOK:
			o.has |= hasSackOK
		case k == wire.OptTimestamp && len(v) == 8:
			o.val, o.echo, o.has = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]), o.has|hasTime
		default:
			o.others = o.others*31 + uint32(k)
		}
	}
}

// mix adds v to the hash h.
func mix(h, v uint64) uint64 {
	h = (h ^ v) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>29
}

func hashBytes(b []byte) uint64 {
	h := uint64(len(b))
	for len(b) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	for _, c := range b {
		h = mix(h, uint64(c))
	}
	return h
}

func hashAddr(h uint64, a netip.Addr) uint64 {
	b := a.As16()
	return mix(mix(h, binary.LittleEndian.Uint64(b[:])), binary.LittleEndian.Uint64(b[8:]))
}
