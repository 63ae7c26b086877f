package lab_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/scan/lab"
)

// TestRewrite: what a hook rewrites arrives rewritten, with checksums that a
// kernel accepts.
func TestRewrite(t *testing.T) {
	a, b := emulated(t, lab.Impair{Hook: lab.Rewrite(func(p []byte) {
		lab.SetDSCP(p, 46)
		lab.SetTTL(p, 9)
		lab.SetMSS(p, 700)
	})}, lab.Impair{Hook: lab.Rewrite(lab.WipeOptions)})
	b.TCP(80)
	b.UDP(7, lab.Echo)
	for _, addr := range []string{"10.1.0.2", "fd01::2"} {
		near, far := a.Capture("tun0"), b.Capture("tun0")
		if err := dial(a, net.JoinHostPort(addr, "80")); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
		send(t, a, net.JoinHostPort(addr, "7"), 1)
		in, answers := far.Packets().In(), near.Packets().In()
		if len(in) == 0 || len(answers) == 0 {
			t.Fatalf("%s: nothing came across", addr)
		}
		for _, p := range in {
			class, ttl := uint8(0), uint8(0)
			if ip := p.IPv4(); ip != nil {
				class, ttl = ip.TOS, ip.TTL
			} else if ip := p.IPv6(); ip != nil {
				class, ttl = ip.TrafficClass, ip.HopLimit
			}
			if class>>2 != 46 || ttl != 9 {
				t.Errorf("%v arrived with class %#x, TTL %d", p, class, ttl)
			}
			if tcp := p.TCP(); tcp != nil && tcp.SYN && fmt.Sprint(tcp.Options[0]) != "TCPOption(MSS:700 0x02bc)" {
				t.Errorf("the SYN's first option is %v", tcp.Options[0])
			}
		}
		for _, p := range answers {
			if tcp := p.TCP(); tcp != nil && strings.Contains(fmt.Sprint(tcp.Options), "MSS") {
				t.Errorf("%v kept its options %v", p, tcp.Options)
			}
		}
	}
}

// TestHookAnswers: a hook may answer in a router's place, with any code and a
// quotation as short as RFC 792 allows, drop, and send several packets on.
func TestHookAnswers(t *testing.T) {
	router := map[bool]netip.Addr{true: netip.MustParseAddr("10.7.7.7"), false: netip.MustParseAddr("fd77::7")}
	a, b := emulated(t, lab.Impair{Hook: func(p []byte) (on, back [][]byte) {
		v4 := p[0]>>4 == 4
		switch port := destination(p); {
		case port == 81 && v4:
			return nil, [][]byte{lab.ICMPError(p, router[v4], 3, 9, 0, 8)}
		case port == 81:
			return nil, [][]byte{lab.ICMPError(p, router[v4], 1, 6, 0, 8)}
		case port == 82:
			return nil, nil
		case port == 7:
			return [][]byte{p, p, p}, nil
		}
		return [][]byte{p}, nil
	}}, lab.Impair{})
	b.TCP(80, 81, 82)
	b.UDP(7, lab.Sink)
	for _, tt := range []struct {
		addr      string
		typ, code uint8
		refused   error
	}{
		{"10.1.0.2", 3, 9, syscall.ENETUNREACH},
		{"fd01::2", 1, 6, syscall.EACCES}, // reject route to destination (RFC 4443 §3.1)
	} {
		wire, far := a.Capture("tun0"), b.Capture("tun0")
		if err := dial(a, net.JoinHostPort(tt.addr, "80")); err != nil {
			t.Errorf("%s: %v", tt.addr, err)
		}
		dialFor(a, net.JoinHostPort(tt.addr, "81"), true) // a soft error (RFC 1122 §4.2.3.9): it may go on trying
		answer := wire.Await(patience, func(p *lab.Packet) bool {
			typ, code, ok := p.ICMP()
			src, _ := p.Addrs()
			return ok && typ == tt.typ && code == tt.code && src == router[src.Is4()]
		})
		if answer == nil {
			t.Errorf("%s: no ICMP error %d/%d:\n%v", tt.addr, tt.typ, tt.code, wire.Packets())
		}
		if err := dialFor(a, net.JoinHostPort(tt.addr, "82"), true); !isTimeout(err) {
			t.Errorf("%s: port 82: %v, want silence", tt.addr, err)
		}
		send(t, a, net.JoinHostPort(tt.addr, "7"), 1)
		copies := 0
		far.Await(patience, func(p *lab.Packet) bool {
			if p.UDP() != nil {
				copies++
			}
			return copies == 3
		})
		if got := far.Packets().Find(func(p *lab.Packet) bool { return p.UDP() != nil }); len(got) != 3 {
			t.Errorf("%s: want the datagram three times:\n%v", tt.addr, got)
		}
		// The kernel takes the error for one that concerns a socket: its
		// checksum is right, and 8 bytes say which.
		err := a.Do(func() error {
			c, err := net.Dial("udp", net.JoinHostPort(tt.addr, "81"))
			if err != nil {
				return err
			}
			defer c.Close()
			raw, err := c.(*net.UDPConn).SyscallConn()
			if err != nil {
				return err
			}
			level, option := syscall.IPPROTO_IP, syscall.IP_RECVERR
			if tt.typ == 1 {
				level, option = syscall.IPPROTO_IPV6, syscall.IPV6_RECVERR
			}
			raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), level, option, 1) })
			if err != nil {
				return err
			}
			c.Write([]byte("hello"))
			c.SetReadDeadline(time.Now().Add(patience))
			_, err = c.Read(make([]byte, 1))
			return err
		})
		if !strings.Contains(fmt.Sprint(err), tt.refused.Error()) {
			t.Errorf("%s: the kernel hears %v, want %v", tt.addr, err, tt.refused)
		}
	}
}

// destination is the destination port of TCP and UDP without options or
// extension headers.
func destination(p []byte) int {
	header := 20
	if p[0]>>4 == 6 {
		header = 40
	}
	if len(p) < header+4 {
		return 0
	}
	return int(binary.BigEndian.Uint16(p[header+2:]))
}
