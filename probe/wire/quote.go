package wire

import "encoding/binary"

// parse fills the zero q from b, the start of a packet. It is content with
// little, since routers need not quote more than 8 bytes behind an IPv4 header
// (RFC 792) and change what they quote; with nothing useful q stays zero.
func (q *Quote) parse(b []byte, v6 bool) {
	header, part, ok := q.IP.parse(b, v6)
	if !ok {
		*q = Quote{}
		return
	}
	// What follows the packet's own end is padding. But some systems quote the
	// length with the header subtracted: one that leaves no room for the 8 bytes
	// that everybody quotes is not believed.
	if total := int(q.IP.Len); total >= header+8 && total < len(b) {
		b = b[:total]
	}
	q.Len = len(b)
	if part == laterFragment {
		return
	}
	segment := b[header:]
	switch {
	case q.IP.Proto == ProtoTCP:
		q.ports(segment)
		if len(segment) >= 8 {
			q.Seq, q.HasSeq = binary.BigEndian.Uint32(segment[4:]), true
		}
		q.HasTCP = q.TCP.parse(segment) > 0
	case q.IP.Proto == ProtoUDP:
		q.ports(segment)
		if len(segment) >= 8 {
			q.Sum, q.HasSum = binary.BigEndian.Uint16(segment[6:]), true
			q.keep(segment[8:])
		}
	case q.IP.Proto == ProtoICMP && !v6, q.IP.Proto == ProtoICMPv6 && v6:
		if len(segment) >= 4 {
			q.Sum, q.HasSum = binary.BigEndian.Uint16(segment[2:]), true
		}
		if len(segment) >= 8 && messageOf(v6, segment[0], segment[1]).isQuery() {
			q.ports(segment[4:]) // identifier and sequence number
			q.keep(segment[8:])
		}
	}
}

// keep keeps the start of a quoted payload.
func (q *Quote) keep(payload []byte) { q.DataLen = uint8(copy(q.Data[:], payload)) }

// ports reads the first 4 bytes of b, if they are there.
func (q *Quote) ports(b []byte) {
	if len(b) >= 4 {
		q.Src = binary.BigEndian.Uint16(b)
		q.Dst = binary.BigEndian.Uint16(b[2:])
		q.HasPorts = true
	}
}
