package payload

import "encoding/binary"

// kerberos asks a KDC for a ticket in a realm that it does not have. It answers
// with an error, which often names its own realm and always its time; a
// principal that does not exist cannot be locked out by it. The nonce is
// returned in tickets only, so that an error carries no identifier.
//
// Tried on MIT krb5 1.20.1; Heimdal and Windows are unverified.
var _ = register(Payload{
	Name:   "kerberos",
	Ports:  []uint16{88},
	Source: "RFC 4120 §5.4.1, §5.9.1",
	Append: func(b []byte, id uint64) []byte {
		b = append(b, kerberosHead...)
		// 30 bits of id, encoded like the request-id of SNMP.
		b = binary.BigEndian.AppendUint32(b, snmpRequestID(id))
		return append(b, kerberosTail...)
	},
	Match: func(_ uint64, answer []byte) bool {
		return isKerberos(answer, kerberosError) || isKerberos(answer, kerberosReply)
	},
})

// isKerberos tells whether b is a message of version 5 and this type, which is
// also the number of its application tag (RFC 4120 §5.10).
func isKerberos(b []byte, kind byte) bool {
	const application, context = 0x60, 0xa0 // constructed
	message, _, _ := berValue(b, application|kind)
	fields, _, _ := berValue(message, berSequence)
	field, fields, _ := berValue(fields, context) // [0]
	version, _, _ := berValue(field, berInteger)
	field, _, _ = berValue(fields, context|1) // [1]
	msgType, _, ok := berValue(field, berInteger)
	return ok && len(version) == 1 && version[0] == 5 && len(msgType) == 1 && msgType[0] == kind
}

const (
	kerberosReply = 11 // AS-REP
	kerberosError = 30 // KRB-ERROR

	kerberosHead = "\x6a\x81\x85\x30\x81\x82" + //  0: AS-REQ ::= [APPLICATION 10] KDC-REQ, 130 bytes
		"\xa1\x03\x02\x01\x05" + //   6: pvno [1]: 5
		"\xa2\x03\x02\x01\x0a" + //  11: msg-type [2]: 10
		"\xa4\x76\x30\x74" + //  16: req-body [4] KDC-REQ-BODY
		"\xa0\x07\x03\x05\x00\x00\x00\x00\x00" + //  20: kdc-options [0]: none of 32
		"\xa1\x12\x30\x10" + //  29: cname [1]
		"\xa0\x03\x02\x01\x01" + //  33: name-type: NT-PRINCIPAL
		"\xa1\x09\x30\x07\x1b\x05sonde" + //  38: name-string
		"\xa2\x0f\x1b\x0dSONDE.INVALID" + //  49: realm [2]; RFC 2606 keeps the name free
		"\xa3\x22\x30\x20" + //  66: sname [3]
		"\xa0\x03\x02\x01\x02" + //  70: name-type: NT-SRV-INST
		"\xa1\x19\x30\x17\x1b\x06krbtgt\x1b\x0dSONDE.INVALID" + //  75
		"\xa5\x11\x18\x0f19700101000000Z" + // 102: till [5]: as long as the policy allows
		"\xa7\x06\x02\x04" // 121: nonce [7], whose 4 bytes follow at 125
	kerberosTail = "\xa8\x05\x30\x03\x02\x01\x12" // 129: etype [8]: aes256-cts-hmac-sha1-96
)
