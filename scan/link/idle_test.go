package link

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// openNow returns how many sockets s has open, and how many of them are idle.
func (s *onHost) openNow() (all, idle int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.slots {
		if s.slots[i].used && s.slots[i].try.fd >= 0 {
			all++
		}
	}
	return all + len(s.idle), len(s.idle)
}

// ask asks a port and returns the answer.
func (s *onHost) ask(p probe.Probe) *probe.Reply {
	s.t.Helper()
	if err := s.Ask(1, probe.SocketConnect, p, nil); err != nil {
		s.t.Fatalf("%+v: %v", p, err)
	}
	defer time.AfterFunc(waits, func() { s.Close() }).Stop()
	into := make([]scan.Answer, 1)
	if n, err := s.Recv(into); n != 1 || into[0].Probe != p || into[0].Run != 1 {
		s.t.Fatalf("%+v: %d answers, %v, %+v", p, n, err, into[0])
	}
	s.Cancel(1, p)
	return &into[0].Reply
}

// TestIdle: a socket that was refused asks on, and what it says of one port has
// nothing of the ports before.
func TestIdle(t *testing.T) {
	client, _, server := socketLab(t)
	for family, target := range []string{"10.2.0.10", "fd02::10"} {
		for name, shape := range map[string]Shape{"": {}, "to an interface": {Iface: "eth0"},
			"to an address": {Source: netip.MustParseAddr([]string{"10.1.0.1", "fd01::1"}[family])}} {
			s := openSockets(t, client, shape, target)
			seen := server.Capture("eth0")
			to := netip.MustParseAddr(target)
			for i, port := range []uint16{81, 82, 80, 83, 84, 1001, 85, 86, 1005, 87, 1003, 80, 80, 1002, 88, 89} {
				p := probe.Probe{Target: to, Port: port, Try: uint8(i + 1)}
				r := s.ask(p)
				all, idle := s.openNow()
				switch {
				case port == 80:
					if r.Event != probe.Answer || r.TCP.Flags != wire.SYN|wire.ACK || all != 0 {
						t.Errorf("%s %s: %d, open: %+v, and %d sockets", target, name, port, *r, all)
					}
				case port == 1001 || port == 1002 || port == 1005:
					who := probe.Other
					if port == 1005 {
						who = probe.Target
					}
					if r.Event != probe.ICMPError || r.Who != who || all != 0 {
						t.Errorf("%s %s: %d, rejected: %+v, and %d sockets", target, name, port, *r, all)
					}
				default:
					if r.Event != probe.Answer || r.Who != probe.Target || r.From != to || r.TCP.Flags != wire.RST|wire.ACK || r.Errno != uint16(unix.ECONNREFUSED) || all != idle || idle > 1 {
						t.Errorf("%s %s: %d, closed: %+v, and %d sockets, %d idle", target, name, port, *r, all, idle)
					}
				}
			}
			asked := func(port uint16) func(*lab.Packet) bool {
				return func(x *lab.Packet) bool {
					return !x.Out && x.TCP() != nil && uint16(x.TCP().DstPort) == port && x.TCP().SYN
				}
			}
			for _, port := range []uint16{82, 89} {
				if seen.Await(waits, asked(port)) == nil {
					t.Errorf("%s %s: port %d was not asked", target, name, port)
				}
			}
		}
	}
}

// TestIdleAsksOneHost: the sequence numbers of a connection go on from those of
// the one before, so another host is asked by another socket; and so is what is
// asked in another shape.
func TestIdleAsksOneHost(t *testing.T) {
	client, _, server := socketLab(t)
	server.Addr("eth0", "10.2.0.11/24")
	s := openSockets(t, client, Shape{}, "10.2.0.10", "10.2.0.11")
	one, other := netip.MustParseAddr("10.2.0.10"), netip.MustParseAddr("10.2.0.11")
	keep := func(p probe.Probe) int { // on a busy machine not every RST is there at once
		t.Helper()
		for end := time.Now().Add(waits); ; p.Port++ {
			if r := s.ask(p); r.Event != probe.Answer {
				t.Fatalf("%+v: %+v", p, *r)
			}
			if fd := s.idle[p.Target].fd; fd > 0 || time.Now().After(end) {
				return fd
			}
		}
	}
	first := keep(probe.Probe{Target: one, Port: 81})
	if first <= 0 {
		t.Fatal("no socket is kept")
	}
	if again := keep(probe.Probe{Target: one, Port: 82}); again != first {
		t.Errorf("socket %d asked first, %d then", first, again)
	}
	if fd := keep(probe.Probe{Target: other, Port: 81}); fd == first || fd <= 0 || s.idle[one].fd != first {
		t.Errorf("socket %d asked one host, %d the other: %+v", first, fd, s.idle)
	}
	if keep(probe.Probe{Target: one, Port: 83, TTL: 9}); s.idle[one].shape.TTL != 0 {
		t.Error("a socket of another TTL took its place")
	}
	s.shape.Port = 4025
	keep(probe.Probe{Target: one, Port: 84})
	if s.idle[one].shape.Port != 0 {
		t.Error("a socket that is bound to a port is idle")
	}
}

// TestIdleMakesRoom: idle sockets are in nobody's way, and Close closes them.
func TestIdleMakesRoom(t *testing.T) {
	client, _, server := socketLab(t)
	server.Addr("eth0", "10.2.0.11/24")
	s := openSockets(t, client, Shape{}, "10.2.0.10", "10.2.0.11")
	s.limit = 1
	s.ask(probe.Probe{Target: netip.MustParseAddr("10.2.0.10"), Port: 81})
	if err := s.Ask(1, probe.SocketConnect, probe.Probe{Target: netip.MustParseAddr("10.2.0.11"), Port: 1004}, nil); err != nil {
		t.Error(err)
	}
	if all, idle := s.openNow(); all != 1 || idle != 0 {
		t.Errorf("%d sockets, %d idle", all, idle)
	}
	s.limit = 3
	s.ask(probe.Probe{Target: netip.MustParseAddr("10.2.0.10"), Port: 81})
	kept, ok := s.idle[netip.MustParseAddr("10.2.0.10")]
	s.Close()
	if _, err := unix.FcntlInt(uintptr(kept.fd), unix.F_GETFD, 0); ok && err != unix.EBADF {
		t.Errorf("the idle socket is open: %v", err)
	}
}

// TestRefusedLater: where the way takes longer than the call, Recv tells.
func TestRefusedLater(t *testing.T) {
	labtest.NeedTUN(t)
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.TUN(client, server, "10.8.0.1/24", "10.8.0.2/24", "fd08::1/64", "fd08::2/64")
	server.TCP(80)
	for _, target := range []string{"10.8.0.2", "fd08::2"} {
		s := openSockets(t, client, Shape{}, target)
		later := 0
		// On a busy machine the answer may be there before the kernel has sent: then again.
		for round := 0; round == 0 || later < 2 && round < 20; round++ {
			for port, flags := range map[uint16]uint8{80: wire.SYN | wire.ACK, 81: wire.RST | wire.ACK, 82: wire.RST | wire.ACK, 83: wire.RST | wire.ACK} {
				if r := s.ask(probe.Probe{Target: netip.MustParseAddr(target), Port: port}); r.Event != probe.Answer || r.TCP.Flags != flags {
					t.Errorf("%s port %d: %+v", target, port, *r)
				}
				all, idle := s.openNow()
				if idle == 0 {
					later++
				}
				if all != idle || len(s.byKey) != 0 {
					t.Errorf("%s port %d: %d sockets are open, %d idle, %d tries are left", target, port, all, idle, len(s.byKey))
				}
			}
		}
		if later < 2 {
			t.Errorf("%s: Recv told of %d ports only", target, later)
		}
	}
}
