package probe_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// TestOtherAddress: in a trace an answer is the target's from whichever of its addresses,
// if it has the proof that the target was asked, and not without.
func TestOtherAddress(t *testing.T) {
	for _, q := range traced() {
		v6 := !q.p.Target.Is4()
		other, at := netip.MustParseAddr("10.0.0.99"), 12
		if v6 {
			other, at = netip.MustParseAddr("fd00::99"), 8
		}
		from := func(b []byte) []byte {
			b = slices.Clone(b)
			copy(b[at:], other.AsSlice())
			return b
		}
		s, stranger := traceSource(t, v6), traceSource(t, v6)
		stranger.Key = probe.Key{9, 9}
		typ := etherType(q.kind, q.p)
		for _, reply := range probetest.Replies(q.kind.Append(nil, s, q.p), typ) {
			if strings.Contains(reply.Name, "quoting") {
				continue
			}
			s.Only = netip.Addr{}
			if c := claim(q.kind, s, from(reply.B), typ); c.proven() && c.p.Target == q.p.Target {
				t.Errorf("%s, %s of one of several targets: %+v", q.name, reply.Name, c.p)
			}
			s.Only = q.p.Target
			c := claim(q.kind, s, from(reply.B), typ)
			own := c.proven() && c.p.Target == q.p.Target
			want := reply.Name != "lone SYN" && (q.kind != probe.UDP || c.r.Match)
			if own != want || own && (c.r.From != other || c.r.Who != probe.Other) {
				t.Errorf("%s, %s: proven %v, want %v: %+v %+v", q.name, reply.Name, own, want, c.p, c.r)
			}
			if q.kind == probe.SYN && want {
				reply.Flip(func(f probetest.Field, bit int, b []byte) {
					if f.Name == "source" || f.Name == "destination" {
						return
					}
					if c := claim(q.kind, s, from(b), typ); c.proven() && c.p.Target == q.p.Target {
						t.Errorf("%s, %s, bit %d of %s: %+v", q.name, reply.Name, bit, f.Name, c.p)
					}
				})
			}
		}
		for _, reply := range probetest.Replies(q.kind.Append(nil, stranger, q.p), typ) {
			if strings.Contains(reply.Name, "quoting") {
				continue
			}
			if c := claim(q.kind, s, from(reply.B), typ); c.proven() && c.p.Target == q.p.Target {
				t.Errorf("%s, %s to another program: %+v", q.name, reply.Name, c.p)
			}
		}
	}
	// There is something to find: DNS has an identifier, and what port 9 is asked has none.
	s := traceSource(t, false)
	s.Only = theirs(false)
	for port, want := range map[uint16]bool{53: true, 9: false} {
		p := probe.Probe{Target: theirs(false), Port: port, TTL: 3}
		sent := probe.UDP.(probe.PacketKind).Append(nil, s, p)
		asked := parse(t, sent, wire.TypeIPv4)
		answer := slices.Clone(asked.Payload)
		if port == 53 {
			answer[2] |= 0x80
		}
		b := wire.AppendUDP(nil, &wire.IP{Src: netip.MustParseAddr("10.0.0.99"), Dst: s.Addr, TTL: 60}, &wire.UDP{Src: port, Dst: asked.UDP.Src}, answer)
		if c := claim(probe.UDP.(probe.PacketKind), s, b, wire.TypeIPv4); (c.proven() && c.p.Target == p.Target) != want {
			t.Errorf("port %d: %+v, want %v", port, c, want)
		}
	}
}

// TestOtherAddressTakesData: a SYN with a payload may be answered with all of it
// acknowledged or with the SYN alone, from another of the target's addresses, too. Nothing
// else is the target's then, nor is what acknowledges a number that was chosen: whoever
// sent that need not have been asked with the target's proof.
func TestOtherAddressTakesData(t *testing.T) {
	syn, data := probe.SYN.(probe.PacketKind), []byte("five!")
	for _, v6 := range []bool{false, true} {
		other := netip.MustParseAddr("10.0.0.99")
		if v6 {
			other = netip.MustParseAddr("fd00::99")
		}
		p := probe.Probe{Target: theirs(v6), Port: 80, Try: 1, TTL: 7, Flow: 2, Rep: 4}
		typ := etherType(syn, p)
		for _, chosen := range []bool{false, true} {
			s, stranger := traceSource(t, v6), traceSource(t, v6)
			stranger.Key = probe.Key{9, 9}
			for _, of := range []*probe.Source{s, stranger} {
				c := &of.Craft[0]
				c.Given, c.Data = probe.GivenData, data
				if chosen {
					c.Given, c.Seq = c.Given|probe.GivenSeq, 7
				}
			}
			s.Only = p.Target
			own := func(of *probe.Source, ack uint32, flags uint8) bool {
				sent := parse(t, syn.Append(nil, of, p), typ)
				back := &wire.TCP{Src: sent.TCP.Dst, Dst: sent.TCP.Src, Flags: flags, Ack: sent.TCP.Seq + ack, Seq: 77}
				c := claim(syn, s, wire.AppendTCP(nil, &wire.IP{Src: other, Dst: s.Addr, TTL: 60}, back, nil), typ)
				if is := c.proven() && c.p.Target == p.Target; !is || c.p.TTL == p.TTL && c.p.Rep == p.Rep && c.r.From == other {
					return is
				}
				t.Errorf("it answers %+v", c.p)
				return false
			}
			for _, flags := range []uint8{wire.SYN | wire.ACK, wire.RST | wire.ACK} {
				for ack := range uint32(10) {
					want := !chosen && (ack == 1 || ack == uint32(len(data))+1)
					if got := own(s, ack, flags); got != want {
						t.Errorf("IPv6 %v, chosen %v: acknowledges %d more by %06b: the target's %v, want %v", v6, chosen, ack, flags, got, want)
					}
					if own(stranger, ack, flags) {
						t.Errorf("IPv6 %v, chosen %v: an answer to another program, %d more, is the target's", v6, chosen, ack)
					}
				}
				for bit := range 32 {
					if own(s, uint32(len(data)+1)^1<<bit, flags) && uint32(len(data)+1)^1<<bit != 1 {
						t.Errorf("IPv6 %v: bit %d of the number changed, and it is the target's", v6, bit)
					}
				}
			}
		}
	}
}
