package probe_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// traceSource asks as a trace does: three flows, each with one port.
func traceSource(t testing.TB, v6 bool) *probe.Source {
	t.Helper()
	opts, ts, err := wire.ParseOptions("linux", v6)
	if err != nil {
		t.Fatal(err)
	}
	s := source(v6)
	s.Ports = probe.Ports{First: 61000, N: 3, Tries: 1, Variants: 1, Flows: 3, KeepFlow: true}
	s.Roaming = probe.Ports{}
	s.Craft[0].TCPOptions, s.Craft[0].Timestamp = opts, ts
	return s
}

// traced are questions of a trace.
func traced() []question {
	var all []question
	for _, q := range questions() {
		switch {
		case q.kind == probe.SYN, q.kind == probe.Echo, q.kind == probe.UDP && q.p.Port != 69:
			q.p.TTL, q.p.Flow, q.p.Rep = 7, 2, 4
			all = append(all, q)
		}
	}
	return all
}

// TestTraceRewritten rewrites every field in which a traced packet has its mark, in
// quotes and in answers, one at a time: TTL and try are told all the same. Only where
// a router quotes 8 bytes of IPv6, one may be all there is; then nothing is claimed.
func TestTraceRewritten(t *testing.T) {
	for _, q := range traced() {
		v6 := !q.p.Target.Is4()
		s := traceSource(t, v6)
		sent := q.kind.Append(nil, s, q.p)
		for _, reply := range probetest.Replies(sent, etherType(q.kind, q.p)) {
			quote := strings.Contains(reply.Name, "quoting")
			if !quote && q.kind != probe.SYN || reply.Name == "lone SYN" {
				continue
			}
			if c := claim(q.kind, s, reply.B, reply.Type); !c.proven() || c.p != q.p {
				t.Errorf("%s, %s: %+v of %+v", q.name, reply.Name, c.p, q.p)
			}
			few := v6 && strings.Contains(reply.Name, "8 bytes")
			reply.Rewritten(func(f probetest.Field, b []byte) {
				switch c := claim(q.kind, s, b, reply.Type); {
				case c.proven() && c.p != q.p:
					t.Errorf("%s, %s, %s rewritten: %+v of %+v", q.name, reply.Name, f.Name, c.p, q.p)
				case !c.proven() && !few:
					t.Errorf("%s, %s, %s rewritten: lost", q.name, reply.Name, f.Name)
				}
			})
		}
	}
}

// TestTraceFlow: whatever routers balance by is the same in all packets of a flow.
func TestTraceFlow(t *testing.T) {
	for _, q := range traced() {
		s := traceSource(t, !q.p.Target.Is4())
		var first []byte
		for rep := range uint32(15) {
			for ttl := uint8(1); ttl < 64; ttl++ {
				q.p.TTL, q.p.Rep = ttl, rep
				pkt := parse(t, q.kind.Append(nil, s, q.p), etherType(q.kind, q.p))
				b := []byte{pkt.IP.TOS}
				b = binary.BigEndian.AppendUint32(b, pkt.IP.Flow)
				switch pkt.Layer {
				case wire.LayerTCP:
					b = append(b, byte(pkt.TCP.Src>>8), byte(pkt.TCP.Src), byte(pkt.TCP.Dst>>8), byte(pkt.TCP.Dst))
				case wire.LayerUDP:
					b = append(b, byte(pkt.UDP.Src>>8), byte(pkt.UDP.Src), byte(pkt.UDP.Dst>>8), byte(pkt.UDP.Dst))
				case wire.LayerICMP: // type, code and checksum
					h := q.kind.Append(nil, s, q.p)
					at := wire.ChecksumOffset(h)
					b = append(b, h[at-2:at+2]...)
				}
				if first == nil {
					first = b
				}
				if !slices.Equal(first, b) {
					t.Fatalf("%s, TTL %d, repetition %d: %x, not %x", q.name, ttl, rep, b, first)
				}
			}
		}
	}
}

// TestTraceNumbers: SYNs of one flow have numbers further apart than a window of a
// half-open connection, and later ones higher numbers.
func TestTraceNumbers(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		s := traceSource(t, v6)
		last, first := uint32(0), true
		for rep := range uint32(15) {
			for ttl := uint8(1); ttl < 64; ttl++ {
				p := probe.Probe{Target: theirs(v6), Port: 80, TTL: ttl, Rep: rep}
				typ := uint16(wire.TypeIPv4)
				if v6 {
					typ = wire.TypeIPv6
				}
				seq := parse(t, probe.SYN.(probe.PacketKind).Append(nil, s, p), typ).TCP.Seq
				if d := seq - last; !first && (d < 1<<20 || d >= 1<<31) {
					t.Fatalf("TTL %d, repetition %d: %d more", ttl, rep, int32(d))
				}
				last, first = seq, false
			}
		}
	}
}

// TestTranslatedPorts: a NAT that changes ports, and does not correct what errors quote,
// keeps nobody from knowing what a quote is about, where the rest of it proves that: of a
// traced flow to one port of one target. Of others, and with less proof, ports count.
func TestTranslatedPorts(t *testing.T) {
	for _, q := range traced() {
		if q.p.Port == 0 {
			continue
		}
		for _, ports := range [][2]int{{1024, 0}, {0, 8080}, {1024, 8080}} {
			s := traceSource(t, !q.p.Target.Is4())
			sent := q.kind.Append(nil, s, q.p)
			quote := translatedPorts(sent, ports)
			ip := wire.IP{Src: q.p.Target, Dst: s.Addr, TTL: 60}
			m := wire.ICMP{Msg: wire.TimeExceeded}
			m.SetType(!ip.Dst.Is4())
			b := wire.AppendICMP(nil, &ip, &m, quote)
			typ := etherType(q.kind, q.p)
			if c := claim(q.kind, s, b, typ); c.proven() && c.p == q.p {
				t.Errorf("%s, ports %v, of several targets: %+v", q.name, ports, c.p)
			}
			s.Only, s.Port = q.p.Target, q.p.Port
			if c := claim(q.kind, s, b, typ); !c.proven() || c.p != q.p || string(c.r.Quoted) != string(quote) {
				t.Errorf("%s, ports %v: proven %v, %+v of %+v", q.name, ports, c.proven(), c.p, q.p)
			}
			if q.kind == probe.SYN { // of the IP ID, or flow label, alone too much could be guessed
				few := append(slices.Clone(quote[:len(quote)-40+4]), 1, 2, 3, 4)
				if c := claim(q.kind, s, wire.AppendICMP(nil, &ip, &m, few), typ); c.proven() && c.p == q.p {
					t.Errorf("%s, ports %v, another number in 8 bytes: %+v", q.name, ports, c.p)
				}
			}
			other := traceSource(t, !q.p.Target.Is4())
			other.Key = probe.Key{9, 9}
			b = wire.AppendICMP(nil, &ip, &m, translatedPorts(q.kind.Append(nil, other, q.p), ports))
			if c := claim(q.kind, s, b, typ); c.proven() && c.p == q.p {
				t.Errorf("%s, ports %v, of somebody else: %+v", q.name, ports, c.p)
			}
		}
	}
}

// translatedPorts is a packet with other ports, but for 0.
func translatedPorts(sent []byte, ports [2]int) []byte {
	b := slices.Clone(sent)
	at := 20
	if b[0]>>4 == 6 {
		at = 40
	}
	for i, port := range ports {
		if port > 0 {
			binary.BigEndian.PutUint16(b[at+2*i:], uint16(port))
		}
	}
	return b
}
