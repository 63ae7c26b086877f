package payload

import "strings"

// binaryServices holds answers of protocols that are not text and found anywhere.
var binaryServices = map[string]answer{
	"time": {
		hex:  "eeb1a2c3",
		also: []change{become("a clock that starts at 1970", "83aa7e80")},
		none: []change{set("before 1968", 0, 0x7f), longer},
	},
	"kerberos": {
		hex: "7e11 300f a003 020105 a103 02011e a603 020106",
		also: []change{
			become("AS-REP", "6b11"+"300f"+"a003020105"+"a10302010b"+"a603020106"),
			longer,
		},
		none: []change{
			set("an AS-REQ", 0, 0x6a),
			set("version 4", 8, 4),
			set("a type that is not the tag's", 13, 0x0b),
			set("sequence too long", 3, 0x10),
			set("no version", 4, 0xa1),
		},
	},
	"portmap": {
		hex: "44332211 00000001 00000000 00000000 00000000 00000002 00000002 00000004",
		also: []change{
			become("no such program", "44332211"+"00000001"+"00000000"+"00000000"+"00000000"+"00000001"),
			become("with a verifier", "44332211"+"00000001"+"00000000"+"00000001"+"00000004"+"00000000"+"00000002"+"00000002"+"00000004"),
			become("another RPC version", "44332211"+"00000001"+"00000001"+"00000000"+"00000002"+"00000002"),
		},
		none: []change{
			set("a call", 7, 0),
			set("a status that is none", 11, 2),
			set("an accept status that is none", 23, 6),
			set("a verifier too long", 19, 4),
			set("a verifier of 4 GB", 16, 0xff, 0xff, 0xff, 0xfc),
			set("success with results", 23, 0),
			longer,
			{"a word too long", func(b []byte) []byte { return append(b, 0, 0, 0, 0) }},
		},
	},
	"netbios-ns": {
		hex: "2211 8400 0000 0001 0000 0000" +
			"20" + text("CK") + strings.Repeat("41", 30) + "00 0021 0001 00000000 0041" +
			"01" + text("SAMBA          ") + "00 0400" + strings.Repeat("00", 46), // a name and statistics
		none: []change{
			set("a query", 2, 0),
			set("registration", 2, 0xac),
			set("two answers", 7, 2),
			set("another name", 13, 'D'),
			set("another type", 47, 0x20),
			set("more names than bytes", 56, 4),
			set("length too small", 55, 0x40),
			set("length too large", 54, 0x01),
			longer,
		},
	},
	"xdmcp": {
		hex:  "0001 0005 000d 0000 0004 686f7374 0003 796573",
		also: []change{become("unwilling", "0001"+"0006"+"000b"+"0004686f7374"+"00036e6f6e")},
		none: []change{
			set("version 2", 1, 2),
			set("a query", 3, 2),
			set("unwilling with three strings", 3, 6),
			set("length too small", 5, 12),
			set("a string too long", 9, 9),
			set("a string too short", 15, 2),
			longer,
		},
	},
	"cldap": {
		hex: "3018 0204 44332211 6410 0400 300c 300a 0403 616263 3103 040133",
		also: []change{
			become("done, nothing found", "300f"+"020444332211"+"6507"+"0a0100"+"0400"+"0400"),
			longer, // where MS-ADTS appends the result
		},
		none: []change{
			set("a request", 8, 0x63),
			set("no sequence", 0, 0x31),
			set("message ID of another type", 2, 4),
			set("entry too long", 9, 0x11),
		},
	},
	"slp": {
		hex:   "02 0a 00001c 0000 000000 2211 0002 656e 0000 0008" + text("service:"),
		needs: 28,
		also:  []change{become("error", "020a000012"+"0000"+"000000"+"2211"+"0002656e"+"0004")},
		none: []change{
			set("version 1", 0, 1),
			set("a request", 1, 9),
			set("length too small", 4, 0x1b),
			set("length too large", 2, 1),
			set("a language too long", 12, 1),
			longer,
		},
	},
	"rip": {
		hex: "02 02 0000 0002 0000 44332211 ffffffff 00000000 00000002",
		also: []change{
			set("no route", 23, 16),
			set("of version 1", 1, 1),
			set("with a next hop", 16, 192, 0, 2, 1),
		},
		none: []change{
			set("a request", 0, 1),
			set("version 3", 1, 3),
			set("not zero", 2, 1),
			set("another family", 5, 10),
			set("metric 17", 23, 17),
			longer,
		},
	},
	"ipmi": {
		hex: "06 00 ff 06 000011be 40 11 00 10 000011be 00000000 81 00 000000000000",
		none: []change{
			set("a ping", 8, 0x80),
			set("an acknowledgement", 3, 0x86),
			set("another enterprise", 7, 0xbf),
			set("data too short", 11, 15),
			longer,
		},
	},
	"openvpn": {
		hex: "40 0102030405060708 01 00000000 8877665544332211 00000000",
		also: []change{
			become("two acknowledged", "40"+"0102030405060708"+"02"+"00000000"+"00000001"+"8877665544332211"+"00000000"),
			longer,
		},
		none: []change{
			set("a client's", 0, 0x38),
			set("of key 1", 0, 0x41),
			set("nothing acknowledged", 9, 0),
			set("more acknowledged than there is", 9, 255),
		},
	},
	"l2tp": {
		hex: "c802 0014 a211 0000 0000 0001 8008 0000 0000 0002",
		also: []change{
			set("refused", 19, 4),
			become("acknowledged", "c802000ca211000000000001"),
		},
		none: []change{
			set("data", 0, 0x48),
			set("version 3", 1, 3),
			set("length too small", 3, 0x13),
			set("a request", 19, 1),
			set("hello", 19, 6),
			set("of a vendor", 15, 9),
			set("not a message type", 17, 7),
			longer,
		},
	},
	"h323-ras": {
		hex: "20 2211 00", // unregistrationReject: notCurrentlyRegistered
		also: []change{
			become("with extensions", "2222110001"),
			become("unregistrationConfirm", "1c2211"),
			become("unknown message", "602211"),
		},
		none: []change{
			set("unregistrationRequest", 0, 0x18),
			set("gatekeeperConfirm", 0, 0x04),
			set("an extension of the choice", 0, 0xa0),
		},
	},
	"radius": {
		hex: "03 11 0014 00112233445566778899aabbccddeeff",
		also: []change{
			set("accepted", 0, 2),
			set("challenge", 0, 11),
			longer,
			{"with a text", func(b []byte) []byte { b[3] = 0x1a; return append(b, "\x12\x06nope"...) }},
		},
		none: []change{
			set("a request", 0, 1),
			set("accounting", 0, 5),
			set("length too small", 3, 19),
			set("length too large", 3, 21),
		},
	},
	"dtls": {
		hex: "16 feff 0000 000000000000 0023 03 000017 0000 000000 000017 feff 14" + strings.Repeat("ab", 20),
		also: []change{
			set("of version 1.2", 2, 0xfd),
			set("server's hello", 13, 2),
			become("alert", "15fefd0000"+"000000000000"+"0002"+"0228"),
			longer, // another record
		},
		none: []change{
			set("client's hello", 13, 1),
			set("application data", 0, 23),
			set("TLS", 1, 3),
			set("encrypted", 4, 1),
			set("length too large", 11, 1),
			become("alert too long", "15fefd0000"+"000000000000"+"0003"+"022800"),
			become("alert of no level", "15fefd0000"+"000000000000"+"0002"+"0328"),
			become("empty record", "16feff0000"+"000000000000"+"0000"),
			become("handshake of no header", "16feff0000"+"000000000000"+"0001"+"03"),
		},
	},
	"nat-pmp": {
		hex: "00 80 0000 00000e10 cb007101",
		also: []change{
			set("network failure", 3, 3),
			become("error without address", "00800003"+"00000e10"),
			become("PCP", "02800001"+"00000000"+"00000e10"+"000000000000000000000000"),
		},
		none: []change{
			set("a request", 1, 0),
			set("mapping", 1, 0x81),
			set("result beyond those", 3, 6),
			become("success without address", "00800000"+"00000e10"),
			become("PCP, success", "02800000"+"00000000"+"00000e10"+"000000000000000000000000"),
			longer,
		},
	},
	"coap": {
		hex: "70 00 2211",
		none: []change{
			set("a ping", 0, 0x40),
			set("an acknowledgement", 0, 0x60),
			set("with a token", 0, 0x71),
			set("with a code", 1, 0x45),
			longer,
		},
	},
	"rx": {
		hex:  "88776655 44332211 00000000 00000000 00000000 0d 00 00 00 0000 0000" + text("OpenAFS 1.8.9") + "00",
		also: []change{longer},
		none: []change{
			set("data", 20, 1),
			set("a client's", 21, 1),
			set("no text", 28, 0),
		},
	},
}
