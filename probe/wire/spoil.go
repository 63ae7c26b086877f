package wire

import "encoding/binary"

// spoil is by how much a wrong checksum differs from the right one, in ones' complement:
// anything but 0.
const spoil = 0x5a5a

// SpoilChecksum makes the checksum of packet's TCP, UDP, ICMP or ICMPv6 header a wrong
// one, by always as much: so what a NAT does to it (RFC 1624) and what a mark adds to it
// are to be seen all the same. It never becomes right by chance, nor 0, by which a
// datagram would say that it has none (RFC 768). packet is whole and begins at its IP
// header.
func SpoilChecksum(packet []byte) {
	at := ChecksumOffset(packet)
	if at == 0 {
		return
	}
	sum := fold(uint64(binary.BigEndian.Uint16(packet[at:])) + spoil)
	if sum == 0 {
		sum = 0xffff // the same number
	}
	binary.BigEndian.PutUint16(packet[at:], sum)
}
