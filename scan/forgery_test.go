package scan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// mute is a network in which nothing answers, but for what a test injects.
const mute = `
kernel-rst off
iface eth0 10.0.0.1/24 fd00::1/64 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 mac 02:00:00:00:00:02
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.5 no echo no timestamp
	tcp drop all
	udp drop all
hosts fd01::5 no echo
	tcp drop all
	udp drop all
`

// muteQuestion is a question to the mute network.
type muteQuestion struct {
	kind         probe.Kind
	port         uint16
	addr4, addr6 string
	silent       probe.Verdict
	found        map[string]probe.State // by name of the reply; "": all others
}

var muteQuestions = []muteQuestion{
	{probe.SYN, 80, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.Filtered, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Filtered, "SYN-ACK": probe.Open, "bare ACK": probe.Open, "lone SYN": probe.Open, "RST": probe.Closed}},
	{probe.ACK, 80, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.Filtered, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Filtered, "RST": probe.Unfiltered}},
	{probe.Window, 80, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.Filtered, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Filtered, "RST": probe.Closed}},
	{probe.FIN, 80, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Filtered, "RST": probe.Closed}},
	{probe.Null, 80, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Filtered, "RST": probe.Closed}},
	{probe.Xmas, 80, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Filtered, "RST": probe.Closed}},
	{probe.Maimon, 80, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Filtered, "RST": probe.Closed}},
	{probe.Timestamp, 0, "10.1.0.5/32", "", probe.Verdict{State: probe.Unknown, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Unknown, "timestamp reply": probe.Up}},
	{probe.Mask, 0, "10.1.0.5/32", "", probe.Verdict{State: probe.Unknown, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Unknown, "mask reply": probe.Up}},
	{probe.Echo, 0, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.Unknown, Reason: probe.NoResponse},
		map[string]probe.State{"": probe.Unknown, "echo reply": probe.Up}},
	{probe.UDP, 53, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse},
		map[string]probe.State{"answer": probe.Open}},
	{probe.UDP, 9999, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse},
		map[string]probe.State{"answer": probe.Open}},
	{probe.UDP, 69, "10.1.0.5/32", "fd01::5/128", probe.Verdict{State: probe.OpenFiltered, Reason: probe.NoResponse},
		map[string]probe.State{"answer from a new port": probe.Open}},
	{probe.Neighbour, 0, "10.0.0.9/32", "fd00::9/128", probe.Verdict{State: probe.Down, Reason: probe.ReasonNoNeighbour},
		map[string]probe.State{"": probe.Up}},
}

// state is what a valid reply makes of the question.
func (q *muteQuestion) state(r *reply, from probe.Who) probe.State {
	name, _, _ := strings.Cut(r.Name, ", proved")
	if s, ok := q.found[name]; ok {
		return s
	}
	if s, ok := q.found[""]; ok {
		return s
	}
	if from == probe.Target { // the only error of the target that is sent here is port unreachable
		return probe.Closed
	}
	return probe.Filtered
}

func (q *muteQuestion) plan(t *testing.T, v6 bool) scan.Plan {
	addr := q.addr4
	if v6 {
		addr = q.addr6
	}
	return scan.Plan{Targets: targets(t, addr), Kinds: []probe.Kind{q.kind}, Asks: asks(0, q.port)}
}

type reply = probetest.Reply

// replyOnce calls f with the replies to the first packet that leaves, each once for
// every way in which it is proved.
func replyOnce(f func(l *simnet.Link, at time.Duration, replies []reply)) func(*simnet.Link) {
	return func(l *simnet.Link) {
		once := false
		l.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
			if once {
				return
			}
			once = true
			typ := uint16(wire.TypeIPv4)
			switch {
			case b[0]>>4 == 6:
				typ = wire.TypeIPv6
			case b[0]>>4 == 0:
				typ = wire.TypeARP
			}
			var ways []reply
			for _, r := range probetest.Replies(b, typ) {
				ways = append(ways, r.Ways()...)
			}
			f(l, at, ways)
		}
	}
}

// ports is how many source ports a question with one plan takes, those for
// answers from a new port behind the others.
const (
	firstPort = 61000
	tryPorts  = scan.MostTries
)

// TestForgery records the valid replies to a question, flips every bit on which
// their identity rests, one at a time, and lets all copies arrive while the
// question waits. Its state stays what silence makes it, and every copy that is
// for us is counted.
func TestForgery(t *testing.T) {
	for _, q := range muteQuestions {
		for _, v6 := range []bool{false, true} {
			if v6 && q.addr6 == "" {
				continue // IPv6 has no such question
			}
			for i := 0; ; i++ { // by number, since they are made of what is sent
				var valid *reply
				forged, ours, perhaps := uint64(0), uint64(0), uint64(0)
				o := simulate(t, job{network: mute, plan: q.plan(t, v6), link: replyOnce(func(l *simnet.Link, at time.Duration, replies []reply) {
					if i >= len(replies) {
						return
					}
					valid = &replies[i]
					valid.Flip(func(f probetest.Field, _ int, b []byte) {
						switch f.Change {
						case probetest.Target:
							return // there is one target only, so that a NAT may have changed it
						case probetest.Perhaps:
							perhaps++
						}
						forged++
						l.Inject(at+10*time.Millisecond, scan.Packet{Type: valid.Type, B: b})
						if counts(q.kind, f, b, valid.Type) {
							ours++
						}
					})
				})})
				if valid == nil {
					break
				}
				name := fmt.Sprintf("%s port %d v6=%v, %s", q.kind.Name(), q.port, v6, valid.Name)
				if len(o.results) != 1 || o.results[0].Verdict != q.silent {
					t.Errorf("%s: forged copies make it %+v", name, o.results)
				}
				if o.stats.Received != 0 || o.stats.Duplicates != 0 || o.stats.Unsolicited < ours || o.stats.Unsolicited > ours+perhaps || ours+perhaps == 0 {
					t.Errorf("%s: of %d forged copies %d were for us; %+v", name, forged, ours, o.stats)
				}
				// And the reply as it was is one.
				o = simulate(t, job{network: mute, plan: q.plan(t, v6), link: replyOnce(func(l *simnet.Link, at time.Duration, replies []reply) {
					l.Inject(at+10*time.Millisecond, scan.Packet{Type: replies[i].Type, B: replies[i].B})
				})})
				r, ok := o.results[0], len(o.results) == 1
				if want := q.state(valid, r.Reply.Who); !ok || r.Verdict.State != want || r.Verdict == q.silent || r.RTT != 10*time.Millisecond || o.stats.Received != 1 || o.stats.Unsolicited != 0 {
					t.Errorf("%s: the valid reply makes it %v (%v), want %v; %+v", name, r.Verdict.State, r.Verdict.Reason, want, o.stats)
				}
			}
		}
	}
}

// counts tells whether a forged copy is still for us: to a port of the run, or
// quoting one.
func counts(kind probe.Kind, f probetest.Field, b []byte, etherType uint16) bool {
	var pkt wire.Packet
	switch {
	case !pkt.Parse(b, etherType) || f.Change == probetest.Elsewhere || f.Change == probetest.Perhaps:
		return false
	case f.Change == probetest.OtherPort:
		port := int(b[f.At])<<8 | int(b[f.At+1])
		n := tryPorts
		if kind == probe.UDP {
			n *= 2
		}
		return port >= firstPort && port < firstPort+n
	}
	return true
}

// relabelled is a packet with another IP ID, or flow label.
func relabelled(b []byte) []byte {
	b = slices.Clone(b)
	if b[0]>>4 == 4 {
		b[5] ^= 0x5a
	} else {
		b[3] ^= 0x5a
	}
	return b
}

// TestWrongReplies are right in everything but one thing that no flipped bit
// covers.
func TestWrongReplies(t *testing.T) {
	type inject struct {
		name   string
		kind   probe.Kind
		port   uint16
		fixed  uint16 // source port
		change func(sent *wire.Packet, b []byte) []byte
		count  uint64
	}
	target := func(p *wire.Packet) wire.IP { return wire.IP{Src: p.IP.Dst, Dst: p.IP.Src, TTL: 60} }
	third := func(p *wire.Packet) wire.IP {
		return wire.IP{Src: probetest.Router(p.IP.Dst.Is6()), Dst: p.IP.Src, TTL: 60}
	}
	tcp := func(ip wire.IP, t wire.TCP) []byte { return wire.AppendTCP(nil, &ip, &t, nil) }
	synAck := func(p *wire.Packet) wire.TCP {
		return wire.TCP{Src: p.TCP.Dst, Dst: p.TCP.Src, Ack: p.TCP.Seq + 1, Flags: wire.SYN | wire.ACK}
	}
	// wrongQuote is an error that quotes sent with some bytes behind the IP header changed.
	wrongQuote := func(p *wire.Packet, sent []byte, at int, with ...byte) []byte {
		ip := third(p)
		header := 20
		if ip.Src.Is6() {
			header = 40
		}
		q := append([]byte(nil), sent...)
		copy(q[header+at:], with)
		m := wire.ICMP{Msg: wire.AdminProhibited}
		m.SetType(ip.Src.Is6())
		return wire.AppendICMP(nil, &ip, &m, q)
	}
	tests := []inject{
		{"SYN-ACK from a third address", probe.SYN, 80, 0, func(p *wire.Packet, _ []byte) []byte { return tcp(third(p), synAck(p)) }, 1},
		{"lone SYN from a third address", probe.SYN, 80, 0, func(p *wire.Packet, _ []byte) []byte {
			return tcp(third(p), wire.TCP{Src: 80, Dst: p.TCP.Src, Flags: wire.SYN})
		}, 1},
		{"lone SYN to the port of a try not made yet", probe.SYN, 80, 0, func(p *wire.Packet, _ []byte) []byte {
			return tcp(target(p), wire.TCP{Src: 80, Dst: p.TCP.Src + 1, Flags: wire.SYN})
		}, 1},
		{"lone SYN to a fixed port", probe.SYN, 80, 4025, func(p *wire.Packet, _ []byte) []byte {
			return tcp(target(p), wire.TCP{Src: 80, Dst: 4025, Flags: wire.SYN})
		}, 1},
		{"SYN-ACK to another program's port", probe.SYN, 80, 0, func(p *wire.Packet, _ []byte) []byte {
			s := synAck(p)
			s.Dst = 5000
			return tcp(target(p), s)
		}, 0},
		{"SYN-ACK to another port than the fixed one", probe.SYN, 80, 4025, func(p *wire.Packet, _ []byte) []byte {
			s := synAck(p)
			s.Dst = 4026
			return tcp(target(p), s)
		}, 0},
		{"SYN-ACK of a port that was not asked", probe.SYN, 80, 0, func(p *wire.Packet, _ []byte) []byte {
			s := synAck(p)
			s.Src = 81
			return tcp(target(p), s)
		}, 1},
		{"error with another sequence number", probe.SYN, 80, 0, func(p *wire.Packet, b []byte) []byte {
			return wrongQuote(p, relabelled(b), 4, 1, 2, 3, 4)
		}, 1},
		{"error that quotes 4 bytes", probe.SYN, 80, 0, func(p *wire.Packet, b []byte) []byte {
			e := wrongQuote(p, relabelled(b), 0)
			n := len(e) - (len(b) - len(b)%4) + 20 + 4
			if p.IP.Dst.Is6() {
				n += 20
			}
			e = e[:n]
			if p.IP.Dst.Is6() {
				e[4], e[5] = byte((n-40)>>8), byte(n-40)
			} else {
				e[2], e[3] = byte(n>>8), byte(n)
			}
			return e
		}, 1},
		{"error about the port of a try not made yet", probe.SYN, 80, 0, func(p *wire.Packet, b []byte) []byte {
			return wrongQuote(p, b, 0, byte((p.TCP.Src+1)>>8), byte(p.TCP.Src+1))
		}, 1},
		{"error about the question to another port", probe.SYN, 80, 0, func(p *wire.Packet, b []byte) []byte {
			return wrongQuote(p, b, 2, 0, 81)
		}, 1},
		{"error about a port that was not asked", probe.SYN, 80, 0, func(p *wire.Packet, b []byte) []byte { return wrongQuote(p, b, 2, 0, 81) }, 1},
		{"error about another program", probe.SYN, 80, 0, func(p *wire.Packet, b []byte) []byte { return wrongQuote(p, b, 0, 1, 1) }, 0},
		{"RST to an ACK with another sequence number", probe.ACK, 80, 0, func(p *wire.Packet, _ []byte) []byte {
			return tcp(target(p), wire.TCP{Src: 80, Dst: p.TCP.Src, Seq: p.TCP.Ack - 1, Flags: wire.RST})
		}, 1},
		{"SYN-ACK to an ACK", probe.ACK, 80, 0, func(p *wire.Packet, _ []byte) []byte {
			return tcp(target(p), wire.TCP{Src: 80, Dst: p.TCP.Src, Seq: p.TCP.Ack, Ack: p.TCP.Seq + 1, Flags: wire.SYN | wire.ACK})
		}, 1},
		{"UDP from a third address", probe.UDP, 53, 0, func(p *wire.Packet, _ []byte) []byte {
			ip := third(p)
			return wire.AppendUDP(nil, &ip, &wire.UDP{Src: 53, Dst: p.UDP.Src}, []byte("x"))
		}, 1},
		{"UDP from another port", probe.UDP, 53, 0, func(p *wire.Packet, _ []byte) []byte {
			ip := target(p)
			return wire.AppendUDP(nil, &ip, &wire.UDP{Src: 54, Dst: p.UDP.Src}, []byte("x"))
		}, 1},
		{"UDP to the port of a try not made yet", probe.UDP, 53, 0, func(p *wire.Packet, _ []byte) []byte {
			ip := target(p)
			return wire.AppendUDP(nil, &ip, &wire.UDP{Src: 53, Dst: p.UDP.Src + 1}, []byte("x"))
		}, 1},
		{"TFTP from a third address", probe.UDP, 69, 0, func(p *wire.Packet, _ []byte) []byte {
			ip := third(p)
			return wire.AppendUDP(nil, &ip, &wire.UDP{Src: 3000, Dst: p.UDP.Src}, []byte("\x00\x05\x00\x01no\x00"))
		}, 1},
		{"echo reply of another ping", probe.Echo, 0, 0, func(p *wire.Packet, _ []byte) []byte {
			ip := target(p)
			m := wire.ICMP{Msg: wire.EchoReply, ID: p.ICMP.ID + 1, Seq: p.ICMP.Seq ^ 0x5555}
			m.SetType(ip.Src.Is6())
			return wire.AppendICMP(nil, &ip, &m, make([]byte, 56))
		}, 0},
		{"echo reply with another identifier, cut short", probe.Echo, 0, 0, func(p *wire.Packet, _ []byte) []byte {
			ip := target(p)
			m := wire.ICMP{Msg: wire.EchoReply, ID: p.ICMP.ID ^ 1, Seq: p.ICMP.Seq}
			m.SetType(ip.Src.Is6())
			return wire.AppendICMP(nil, &ip, &m, p.Payload[:7])
		}, 1},
	}
	for _, tt := range tests {
		for _, v6 := range []bool{false, true} {
			q := muteQuestion{kind: tt.kind, port: tt.port, addr4: "10.1.0.5/32", addr6: "fd01::5/128"}
			p := q.plan(t, v6)
			p.SourcePort = tt.fixed
			o := simulate(t, job{network: mute, plan: p, link: func(l *simnet.Link) {
				once := false
				l.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
					var sent wire.Packet
					if once || !sent.Parse(b, map[bool]uint16{false: wire.TypeIPv4, true: wire.TypeIPv6}[v6]) {
						return
					}
					once = true
					l.Inject(at+10*time.Millisecond, scan.Packet{B: tt.change(&sent, b)})
				}
			}})
			silent := tt.kind.Classify(probe.Probe{}, &probe.Reply{})
			if len(o.results) != 1 || o.results[0].Verdict != silent {
				t.Errorf("%s, v6=%v: %+v", tt.name, v6, o.results)
			}
			if o.stats.Unsolicited != tt.count || o.stats.Received != 0 || o.stats.Duplicates != 0 || o.truth.Injected != 1 {
				t.Errorf("%s, v6=%v: want %d unsolicited: %+v", tt.name, v6, tt.count, o.stats)
			}
		}
	}
}
