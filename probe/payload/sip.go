package payload

import "bytes"

// sip asks for capabilities. Max-Forwards is zero, so that a proxy answers by
// itself and passes nothing on (RFC 3261 §16.3); and no telephone rings for
// OPTIONS. The port to answer to is where we ask from (rport, RFC 3581), which
// is as good as universal.
//
// Tried on Kamailio 5.6.3; Asterisk, FreeSWITCH and telephones are unverified.
var _ = register(Payload{
	Name:   "sip",
	Ports:  []uint16{5060},
	Source: "RFC 3261 §8.1.1, §8.2.6, §11.1, RFC 3581 §3",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, "OPTIONS sip:sonde.invalid SIP/2.0\r\n"+
			"Via: SIP/2.0/UDP sonde.invalid;branch="...)
		b = appendSIPBranch(b, id)
		b = append(b, ";rport\r\n"+
			"Max-Forwards: 0\r\n"+
			"From: <sip:sonde@sonde.invalid>;tag="...)
		b = appendHex(b, id, 8)
		b = append(b, "\r\n"+
			"To: <sip:sonde.invalid>\r\n"+
			"Call-ID: "...)
		b = appendHex(b, id, 16)
		return append(b, "\r\n"+
			"CSeq: 1 OPTIONS\r\n"+
			"Accept: application/sdp\r\n"+
			"Content-Length: 0\r\n\r\n"...)
	},
	// Any status is an answer; it repeats our Via (§8.2.6.2).
	Match: func(id uint64, b []byte) bool {
		var buffer [len(sipBranch) + 16]byte
		return isStatusLine(b, "SIP/2.0") && bytes.Contains(b, appendSIPBranch(buffer[:0], id))
	},
})

const sipBranch = "z9hG4bK" // what every branch begins with, RFC 3261 §8.1.1.7

// appendSIPBranch writes the identifier of our transaction.
func appendSIPBranch(b []byte, id uint64) []byte {
	return appendHex(append(b, sipBranch...), id, 16)
}
