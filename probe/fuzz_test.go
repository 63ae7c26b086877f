package probe_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// FuzzClaim gives arbitrary packets to every kind. Whatever a kind takes for a
// reply must have its proof, which is looked for here by itself, in the bytes.
func FuzzClaim(f *testing.F) {
	types := []uint16{wire.TypeIPv4, wire.TypeIPv6, wire.TypeARP}
	for _, q := range questions() {
		sent := q.kind.Append(nil, source(!q.p.Target.Is4()), q.p)
		for i, typ := range types {
			if typ != etherType(q.kind, q.p) {
				continue
			}
			f.Add(uint8(i), sent)
			for _, reply := range probetest.Replies(sent, typ) {
				f.Add(uint8(i), reply.B)
			}
		}
	}
	sources := []*probe.Source{source(false), source(true), source(false)}
	sources[2].Ports, sources[2].Roaming = probe.Ports{First: 61000, N: 1, Fixed: true}, probe.Ports{}
	f.Fuzz(func(t *testing.T, typ uint8, b []byte) {
		etherType := types[int(typ)%len(types)]
		for _, s := range sources {
			for _, e := range probe.Kinds() {
				kind, ok := e.Kind.(probe.PacketKind)
				if !ok {
					continue
				}
				c := claim(kind, s, b, etherType)
				if !c.ok {
					continue
				}
				if v := kind.Classify(c.p, &c.r); v.Reason.String() == "" || v.State.String() == "" {
					t.Errorf("%s: verdict %+v", kind.Name(), v)
				}
				if c.proven() && !proof(kind, s, &c, b) {
					t.Errorf("%s takes %x for %+v", kind.Name(), b, c)
				}
			}
		}
	})
}

// proof looks for the proof that b replies to what kind asks as c.p, in a
// second way: what was asked is built again, and compared in the bytes.
func proof(kind probe.PacketKind, s *probe.Source, c *claimed, b []byte) bool {
	again := *s // with buffers of its own
	fresh := probe.Source{Addr: again.Addr, Own: again.Own, MAC: again.MAC, Key: again.Key, Ports: again.Ports,
		Roaming: again.Roaming, Craft: again.Craft, Clock: again.Clock}
	if kind == probe.Neighbour {
		return neighbourProof(&fresh, c, b)
	}
	asked := kind.Append(nil, &fresh, c.p)
	v6 := s.Addr.Is6()
	ask := asked[20:]
	if v6 {
		ask = asked[40:]
	}
	src, dst, proto, body := split(b, v6)
	if c.r.Event == probe.ICMPError {
		if proto != wire.ProtoICMP && proto != wire.ProtoICMPv6 || (c.r.Who == probe.Target) != (src == c.p.Target) {
			return false
		}
		quote := body[8:]
		qsrc, qdst, qproto, q := split(quote, v6)
		if qdst != c.p.Target || qsrc != s.Addr && dst != s.Addr || len(q) < 4 {
			return false
		}
		label := sameLabel(quote, asked)
		switch kind.Class() {
		case probe.ClassTCP:
			acked := !bytes.Equal(ask[8:12], make([]byte, 4)) && sameBytes(q, ask, 8, 12)
			return qproto == wire.ProtoTCP && sameBytes(q, ask, 0, 4) && (label || acked || sameBytes(q, ask, 4, 8))
		case probe.ClassUDP:
			if len(ask) == 8 || c.p.Port == 1434 { // no payload, or one without anything of ours
				return qproto == wire.ProtoUDP && sameBytes(q, ask, 0, 4) && label
			}
			var others [4][]byte
			for i := range others {
				fresh.Key[0]++
				others[i] = kind.Append(nil, &fresh, c.p)[len(asked)-len(ask)+8:]
			}
			return qproto == wire.ProtoUDP && sameBytes(q, ask, 0, 4) &&
				(label || len(q) > 8 && tells(q[8:], ask[8:], others[:]) || sameSum(q, ask, qsrc, qdst))
		}
		return twoOf(q, ask, label)
	}
	if src != c.p.Target || dst != s.Addr || len(body) < 8 {
		return false
	}
	ports := len(body) >= 4 && bytes.Equal(body[:2], ask[2:4]) && bytes.Equal(body[2:4], ask[:2])
	switch kind {
	case probe.SYN:
		number := binary.BigEndian.Uint32(body[8:]) == binary.BigEndian.Uint32(ask[4:])+1
		flags := body[13] & (wire.SYN | wire.ACK | wire.RST)
		return proto == wire.ProtoTCP && ports && (number && flags&wire.ACK != 0 || flags == wire.SYN && !s.Ports.Fixed)
	case probe.FIN, probe.Null, probe.Xmas:
		past := binary.BigEndian.Uint32(body[8:]) - binary.BigEndian.Uint32(ask[4:])
		return proto == wire.ProtoTCP && ports && body[13]&(wire.RST|wire.ACK) == wire.RST|wire.ACK && (past == 0 || past == 1 && kind != probe.Null)
	case probe.ACK, probe.Window, probe.Maimon:
		return proto == wire.ProtoTCP && ports && body[13]&wire.RST != 0 && bytes.Equal(body[4:8], ask[8:12])
	case probe.UDP:
		moved := c.p.Port == 69 && bytes.Equal(body[2:4], ask[:2])
		return proto == wire.ProtoUDP && (ports || moved) && !bytes.Equal(body, ask)
	case probe.Timestamp:
		return body[0] == 14 && twoOf(body, ask[:12], false)
	case probe.Mask:
		return body[0] == 18 && bytes.Equal(body[4:8], ask[4:8])
	case probe.Echo:
		return (body[0] == 0 || body[0] == 129) && twoOf(body, ask, false)
	}
	return false
}

// sameBytes tells whether both have bytes from i up to j, and the same.
func sameBytes(a, b []byte, i, j int) bool {
	return len(a) >= j && len(b) >= j && bytes.Equal(a[i:j], b[i:j])
}

// tells tells whether the payload quoted begins as the one asked does, and goes on so for
// long enough to tell it by 16 bits from others, which other keys made.
func tells(quoted, asked []byte, others [][]byte) bool {
	bits := 0
	for i := 0; i < min(len(quoted), len(asked)) && quoted[i] == asked[i]; i++ {
		if slices.ContainsFunc(others, func(o []byte) bool { return i >= len(o) || o[i] != asked[i] }) {
			bits += 8
		}
	}
	return bits >= 16
}

// sameLabel tells whether quote has the IP ID, or the flow label, of asked, where that
// is not 0.
func sameLabel(quote, asked []byte) bool {
	at, mask := 4, uint32(0xffff0000)
	if asked[0]>>4 == 6 {
		at, mask = 0, 0x000fffff
	}
	label := binary.BigEndian.Uint32(asked[at:]) & mask
	return label != 0 && binary.BigEndian.Uint32(quote[at:])&mask == label
}

// sameSum tells whether the datagram quoted has the checksum of the one asked, as it
// was sent or as it is between the addresses that are quoted.
func sameSum(quoted, asked []byte, src, dst netip.Addr) bool {
	again := append([]byte(nil), asked...)
	again[6], again[7] = 0, 0
	want := wire.SegmentChecksum(src, dst, wire.ProtoUDP, again)
	if len(quoted) < 8 {
		return false
	}
	got := binary.BigEndian.Uint16(quoted[6:])
	return got != 0 && (got == want || got^want == 0xffff || got == binary.BigEndian.Uint16(asked[6:]))
}

// twoOf tells whether got, an ICMP message, repeats two of what only the asker knows
// of asked: identifier, sequence number, the label of the quoted header, and the
// payload's first four bytes, or eight of them, which stand for two.
func twoOf(got, asked []byte, label bool) bool {
	n := 0
	for _, same := range []bool{
		sameBytes(got, asked, 4, 6), sameBytes(got, asked, 6, 8), label,
		sameBytes(got, asked, 8, 12), sameBytes(got, asked, 8, 16),
	} {
		if same {
			n++
		}
	}
	return n >= 2
}

// neighbourProof: the address that answers, whomever an ARP reply names as the asker;
// over the link, to us or to everybody, in IPv6.
func neighbourProof(s *probe.Source, c *claimed, b []byte) bool {
	if b[0]>>4 != 6 {
		return len(b) >= 28 && b[7] == 2 && c.p.Target == netip.AddrFrom4([4]byte(b[14:18]))
	}
	_, dst, proto, body := split(b, true)
	toUs := dst == s.Own || dst == netip.MustParseAddr("ff02::1")
	return proto == wire.ProtoICMPv6 && body[0] == 136 && b[7] == 255 && toUs && c.p.Target == netip.AddrFrom16([16]byte(body[8:24]))
}

// split takes an IP packet apart, as little as it can; the addresses are not
// valid where it cannot.
func split(b []byte, v6 bool) (src, dst netip.Addr, proto uint8, body []byte) {
	if !v6 {
		if len(b) < 20 || b[0]>>4 != 4 {
			return
		}
		header := int(b[0]&15) * 4
		return netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])), b[9], b[min(header, len(b)):]
	}
	if len(b) < 40 || b[0]>>4 != 6 {
		return
	}
	src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	proto, body = b[6], b[40:]
	for proto == 0 || proto == 43 || proto == 44 || proto == 51 || proto == 60 { // extension headers
		size := (int(body[1]) + 1) * 8
		switch proto {
		case 44:
			size = 8
		case 51:
			size = (int(body[1]) + 2) * 4
		}
		proto, body = body[0], body[size:]
	}
	return src, dst, proto, body
}
