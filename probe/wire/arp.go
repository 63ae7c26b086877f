package wire

import (
	"encoding/binary"
	"net/netip"
)

// arpSize is the size of an ARP message for Ethernet and IPv4.
const arpSize = 28

// Hardware types that share addresses of Ethernet's kind (RFC 826, RFC 1042): some say
// the second where they mean the first, and every receiver takes both.
const (
	hardwareEthernet = 1
	hardwareIEEE802  = 6
)

// parse fills a from an ARP message (RFC 826). Those of other hardware or
// protocols, or with other address sizes, are refused.
func (a *ARP) parse(b []byte) bool {
	if len(b) < arpSize ||
		b[0] != 0 || b[1] != hardwareEthernet && b[1] != hardwareIEEE802 ||
		binary.BigEndian.Uint16(b[2:]) != TypeIPv4 ||
		b[4] != 6 || b[5] != 4 {
		return false
	}
	a.Op = binary.BigEndian.Uint16(b[6:])
	a.SenderMAC = MAC(b[8:14])
	a.SenderIP = netip.AddrFrom4([4]byte(b[14:18]))
	a.TargetMAC = MAC(b[18:24])
	a.TargetIP = netip.AddrFrom4([4]byte(b[24:28]))
	return true
}

// AppendARP appends an ARP message, without a link-layer header.
func AppendARP(b []byte, a *ARP) []byte {
	sender, target := as4(a.SenderIP), as4(a.TargetIP)
	b = append(b, 0, 1, TypeIPv4>>8, TypeIPv4&0xff, 6, 4)
	b = binary.BigEndian.AppendUint16(b, a.Op)
	b = append(b, a.SenderMAC[:]...)
	b = append(b, sender[:]...)
	b = append(b, a.TargetMAC[:]...)
	return append(b, target[:]...)
}
