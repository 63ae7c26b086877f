package simnet

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sonde/probe/wire"
	"sonde/scan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// got is one packet that Recv brought.
type got struct {
	at  time.Duration
	raw []byte
	wire.Packet
}

// rig is a link with somebody who receives. It lives in a synctest bubble.
type rig struct {
	t testing.TB
	*Link
	mu  sync.Mutex
	got []got
}

// bubble runs f with a network in a bubble.
func bubble(t *testing.T, text string, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n, err := Parse("test.net", text)
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{t: t, Link: n.Open()}
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.receive()
		}()
		defer func() {
			r.Close()
			<-done
		}()
		f(r)
		r.Close()
		<-done
		if out := r.flights.inUse() - r.inFlight() - r.inbox.len() - len(r.lent); out != 0 {
			t.Errorf("%d flights are neither queued nor free", out)
		}
	})
}

// inFlight counts the flights among the events.
func (r *rig) inFlight() (n int) {
	for _, e := range r.events.e {
		if e.kind == step {
			n++
		}
	}
	return n
}

func (r *rig) receive() {
	into := make([]scan.Packet, 16)
	for {
		n, err := r.Recv(into)
		if err != nil {
			return
		}
		for _, p := range into[:n] {
			g := got{at: p.At, raw: slices.Clone(p.B)}
			g.MAC = p.MAC
			if !g.Parse(g.raw, p.Type) {
				r.t.Errorf("cannot parse % x", p.B)
			}
			if p.Type != wire.TypeARP && !sumsOK(g.raw, p.Type, &g.Packet) {
				r.t.Errorf("wrong checksum: % x", p.B)
			}
			r.mu.Lock()
			r.got = append(r.got, g)
			r.mu.Unlock()
		}
	}
}

// wait lets time pass and returns what has come since the last wait.
func (r *rig) wait(d time.Duration) []got {
	time.Sleep(d)
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.got
	r.got = nil
	return g
}

// wait1 is wait for exactly one packet.
func (r *rig) wait1(d time.Duration) got {
	r.t.Helper()
	g := r.wait(d)
	if len(g) != 1 {
		r.t.Fatalf("%d packets came, want 1: %v", len(g), g)
	}
	return g[0]
}

// send sends one packet as the kernel would.
func (r *rig) send(b []byte) {
	r.t.Helper()
	r.sendPacket(scan.Packet{Way: r.Way(dstOf(b)), Type: typeOf(b), B: b})
}

// frame sends one packet as a frame.
func (r *rig) frame(mac wire.MAC, b []byte) {
	r.t.Helper()
	r.sendPacket(scan.Packet{Way: r.Way(dstOf(b)), Type: typeOf(b), B: b, Frame: true, MAC: mac})
}

func (r *rig) sendPacket(p scan.Packet) {
	r.t.Helper()
	if n, err := r.Send([]scan.Packet{p}); n != 1 || err != nil {
		r.t.Fatalf("Send: %d, %v", n, err)
	}
}

func typeOf(b []byte) uint16 {
	switch {
	case b[0]>>4 == 4:
		return wire.TypeIPv4
	case b[0]>>4 == 6:
		return wire.TypeIPv6
	}
	return wire.TypeARP
}

func dstOf(b []byte) netip.Addr {
	if typeOf(b) == wire.TypeARP {
		return netip.AddrFrom4([4]byte(b[24:28]))
	}
	d := destination(b, typeOf(b))
	if d.IsMulticast() {
		return netip.MustParseAddr("2001:db8::2")
	}
	return d
}

// Our addresses in the networks of these tests.
var (
	us4 = netip.MustParseAddr("10.0.0.1")
	us6 = netip.MustParseAddr("2001:db8::1")
)

func header(dst string) *wire.IP {
	d := netip.MustParseAddr(dst)
	ip := &wire.IP{Src: us4, Dst: d, TTL: 64, TOS: 0xb8, ID: 77}
	if d.Is6() {
		ip.Src = us6
	}
	return ip
}

// linuxSYN are the options of a Linux client, with TSval 0x01020304.
var linuxSYN = []byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7}

func segmentTo(dst string, sport, dport uint16, seq, ack uint32, flags uint8, opts ...byte) []byte {
	t := wire.TCP{Src: sport, Dst: dport, Seq: seq, Ack: ack, Flags: flags, Window: 1024}
	t.OptLen = uint8(copy(t.Opt[:], opts))
	return wire.AppendTCP(nil, header(dst), &t, nil)
}

func syn(dst string, sport, dport uint16, seq uint32, opts ...byte) []byte {
	return segmentTo(dst, sport, dport, seq, 0, wire.SYN, opts...)
}

func datagram(dst string, sport, dport uint16, payload string) []byte {
	return wire.AppendUDP(nil, header(dst), &wire.UDP{Src: sport, Dst: dport}, []byte(payload))
}

func message(dst string, msg wire.Message, payload string) []byte {
	m := wire.ICMP{Msg: msg, ID: 7, Seq: 9}
	ip := header(dst)
	m.SetType(ip.Dst.Is6())
	return wire.AppendICMP(nil, ip, &m, []byte(payload))
}

func withTTL(b []byte, ttl uint8) []byte {
	for typeOf(b) == wire.TypeIPv4 && b[ttlAt4] > ttl {
		decrement(b, wire.TypeIPv4)
	}
	if typeOf(b) == wire.TypeIPv6 {
		b[ttlAt6] = ttl
	}
	return b
}

// both runs f for an IPv4 and an IPv6 address.
func both(t *testing.T, text, addr4, addr6 string, f func(r *rig, addr string)) {
	for _, addr := range []string{addr4, addr6} {
		name := "IPv4"
		if strings.Contains(addr, ":") {
			name = "IPv6"
		}
		t.Run(name, func(t *testing.T) {
			bubble(t, text, func(r *rig) { f(r, addr) })
		})
	}
}
