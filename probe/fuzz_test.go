package probe_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
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
		if proto != wire.ProtoICMP && proto != wire.ProtoICMPv6 {
			return false
		}
		quote := body[8:]
		qsrc, qdst, qproto, q := split(quote, v6)
		if qsrc != s.Addr || qdst != c.p.Target || len(q) < 8 || (c.r.Who == probe.Target) != (src == c.p.Target) {
			return false
		}
		switch kind.Class() {
		case probe.ClassTCP:
			return qproto == wire.ProtoTCP && bytes.Equal(q[:8], ask[:8]) // ports and sequence number
		case probe.ClassUDP:
			if len(ask) == 8 || c.p.Port == 1434 { // no payload, or one without anything of ours
				if v6 && binary.BigEndian.Uint32(quote)&0xfffff != binary.BigEndian.Uint32(asked)&0xfffff ||
					!v6 && !bytes.Equal(quote[4:6], asked[4:6]) {
					return false
				}
			}
			return qproto == wire.ProtoUDP && bytes.Equal(q[:4], ask[:4]) && bytes.Equal(q[6:8], ask[6:8])
		}
		return bytes.Equal(q[2:8], ask[2:8]) // checksum, identifier, sequence number
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
		return len(body) >= 20 && bytes.Equal(body[4:12], ask[4:12]) && body[0] == 14
	case probe.Mask:
		return len(body) >= 12 && bytes.Equal(body[4:8], ask[4:8]) && body[0] == 18
	case probe.Echo:
		size := len(ask)
		return len(body) >= size && bytes.Equal(body[4:size], ask[4:]) && (body[0] == 0 || body[0] == 129)
	}
	return false
}

// neighbourProof: the address that answers, to us, over the link.
func neighbourProof(s *probe.Source, c *claimed, b []byte) bool {
	if b[0]>>4 != 6 {
		return len(b) >= 28 && b[7] == 2 && c.p.Target == netip.AddrFrom4([4]byte(b[14:18])) && bytes.Equal(b[18:24], s.MAC[:])
	}
	_, dst, proto, body := split(b, true)
	return proto == wire.ProtoICMPv6 && body[0] == 136 && b[7] == 255 && dst == s.Own && c.p.Target == netip.AddrFrom16([16]byte(body[8:24]))
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
