package simnet

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/link/linktest"
)

// mustParse returns a network of a test.
func mustParse(t testing.TB, text string) *Network {
	t.Helper()
	n, err := Parse("test.net", text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The suite of all links, in real time: it waits for goroutines that do not
// block, which no bubble allows.
func TestConformance(t *testing.T) {
	for _, test := range []struct {
		name, source, target string
		frame                bool
	}{
		{"kernel, IPv4", "10.0.0.1", "10.0.0.2", false},
		{"kernel, IPv6", "2001:db8::1", "2001:db8::2", false},
		{"frames, IPv4", "10.0.0.1", "10.0.0.2", true},
		{"frames, IPv6", "2001:db8::1", "2001:db8::2", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			linktest.Run(t, func(t *testing.T) *linktest.Env {
				n := mustParse(t, network(t, "lan"))
				l := n.Open()
				target := netip.MustParseAddr(test.target)
				return &linktest.Env{Link: l, Way: l.Way(target), Frame: test.frame, MAC: n.Truth(target).MAC,
					Source: netip.MustParseAddr(test.source), Target: target, Start: l.start, MTU: 1500,
					NoWay: l.Way(netip.MustParseAddr("198.51.100.1"))}
			})
		})
	}
}

func TestSendErrors(t *testing.T) {
	text := "iface eth0 10.0.0.1/24 mac 02:00:00:00:00:01 mtu 100\niface tun0 10.8.0.2/24 frames\n" +
		"route 198.51.100.0/24 unreachable\nhosts 10.0.0.2\nhosts 10.8.0.1\n"
	bubble(t, text, func(r *rig) {
		good := syn("10.0.0.2", 1, 1, 1)
		tun := syn("10.8.0.1", 1, 1, 1)
		dead := syn("198.51.100.1", 1, 1, 1)
		ip := uint16(wire.TypeIPv4)
		for _, test := range []struct {
			name string
			p    scan.Packet
			err  error
		}{
			{"good", scan.Packet{B: good, Type: ip}, nil},
			{"no way", scan.Packet{B: dead, Type: ip, Way: r.Way(dstOf(dead))}, probe.RouteUnreachable},
			{"no such way", scan.Packet{B: good, Type: ip, Way: 99}, syscall.EINVAL},
			{"empty", scan.Packet{Type: ip}, syscall.EINVAL},
			{"ARP without a frame", scan.Packet{B: arpFor("10.0.0.2"), Type: wire.TypeARP}, syscall.EINVAL},
			{"other family", scan.Packet{B: good, Type: wire.TypeIPv6}, syscall.EINVAL},
			{"too large", scan.Packet{B: datagram("10.0.0.2", 1, 1, string(make([]byte, 73))), Type: ip}, syscall.EMSGSIZE},
			{"fits", scan.Packet{B: datagram("10.0.0.2", 1, 1, string(make([]byte, 72))), Type: ip}, nil},
			{"frames only", scan.Packet{B: tun, Type: ip, Way: r.Way(dstOf(tun))}, syscall.EINVAL},
			{"frame on a tunnel", scan.Packet{B: tun, Type: ip, Way: r.Way(dstOf(tun)), Frame: true}, nil},
		} {
			n, err := r.Send([]scan.Packet{{B: good, Type: ip}, test.p, {B: good, Type: ip}})
			if want := map[bool]int{true: 3, false: 1}[test.err == nil]; n != want || !errors.Is(err, test.err) {
				t.Errorf("%s: %d, %v, want %d, %v", test.name, n, err, want, test.err)
			}
		}
		r.wait(time.Second)
	})
}

func TestInjectedSendErrors(t *testing.T) {
	text := "seed 3\nsend-error ENOBUFS 10% 1s-2s\nsend-error ENETDOWN 100% 3s-4s\niface eth0 10.0.0.1/24\nhosts 10.0.0.2\n"
	bubble(t, text, func(r *rig) {
		p := []scan.Packet{{B: syn("10.0.0.2", 1, 1, 1), Type: wire.TypeIPv4}}
		for sec, errno := range []error{nil, syscall.ENOBUFS, nil, syscall.ENETDOWN, nil} {
			failed := 0
			for range 1000 {
				if _, err := r.Send(p); err != nil {
					failed++
					if !errors.Is(err, errno) {
						t.Errorf("second %d: %v", sec, err)
					}
				}
			}
			lo, hi := 0, 0
			switch errno {
			case syscall.ENOBUFS:
				lo, hi = 70, 130
			case syscall.ENETDOWN:
				lo, hi = 1000, 1000
			}
			if failed < lo || failed > hi {
				t.Errorf("second %d: %d of 1000 failed, want %d to %d", sec, failed, lo, hi)
			}
			r.wait(time.Second)
		}
	})
}

// Send takes what the buffer holds, and later what has drained.
func TestBackPressure(t *testing.T) {
	bubble(t, "sendbuf 100 1000/s\niface eth0 10.0.0.1/24\nhosts 10.0.0.2\n", func(r *rig) {
		batch := make([]scan.Packet, 300)
		for i := range batch {
			batch[i] = scan.Packet{B: syn("10.0.0.2", 1, uint16(i), 1), Type: wire.TypeIPv4}
		}
		var left []time.Duration
		r.OnSend = func(at time.Duration, _ []byte, _ bool, _ wire.MAC) { left = append(left, at) }
		n, err := r.Send(batch)
		if n != 100 || err != nil {
			t.Fatalf("Send: %d, %v, want 100", n, err)
		}
		if n, err := r.Send(batch[100:]); n != 0 || err != nil {
			t.Fatalf("Send into a full buffer: %d, %v", n, err)
		}
		time.Sleep(50 * time.Millisecond)
		if n, err := r.Send(batch[100:]); n != 50 || err != nil {
			t.Fatalf("Send after 50 ms: %d, %v, want 50", n, err)
		}
		g := r.wait(time.Second)
		if len(g) != 150 || len(left) != 150 {
			t.Fatalf("%d answers, %d sent, want 150", len(g), len(left))
		}
		for i, p := range g {
			if want := time.Duration(i+1) * time.Millisecond; p.at != want || left[i] != want {
				t.Errorf("packet %d left at %v, answered at %v, want %v", i, left[i], p.at, want)
			}
		}
	})
}

func TestReceiveDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustParse(t, "rcvbuf 10\niface eth0 10.0.0.1/24\nhosts 10.0.0.2\n").Open()
		defer l.Close()
		b := message("10.0.0.2", wire.EchoRequest, "")
		for range 25 {
			l.Send([]scan.Packet{{B: b, Type: wire.TypeIPv4}})
		}
		into := make([]scan.Packet, 7)
		for _, want := range []int{7, 3} {
			if n, err := l.Recv(into); n != want || err != nil {
				t.Errorf("Recv: %d, %v, want %d", n, err, want)
			}
		}
		if d := l.Drops(); d != 15 {
			t.Errorf("%d drops, want 15", d)
		}
	})
}

// What Recv lends is overwritten by the next Recv.
func TestBorrowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustParse(t, "iface eth0 10.0.0.1/24\nhosts 10.0.0.2\n").Open()
		defer l.Close()
		into := make([]scan.Packet, 1)
		p := []scan.Packet{{B: message("10.0.0.2", wire.EchoRequest, "x"), Type: wire.TypeIPv4}}
		l.Send(p)
		l.Recv(into)
		first := into[0].B
		kept := slices.Clone(first)
		l.Send(p)
		if !slices.Equal(first, kept) {
			t.Error("changed before the next Recv")
		}
		l.Recv(into)
		for _, c := range first {
			if c != 0xdb {
				t.Fatalf("still readable after the next Recv: % x", first)
			}
		}
	})
}

// With coalesce, Recv returns at most once in that time, but At stays true.
func TestCoalesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustParse(t, "coalesce 1ms\niface eth0 10.0.0.1/24\nhosts 10.0.0.2\n").Open()
		go func() {
			for range 1000 {
				l.Send([]scan.Packet{{B: message("10.0.0.2", wire.EchoRequest, "x"), Type: wire.TypeIPv4}})
				time.Sleep(10 * time.Microsecond)
			}
			time.Sleep(time.Second)
			l.Close()
		}()
		into := make([]scan.Packet, 64)
		total, calls := 0, 0
		for {
			n, err := l.Recv(into)
			if err != nil {
				break
			}
			for _, p := range into[:n] {
				if want := time.Duration(total) * 10 * time.Microsecond; p.At != want {
					t.Fatalf("packet %d at %v, want %v", total, p.At, want)
				}
				total++
			}
			calls++
		}
		// 10 ms, each with up to 100 packets in two calls.
		if total != 1000 || calls > 22 {
			t.Errorf("%d packets in %d calls", total, calls)
		}
	})
}

func TestInject(t *testing.T) {
	bubble(t, network(t, "lan"), func(r *rig) {
		r.OnSend = func(at time.Duration, b []byte, frame bool, mac wire.MAC) {
			// A liar who is faster than the host.
			ip := wire.IP{Src: dstOf(b), Dst: us4, TTL: 9}
			lie := wire.AppendTCP(nil, &ip, &wire.TCP{Src: 80, Dst: 40000, Seq: 5, Ack: 999, Flags: wire.SYN | wire.ACK}, nil)
			r.Inject(at+50*time.Microsecond, scan.Packet{B: lie, MAC: wire.MAC{2, 6, 6, 6, 6, 6}})
			clear(lie)
		}
		r.send(syn("10.0.0.2", 40000, 80, 1000))
		g := r.wait(time.Second)
		if len(g) != 2 || g[0].at != 50*time.Microsecond || g[0].TCP.Ack != 999 || g[0].MAC[1] != 6 || g[1].TCP.Ack != 1001 {
			t.Errorf("%+v", g)
		}
		// Our kernel resets both.
		if c := r.Counts(); c.Injected != 1 || c.KernelRST != 2 {
			t.Errorf("%+v", c)
		}
		r.Inject(0, scan.Packet{B: arpFor("10.0.0.1"), Type: wire.TypeARP}) // in the past: now
		if g := r.wait1(0); g.at != r.Elapsed() || g.Layer != wire.LayerARP {
			t.Errorf("at %v: %+v", g.at, g.ARP)
		}
		// To a foreign address, as overheard on the wire.
		ip := wire.IP{Src: netip.MustParseAddr("10.0.0.2"), Dst: netip.MustParseAddr("10.42.48.1"), TTL: 9}
		r.Inject(0, scan.Packet{B: wire.AppendUDP(nil, &ip, &wire.UDP{Src: 1, Dst: 2}, nil)})
		if g := r.wait1(0); g.IP.Dst != ip.Dst {
			t.Errorf("%+v", g.IP)
		}
	})
}

// Answers to a foreign source go elsewhere, and the ways say that frames are
// needed.
func TestForeignSource(t *testing.T) {
	bubble(t, "source 10.42.48.1\n"+network(t, "lan"), func(r *rig) {
		target := netip.MustParseAddr("10.0.0.2")
		w := r.Ways()[r.Way(target)]
		if w.Src.String() != "10.42.48.1" || w.Own != us4 || !w.Frames || r.Local(w.Src) {
			t.Errorf("%+v", w)
		}
		ip := wire.IP{Src: w.Src, Dst: target, TTL: 64}
		b := wire.AppendTCP(nil, &ip, &wire.TCP{Src: 1, Dst: 80, Flags: wire.SYN}, nil)
		if _, err := r.Send([]scan.Packet{{B: b, Type: wire.TypeIPv4, Way: r.Way(target)}}); err != syscall.EINVAL {
			t.Errorf("not as a frame: %v", err)
		}
		r.frame(r.n.Truth(target).MAC, b)
		if g := r.wait(time.Second); len(g) != 0 {
			t.Errorf("%v", g)
		}
		if c := r.Counts(); c.Elsewhere != 1 { // to the gateway: nothing is known of its network
			t.Errorf("%+v", c)
		}
	})
}

// The same seed and the same packets bring the same answers at the same times.
func TestRunsRepeat(t *testing.T) {
	run := func(seed uint64) (at []time.Duration, c Counts) {
		synctest.Test(t, func(t *testing.T) {
			n := mustParse(t, network(t, "lossy"))
			n.Seed = seed
			r := &rig{t: t, Link: n.Open()}
			go r.receive()
			for i := range 2000 {
				r.send(syn(fmt.Sprintf("10.1.255.%d", i%64), 40000, uint16(1+i/64), 1))
				if i%10 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
			at = times(r.wait(20 * time.Second))
			c = r.Counts()
			r.Close()
		})
		return at, c
	}
	at1, c1 := run(1)
	at2, c2 := run(1)
	if !slices.Equal(at1, at2) || !reflect.DeepEqual(c1, c2) {
		t.Errorf("two runs differ: %+v, %+v", c1, c2)
	}
	if at3, _ := run(2); slices.Equal(at1, at3) {
		t.Error("another seed makes no difference")
	}
	if len(at1) < 1700 || c1.Lost[there] == 0 || c1.Lost[back] == 0 {
		t.Errorf("%d answers, %+v", len(at1), c1)
	}
}

// Several goroutines may be in Recv, and Close lets all of them go.
func TestSeveralReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustParse(t, "iface eth0 10.0.0.1/24\n\tline delay 1ms jitter 1ms\nhosts 10.0.0.2\n").Open()
		counts := make(chan int)
		for range 3 {
			go func() {
				total := 0
				for {
					n, err := l.Recv(make([]scan.Packet, 2))
					if err != nil {
						counts <- total
						return
					}
					total += n
				}
			}()
		}
		for range 500 {
			l.Send([]scan.Packet{{B: message("10.0.0.2", wire.EchoRequest, "x"), Type: wire.TypeIPv4}})
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Second)
		l.Close()
		if n := <-counts + <-counts + <-counts; n != 500 {
			t.Errorf("%d packets, want 500", n)
		}
	})
}
