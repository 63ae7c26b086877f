package payload

import "slices"

var ikeAnswer = answer{
	// Header, and the notify payload INVALID_MAJOR_VERSION (5).
	hex: "8877665544332211 0000000000000000 29 20 22 20 00000000 00000024" +
		"00000008 00000005",
	also: []change{
		set("IKEv1 informational", 16, 11, 0x10, 5, 0),
		set("with a responder's SPI", 8, 1, 2, 3, 4, 5, 6, 7, 8),
	},
	none: []change{
		set("of our own version", 17, 0x50),
		set("of version 0", 17, 0),
		set("length too small", 24, 0, 0, 0, 0x1c),
		set("length too large", 24, 0xff, 0xff, 0xff, 0xff),
		longer,
	},
}

// withMarker is ikeAnswer behind the non-ESP marker.
func withMarker() answer {
	behind := func(changes []change) []change {
		moved := slices.Clone(changes)
		for i, c := range moved {
			moved[i].make = func(b []byte) []byte { return append(b[:4:4], c.make(b[4:])...) }
		}
		return moved
	}
	return answer{
		hex:  "00000000" + ikeAnswer.hex,
		also: behind(ikeAnswer.also),
		none: append(behind(ikeAnswer.none),
			set("ESP", 0, 0, 0, 0, 1),
			change{"no marker", func(b []byte) []byte { return b[4:] }},
			become("NAT keepalive", "ff")),
	}
}

// infrastructure holds answers of what networks are run by.
var infrastructure = map[string]answer{
	"dns": {
		hex: "2211 8500 0001 0001 0000 0000 07 76657273696f6e 04 62696e64 00 0010 0003" +
			"c00c 0010 0003 00000000 0006 05 322e392e30",
		needs: 30, // header and question; what follows may be cut off
		also: []change{
			set("name in capitals", 13, 'V', 'E', 'R', 'S', 'I', 'O', 'N'),
			become("refused", "221181050001000000000000"+"0776657273696f6e0462696e640000100003"),
			become("format error, header only", "221180010000000000000000"),
		},
		none: []change{
			set("a query", 2, 0x01),
			set("opcode notify", 2, 0xa5),
			set("another name", 13, 'w'),
			set("another type", 27, 1),
			set("another class", 29, 1),
			set("two questions", 5, 2),
			become("header only, no error", "221180000000000000000000"),
		},
	},
	"tftp": {
		hex:   "0005 0001 46696c65206e6f7420666f756e6400", // File not found
		needs: 19,
		also: []change{
			become("error without text", "0005000200"),
			become("data", "00030001"+"68656c6c6f"),
			become("an empty file", "00030001"),
		},
		none: []change{
			set("text without end", 18, 'd'),
			set("opcode of another high byte", 0, 5),
			become("error without the end of a text", "00050000"),
			set("a read request", 1, 1),
			set("an acknowledgement", 1, 4),
			become("data of block 2", "00030002"+"68656c6c6f"),
			become("data of block 256", "00030100"+"68656c6c6f"),
			{"data of 513 bytes", func([]byte) []byte { return append([]byte{0, 3, 0, 1}, make([]byte, 513)...) }},
		},
	},
	"ntp": {
		hex: "24 02 00 e9 00000123 00000456 7f000001" +
			"e5a1b2c3d4e5f607 8877665544332211 e5a1b2c4d4e5f607 e5a1b2c4d4e5f708",
		also: []change{
			set("kiss of death", 0, 0xe4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'R', 'A', 'T', 'E'),
			set("version 3", 0, 0x1c),
			{"with a MAC", func(b []byte) []byte { return append(b, make([]byte, 20)...) }},
		},
		none: []change{
			set("a client", 0, 0x23),
			set("broadcast", 0, 0x25),
			set("control", 0, 0x26),
			{"our timestamp as its transmit timestamp", func(b []byte) []byte {
				copy(b[40:], b[24:32])
				clear(b[24:32])
				return b
			}},
		},
	},
	"snmp": {
		hex: "302e 020100 0406 7075626c6963 a221 0204 44332211 020100 020100" +
			"3013 3011 0608 2b06010201010100 0405 4c696e7578",
		also: []change{
			become("lengths of two bytes, as net-snmp writes them",
				"3082002d"+"020100"+"04067075626c6963"+"a282001e"+"020444332211"+"020100"+"020100"+
					"3082000e"+"300c06082b060102010101000500"),
			become("noSuchName", "3029"+"020100"+"04067075626c6963"+"a21c"+"020444332211"+"020102"+"020101"+
				"300e"+"300c06082b060102010101000500"),
			longer,
		},
		none: []change{
			set("a request", 13, 0xa0),
			set("a report", 13, 0xa8),
			set("version 2c", 4, 1),
			set("no sequence", 0, 0x31),
			set("outer length too large", 1, 0x7f),
			set("indefinite length", 1, 0x80),
			set("length of five bytes", 1, 0x85),
			set("length of 4 GB", 1, 0x84, 0xff, 0xff, 0xff, 0xff),
			set("PDU longer than the message", 14, 0x22),
			set("request-id of the type string", 15, 0x04),
			set("request-id of three bytes", 16, 3),
			become("request-id of five bytes", "302a"+"020100"+"04067075626c6963"+"a21d"+"02054433221100"+"020100"+"020100"+
				"300e"+"300c06082b060102010101000500"),
			become("community of indefinite length", "3023"+"020100"+"0480"+"a21c"+"020444332211"+"020100"+"020100"+
				"300e"+"300c06082b060102010101000500"),
		},
	},
	"quic": {
		hex: "80 00000000 00 08 8877665544332211 00000001",
		also: []change{
			set("other bits of the first byte", 0, 0xff),
			{"two versions more", func(b []byte) []byte { return append(b, 0x6b, 0x33, 0x43, 0xcf, 0xff, 0, 0, 0x1d) }},
		},
		none: []change{
			set("a short header", 0, 0x40),
			set("version 1", 4, 1),
			set("a connection ID for us", 5, 8),
			set("a shorter connection ID", 6, 7),
			longer,
		},
	},
	"ike":       ikeAnswer,
	"ike-nat-t": withMarker(),
	"stun": {
		hex: "0101 000c 2112a442 00000000 8877665544332211" +
			"0020 0008 0001 a147 5e12a443", // XOR-MAPPED-ADDRESS
		also: []change{
			become("success without attributes", "01010000"+"2112a442"+"00000000"+"8877665544332211"),
			become("error 400", "01110008"+"2112a442"+"00000000"+"8877665544332211"+"00090004"+"00000400"),
		},
		none: []change{
			set("a request", 0, 0x00),
			set("an indication", 0, 0x00, 0x11),
			set("allocate", 1, 3),
			set("length too small", 3, 8),
			set("another cookie", 4, 0x20),
			set("another transaction ID at its start", 8, 1),
			{"length not a multiple of four", func(b []byte) []byte { b[3] = 13; return append(b, 0) }},
			longer,
		},
	},
	"mdns": {
		hex: "2211 8400 0001 0001 0000 0000" +
			"09 5f7365727669636573 07 5f646e732d7364 04 5f756470 05 6c6f63616c 00 000c 8001" +
			"c00c 000c 0001 0000000a 000c 04 5f736d62 04 5f746370 c023",
		needs: 46,
		also: []change{
			set("QU bit cleared", 44, 0),
			set("name in capitals", 13, '_', 'S'),
		},
		none: []change{
			set("a query", 2, 0x00),
			set("another type", 43, 16),
			set("another class", 45, 3),
			become("no question, as to port 5353", "221184000000000000000000"),
		},
	},
}
