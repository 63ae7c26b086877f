package payload

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"
)

// answer is a right answer to the datagram for testID, written by hand from the
// standard, with what a server may do otherwise, and what is none.
type answer struct {
	hex   string
	needs int // no shorter prefix of it matches; 0: all of it is needed
	also  []change
	none  []change
}

func (a answer) bytes(t testing.TB) []byte { return unhex(t, a.hex) }

// change makes another answer out of one: a copy that it may write to.
type change struct {
	what string
	make func(b []byte) []byte
}

// set replaces the bytes at an offset.
func set(what string, at int, with ...byte) change {
	return change{what, func(b []byte) []byte { copy(b[at:], with); return b }}
}

// become replaces everything.
func become(what, hexBytes string) change {
	return change{what, func([]byte) []byte {
		b, err := hex.DecodeString(hexBytes)
		if err != nil {
			panic(err)
		}
		return b
	}}
}

var longer = change{"a byte too long", func(b []byte) []byte { return append(b, 0) }}

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

var answers = map[string]answer{
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

func TestMatch(t *testing.T) {
	for p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			a := answerOf(p.Name)
			if a.hex == "" {
				t.Fatal("no answer to try")
			}
			right := a.bytes(t)
			if !p.Match(testID, right) {
				t.Errorf("the right answer does not match: % x", right)
			}
			for _, c := range a.also {
				if b := c.make(bytes.Clone(right)); !p.Match(testID, b) {
					t.Errorf("%s does not match: % x", c.what, b)
				}
			}
			for _, c := range a.none {
				if b := c.make(bytes.Clone(right)); p.Match(testID, b) {
					t.Errorf("%s matches: % x", c.what, b)
				}
			}
			if p.Match(testID, nil) || p.Match(testID, []byte{}) {
				t.Error("an empty datagram matches")
			}
			needs := a.needs
			if needs == 0 {
				needs = len(right)
			}
			for n := range needs {
				if p.Match(testID, right[:n]) {
					t.Errorf("matches when cut to %d bytes", n)
				}
			}
		})
	}
}

// Every bit that a protocol repeats counts, and Bits says how many these are.
func TestMatchUsesIdentifier(t *testing.T) {
	for p := range All() {
		right := answerOf(p.Name).bytes(t)
		for bit := range 64 {
			got := p.Match(testID^1<<bit, right)
			if want := bit >= int(p.Bits); got != want {
				t.Errorf("%s: bit %d flipped: match %v, want %v", p.Name, bit, got, want)
			}
		}
	}
}

// answerOf is a right answer of the protocol of that name; empty if there is none.
func answerOf(name string) answer {
	for _, list := range []map[string]answer{answers, recorded, written} {
		if a, ok := list[name]; ok {
			return a
		}
	}
	return answer{}
}

// anyText tells whether the answer may be any text whatever (RFC 864 to 867).
func anyText(p *Payload) bool { return p == &systat || p == &qotd || p == &chargen || p == &daytime }

// What a service sends back unread, such as echo (RFC 862), is no answer of
// the protocol, and neither is the answer of another protocol.
func TestMatchOthers(t *testing.T) {
	for p := range All() {
		if p != &echo && p.Match(testID, p.Append(nil, testID)) {
			t.Errorf("%s: its own datagram, reflected, matches", p.Name)
		}
		for other := range All() {
			if other != p && !anyText(p) && p.Match(testID, answerOf(other.Name).bytes(t)) {
				t.Errorf("%s: an answer of %s matches", p.Name, other.Name)
			}
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, p := range all {
		right := answerOf(p.Name)
		f.Add(uint64(testID), right.bytes(f))
		f.Add(uint64(testID), p.Append(nil, testID))
		for _, c := range slices.Concat(right.also, right.none) {
			f.Add(uint64(testID), c.make(bytes.Clone(right.bytes(f))))
		}
	}
	f.Fuzz(func(t *testing.T, id uint64, answer []byte) {
		before := bytes.Clone(answer)
		for p := range All() {
			if !p.Match(id, answer) {
				continue
			}
			if p.Bits > 0 && p.Match(id^1, answer) {
				t.Errorf("%s: matches two identifiers", p.Name)
			}
			if p != &echo && bytes.Equal(answer, p.Append(nil, id)) {
				t.Errorf("%s: our own datagram matches", p.Name)
			}
			if p.Bits == 64 && !bytes.Contains(answer, binary.BigEndian.AppendUint64(nil, id)) && !bytes.Contains(answer, appendHex(nil, id, 16)) {
				t.Errorf("%s: matches without the identifier", p.Name)
			}
		}
		if !bytes.Equal(answer, before) {
			t.Error("Match wrote to the answer")
		}
	})
}
