package wire

import "encoding/binary"

// udpHeader is the size of a UDP header.
const udpHeader = 8

// parse fills u from the datagram b (RFC 768) and returns its payload.
func (u *UDP) parse(b []byte) (payload []byte, ok bool) {
	size, ok := udpSize(b)
	if !ok {
		return nil, false
	}
	u.Src = binary.BigEndian.Uint16(b)
	u.Dst = binary.BigEndian.Uint16(b[2:])
	u.Len = uint16(size)
	u.Sum = binary.BigEndian.Uint16(b[6:])
	return b[udpHeader:size], true
}

// udpSize is how long the datagram at the start of b says that it is, if that can be.
func udpSize(b []byte) (size int, ok bool) {
	if len(b) < udpHeader {
		return 0, false
	}
	size = int(binary.BigEndian.Uint16(b[4:]))
	return size, size >= udpHeader && size <= len(b)
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
