package wire

import (
	"encoding/binary"
	"net/netip"
)

// Sizes of the IP headers without options and extension headers.
const (
	ipv4Header = 20
	ipv6Header = 40
)

// IPv6 extension headers that are walked over to find the transport header
// (RFC 8200 §4, RFC 4302 §2). Behind any other number there is no transport
// header that we speak.
const (
	extHopByHop    = 0
	extRouting     = 43
	extFragment    = 44
	extAuth        = 51
	extDestination = 60
)

// fragment says which part of a datagram a packet is.
type fragment uint8

const (
	whole         fragment = iota
	firstFragment          // has the transport header, but not all that follows
	laterFragment          // has no transport header
)

// parse fills ip from the header at the start of b, as far as b goes: it looks
// at ip.Len no more than to store it, since the quote in an ICMP error is
// shorter than its header says. It returns the offset of the transport header,
// at most len(b).
func (ip *IP) parse(b []byte, v6 bool) (header int, part fragment, ok bool) {
	if v6 {
		return ip.parse6(b)
	}
	return ip.parse4(b)
}

// parse4 reads an IPv4 header (RFC 791 §3.1). Options are skipped. The header
// checksum is not verified, see parse.go.
func (ip *IP) parse4(b []byte) (header int, part fragment, ok bool) {
	if len(b) < ipv4Header || b[0]>>4 != 4 {
		return 0, whole, false
	}
	header = int(b[0]&0x0f) * 4
	if header < ipv4Header || header > len(b) {
		return 0, whole, false
	}
	frag := binary.BigEndian.Uint16(b[6:])
	ip.TOS = b[1]
	ip.Len = binary.BigEndian.Uint16(b[2:])
	ip.ID = binary.BigEndian.Uint16(b[4:])
	ip.DF = frag&0x4000 != 0
	ip.TTL = b[8]
	ip.Proto = b[9]
	ip.Src = netip.AddrFrom4([4]byte(b[12:16]))
	ip.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	switch {
	case frag&0x1fff != 0:
		part = laterFragment
	case frag&0x2000 != 0:
		part = firstFragment
	}
	return header, part, true
}

// parse6 reads an IPv6 header (RFC 8200 §3) and walks over its extension
// headers.
func (ip *IP) parse6(b []byte) (header int, part fragment, ok bool) {
	if len(b) < ipv6Header || b[0]>>4 != 6 {
		return 0, whole, false
	}
	first := binary.BigEndian.Uint32(b)
	ip.TOS = uint8(first >> 20)
	ip.Flow = first & 0xfffff
	// The last 40 payload lengths, which no link carries, overflow to less than
	// a header and are refused for that.
	ip.Len = ipv6Header + binary.BigEndian.Uint16(b[4:])
	ip.TTL = b[7]
	ip.Src = netip.AddrFrom16([16]byte(b[8:24]))
	ip.Dst = netip.AddrFrom16([16]byte(b[24:40]))
	// A mapped address (::ffff:0:0/96) is no address on the wire (RFC 4291
	// §2.5.5.2). Unmapped it would pass for the IPv4 address it contains.
	if ip.Src.Is4In6() || ip.Dst.Is4In6() {
		return 0, whole, false
	}
	header, ip.Proto, part, ok = extensions(b, b[6])
	return header, part, ok
}

// extensions walks from the end of b's IPv6 header, with next being its next
// header field, to the transport header. It returns the offset and protocol of
// that. Every extension header is at least 8 bytes long, so the walk ends.
func extensions(b []byte, next uint8) (header int, proto uint8, part fragment, ok bool) {
	header = ipv6Header
	for {
		size, ok := extensionSize(next, b[header:], header == ipv6Header)
		switch {
		case !ok:
			return 0, 0, whole, false
		case size == 0:
			return header, next, part, true
		}
		if next == extFragment {
			switch offset, more := fragmentOffset(b[header:]); {
			case offset != 0:
				return header + size, b[header], laterFragment, true
			case more:
				part = firstFragment // else all of it: an atomic fragment (RFC 6946)
			}
		}
		next = b[header]
		header += size
	}
}

// extensionSize returns the size of the extension header of number next at the start of
// ext, 0 where that is the number of none that is walked over. It is not ok where the
// header is malformed, or not all there. first says that no other one is before it.
func extensionSize(next uint8, ext []byte, first bool) (size int, ok bool) {
	switch next {
	case extHopByHop, extRouting, extDestination, extFragment, extAuth:
	default:
		return 0, true
	}
	if len(ext) < 8 { // none is smaller
		return 0, false
	}
	switch next {
	case extFragment:
		return fragmentHeader, true
	case extAuth:
		size = (int(ext[1]) + 2) * 4 // RFC 4302 §2.2: in 4 bytes, minus 2
		return size, size >= 12 && size <= len(ext)
	}
	size = (int(ext[1]) + 1) * 8                                    // RFC 8200 §4.3: in 8 bytes, without the first 8
	return size, size <= len(ext) && (first || next != extHopByHop) // §4: that nowhere but first
}

// fragmentOffset reads a fragment header (RFC 8200 §4.5): where its part of the payload
// begins, and whether more follow.
func fragmentOffset(ext []byte) (offset int, more bool) {
	frag := binary.BigEndian.Uint16(ext[2:])
	return int(frag &^ 7), frag&1 != 0
}

// AppendIP appends the header of ip for size bytes of ip.Proto behind it: an
// IPv4 header where ip.Dst is an IPv4 address, else an IPv6 header. The whole
// packet must not be longer than 65535 bytes.
func AppendIP(b []byte, ip *IP, size int) []byte {
	return appendIP(b, ip, ip.Proto, size)
}

func appendIP(b []byte, ip *IP, proto uint8, size int) []byte {
	if ip.Dst.Is4() {
		return appendIPv4(b, ip, proto, size)
	}
	return appendIPv6(b, ip, proto, size)
}

func appendIPv4(b []byte, ip *IP, proto uint8, size int) []byte {
	var frag uint16
	if ip.DF {
		frag = 0x4000
	}
	src, dst := as4(ip.Src), as4(ip.Dst)
	start := len(b)
	b = append(b, 0x45, ip.TOS)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4Header+size))
	b = binary.BigEndian.AppendUint16(b, ip.ID)
	b = binary.BigEndian.AppendUint16(b, frag)
	b = append(b, ip.TTL, proto, 0, 0) // checksum: below
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	binary.BigEndian.PutUint16(b[start+10:], Checksum(b[start:]))
	return b
}

func appendIPv6(b []byte, ip *IP, proto uint8, size int) []byte {
	src, dst := ip.Src.As16(), ip.Dst.As16()
	b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(ip.TOS)<<20|ip.Flow&0xfffff)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	b = append(b, proto, ip.TTL)
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

// as4 is addr.As4, with 0.0.0.0 for what is not an IPv4 address instead of a
// panic.
func as4(addr netip.Addr) [4]byte {
	if !addr.Is4() {
		return [4]byte{}
	}
	return addr.As4()
}
