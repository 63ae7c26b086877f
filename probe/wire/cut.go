package wire

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// maxIPOptions is what the header length of IPv4 leaves for options (RFC 791 §3.1).
const maxIPOptions = 40

// copied is the bit of an IP option's type which says that all fragments have it.
const copied = 0x80

// ParseIPOptions reads the options of an IPv4 header as they stand on the wire, in hex,
// and pads them with zeros, which end the list, to a multiple of 4 bytes.
func ParseIPOptions(text string) ([]byte, error) {
	opts, err := hex.DecodeString(text)
	switch {
	case err != nil:
		return nil, err
	case len(opts) == 0:
		return nil, errors.New("no bytes")
	case len(opts) > maxIPOptions:
		return nil, fmt.Errorf("%d bytes, and a header has room for %d", len(opts), maxIPOptions)
	}
	return pad4(opts), nil
}

func pad4(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// InsertIPOptions puts options into the header of the IPv4 packet at b[start:], which has
// none and is the last in b. They are at most 40 bytes, a multiple of 4.
func InsertIPOptions(b []byte, start int, options []byte) []byte {
	if len(b) < start+ipv4Header || b[start]>>4 != 4 || len(options) > maxIPOptions {
		return b
	}
	b = append(b, options...) // room
	head := start + ipv4Header
	copy(b[head+len(options):], b[head:len(b)-len(options)])
	copy(b[head:], options)
	sumHeader(b[start:], head+len(options)-start)
	return b
}

// sumHeader writes lengths and checksum of an IPv4 header of that size, of a packet that
// b is.
func sumHeader(b []byte, header int) {
	b[0] = 4<<4 | uint8(header/4)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], Checksum(b[:header]))
}

// PayloadSize is how many bytes are behind the IP header of a packet that was appended
// here: without extension headers.
func PayloadSize(packet []byte) int { return len(packet) - headerSize(packet) }

func headerSize(packet []byte) int {
	switch {
	case len(packet) >= ipv6Header && packet[0]>>4 == 6:
		return ipv6Header
	case len(packet) >= ipv4Header:
		return min(int(packet[0]&0x0f)*4, len(packet))
	}
	return len(packet)
}

// AppendFragment appends the fragment of packet with its payload from at on, at most size
// bytes of it: both are multiples of 8 (RFC 791 §3.2, RFC 8200 §4.5). packet is one that
// was appended here. On IPv6 id is what its fragments have in common, on IPv4 that is the
// ID in its header. Options that only the first fragment has stay away from the others.
func AppendFragment(b, packet []byte, at, size int, id uint32) []byte {
	header := headerSize(packet)
	part := packet[header:][at:]
	more := uint16(0)
	if len(part) > size {
		part, more = part[:size], 1
	}
	start := len(b)
	if packet[0]>>4 == 6 {
		b = append(b, packet[:ipv6Header]...)
		binary.BigEndian.PutUint16(b[start+4:], uint16(fragmentHeader+len(part)))
		b[start+6] = extFragment
		b = append(b, packet[6], 0)
		b = binary.BigEndian.AppendUint16(b, uint16(at)|more)
		b = binary.BigEndian.AppendUint32(b, id)
		return append(b, part...)
	}
	b = append(b, packet[:ipv4Header]...)
	if at == 0 {
		b = append(b, packet[ipv4Header:header]...)
	} else {
		b = appendCopied(b, packet[ipv4Header:header])
	}
	header = len(b) - start
	b = append(b, part...)
	df := binary.BigEndian.Uint16(packet[6:]) & 0x4000
	binary.BigEndian.PutUint16(b[start+6:], df|more<<13|uint16(at/8))
	sumHeader(b[start:], header)
	return b
}

// appendCopied appends those of the options of an IPv4 header that all fragments have, and
// padding. A list that is malformed ends where it is.
func appendCopied(b, options []byte) []byte {
	start := len(b)
	for {
		kind, _, rest, ok := NextOption(options) // they are built as TCP's are
		if !ok || kind == OptEOL {
			break
		}
		if kind&copied != 0 {
			b = append(b, options[:len(options)-len(rest)]...)
		}
		options = rest
	}
	for (len(b)-start)%4 != 0 {
		b = append(b, OptEOL)
	}
	return b
}
