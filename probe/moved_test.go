package probe_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// translated is an ICMP error about sent whose quote shows the addresses behind a NAT,
// with the checksum as it must be between them.
func translated(sent []byte, from netip.Addr, src, dst netip.Addr, full bool) []byte {
	q := slices.Clone(sent)
	var p wire.Packet
	typ, at, size := uint16(wire.TypeIPv4), 12, 4
	if !from.Is4() {
		typ, at, size = wire.TypeIPv6, 8, 16
	}
	p.Parse(sent, typ)
	copy(q[at:], src.AsSlice())
	copy(q[at+size:], dst.AsSlice())
	if sum := wire.ChecksumOffset(q); p.Layer == wire.LayerUDP || p.Layer == wire.LayerTCP {
		binary.BigEndian.PutUint16(q[sum:], wire.MovedChecksum(wire.SentChecksum(sent), p.IP.Src, p.IP.Dst, src, dst))
	}
	if !full {
		header := 20
		if !from.Is4() {
			header = 40
		}
		q = q[:header+8]
	}
	ip := wire.IP{Src: from, Dst: p.IP.Src, TTL: 60}
	m := wire.ICMP{Msg: wire.PortUnreach}
	m.SetType(!from.Is4())
	return wire.AppendICMP(nil, &ip, &m, q)
}

// TestQuotedAddresses: the addresses in a quote may be those behind a NAT, ours or, of
// the only target, its. That is a fact about the reply, which counts.
func TestQuotedAddresses(t *testing.T) {
	for _, q := range questions() {
		if q.kind == probe.Neighbour {
			continue
		}
		v6 := !q.p.Target.Is4()
		inside := map[bool]netip.Addr{false: netip.MustParseAddr("192.168.7.7"), true: netip.MustParseAddr("fd77::7")}[v6]
		s := source(v6)
		typ := etherType(q.kind, q.p)
		sent := q.kind.Append(nil, s, q.p)
		for _, full := range []bool{true, false} {
			for _, label := range []bool{true, false} {
				b := translated(sent, q.p.Target, inside, q.p.Target, full)
				if at := len(wire.AppendIP(nil, &wire.IP{Src: q.p.Target, Dst: s.Addr}, 0)) + 8; !label { // another IP ID or flow label
					if q.name == "empty udp v4" || q.name == "empty udp v6" || q.name == "guessable udp v4" || q.name == "guessable udp v6" {
						continue // there is nothing else
					}
					b[at+map[bool]int{false: 5, true: 3}[v6]] ^= 0x5a
				}
				if c := claim(q.kind, s, b, typ); !c.proven() || !answers(q, &c) || !c.r.Moved {
					t.Errorf("%s, another source: proven %v, moved %v, %+v", q.name, c.proven(), c.r.Moved, c.p)
				}
				b = translated(sent, q.p.Target, s.Addr, inside, full)
				if c := claim(q.kind, s, b, typ); c.proven() {
					t.Errorf("%s, another destination of one of several: %+v", q.name, c.p)
				}
				s.Only = q.p.Target
				if c := claim(q.kind, s, b, typ); !c.proven() || !answers(q, &c) || !c.r.Moved {
					t.Errorf("%s, another destination: proven %v, moved %v, %+v", q.name, c.proven(), c.r.Moved, c.p)
				}
				s.Only = netip.Addr{}
			}
		}
		// Somebody else's quote, of which only the ports are ours, is none of ours.
		other := source(v6)
		other.Key = probe.Key{9, 9}
		b := translated(q.kind.Append(nil, other, q.p), q.p.Target, inside, q.p.Target, true)
		if c := claim(q.kind, s, b, typ); c.ok {
			t.Errorf("%s: somebody else's quote: %+v", q.name, c.p)
		}
	}
}

// TestReplays: what proves the reply to one question proves none to another: of another
// port, target, kind or run.
func TestReplays(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		s := source(v6)
		for _, q := range questions() {
			if q.p.Target.Is4() == v6 || q.kind == probe.Neighbour {
				continue
			}
			typ := etherType(q.kind, q.p)
			for _, other := range questions() {
				if other.p.Target.Is4() == v6 || other.kind == probe.Neighbour || other.kind.Name() == q.kind.Name() && other.p.Port == q.p.Port {
					continue
				}
				for _, reply := range probetest.Replies(other.kind.Append(nil, s, other.p), typ) {
					if c := claim(q.kind, s, reply.B, reply.Type); c.proven() && c.p == q.p {
						t.Errorf("%s: the %s to %s answers it", q.name, reply.Name, other.name)
					}
				}
			}
			away := source(v6)
			away.Key = probe.Key{5, 6}
			for _, reply := range probetest.Replies(q.kind.Append(nil, away, q.p), typ) {
				if c := claim(q.kind, s, reply.B, reply.Type); c.proven() && q.kind != probe.UDP && reply.Name != "lone SYN" {
					t.Errorf("%s: the %s to another run answers it", q.name, reply.Name)
				}
			}
		}
	}
}

// TestGuesses tries all 16 bits of what proves least, an IP ID: one of them is right,
// and is said to be slim proof.
func TestGuesses(t *testing.T) {
	for _, q := range questions() {
		if !q.p.Target.Is4() || q.kind == probe.Neighbour || q.kind.Proto() == "icmp" {
			continue
		}
		s := source(false)
		b := probetest.Replies(q.kind.Append(nil, s, q.p), wire.TypeIPv4)
		last := b[len(b)-1] // an error that quotes 8 bytes
		at := 28
		copy(last.B[at+24:at+28], []byte{1, 2, 3, 4}) // sequence number, or length and checksum
		right := 0
		for id := range 1 << 16 {
			binary.BigEndian.PutUint16(last.B[at+4:], uint16(id))
			if c := claim(q.kind, s, last.B, last.Type); c.proven() {
				right++
				if !c.r.Slim {
					t.Errorf("%s: more than slim proof", q.name)
				}
			}
		}
		if right != 1 {
			t.Errorf("%s: %d guesses are right", q.name, right)
		}
	}
}
