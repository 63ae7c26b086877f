package wire

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// unhex decodes bytes written as hexadecimal digits with white space anywhere.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// typeOf returns the EtherType of an IP packet.
func typeOf(b []byte) uint16 {
	if len(b) > 0 && b[0]>>4 == 6 {
		return TypeIPv6
	}
	return TypeIPv4
}

// generator makes valid packets of all that Parse understands, and broken ones
// of them, from a seed.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 1))} }

func (g generator) one(n int) bool { return g.IntN(n) == 0 }

func (g generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g generator) addr(v6 bool) netip.Addr {
	if v6 {
		b := [16]byte(g.bytes(16))
		b[0], b[1] = 0x20, 0x01
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte(g.bytes(4)))
}

func (g generator) ip(v6 bool) IP {
	ip := IP{Src: g.addr(v6), Dst: g.addr(v6), TTL: uint8(g.Uint32()), TOS: uint8(g.Uint32())}
	if v6 {
		ip.Flow = g.Uint32N(1 << 20)
	} else {
		ip.DF, ip.ID = g.one(2), uint16(g.Uint32())
	}
	return ip
}

func (g generator) tcp() TCP {
	t := TCP{
		Src: uint16(g.Uint32()), Dst: uint16(g.Uint32()), Seq: g.Uint32(), Ack: g.Uint32(),
		Flags: uint8(g.Uint32()), Window: uint16(g.Uint32()), Urgent: uint16(g.Uint32()),
	}
	presets := []string{"none", "linux", "windows", "macos", "freebsd", "sackok,opt=34:0102030405060708", "ts=1:2,eol"}
	opts, _, err := ParseOptions(presets[g.IntN(len(presets))], g.one(2))
	if err != nil {
		panic(err)
	}
	t.OptLen = uint8(copy(t.Opt[:], opts))
	return t
}

func (g generator) icmp(v6 bool) ICMP {
	queries := []Message{EchoRequest, EchoReply, TimestampRequest, TimestampReply, MaskRequest, MaskReply}
	for {
		m := ICMP{Msg: queries[g.IntN(len(queries))], ID: uint16(g.Uint32()), Seq: uint16(g.Uint32())}
		if m.SetType(v6) {
			return m
		}
	}
}

func (g generator) nd() ND {
	n := ND{Target: g.addr(true), HasMAC: g.one(2)}
	if n.HasMAC {
		n.MAC = MAC(g.bytes(6))
	}
	return n
}

// plain returns a packet with a transport header of its own.
func (g generator) plain(v6 bool) []byte {
	ip := g.ip(v6)
	payload := g.bytes(g.IntN(64))
	switch g.IntN(4) {
	case 0:
		u := UDP{Src: uint16(g.Uint32()), Dst: uint16(g.Uint32())}
		return AppendUDP(nil, &ip, &u, payload)
	case 1:
		m := g.icmp(v6)
		return AppendICMP(nil, &ip, &m, append(payload, make([]byte, 12)...))
	}
	t := g.tcp()
	return AppendTCP(nil, &ip, &t, payload)
}

// failure returns an ICMP error that quotes some or all of a plain packet, now
// and then with an extension behind it.
func (g generator) failure(v6 bool) []byte {
	m := ICMP{Info: 0}
	for {
		m.Msg = NetUnreach + Message(g.IntN(int(RejectRoute-NetUnreach)+1))
		if m.SetType(v6) {
			break
		}
	}
	if m.Msg == PacketTooBig {
		m.Info = 1280
	}
	quote := g.plain(v6)
	header := ipv4Header
	if v6 {
		header = ipv6Header
	}
	switch g.IntN(3) {
	case 0:
		quote = quote[:header+8]
	case 1:
		quote = extend(quote)
		if v6 {
			m.Info = 128 / 8 << 24
		} else {
			m.Info = 128 / 4 << 16
		}
		if m.Msg == PacketTooBig || m.Msg == ParamProblem {
			m.Info = 0
		}
	}
	ip := g.ip(v6)
	return AppendICMP(nil, &ip, &m, quote)
}

// extend pads a quote with zeros to 128 bytes, or cuts it, and appends an
// extension with one MPLS label (RFC 4884 §7, RFC 4950 §3).
func extend(quote []byte) []byte {
	b := make([]byte, 128, 140)
	copy(b, quote)
	b = append(b, 0x20, 0, 0, 0, 0, 8, 1, 1, 0x06, 0x24, 0x11, 0x01)
	binary.BigEndian.PutUint16(b[130:], Checksum(b[128:]))
	return b
}

// packet returns any valid IP packet, with options or extension headers in some.
func (g generator) packet() []byte {
	v6 := g.one(2)
	var b []byte
	switch {
	case g.one(4):
		b = g.failure(v6)
	case v6 && g.one(8):
		ip, n := g.ip(true), g.nd()
		ip.TTL = 255
		b = AppendND(nil, &ip, &n, g.one(2))
	default:
		b = g.plain(v6)
	}
	switch {
	case !v6 && g.one(6):
		b = withOptions(b, []byte{0x94, 4, 0, 0}) // router alert, RFC 2113
	case v6 && g.one(3):
		first := []uint8{extHopByHop, extRouting, extDestination, extFragment}[g.IntN(4)]
		if _, end, _, _ := extensions(b, b[6]); first == extFragment && end == ProtoICMPv6 && (b[40] == ndSolicitation || b[40] == ndAdvertisement) {
			first = extDestination // neighbour discovery comes in no fragment
		}
		b = withExtension(b, first, 0, []byte{1, 4, 0, 0, 0, 0}) // PadN; elsewhere harmless
	}
	return b
}

// mutate cuts b or changes one to three of its bytes.
func (g generator) mutate(b []byte) []byte {
	b = append([]byte(nil), b...)
	if g.one(6) {
		return b[:g.IntN(len(b))]
	}
	for range 1 + g.IntN(3) {
		at := g.IntN(len(b))
		if g.one(2) {
			at = g.IntN(min(len(b), 64)) // headers are what is interesting
		}
		b[at] = byte(g.Uint32())
	}
	return b
}

// withOptions puts options (a multiple of 4 bytes) into an IPv4 packet.
func withOptions(b, options []byte) []byte {
	out := append(append(append([]byte(nil), b[:ipv4Header]...), options...), b[ipv4Header:]...)
	out[0] += byte(len(options) / 4)
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	out[10], out[11] = 0, 0
	binary.BigEndian.PutUint16(out[10:], Checksum(out[:ipv4Header+len(options)]))
	return out
}

// withExtension puts an extension header before all others of an IPv6 packet:
// its second byte and what follows that.
func withExtension(b []byte, kind, second uint8, rest []byte) []byte {
	out := append([]byte(nil), b[:ipv6Header]...)
	out[6] = kind
	out = append(out, b[6], second)
	out = append(out, rest...)
	if kind == extFragment {
		copy(out[ipv6Header+2:], make([]byte, 2)) // offset 0, no more fragments
	}
	if kind == extRouting {
		out[ipv6Header+3] = 0 // no segments left
	}
	out = append(out, b[ipv6Header:]...)
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-ipv6Header))
	return out
}
