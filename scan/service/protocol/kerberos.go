package protocol

// Kerberos answers by an error, which names its realm and time: to whatever is too long,
// and to a request for a realm that it does not have.
var _ = register(Protocol{
	Name:   "kerberos",
	Source: "RFC 4120 sections 5.9.1 and 7.2.2",
	Ports:  []uint16{88, 464, 749},
	Ask: always("\x00\x00\x00\x86" + "\x6a\x81\x83\x30\x81\x80" + // AS-REQ behind its length
		"\xa1\x03\x02\x01\x05" + "\xa2\x03\x02\x01\x0a" + "\xa4\x74\x30\x72" + // version 5, AS-REQ, body
		"\xa0\x07\x03\x05\x00\x00\x00\x00\x00" + // no options
		"\xa1\x12\x30\x10\xa0\x03\x02\x01\x01\xa1\x09\x30\x07\x1b\x05sonde" + // a name
		"\xa2\x0f\x1b\x0dSONDE.INVALID" + // RFC 2606 keeps it free
		"\xa3\x22\x30\x20\xa0\x03\x02\x01\x02\xa1\x19\x30\x17\x1b\x06krbtgt\x1b\x0dSONDE.INVALID" +
		"\xa5\x11\x18\x0f19700101000000Z" + "\xa7\x04\x02\x02\x73\x6f" + "\xa8\x05\x30\x03\x02\x01\x12"),
	Elsewhere: Binary | HungUp,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To == Unasked || len(b) < 10 || b[0] != 0 || int(be.Uint32(b)) > maxText {
			return f, No
		}
		if b[4] != 0x7e && b[4] != 0x6b {
			return f, No
		}
		if len(b) < 4+int(be.Uint32(b)) {
			return f, Begun
		}
		f, known := kerberosFacts(b[4:])
		if !known {
			return Facts{}, No
		}
		return f, Whole
	},
})

var _ = registerDatagram(Datagram{
	Name:    "kerberos",
	Payload: "kerberos",
	Source:  "RFC 4120 section 5.9.1",
	Read: func(b []byte) Facts {
		f, _ := kerberosFacts(b)
		return f
	},
})

// kerberosFacts reads an error, or a ticket; known is false where it is neither.
func kerberosFacts(b []byte) (f Facts, known bool) {
	f.Banner = "-"
	if len(b) == 0 {
		return f, false
	}
	for fields := inside(inside(b, b[0]), 0x30); len(fields) > 0; {
		tag, value, rest, ok := element(fields)
		if !ok {
			break
		}
		fields = rest
		switch n := inside(value, 2); {
		case tag == 0xa0: // pvno
			known = len(n) == 1 && n[0] == 5
		case tag == 0xa9: // the server's realm
			if realm := string(inside(value, 0x1b)); realm != "" && realm != "SONDE.INVALID" {
				f.Info = "realm " + Clip(realm)
			}
		}
	}
	return f, known
}
