package wire

import "encoding/binary"

// Fragment is one part of a datagram that was sent in several (RFC 791 §3.2, RFC 8200
// §4.5).
type Fragment struct {
	IP     IP     // its header, read as that of a Packet is
	ID     uint32 // 16 bits on IPv4
	Proto  uint8  // IPv4: the transport; IPv6: what follows the fragment header
	Offset int    // of Data in the payload of the datagram
	More   bool   // it is not the last
	// Head is the header in front of the payload, of IPv6 with the fragment header, whose
	// number stands at Next. Data is the part itself. Both alias the packet.
	Head, Data []byte
	Next       int
}

// fragmentHeader is the size of an IPv6 fragment header (RFC 8200 §4.5).
const fragmentHeader = 8

// Parse fills f from the packet b, and tells whether it is a fragment that may be part
// of something: the header checksum of IPv4 is right, and all that its header tells of
// is there. An IPv6 packet that is the only fragment of its datagram is none.
func (f *Fragment) Parse(b []byte, etherType uint16) bool {
	*f = Fragment{}
	header, part, ok := f.IP.parse(b, etherType == TypeIPv6)
	total := int(f.IP.Len)
	if !ok || part == whole || total < header || total > len(b) {
		return false
	}
	if etherType == TypeIPv4 {
		flags := binary.BigEndian.Uint16(b[6:])
		f.ID, f.Proto, f.Offset, f.More = uint32(f.IP.ID), f.IP.Proto, int(flags&0x1fff)*8, flags&0x2000 != 0
		f.Head, f.Data = b[:header], b[header:total]
		return Checksum(f.Head) == 0
	}
	at, next := findFragment(b)
	if at == 0 {
		return false
	}
	f.Offset, f.More = fragmentOffset(b[at:])
	f.ID = binary.BigEndian.Uint32(b[at+4:])
	f.Proto, f.Next = b[at], next
	f.Head, f.Data = b[:at+fragmentHeader], b[at+fragmentHeader:total]
	return true
}

// Whole writes the header of the whole datagram, for size bytes of payload, behind b:
// that of its first fragment f, as if it had never been cut. congested says that one of
// them has met congestion (RFC 3168 §5.3).
func (f *Fragment) Whole(b []byte, size int, congested bool) []byte {
	start := len(b)
	ecn := byte(0)
	if congested {
		ecn = 3
	}
	if f.IP.Dst.Is4() {
		b = append(b, f.Head...)
		h := b[start:]
		h[1] |= ecn
		binary.BigEndian.PutUint16(h[2:], uint16(len(h)+size))
		h[6], h[7] = 0, 0
		h[10], h[11] = 0, 0
		binary.BigEndian.PutUint16(h[10:], Checksum(h))
		return b
	}
	b = append(b, f.Head[:len(f.Head)-fragmentHeader]...)
	h := b[start:]
	h[f.Next] = f.Proto
	h[1] |= ecn << 4
	binary.BigEndian.PutUint16(h[4:], uint16(len(h)-ipv6Header+size))
	return b
}

// findFragment walks to the fragment header of the packet b and returns where it begins
// and where its number stands; 0 if there is none, or b is no IPv6 packet. Behind that of
// an atomic fragment (RFC 6946) there may be the one of a part.
func findFragment(b []byte) (at, number int) {
	if len(b) < ipv6Header || b[0]>>4 != 6 {
		return 0, 0
	}
	for header, next := ipv6Header, 6; ; {
		size, ok := extensionSize(b[next], b[header:], header == ipv6Header)
		if !ok || size == 0 {
			return at, number
		}
		if b[next] == extFragment {
			at, number = header, next
			if offset, more := fragmentOffset(b[header:]); offset != 0 || more {
				return at, number
			}
		}
		header, next = header+size, header
	}
}
