package payload

import "encoding/binary"

// netbios asks a NetBIOS name service for the names of its node: NODE STATUS of
// the name "*". The answer also holds the node's MAC address.
//
// Tried on Samba 4.17.12; Windows is unverified.
var _ = register(Payload{
	Name:   "netbios-ns",
	Ports:  []uint16{137},
	Source: "RFC 1002 §4.2.17, §4.2.18",
	Bits:   16,
	// The format is that of DNS (RFC 1002 §4.2.1), flags and all.
	Append: func(b []byte, id uint64) []byte {
		return appendDNSQuery(b, uint16(id), 0, netbiosAny+netbiosStatus)
	},
	Match: func(id uint64, b []byte) bool {
		const (
			rdata    = dnsHeaderLen + len(netbiosAny+netbiosStatus) + 6 // behind TTL and RDLENGTH
			response = 0x8000
			opcode   = 0x7800
		)
		if len(b) < rdata+1 || binary.BigEndian.Uint16(b) != uint16(id) {
			return false
		}
		length := int(binary.BigEndian.Uint16(b[rdata-2:]))
		names := int(b[rdata]) // each has 18 bytes, statistics follow
		return binary.BigEndian.Uint16(b[2:])&(response|opcode) == response &&
			binary.BigEndian.Uint16(b[4:]) == 0 && // QDCOUNT
			binary.BigEndian.Uint16(b[6:]) == 1 && // ANCOUNT
			string(b[dnsHeaderLen:rdata-6]) == netbiosAny+netbiosStatus &&
			length > 18*names && len(b) == rdata+length
	},
})

const (
	// The name "*", filled up with zero bytes, each half byte of which is a
	// letter from A on (RFC 1001 §14.1).
	netbiosAny    = "\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x00"
	netbiosStatus = "\x00\x21\x00\x01" // type NBSTAT, class IN
)
