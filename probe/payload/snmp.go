package payload

import "encoding/binary"

// snmp asks for sysDescr.0 with the community "public", in version 1: an agent
// of several versions answers in the one that it was asked in (RFC 3584 §4).
// An agent with another community stays silent.
//
// Tried on net-snmp 5.9.3; agents of network devices are unverified.
var snmp = register(Payload{
	Name:   "snmp",
	Ports:  []uint16{161},
	Source: "RFC 1157 §4, RFC 1213 (sysDescr)",
	Bits:   30,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, snmpHead...)
		b = binary.BigEndian.AppendUint32(b, snmpRequestID(id))
		return append(b, snmpTail...)
	},
	Match: func(id uint64, answer []byte) bool {
		message, _, _ := berValue(answer, berSequence)
		version, rest, _ := berValue(message, berInteger)
		_, rest, _ = berValue(rest, berOctetString) // community
		pdu, _, _ := berValue(rest, snmpGetResponse)
		requestID, _, ok := berValue(pdu, berInteger)
		return ok && len(version) == 1 && version[0] == 0 &&
			len(requestID) == 4 && binary.BigEndian.Uint32(requestID) == snmpRequestID(id)
	},
})

// snmpRequestID makes a request-id of 30 bits of id. Bit 30 is always set: the
// shortest encoding, which BER demands (X.690 §8.3.2), then always has four
// bytes. Bit 31, the sign, stays clear.
func snmpRequestID(id uint64) uint32 { return uint32(id)&(1<<30-1) | 1<<30 }

const (
	berInteger      = 0x02
	berOctetString  = 0x04
	berSequence     = 0x30
	snmpGetResponse = 0xa2 // RFC 1157 §4.1.4

	snmpHead = "\x30\x29" + //  0: Message ::= SEQUENCE, 41 bytes
		"\x02\x01\x00" + //  2: version: version-1(0)
		"\x04\x06public" + //  5: community
		"\xa0\x1c" + // 13: GetRequest-PDU (RFC 1157 §4.1.2), 28 bytes
		"\x02\x04" // 15: request-id, whose 4 bytes follow at 17
	snmpTail = "\x02\x01\x00" + // 21: error-status
		"\x02\x01\x00" + // 24: error-index
		"\x30\x0e\x30\x0c" + // 27: variable-bindings, one VarBind
		"\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00" + // 31: name: 1.3.6.1.2.1.1.1.0
		"\x05\x00" // 41: value: NULL
)

// berValue takes one BER element with this tag off b and returns its contents
// and what follows it, or nothing where b does not begin with a whole one. The
// contents of nothing is nothing, so that only the last of a chain of calls
// need be checked.
func berValue(b []byte, tag byte) (value, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, false
	}
	n := uint32(b[1])
	b = b[2:]
	if n >= 0x80 { // long form: the number of length bytes (X.690 §8.1.3.5)
		count := int(n & 0x7f)
		if count < 1 || count > 4 || len(b) < count {
			return nil, nil, false
		}
		n = 0
		for _, c := range b[:count] {
			n = n<<8 | uint32(c)
		}
		b = b[count:]
	}
	if uint64(n) > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
