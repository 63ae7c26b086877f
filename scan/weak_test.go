package scan_test

import (
	"slices"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// answersTo makes a link on which answer says what comes back to each packet that
// leaves, by its number from 1 on.
func answersTo(answer func(n int, sent *wire.Packet, b []byte) [][]byte) func(*simnet.Link) {
	return func(l *simnet.Link) {
		n := 0
		l.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
			var sent wire.Packet
			typ := uint16(wire.TypeIPv4)
			if b[0]>>4 == 6 {
				typ = wire.TypeIPv6
			}
			if !sent.Parse(b, typ) {
				return
			}
			n++
			for _, back := range answer(n, &sent, b) {
				l.Inject(at+10*time.Millisecond, scan.Packet{B: back})
			}
		}
	}
}

// tcpBack is a segment from the port that was asked to the one that asked.
func tcpBack(p *wire.Packet, t wire.TCP) []byte {
	ip := wire.IP{Src: p.IP.Dst, Dst: p.IP.Src, TTL: 60}
	t.Src, t.Dst = p.TCP.Dst, p.TCP.Src
	return wire.AppendTCP(nil, &ip, &t, nil)
}

// unreachable quotes b, of which change has the first bytes behind the IP header.
func unreachable(p *wire.Packet, b []byte, msg wire.Message, change func(header, behind []byte)) []byte {
	ip := wire.IP{Src: p.IP.Dst, Dst: p.IP.Src, TTL: 60}
	q, n := slices.Clone(b), 20
	if ip.Src.Is6() {
		n = 40
	}
	q = q[:n+8]
	change(q[:n], q[n:])
	m := wire.ICMP{Msg: msg}
	m.SetType(ip.Src.Is6())
	return wire.AppendICMP(nil, &ip, &m, q)
}

// TestWeakAnswers: what small stacks answer without any proof is the state in the end,
// and marked; but nothing of it counts before the last wait is over, beside an answer
// with proof, with a port that is not fresh, or while somebody is guessing.
func TestWeakAnswers(t *testing.T) {
	rst := func(p *wire.Packet) []byte { return tcpBack(p, wire.TCP{Flags: wire.RST}) }
	odd := func(p *wire.Packet) []byte { return tcpBack(p, wire.TCP{Flags: wire.RST | wire.ACK, Ack: p.TCP.Seq}) }
	zeroed := func(msg wire.Message) func(p *wire.Packet, b []byte) []byte {
		return func(p *wire.Packet, b []byte) []byte {
			return unreachable(p, b, msg, func(header, behind []byte) {
				if header[0]>>4 == 4 {
					clear(header[4:6])
				} else {
					header[1], header[2], header[3] = header[1]&0xf0, 0, 0
				}
				clear(behind[4:8])
			})
		}
	}
	label := func(header []byte) {
		if header[0]>>4 == 4 {
			header[4] ^= 0x5a
		} else {
			header[3] ^= 0x5a
		}
	}
	relabelled := func(p *wire.Packet, b []byte) []byte {
		return unreachable(p, b, wire.PortUnreach, func(header, behind []byte) { label(header) })
	}
	proven := func(p *wire.Packet, b []byte) []byte {
		return unreachable(p, b, wire.AdminProhibited, func([]byte, []byte) {})
	}
	missed := func(p *wire.Packet, n int) (all [][]byte) {
		for i := range n {
			q := *p
			q.TCP.Src += uint16(5 + i%8)
			all = append(all, rst(&q))
		}
		return all
	}
	only := func(f func(p *wire.Packet) []byte) func(int, *wire.Packet, []byte) [][]byte {
		return func(_ int, p *wire.Packet, _ []byte) [][]byte { return [][]byte{f(p)} }
	}
	quoting := func(f func(p *wire.Packet, b []byte) []byte) func(int, *wire.Packet, []byte) [][]byte {
		return func(_ int, p *wire.Packet, b []byte) [][]byte { return [][]byte{f(p, b)} }
	}
	for _, tt := range []struct {
		name   string
		kind   probe.Kind
		port   uint16
		fixed  uint16
		answer func(int, *wire.Packet, []byte) [][]byte
		state  probe.State
		reason probe.Reason
		weak   bool
		heard  uint16 // without proof
	}{
		{"RST without ACK", probe.SYN, 80, 0, only(rst), probe.Closed, probe.Reset, true, 3},
		{"RST that acknowledges one less", probe.SYN, 80, 0, only(odd), probe.Closed, probe.Reset, true, 3},
		{"RST without ACK, to a fixed port", probe.SYN, 80, 4025, only(rst), probe.Filtered, probe.NoResponse, false, 3},
		{"RST without ACK to a FIN", probe.FIN, 80, 0, only(rst), probe.OpenFiltered, probe.NoResponse, false, 3},
		{"zeroed quote of a SYN", probe.SYN, 80, 0, quoting(zeroed(wire.AdminProhibited)), probe.Filtered, probe.AdminProhibited, true, 3},
		{"zeroed quote of a FIN", probe.FIN, 80, 0, quoting(zeroed(wire.AdminProhibited)), probe.Filtered, probe.AdminProhibited, true, 3},
		{"zeroed quote of a datagram", probe.UDP, 53, 0, quoting(zeroed(wire.PortUnreach)), probe.Closed, probe.PortUnreach, true, 3},
		{"quote of an empty datagram with another IP ID", probe.UDP, 9999, 0, quoting(relabelled), probe.Closed, probe.PortUnreach, true, 3},
		{"zeroed quote of a datagram, to a fixed port", probe.UDP, 53, 4025, quoting(zeroed(wire.PortUnreach)), probe.OpenFiltered, probe.NoResponse, false, 3},
		{"RST without ACK, then an error with proof", probe.SYN, 80, 0, func(n int, p *wire.Packet, b []byte) [][]byte {
			if n < 3 {
				return [][]byte{rst(p)}
			}
			return [][]byte{proven(p, b)}
		}, probe.Filtered, probe.AdminProhibited, false, 0},
		{"an error with proof, then RST without ACK", probe.SYN, 80, 0, func(n int, p *wire.Packet, b []byte) [][]byte {
			return [][]byte{proven(p, b), rst(p)}
		}, probe.Filtered, probe.AdminProhibited, false, 0},
		{"RST without ACK, then SYN-ACK", probe.SYN, 80, 0, func(n int, p *wire.Packet, b []byte) [][]byte {
			if n == 1 {
				return [][]byte{rst(p)}
			}
			return [][]byte{tcpBack(p, wire.TCP{Flags: wire.SYN | wire.ACK, Ack: p.TCP.Seq + 1})}
		}, probe.Open, probe.SynAck, false, 0},
		{"eight guesses", probe.SYN, 80, 0, func(n int, p *wire.Packet, b []byte) [][]byte {
			if n > 1 {
				return nil
			}
			return append(missed(p, 8), rst(p))
		}, probe.Closed, probe.Reset, true, 1},
		{"nine guesses", probe.SYN, 80, 0, func(n int, p *wire.Packet, b []byte) [][]byte {
			if n > 1 {
				return nil
			}
			return append(missed(p, 9), rst(p))
		}, probe.Filtered, probe.NoResponse, false, 1},
		{"guesses of the acknowledgement", probe.SYN, 80, 0, func(n int, p *wire.Packet, b []byte) (all [][]byte) {
			for i := range 40 {
				all = append(all, tcpBack(p, wire.TCP{Flags: wire.RST | wire.ACK, Ack: uint32(i) * 0x1234567}))
			}
			return all
		}, probe.Filtered, probe.NoResponse, false, 120},
		{"guesses of the IP ID", probe.SYN, 80, 0, func(n int, p *wire.Packet, b []byte) (all [][]byte) {
			for i := range 40 {
				all = append(all, unreachable(p, b, wire.AdminProhibited, func(header, behind []byte) {
					label(header)
					header[5-2*int(header[0]>>6&1)+0] ^= byte(i) &^ 0x5a
					behind[5] ^= 0x5a
				}))
			}
			return append(all, unreachable(p, b, wire.AdminProhibited, func(header, behind []byte) { behind[5] ^= 0x5a }))
		}, probe.Filtered, probe.NoResponse, false, 0},
	} {
		for _, v6 := range []bool{false, true} {
			q := muteQuestion{kind: tt.kind, port: tt.port, addr4: "10.1.0.5/32", addr6: "fd01::5/128"}
			p := q.plan(t, v6)
			p.SourcePort = tt.fixed
			o := simulate(t, job{network: mute, plan: p, link: answersTo(tt.answer)})
			if len(o.results) != 1 {
				t.Errorf("%s, v6=%v: %+v", tt.name, v6, o.results)
				continue
			}
			r := o.results[0]
			if r.Verdict.State != tt.state || r.Verdict.Reason != tt.reason || r.Reply.Weak != tt.weak || tt.heard > 0 && r.Reply.Unproven != tt.heard {
				t.Errorf("%s, v6=%v: %v (%v), weak %v, %d without proof; %+v", tt.name, v6, r.Verdict.State, r.Verdict.Reason, r.Reply.Weak, r.Reply.Unproven, o.stats)
			}
			if tt.weak && (r.Verdict.Final || r.Tries != 3) {
				t.Errorf("%s, v6=%v: final %v after %d tries", tt.name, v6, r.Verdict.Final, r.Tries)
			}
		}
	}
}

// TestOlderConnection: a bare ACK of an older connection is answered by a RST, once,
// and the SYN is asked again.
func TestOlderConnection(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, fixed := range []uint16{0, 4026} {
			for _, gone := range []bool{true, false} {
				const theirs, ours = 7777, 123456
				resets, reset := 0, false
				q := muteQuestion{kind: probe.SYN, port: 80, addr4: "10.1.0.5/32", addr6: "fd01::5/128"}
				p := q.plan(t, v6)
				p.SourcePort = fixed
				packets := 0
				o := simulate(t, job{network: mute, plan: p, link: answersTo(func(n int, sent *wire.Packet, b []byte) [][]byte {
					packets = n
					switch {
					case sent.TCP.Flags == wire.RST:
						resets++
						reset = sent.TCP.Seq == ours && sent.TCP.Dst == 80
						return nil
					case reset && gone:
						return [][]byte{tcpBack(sent, wire.TCP{Flags: wire.SYN | wire.ACK, Ack: sent.TCP.Seq + 1})}
					}
					return [][]byte{tcpBack(sent, wire.TCP{Flags: wire.ACK, Seq: theirs, Ack: ours})}
				})})
				r := o.results[0]
				if resets != 1 || r.Verdict.State != probe.Open || r.Reply.Weak == gone || o.stats.Sent != uint64(packets) {
					t.Errorf("v6=%v, port %d, gone %v: %d resets, %v (%v), weak %v; %d packets, %+v", v6, fixed, gone, resets,
						r.Verdict.State, r.Verdict.Reason, r.Reply.Weak, packets, o.stats)
				}
			}
		}
	}
}

// TestManyWeakAnswers: where most ports of many answer without proof, all of them are
// told so, though only some of the answers are kept whole.
func TestManyWeakAnswers(t *testing.T) {
	var ports []uint16
	for n := range uint16(6000) {
		ports = append(ports, n+1)
	}
	p := scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, ports...)}
	o := simulate(t, job{network: mute, plan: p, link: answersTo(func(_ int, sent *wire.Packet, _ []byte) [][]byte {
		return [][]byte{tcpBack(sent, wire.TCP{Flags: wire.RST})}
	})})
	closed := 0
	for _, r := range o.results {
		if r.Verdict.State == probe.Closed && r.Verdict.Reason == probe.Reset && r.Reply.Weak && r.Reply.IP.TTL == 60 && r.RTT == 10*time.Millisecond {
			closed++
		}
	}
	if closed != len(ports) {
		t.Errorf("%d of %d closed; %+v", closed, len(ports), o.stats)
	}
}
