package payload

import "encoding/binary"

// cldap asks a directory for one attribute of its root entry, which every LDAP
// server has and shows to strangers (RFC 4512 §5.1): supportedLDAPVersion, whose
// values are the shortest. Servers other than Active Directory seldom listen to
// UDP.
//
// Unverified.
var cldap = register(Payload{
	Name:   "cldap",
	Ports:  []uint16{389},
	Source: "RFC 4511 §4.5, RFC 1798, [MS-ADTS] §3.1.1.3.1.11",
	Bits:   30,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, cldapHead...)
		b = binary.BigEndian.AppendUint32(b, snmpRequestID(id)) // as a request-id of SNMP
		return append(b, cldapTail...)
	},
	Match: func(id uint64, answer []byte) bool {
		message, _, _ := berValue(answer, berSequence)
		messageID, rest, ok := berValue(message, berInteger)
		if !ok || len(messageID) != 4 || binary.BigEndian.Uint32(messageID) != snmpRequestID(id) {
			return false
		}
		if _, _, entry := berValue(rest, ldapResultEntry); entry {
			return true
		}
		_, _, done := berValue(rest, ldapResultDone)
		return done
	},
})

const (
	ldapResultEntry = 0x64 // [APPLICATION 4], RFC 4511 §4.5.2
	ldapResultDone  = 0x65 // [APPLICATION 5]

	cldapHead = "\x30\x3e" + //  0: LDAPMessage ::= SEQUENCE, 62 bytes
		"\x02\x04" //  2: messageID, whose 4 bytes follow at 4
	cldapTail = "\x63\x36" + //  8: SearchRequest ::= [APPLICATION 3], 54 bytes
		"\x04\x00" + // 10: baseObject: the root
		"\x0a\x01\x00" + // 12: scope: baseObject
		"\x0a\x01\x00" + // 15: derefAliases: never
		"\x02\x01\x01" + // 18: sizeLimit: 1 entry
		"\x02\x01\x01" + // 21: timeLimit: 1 s
		"\x01\x01\x00" + // 24: typesOnly: FALSE
		"\x87\x0bobjectClass" + // 27: filter: present
		"\x30\x16\x04\x14supportedLDAPVersion" // 40: attributes
)
