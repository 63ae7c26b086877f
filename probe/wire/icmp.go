package wire

import "encoding/binary"

// icmpHeader is the size of what all messages have in common: type, code,
// checksum and 4 bytes that depend on the message.
const icmpHeader = 8

// parse fills m from the ICMP message b (RFC 792) or ICMPv6 message (RFC 4443
// §2.1). The payloads of timestamp and mask messages are not checked; they may
// be shorter than they should.
func (m *ICMP) parse(b []byte, v6 bool) bool {
	if len(b) < icmpHeader {
		return false
	}
	m.Type, m.Code = b[0], b[1]
	m.Msg = messageOf(v6, m.Type, m.Code)
	switch {
	case m.Msg.isQuery():
		m.ID = binary.BigEndian.Uint16(b[4:])
		m.Seq = binary.BigEndian.Uint16(b[6:])
	case m.Msg == PacketTooBig && !v6:
		m.Info = uint32(binary.BigEndian.Uint16(b[6:])) // RFC 1191 §4; byte 5 is RFC 4884's
	case m.Msg == ParamProblem && !v6:
		m.Info = uint32(b[4]) // RFC 792: one byte
	default:
		m.Info = binary.BigEndian.Uint32(b[4:])
	}
	return true
}

// SetType sets m.Type and m.Code to those that say m.Msg. It returns false
// where the family has no such message.
func (m *ICMP) SetType(v6 bool) bool {
	for _, r := range messages(v6) {
		if r.msg == m.Msg {
			m.Type, m.Code = r.typ, r.first
			return true
		}
	}
	return false
}

// AppendICMP appends an IP packet with the message of m and payload: ICMP where
// ip.Dst is an IPv4 address, else ICMPv6. What bytes 4 to 7 are, ID and Seq or
// Info, follows from m.Type and m.Code; m.Msg is ignored. The packet must not
// be longer than 65535 bytes.
func AppendICMP(b []byte, ip *IP, m *ICMP, payload []byte) []byte {
	v6 := !ip.Dst.Is4()
	proto := uint8(ProtoICMP)
	if v6 {
		proto = ProtoICMPv6
	}
	msg := messageOf(v6, m.Type, m.Code)
	b = appendIP(b, ip, proto, icmpHeader+len(payload))
	start := len(b)
	b = append(b, m.Type, m.Code, 0, 0) // checksum: below
	switch {
	case msg.isQuery():
		b = binary.BigEndian.AppendUint16(b, m.ID)
		b = binary.BigEndian.AppendUint16(b, m.Seq)
	case msg == PacketTooBig && !v6:
		b = binary.BigEndian.AppendUint32(b, m.Info&0xffff)
	case msg == ParamProblem && !v6:
		b = binary.BigEndian.AppendUint32(b, m.Info<<24)
	default:
		b = binary.BigEndian.AppendUint32(b, m.Info)
	}
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[start+2:], SegmentChecksum(ip.Src, ip.Dst, proto, b[start:]))
	return b
}
