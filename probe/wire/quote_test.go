package wire

import (
	"encoding/binary"
	"testing"
)

// quoting returns an ICMP error of 10.0.0.2 or 2001:db8::2 with the given bytes
// behind its checksum: 4 bytes of its own and the quote.
func quoting(v6 bool, typ, code uint8, rest []byte) []byte {
	ip := IP{Src: b4, Dst: a4, Proto: ProtoICMP, TTL: 64}
	if v6 {
		ip = IP{Src: b6, Dst: a6, Proto: ProtoICMPv6, TTL: 64}
	}
	b := AppendIP(nil, &ip, 4+len(rest))
	return append(append(b, typ, code, 0, 0), rest...)
}

func TestQuoteExtended(t *testing.T) {
	for _, test := range []struct {
		name  string
		v6    bool
		typ   uint8
		field []byte // bytes 4 to 7
		quote string
		long  int // bytes of payload in the quoted packet
		want  int
	}{
		// Shorter than 128 bytes: what pads the quote is not of the packet.
		{"v4 short", false, 11, []byte{0, 32, 0, 0}, synV4, 0, 60},
		{"v6 short", true, 3, []byte{16, 0, 0, 0}, ackV6, 0, 60},
		// Longer: the extension is not of the packet.
		{"v4 long", false, 3, []byte{0, 32, 0, 0}, synV4, 500, 128},
		{"v4 long, problem", false, 12, []byte{20, 32, 0, 0}, synV4, 500, 128},
		{"v6 long", true, 1, []byte{16, 0, 0, 0}, ackV6, 500, 128},
		// No length can be so small or so large: all of it is the quote.
		{"v4 rubbish", false, 3, []byte{0, 2, 0, 0}, synV4, 0, 60},
		{"v4 large", false, 3, []byte{0, 255, 0, 0}, synV4, 0, 60},
		{"v6 rubbish", true, 1, []byte{1, 0, 0, 0}, ackV6, 0, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			quote := append(unhex(t, test.quote), make([]byte, test.long)...)
			if test.v6 {
				binary.BigEndian.PutUint16(quote[4:], uint16(len(quote)-ipv6Header))
			} else {
				binary.BigEndian.PutUint16(quote[2:], uint16(len(quote)))
			}
			p := parsed(t, quoting(test.v6, test.typ, 0, append(test.field, extend(quote)...)))
			q := &p.Quote
			if q.Len != test.want || !q.HasPorts || q.Src != 40000 || q.Dst != 80 || !q.HasSeq || !q.HasTCP {
				t.Errorf("length %d, want %d: %+v", q.Len, test.want, *q)
			}
		})
	}
}

func TestQuoteInfo(t *testing.T) {
	for _, test := range []struct {
		name      string
		v6        bool
		typ, code uint8
		field     []byte
		msg       Message
		info      uint32
	}{
		{"MTU", false, 3, 4, []byte{0, 0, 0x05, 0x78}, PacketTooBig, 1400},
		{"MTU with the length of the quote", false, 3, 4, []byte{0, 32, 0x05, 0x78}, PacketTooBig, 1400},
		{"pointer", false, 12, 0, []byte{20, 0, 0, 0}, ParamProblem, 20},
		{"MTU v6", true, 2, 0, []byte{0, 0, 0x05, 0x00}, PacketTooBig, 1280},
		{"pointer v6", true, 4, 1, []byte{0, 0, 0, 40}, ParamProblem, 40},
	} {
		t.Run(test.name, func(t *testing.T) {
			quote := synV4
			if test.v6 {
				quote = ackV6
			}
			p := parsed(t, quoting(test.v6, test.typ, test.code, append(test.field, unhex(t, quote)...)))
			if p.ICMP.Msg != test.msg || p.ICMP.Info != test.info || p.Quote.Len != 60 {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestQuoteOdd(t *testing.T) {
	change := func(text string, at int, values ...byte) []byte {
		b := unhex(t, text)
		copy(b[at:], values)
		return b
	}
	ports := func(q *Quote) bool { return q.HasPorts && q.Src == 40000 && q.Dst == 80 }
	tests := []struct {
		name  string
		v6    bool
		quote []byte
		ok    func(q *Quote) bool
	}{
		{"length in the order of the host", false, change(synV4, 2, 60, 0), func(q *Quote) bool { return q.Len == 60 && ports(q) && q.HasTCP }},
		{"length without the header", false, change(synV4, 2, 0, 20), func(q *Quote) bool { return q.Len == 60 && ports(q) && q.HasTCP }},
		{"length 0", false, change(synV4, 2, 0, 0), func(q *Quote) bool { return q.Len == 60 && ports(q) && q.HasTCP }},
		{"length of a packet that was cut", false, change(synV4, 2, 5, 0), func(q *Quote) bool { return q.Len == 60 && ports(q) && q.HasTCP }},
		{"payload length 0", true, change(ackV6, 4, 0, 0), func(q *Quote) bool { return q.Len == 60 && ports(q) && q.HasTCP }},
		{"bad data offset", false, change(synV4, 32, 0x10), func(q *Quote) bool { return ports(q) && q.HasSeq && !q.HasTCP && q.TCP == TCP{} }},
		{"later fragment", false, change(synV4, 6, 0, 9), func(q *Quote) bool { return q.Len == 60 && q.IP.ID == 0x1c46 && !q.HasPorts }},
		{"first fragment", false, change(synV4, 6, 0x20, 0), func(q *Quote) bool { return q.Len == 60 && ports(q) }},
		{"unknown protocol", false, change(synV4, 9, 47), func(q *Quote) bool { return q.Len == 60 && q.IP.Proto == 47 && !q.HasPorts }},
		{"other family", true, unhex(t, synV4), func(q *Quote) bool { return *q == Quote{} }},
		{"mapped address", true, change(ackV6, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), func(q *Quote) bool { return *q == Quote{} }},
		{"nothing", false, nil, func(q *Quote) bool { return *q == Quote{} }},
		{"8 bytes of UDP", false, unhex(t, udpV4)[:28], func(q *Quote) bool { return q.HasSum && q.Sum == 0xabcd && q.Dst == 53 && q.Len == 28 }},
		{"behind an extension header", true, withExtension(unhex(t, ackV6), extDestination, 0, make([]byte, 6)),
			func(q *Quote) bool { return q.Len == 68 && ports(q) && q.HasTCP }},
		{"within an extension header", true, withExtension(unhex(t, ackV6), extDestination, 0, make([]byte, 6))[:44],
			func(q *Quote) bool { return *q == Quote{} }},
		{"an error within an error", false, quoting(false, 3, 3, make([]byte, 40)), func(q *Quote) bool { return q.Len > 0 && !q.HasPorts && q.HasSum }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			typ := uint8(3)
			if test.v6 {
				typ = 1
			}
			p := parsed(t, quoting(test.v6, typ, 0, append(make([]byte, 4), test.quote...)))
			if !test.ok(&p.Quote) {
				t.Errorf("%+v", p.Quote)
			}
		})
	}
}

// TestQuoteOnlyInErrors: redirects and source quench quote, too, but the packet
// went on.
func TestQuoteOnlyInErrors(t *testing.T) {
	for _, typ := range []uint8{4, 5, 0, 99} {
		p := parsed(t, quoting(false, typ, 0, append(make([]byte, 4), unhex(t, synV4)...)))
		if p.Quote != (Quote{}) {
			t.Errorf("type %d: %+v", typ, p.Quote)
		}
	}
}
