package simnet

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"sonde/probe/wire"
)

// A network whose kernel leaves half-open connections alone.
const halfOpenNet = `
kernel-rst off
iface eth0 10.0.0.1/24 2001:db8::1/64 mac 02:00:00:00:00:01
hosts 10.0.0.2
	tcp open 80
hosts 10.0.0.3 half-open linux
	tcp open 80
hosts 2001:db8::2
	tcp open 80
hosts 10.0.0.6 synack-retries 5
	tcp open 80
`

// times returns when the packets came.
func times(g []got) (at []time.Duration) {
	for _, p := range g {
		at = append(at, p.at)
	}
	return at
}

// equal compares times with whole seconds.
func equal(a []time.Duration, b ...time.Duration) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i]*time.Second {
			return false
		}
	}
	return true
}

func TestSYNACKIsRepeated(t *testing.T) {
	both(t, halfOpenNet, "10.0.0.2", "2001:db8::2", func(r *rig, addr string) {
		r.send(syn(addr, 40000, 80, 1000, linuxSYN...))
		g := r.wait(time.Minute)
		if !equal(times(g), 0, 1, 3) {
			t.Errorf("SYN-ACKs at %v, want 0, 1, 3 s", times(g))
		}
		for i, p := range g {
			if p.TCP.Seq != g[0].TCP.Seq || p.TCP.Ack != 1001 {
				t.Errorf("SYN-ACK %d: %+v", i, p.TCP)
			}
			// The host's clock runs in milliseconds; ours is echoed.
			ts := func(p got) uint32 { return binary.BigEndian.Uint32(p.TCP.Opt[8:]) }
			if d := ts(p) - ts(g[0]); d != uint32(p.at/time.Millisecond) || !bytes.Equal(p.TCP.Opt[12:16], []byte{1, 2, 3, 4}) {
				t.Errorf("SYN-ACK %d: timestamps % x", i, p.TCP.Opt[8:16])
			}
		}
		if c := r.Counts(); c.HalfOpen != 0 || c.Repeated != 2 {
			t.Errorf("%d half-open left, %d repeated", c.HalfOpen, c.Repeated)
		}
	})
	bubble(t, halfOpenNet, func(r *rig) {
		r.send(syn("10.0.0.6", 40000, 80, 1000))
		if at := times(r.wait(2 * time.Minute)); !equal(at, 0, 1, 3, 7, 15, 31) {
			t.Errorf("SYN-ACKs at %v", at)
		}
	})
}

func TestRepeatsEnd(t *testing.T) {
	for _, test := range []struct {
		name  string
		reply func(g got) []byte
		more  int // packets that still come
	}{
		{"RST", func(g got) []byte { return segmentTo("10.0.0.2", 40000, 80, 1001, 0, wire.RST) }, 0},
		{"ACK", func(g got) []byte { return segmentTo("10.0.0.2", 40000, 80, 1001, g.TCP.Seq+1, wire.ACK) }, 0},
		{"ACK of something else", func(g got) []byte { return segmentTo("10.0.0.2", 40000, 80, 1001, 5, wire.ACK) }, 1 + 2},
		{"FIN", func(g got) []byte { return segmentTo("10.0.0.2", 40000, 80, 1001, 0, wire.FIN) }, 2},
		{"other port", func(g got) []byte { return segmentTo("10.0.0.2", 40001, 80, 1001, 0, wire.RST) }, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, halfOpenNet, func(r *rig) {
				r.send(syn("10.0.0.2", 40000, 80, 1000))
				g := r.wait1(500 * time.Millisecond)
				r.send(test.reply(g))
				if g := r.wait(time.Minute); len(g) != test.more {
					t.Errorf("%d more packets, want %d", len(g), test.more)
				}
			})
		})
	}
	t.Run("our kernel", func(t *testing.T) {
		both(t, network(t, "lan"), "10.0.0.2", "2001:db8::2", func(r *rig, addr string) {
			r.send(syn(addr, 40000, 80, 1000))
			r.wait1(time.Minute)
			if c := r.Counts(); c.KernelRST != 1 || c.HalfOpen != 0 {
				t.Errorf("%+v", c)
			}
		})
	})
}

// What a second SYN on the same ports does, at one of these times after the
// first.
func TestSecondSYN(t *testing.T) {
	const (
		far   = 0x50000000
		ms    = time.Millisecond
		sa    = wire.SYN | wire.ACK
		ra    = wire.RST | wire.ACK
		ack   = wire.ACK
		same  = 1000
		close = 2000 // in the window of the first
	)
	type second struct {
		after time.Duration // after the one before
		seq   uint32
		flags uint8 // of the answer; 0: none
		ack   uint32
	}
	for _, test := range []struct {
		name, addr string
		syns       []second
	}{
		{"strict: swallowed, then repeated", "10.0.0.2", []second{{200 * ms, same, 0, 0}, {200 * ms, same, 0, 0}, {200 * ms, same, sa, 1001}, {200 * ms, same, 0, 0}}},
		{"strict: another number is reset", "10.0.0.2", []second{{200 * ms, far, ra, far + 1}, {200 * ms, far, sa, far + 1}}},
		{"strict, IPv6", "2001:db8::2", []second{{200 * ms, same, 0, 0}, {200 * ms, close, ra, close + 1}, {10 * ms, close, sa, close + 1}}},
		// As measured on Linux 6.18.
		{"linux: the first repeat is answered", "10.0.0.3", []second{{200 * ms, same, sa, 1001}, {200 * ms, same, 0, 0}, {400 * ms, same, sa, 1001}}},
		{"linux: reset in the window", "10.0.0.3", []second{{300 * ms, close, ra, close + 1}, {300 * ms, 3000, sa, 3001}}},
		{"linux: challenged outside", "10.0.0.3", []second{{300 * ms, far, ack, 1001}, {300 * ms, 2 * far, 0, 0}, {300 * ms, 2 * far, ack, 1001}}},
		{"linux: challenged below", "10.0.0.3", []second{{300 * ms, 900, ack, 1001}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, halfOpenNet, func(r *rig) {
				r.send(syn(test.addr, 40000, 80, same))
				first := r.wait1(0)
				for i, s := range test.syns {
					r.wait(s.after) // with repeats of the host, perhaps
					r.send(syn(test.addr, 40000, 80, s.seq))
					g := r.wait(0)
					if s.flags == 0 {
						if len(g) != 0 {
							t.Errorf("SYN %d was answered: %+v", i, g[0].TCP)
						}
						continue
					}
					if len(g) != 1 || g[0].TCP.Flags != s.flags || g[0].TCP.Ack != s.ack {
						t.Errorf("SYN %d: %+v", i, g)
						continue
					}
					if s.flags == ack && g[0].TCP.Seq != first.TCP.Seq+1 {
						t.Errorf("challenge has sequence number %d, want %d", g[0].TCP.Seq, first.TCP.Seq+1)
					}
				}
			})
		})
	}
}

func TestHalfOpenIsBounded(t *testing.T) {
	text := "kernel-rst off\niface eth0 10.0.0.1/24 mac 02:00:00:00:00:01\nhosts 10.0.0.2\n\ttcp open\n"
	bubble(t, text, func(r *rig) {
		for i := range maxHalfOpen + 100 {
			r.send(syn("10.0.0.2", uint16(i), uint16(1+i>>16), 1))
		}
		if c := r.Counts(); c.HalfOpen != maxHalfOpen || c.Answered != maxHalfOpen+100 {
			t.Errorf("%d half-open, %d answered", c.HalfOpen, c.Answered)
		}
		r.send(syn("10.0.0.2", 5, 1, 2)) // forgotten, so this is a first SYN
		if g := r.wait(0); g[len(g)-1].TCP.Flags != wire.SYN|wire.ACK || g[len(g)-1].TCP.Ack != 3 {
			t.Errorf("%+v", g[len(g)-1].TCP)
		}
		r.wait(time.Minute)
		if c := r.Counts(); c.HalfOpen != 0 {
			t.Errorf("%d still half-open after a minute", c.HalfOpen)
		}
	})
}

func TestStacks(t *testing.T) {
	const text = `
iface eth0 10.0.0.1/24 2001:db8::1/64 mac 02:00:00:00:00:01
hosts 10.0.0.2 os linux
	tcp open 80
hosts 10.0.0.3 os windows
	tcp open 80
hosts 10.0.0.4 os oldbsd
	tcp open 80
hosts 10.0.0.5 os bare
	tcp open 80
hosts 2001:db8::2
	tcp open 80
`
	mss := []byte{2, 4, 5, 0xb4}
	for _, test := range []struct {
		addr    string
		opts    []byte
		ttl     uint8
		window  uint16
		kinds   []byte // of the answer's options
		ackWin  uint16 // window of the RST to an ACK
		maimon  bool   // an open port answers FIN and ACK
		mssSeen uint16
	}{
		{"10.0.0.2", linuxSYN, 64, 65160, []byte{2, 4, 8, 1, 3}, 0, true, 1460},
		{"10.0.0.2", mss, 64, 64240, []byte{2}, 0, true, 1460},
		{"10.0.0.2", nil, 64, 64240, []byte{2}, 0, true, 1460},
		{"10.0.0.2", []byte{4, 2, 1, 1}, 64, 64240, []byte{2, 1, 1, 4}, 0, true, 1460},
		{"10.0.0.3", linuxSYN, 128, 65535, []byte{2, 1, 3, 4, 8}, 0, true, 1460},
		{"10.0.0.4", linuxSYN, 64, 16384, []byte{2, 1, 3, 1, 1, 8}, 4096, false, 1460},
		{"10.0.0.5", linuxSYN, 255, 8192, nil, 0, true, 0},
		{"2001:db8::2", linuxSYN, 64, 65160, []byte{2, 4, 8, 1, 3}, 0, true, 1440},
	} {
		bubble(t, text, func(r *rig) {
			r.send(syn(test.addr, 40000, 80, 1000, test.opts...))
			g := r.wait1(time.Second)
			var kinds []byte
			for o := g.TCP.Options(); len(o) > 0; {
				kinds = append(kinds, o[0])
				n := 1
				if o[0] > 1 {
					n = int(o[1])
				}
				if o[0] == 2 && binary.BigEndian.Uint16(o[2:]) != test.mssSeen {
					t.Errorf("%s: MSS % x", test.addr, o[:4])
				}
				o = o[n:]
			}
			if g.IP.TTL != test.ttl || g.TCP.Window != test.window || !bytes.Equal(kinds, test.kinds) {
				t.Errorf("%s with % x: TTL %d, window %d, options %v", test.addr, test.opts, g.IP.TTL, g.TCP.Window, kinds)
			}
			r.send(segmentTo(test.addr, 40001, 80, 7, 9, wire.ACK))
			if g := r.wait1(time.Second); g.TCP.Window != test.ackWin {
				t.Errorf("%s: RST has window %d", test.addr, g.TCP.Window)
			}
			r.send(segmentTo(test.addr, 40002, 80, 7, 9, wire.FIN|wire.ACK))
			if g := r.wait(time.Second); (len(g) == 1) != test.maimon {
				t.Errorf("%s: %d answers to FIN and ACK", test.addr, len(g))
			}
		})
	}
}
