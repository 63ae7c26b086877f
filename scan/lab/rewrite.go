package lab

import (
	"encoding/binary"
	"net/netip"
)

// What routers and middleboxes do to packets, for the hooks of emulated links. A
// packet begins with its IP header. What is not understood is left alone: other
// protocols, what is cut off, fragments, extension headers.

// Rewrite returns the hook that changes each packet by change and lets it go on.
func Rewrite(change func(packet []byte)) func(packet []byte) (on, back [][]byte) {
	return func(packet []byte) (on, back [][]byte) {
		change(packet)
		return [][]byte{packet}, nil
	}
}

// SetTTL overwrites the TTL, or hop limit. As routers do, it leaves a wrong
// checksum of the transport wrong; so does SetDSCP.
func SetTTL(packet []byte, ttl uint8) {
	switch {
	case is4(packet):
		packet[8] = ttl // RFC 791 §3.1
		fixHeader(packet)
	case is6(packet):
		packet[7] = ttl // RFC 8200 §3
	}
}

// SetDSCP overwrites the DSCP and leaves ECN alone (RFC 2474 §3, RFC 3168 §5).
func SetDSCP(packet []byte, dscp uint8) {
	switch {
	case is4(packet):
		packet[1] = dscp<<2 | packet[1]&3
		fixHeader(packet)
	case is6(packet): // the traffic class lies across two bytes
		packet[0] = 0x60 | dscp>>2
		packet[1] = dscp<<6 | packet[1]&0x3f
	}
}

// SetMSS overwrites the MSS of a SYN, if it has one (RFC 9293 §3.2).
func SetMSS(packet []byte, mss uint16) {
	o := options(packet)
	for len(o) >= 2 {
		switch {
		case o[0] == 0: // end of the list
			return
		case o[0] == 1: // no operation
			o = o[1:]
		case o[0] == 2 && o[1] == 4 && len(o) >= 4:
			binary.BigEndian.PutUint16(o[2:], mss)
			FixChecksums(packet)
			return
		case int(o[1]) < 2 || int(o[1]) > len(o):
			return
		default:
			o = o[o[1]:]
		}
	}
}

// WipeOptions overwrites a segment's TCP options by NOPs.
func WipeOptions(packet []byte) {
	o := options(packet)
	for i := range o {
		o[i] = 1
	}
	FixChecksums(packet)
}

// options returns the TCP options of a packet; none if it is no TCP.
func options(packet []byte) []byte {
	proto, segment := transport(packet)
	if proto != protoTCP || len(segment) < 20 {
		return nil
	}
	end := int(segment[12]>>4) * 4
	if end < 20 || end > len(segment) {
		return nil
	}
	return segment[20:end]
}

// ICMPError returns the error that a router with the address from sends back for
// a packet of its family: type and code as they are numbered there, rest what
// stands behind the checksum (RFC 792, RFC 4443 §3: an MTU, a pointer), and of
// the packet the IP header and so many bytes behind it, or as many as there are.
// RFC 792 demands 8, RFC 1812 §4.3.2.3 and RFC 4443 as many as fit.
func ICMPError(packet []byte, from netip.Addr, typ, code uint8, rest uint32, quoted int) []byte {
	quote := packet[:min(len(packet), headerLen(packet)+quoted)]
	message := binary.BigEndian.AppendUint32([]byte{typ, code, 0, 0}, rest)
	message = append(message, quote...)
	var p []byte
	if from.Is4() {
		p = make([]byte, 20, 20+len(message))
		p[0], p[8], p[9] = 0x45, 64, protoICMP
		binary.BigEndian.PutUint16(p[2:], uint16(20+len(message)))
		a := from.As4()
		copy(p[12:], a[:])
		copy(p[16:], packet[12:16])
	} else {
		p = make([]byte, 40, 40+len(message))
		p[0], p[6], p[7] = 0x60, protoICMPv6, 64
		binary.BigEndian.PutUint16(p[4:], uint16(len(message)))
		a := from.As16()
		copy(p[8:], a[:])
		copy(p[24:], packet[8:24])
	}
	p = append(p, message...)
	FixChecksums(p)
	return p
}

// Numbers of protocols, and of next headers.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

// FixChecksums computes a packet's checksums anew: that of the IPv4 header, and
// that of TCP, UDP, ICMP or ICMPv6.
func FixChecksums(packet []byte) {
	fixHeader(packet)
	proto, segment := transport(packet)
	at := map[uint8]int{protoTCP: 16, protoUDP: 6, protoICMP: 2, protoICMPv6: 2}[proto]
	if at == 0 || len(segment) < at+2 {
		return
	}
	pseudo := uint32(0)
	if proto != protoICMP { // which has none (RFC 792); the others: RFC 9293 §3.1, RFC 8200 §8.1
		addrs := packet[12:20]
		if is6(packet) {
			addrs = packet[8:40]
		}
		pseudo = sum16(addrs, uint32(proto)+uint32(len(segment)))
	}
	fix(segment, at, pseudo)
	if proto == protoUDP && segment[6] == 0 && segment[7] == 0 {
		segment[6], segment[7] = 0xff, 0xff // 0 says that there is none (RFC 768)
	}
}

// fixHeader computes the checksum of an IPv4 header.
func fixHeader(packet []byte) {
	if is4(packet) {
		fix(packet[:headerLen(packet)], 10, 0)
	}
}

// fix writes the checksum of b, and of what pseudo is the sum of, at b[at].
func fix(b []byte, at int, pseudo uint32) {
	b[at], b[at+1] = 0, 0
	binary.BigEndian.PutUint16(b[at:], ^uint16(sum16(b, pseudo)))
}

// sum16 adds the 16-bit words of b to sum in one's complement (RFC 1071).
func sum16(b []byte, sum uint32) uint32 {
	for len(b) >= 2 {
		sum = fold(sum + uint32(b[0])<<8 + uint32(b[1]))
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8 // as if a zero followed
	}
	return fold(sum)
}

func fold(sum uint32) uint32 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum
}

// is4 tells whether packet begins with a whole IPv4 header.
func is4(packet []byte) bool {
	return len(packet) >= 20 && packet[0]>>4 == 4 && headerLen(packet) >= 20 && headerLen(packet) <= len(packet)
}

// is6 tells whether packet begins with a whole IPv6 header.
func is6(packet []byte) bool { return len(packet) >= 40 && packet[0]>>4 == 6 }

// headerLen is the length of the IP header, in bytes.
func headerLen(packet []byte) int {
	if len(packet) > 0 && packet[0]>>4 == 4 {
		return int(packet[0]&15) * 4
	}
	return 40
}

// transport returns protocol and bytes of what is behind the IP header; nothing
// for a fragment. Extension headers count as a protocol.
func transport(packet []byte) (proto uint8, segment []byte) {
	switch {
	case is4(packet):
		total := int(binary.BigEndian.Uint16(packet[2:]))
		if binary.BigEndian.Uint16(packet[6:])&0x3fff != 0 || total < headerLen(packet) || total > len(packet) {
			return 0, nil // a fragment has not all that is summed up
		}
		return packet[9], packet[headerLen(packet):total]
	case is6(packet):
		total := 40 + int(binary.BigEndian.Uint16(packet[4:]))
		if total > len(packet) {
			return 0, nil
		}
		return packet[6], packet[40:total]
	}
	return 0, nil
}
