package wire

import "encoding/binary"

// udpHeader is the size of a UDP header.
const udpHeader = 8

// parse fills u from the datagram b (RFC 768) and returns its payload. With
// partial, b is a first fragment and may be shorter than u.Len says.
func (u *UDP) parse(b []byte, partial bool) (payload []byte, ok bool) {
	if len(b) < udpHeader {
		return nil, false
	}
	u.Src = binary.BigEndian.Uint16(b)
	u.Dst = binary.BigEndian.Uint16(b[2:])
	u.Len = binary.BigEndian.Uint16(b[4:])
	u.Sum = binary.BigEndian.Uint16(b[6:])
	size := int(u.Len)
	if size < udpHeader || size > len(b) && !partial {
		return nil, false
	}
	return b[udpHeader:min(size, len(b))], true
}

// AppendUDP appends an IP packet with the datagram of u and payload. It must
// not be longer than 65535 bytes.
func AppendUDP(b []byte, ip *IP, u *UDP, payload []byte) []byte {
	size := udpHeader + len(payload)
	b = appendIP(b, ip, ProtoUDP, size)
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, u.Src)
	b = binary.BigEndian.AppendUint16(b, u.Dst)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	b = append(b, 0, 0) // checksum: below
	b = append(b, payload...)
	sum := SegmentChecksum(ip.Src, ip.Dst, ProtoUDP, b[start:])
	if sum == 0 {
		// RFC 768: 0 would say that there is no checksum, which RFC 8200 §8.1
		// forbids on IPv6. In ones' complement 0xffff is zero as well.
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[start+6:], sum)
	return b
}
