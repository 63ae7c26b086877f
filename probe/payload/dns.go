package payload

import "encoding/binary"

// dns asks for version.bind, class CHAOS, type TXT: a question that every kind
// of name server answers from itself, if only with REFUSED. Nobody is asked
// for it in turn, as somebody might be for an Internet name, and the answer
// often names product and version.
//
// Tried on dnsmasq 2.90 and Unbound 1.17.1; BIND, NSD, Knot, PowerDNS and
// Windows are unverified.
var dns = register(Payload{
	Name:   "dns",
	Ports:  []uint16{53},
	Source: "RFC 1035 §4.1, RFC 4892",
	Bits:   16,
	Append: func(b []byte, id uint64) []byte {
		return appendDNSQuery(b, uint16(id), dnsRecursionDesired, dnsVersionBind)
	},
	Match: func(id uint64, answer []byte) bool {
		return matchDNSResponse(answer, uint16(id), dnsVersionBind, 0xffff)
	},
})

// RD, as ordinary clients set it; a resolver may refuse a query without it.
const dnsRecursionDesired = 0x0100

// A question (RFC 1035 §4.1.2): QNAME as labels, QTYPE 16 TXT, QCLASS 3 CH.
const dnsVersionBind = "\x07version\x04bind\x00" + "\x00\x10" + "\x00\x03"

const dnsHeaderLen = 12

// appendDNSQuery writes a query with one question (RFC 1035 §4.1.1).
func appendDNSQuery(b []byte, id, flags uint16, question string) []byte {
	b = binary.BigEndian.AppendUint16(b, id)    //  0: ID, repeated in the response
	b = binary.BigEndian.AppendUint16(b, flags) //  2: QR 0, OPCODE 0, RD
	b = append(b,
		0, 1, //  4: QDCOUNT
		0, 0, //  6: ANCOUNT
		0, 0, //  8: NSCOUNT
		0, 0) // 10: ARCOUNT
	return append(b, question...) // 12
}

// matchDNSResponse reports whether b responds to the query with this id and
// question. The class is compared under classMask. A server that could not or
// would not read the question may leave it out, but says so in its RCODE.
func matchDNSResponse(b []byte, id uint16, question string, classMask uint16) bool {
	const (
		response = 0x8000 // QR
		opcode   = 0x7800
		rcode    = 0x000f
	)
	if len(b) < dnsHeaderLen || binary.BigEndian.Uint16(b) != id {
		return false
	}
	flags := binary.BigEndian.Uint16(b[2:])
	if flags&(response|opcode) != response {
		return false
	}
	switch binary.BigEndian.Uint16(b[4:]) { // QDCOUNT
	case 0:
		return flags&rcode != 0
	case 1:
		return hasDNSQuestion(b[dnsHeaderLen:], question, classMask)
	}
	return false
}

// hasDNSQuestion reports whether b begins with question, which is in lower
// case. Names compare without case (RFC 1035 §2.3.3).
func hasDNSQuestion(b []byte, question string, classMask uint16) bool {
	if len(b) < len(question) {
		return false
	}
	class := len(question) - 2 // its offset
	for i := range class {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != question[i] {
			return false
		}
	}
	want := uint16(question[class])<<8 | uint16(question[class+1])
	return (binary.BigEndian.Uint16(b[class:])^want)&classMask == 0
}
