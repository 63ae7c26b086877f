package protocol

import (
	"fmt"
	"strings"
)

// IKE responders tell their version. In main mode of version 1 they show by vendor IDs
// whose they are, if they like one of the proposals; nothing comes of it, for we do not go on.
var (
	_ = registerDatagram(Datagram{Name: "isakmp", Payload: "ike", Source: "RFC 7296 sections 2.5 and 3.1, RFC 2408 sections 3.1 and 3.16", Elsewhere: true,
		Read: ikeFacts, More: []Question{{appendMainMode, matchMainMode, ikeFacts}}})
	_ = registerDatagram(Datagram{Name: "ipsec-nat-t", Payload: "ike-nat-t", Source: "RFC 3948 section 2.2, RFC 7296 section 3.1",
		Read: func(b []byte) Facts { return ikeFacts(b[min(4, len(b)):]) },
		More: []Question{{
			Append: func(b []byte, id uint64) []byte { return appendMainMode(append(b, 0, 0, 0, 0), id) },
			Match:  func(id uint64, b []byte) bool { return len(b) > 4 && be.Uint32(b) == 0 && matchMainMode(id, b[4:]) },
			Read:   func(b []byte) Facts { return ikeFacts(b[min(4, len(b)):]) },
		}}})
)

// appendMainMode proposes what old and new responders like (RFC 2409 appendix A): AES and
// 3DES, SHA-1 and SHA-2, groups 2 and 14, by a shared secret or signatures.
func appendMainMode(b []byte, id uint64) []byte {
	var transforms []byte
	count := byte(0)
	for _, method := range []byte{1, 3} {
		for _, c := range []struct{ cipher, bits, hash, group byte }{{7, 128, 2, 14}, {7, 0, 4, 14}, {7, 128, 2, 2}, {5, 0, 2, 2}} {
			t := []byte{0x80, 1, 0, c.cipher, 0x80, 2, 0, c.hash, 0x80, 3, 0, method, 0x80, 4, 0, c.group, 0x80, 11, 0, 1, 0x80, 12, 0x70, 0x80}
			switch {
			case c.bits > 0:
				t = append(t, 0x80, 14, 0, c.bits)
			case c.cipher == 7:
				t = append(t, 0x80, 14, 1, 0)
			}
			count++
			next := byte(3)
			if count == 8 {
				next = 0
			}
			transforms = append(transforms, next, 0, 0, byte(8+len(t)), count, 1, 0, 0)
			transforms = append(transforms, t...)
		}
	}
	size := uint16(len(transforms))
	b = be.AppendUint64(b, id)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 2, 0, 0, 0, 0, 0) // SA, version 1.0, main mode
	b = be.AppendUint32(b, 28+12+8+uint32(size))
	b = append(b, 0, 0)
	b = be.AppendUint16(b, 12+8+size)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0) // of the Internet, identity only; a proposal
	b = be.AppendUint16(b, 8+size)
	b = append(b, 1, 1, 0, count)
	return append(b, transforms...)
}

// matchMainMode accepts what is of version 1 and for our cookie, but our question come back:
// it has no cookie of theirs.
func matchMainMode(id uint64, b []byte) bool {
	return len(b) >= 28 && (b[18] != 2 || be.Uint64(b[8:]) != 0) && be.Uint64(b) == id && b[17]>>4 == 1 && int(be.Uint32(b[24:])) == len(b)
}

// vendorIDs are known by what they begin with. Those of extensions, which many vendors
// have, name nobody.
var vendorIDs = []struct{ prefix, product, version string }{
	{"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb", "strongSwan", ""},
	{"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61", "Microsoft IPsec", ""},
	{"\xf4\xed\x19\xe0\xc1\x14\xeb\x51\x6f\xaa\xac\x0e\xe3\x7d\xaf\x28\x07\xb4\x38\x1f", "Check Point VPN-1", ""},
	{"\x40\x4b\xf4\x39\x52\x2c\xa3\xf6", "SonicWall", ""},
	{"\x82\x99\x03\x17\x57\xa3\x60\x82\xc6\xa6\x21\xde", "Fortinet FortiGate", ""},
	{"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc", "", ""}, // Cisco Unity, which others speak, too
}

// ikeFacts reads the header, and vendor IDs behind it.
func ikeFacts(b []byte) (f Facts) {
	if len(b) < 28 {
		return f
	}
	f.Info = fmt.Sprintf("IKEv%d", b[17]>>4)
	next, rest := b[16], b[28:]
	for next != 0 && len(rest) >= 4 {
		size := int(be.Uint16(rest[2:]))
		if size < 4 || size > len(rest) {
			break
		}
		if body := string(rest[4:size]); next == 13 || next == 43 { // of version 1, of version 2
			for _, v := range vendorIDs {
				if strings.HasPrefix(body, v.prefix) && v.product != "" {
					f.Product = v.product
				}
			}
			if strings.HasPrefix(body, "strongSwan ") && IsText([]byte(body)) {
				f.Product, f.Version = "strongSwan", Clip(strings.TrimPrefix(body, "strongSwan "))
			}
		}
		next, rest = rest[0], rest[size:]
	}
	return f
}
