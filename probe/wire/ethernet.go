package wire

import "encoding/binary"

// AppendEthernet appends an Ethernet header (IEEE 802.3).
func AppendEthernet(b []byte, dst, src MAC, etherType uint16) []byte {
	b = append(b, dst[:]...)
	b = append(b, src[:]...)
	return binary.BigEndian.AppendUint16(b, etherType)
}
