package lab_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket/layers"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// send sends one datagram from a host, from any port.
func send(t *testing.T, from *lab.Host, addr string, times int) {
	t.Helper()
	err := from.Do(func() error {
		c, err := net.Dial("udp", addr)
		if err != nil {
			return err
		}
		defer c.Close()
		for range times {
			// The error is that of an earlier datagram.
			if _, err := c.Write([]byte("hello")); errors.Is(err, syscall.ENOBUFS) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRejections(t *testing.T) {
	_, client, router, server := routed(t)
	type icmp struct{ typ, code uint8 }
	both := func(v4, v6 icmp) map[string]icmp {
		return map[string]icmp{"10.2.0.10": v4, "fd02::10": v6}
	}
	tests := map[lab.Action]map[string]icmp{
		lab.NoRoute:         both(icmp{3, 0}, icmp{1, 0}),
		lab.HostUnreach:     both(icmp{3, 1}, icmp{1, 3}),
		lab.PortUnreach:     both(icmp{3, 3}, icmp{1, 4}),
		lab.AdminProhibited: both(icmp{3, 13}, icmp{1, 1}),
	}
	for _, code := range []uint8{0, 1, 2, 3, 9, 10, 13} {
		tests[lab.ICMP(code)] = map[string]icmp{"10.2.0.10": {3, code}}
	}
	for _, code := range []uint8{0, 1, 3, 4, 5, 6} {
		tests[lab.ICMPv6(code)] = map[string]icmp{"fd02::10": {1, code}}
	}
	for _, place := range []struct {
		host *lab.Host
		lab.Chain
		from []string // who says so
	}{
		{router, lab.Forward, []string{"10.1.0.2", "fd01::2"}},
		{server, lab.Input, []string{"10.2.0.10", "fd02::10"}},
	} {
		wire := client.Capture("eth0")
		for action, want := range tests {
			f := place.host.Firewall(lab.Rule{Name: "reject", Chain: place.Chain, Proto: "udp", Dport: "9", Do: action})
			for addr, answer := range want {
				name := fmt.Sprintf("%s, action %#x, to %s", place.Chain, uint16(action), addr)
				wire.Forget()
				send(t, client, net.JoinHostPort(addr, "9"), 1)
				got := wire.Await(patience, func(p *lab.Packet) bool {
					typ, code, ok := p.ICMP()
					src, _ := p.Addrs()
					return ok && icmp{typ, code} == answer && slices.Contains(place.from, src.String())
				})
				if got == nil {
					t.Errorf("%s: no ICMP %v:\n%v", name, answer, wire.Packets())
				}
			}
			if got := f.Count("reject"); got != uint64(len(want)) {
				t.Errorf("%s, action %#x: %d packets counted, want %d", place.Chain, uint16(action), got, len(want))
			}
			f.Remove()
		}
	}
}

func TestRejectionsOfConnect(t *testing.T) {
	n := labtest.New(t)
	client, router, server := n.Host("client"), n.Router("router"), n.Host("server")
	n.SlowLink(client, router, time.Millisecond, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Default("10.2.0.2", "fd02::2")
	router.NoICMPLimit()
	server.TCP(80)
	for _, tt := range []struct {
		do     lab.Action
		v4, v6 error // what a connect ends with
	}{
		{lab.Accept, nil, nil},
		{lab.Count, nil, nil},
		{lab.Drop, syscall.ETIMEDOUT, syscall.ETIMEDOUT},
		{lab.Reset, syscall.ECONNREFUSED, syscall.ECONNREFUSED},
		{lab.ICMP(13), syscall.EHOSTUNREACH, nil},
		{lab.ICMPv6(1), nil, syscall.EACCES},
		{lab.HostUnreach, syscall.EHOSTUNREACH, syscall.EHOSTUNREACH},
		{lab.PortUnreach, syscall.ECONNREFUSED, syscall.ECONNREFUSED},
	} {
		f := router.Firewall(lab.Rule{Name: "80", Chain: lab.Forward, Proto: "tcp", Dport: "80", Do: tt.do})
		for addr, want := range map[string]error{"10.2.0.10:80": tt.v4, "[fd02::10]:80": tt.v6} {
			err := dialFor(client, addr, want == syscall.ETIMEDOUT)
			if silent := isTimeout(err); silent != (want == syscall.ETIMEDOUT) || !silent && !errors.Is(err, want) {
				t.Errorf("action %#x: dial %s: %v, want %v", uint16(tt.do), addr, err, want)
			}
		}
		if f.Count("80") == 0 {
			t.Errorf("action %#x: nothing counted", uint16(tt.do))
		}
		f.Remove()
		if err := dial(client, "10.2.0.10:80"); err != nil {
			t.Errorf("action %#x: after Remove: %v", uint16(tt.do), err)
		}
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// TestMatches sends three datagrams and one SYN of each family past one rule, and
// says how many of these eight it must match.
func TestMatches(t *testing.T) {
	_, client, _, server := routed(t)
	server.UDP(53, lab.Sink)
	server.UDP(9, lab.Sink)
	server.TCP(80)
	for _, tt := range []struct {
		name string
		rule lab.Rule
		want uint64
	}{
		{"udp", lab.Rule{Proto: "udp"}, 6},
		{"one port", lab.Rule{Proto: "udp", Dport: "53"}, 4},
		{"a set of ports", lab.Rule{Proto: "udp", Dport: "1-8,53,1000-65535"}, 4},
		{"all ports", lab.Rule{Proto: "udp", Dport: "0-65535"}, 6},
		{"all ports but the first", lab.Rule{Proto: "udp", Dport: "10-65535,1-8"}, 4},
		{"a source port", lab.Rule{Proto: "udp", Sport: "1-1023"}, 0},
		{"IPv4 source", lab.Rule{Proto: "udp", Src: "10.1.0.1"}, 3},
		{"IPv4 destination", lab.Rule{Proto: "udp", Dst: "10.2.0.8/30"}, 3},
		{"other IPv4 destination", lab.Rule{Proto: "udp", Dst: "10.2.0.12/30"}, 0},
		{"IPv6 source", lab.Rule{Proto: "udp", Src: "fd00::/15"}, 3},
		{"IPv6 destination", lab.Rule{Proto: "udp", Dst: "fd02::10"}, 3},
		{"interface", lab.Rule{In: "eth0", Proto: "udp"}, 6},
		{"other interface", lab.Rule{In: "eth1", Proto: "udp"}, 0},
		{"SYN", lab.Rule{Proto: "tcp", Flags: "S"}, 2},
		{"SYN among others", lab.Rule{Proto: "tcp", Flags: "S/SA"}, 2},
		{"SYN-ACK", lab.Rule{Chain: lab.Output, Proto: "tcp", Flags: "SA"}, 2},
		{"no flags", lab.Rule{Proto: "tcp", Flags: "0"}, 0},
		{"option SACK permitted", lab.Rule{Proto: "tcp", Flags: "S", Options: lab.TCPOptions{Has: 4}}, 2},
		{"option MD5", lab.Rule{Proto: "tcp", Options: lab.TCPOptions{Has: 19}}, 0},
		{"without SACK permitted", lab.Rule{Proto: "tcp", Flags: "S", Options: lab.TCPOptions{Lacks: 4}}, 0},
		{"without MD5", lab.Rule{Proto: "tcp", Flags: "S", Options: lab.TCPOptions{Lacks: 19}}, 2},
		{"MSS first", lab.Rule{Proto: "tcp", Flags: "S", Options: lab.TCPOptions{First: 2}}, 2},
		{"SACK permitted first", lab.Rule{Proto: "tcp", Flags: "S", Options: lab.TCPOptions{First: 4}}, 0},
		{"another window scale", lab.Rule{Proto: "tcp", Flags: "S", Options: lab.TCPOptions{Shift: 14}}, 0},
		{"TOS 0xb8", lab.Rule{Proto: "udp", Dst: "10.2.0.10", TOS: 0xb8}, 0},
		{"traffic class 0xb8", lab.Rule{Proto: "udp", Dst: "fd02::10", TOS: 0xb8}, 0},
		{"longer", lab.Rule{Proto: "udp", Longer: 20}, 6},
		{"not longer", lab.Rule{Proto: "udp", Longer: 200}, 0},
		{"all flows", lab.Rule{Proto: "udp", Hash: 1}, 6},
		{"new", lab.Rule{Proto: "tcp", State: "new"}, 2},
		{"invalid", lab.Rule{Proto: "tcp", State: "invalid"}, 0},
		{"first", lab.Rule{Proto: "udp", First: 2}, 2},
		{"every", lab.Rule{Proto: "udp", Every: 4}, 2},
		{"rate", lab.Rule{Proto: "udp", Rate: 1, Burst: 3}, 3},
		{"ingress", lab.Rule{Chain: lab.Ingress, In: "eth0", Proto: "udp", Dport: "53"}, 4},
		{"egress", lab.Rule{Chain: lab.Egress, Out: "eth0", Proto: "tcp", Flags: "SA"}, 2},
		{"prerouting", lab.Rule{Chain: lab.Prerouting, Proto: "udp"}, 6},
		{"TOS", lab.Rule{Proto: "udp", Do: lab.SetTOS(0xb8)}, 3},
	} {
		tt.rule.Name = "it"
		f := server.Firewall(tt.rule)
		for _, addr := range []string{"10.2.0.10", "fd02::10"} {
			send(t, client, net.JoinHostPort(addr, "53"), 2)
			send(t, client, net.JoinHostPort(addr, "9"), 1)
			if err := dial(client, net.JoinHostPort(addr, "80")); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		if got := f.Count("it"); got != tt.want {
			t.Errorf("%s: %d packets matched, want %d", tt.name, got, tt.want)
		}
		f.Remove()
	}
}

func TestFirstSynAcksLost(t *testing.T) {
	_, client, _, server := routed(t)
	server.TCP(80)
	server.Firewall(lab.Rule{Name: "lost", Chain: lab.Output, Proto: "tcp", Flags: "SA", First: 1, Do: lab.Drop})
	err := client.Do(func() error {
		c, err := net.DialTimeout("tcp", "10.2.0.10:80", patience)
		if err == nil {
			c.Close()
		}
		return err
	})
	if err != nil {
		t.Errorf("after one lost SYN-ACK: %v", err)
	}
}

func TestLoss(t *testing.T) {
	_, client, _, server := routed(t)
	server.UDP(53, lab.Sink)
	const sent, share = 1000, 0.3
	for _, addr := range []string{"10.2.0.10:53", "[fd02::10]:53"} {
		send(t, client, addr, 1) // neighbours are known now
		f := server.Firewall(
			lab.Loss("eth0", share),
			lab.Rule{Name: "arrived", Proto: "udp"},
		)
		send(t, client, addr, sent)
		lost, arrived := f.Count("loss"), f.Count("arrived")
		// Six standard deviations of a binomial distribution: sqrt(1000·0.3·0.7) = 14.5.
		if lost+arrived < sent || lost < 300-87 || lost > 300+87 {
			t.Errorf("%s: of %d packets %d arrived and %d were lost, want about %v lost", addr, sent, arrived, lost, share)
		}
		f.Remove()
	}
}

func TestStateful(t *testing.T) {
	_, client, _, server := routed(t)
	client.TCP(8080)
	server.TCP(22, 80)
	server.Firewall(lab.Stateful(lab.Rule{Proto: "tcp", Dport: "22", Do: lab.Accept})...)
	for _, tt := range []struct {
		from   *lab.Host
		addr   string
		silent bool
	}{
		{client, "10.2.0.10:22", false},
		{client, "[fd02::10]:22", false},
		{client, "10.2.0.10:80", true},
		{client, "[fd02::10]:80", true},
		{server, "10.1.0.1:8080", false},
		{server, "[fd01::1]:8080", false},
	} {
		if err := dialFor(tt.from, tt.addr, tt.silent); isTimeout(err) != tt.silent || !tt.silent && err != nil {
			t.Errorf("dial %s: %v, want silence: %v", tt.addr, err, tt.silent)
		}
	}
}

// TestSynProxied: a port that nobody listens on answers with a SYN-ACK.
func TestSynProxied(t *testing.T) {
	_, client, router, server := routed(t)
	server.TCP(80)
	router.Sysctl("net/netfilter/nf_conntrack_tcp_loose", "0")
	router.Firewall(lab.SynProxied("1-1023")...)
	wire := client.Capture("eth0")
	for _, addr := range []string{"10.2.0.10:80", "10.2.0.10:81", "[fd02::10]:80", "[fd02::10]:81"} {
		client.Offload("eth0", strings.Contains(addr, "["))
		wire.Forget()
		dialFor(client, addr, true) // what becomes of the connection is the server's to say
		synAck := wire.Await(patience, func(p *lab.Packet) bool { t := p.TCP(); return t != nil && t.SYN && t.ACK })
		if synAck == nil {
			t.Errorf("%s: no SYN-ACK:\n%v", addr, wire.Packets())
		}
	}
}

func TestSetTOS(t *testing.T) {
	_, client, router, server := routed(t)
	server.UDP(53, lab.Sink)
	router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "udp", Do: lab.SetTOS(0xb8)})
	wire := server.Capture("eth0")
	arrived := server.Firewall(lab.Rule{Name: "arrived", Proto: "udp"}, lab.Rule{Name: "so", Dst: "10.2.0.10", TOS: 0xb8}, lab.Rule{Name: "otherwise", Dst: "10.2.0.10", TOS: 0xb9})
	send(t, client, "10.2.0.10:53", 1)
	p := wire.Await(patience, func(p *lab.Packet) bool { return p.UDP() != nil })
	if p == nil || p.Layer(layers.LayerTypeIPv4).(*layers.IPv4).TOS != 0xb8 {
		t.Errorf("TOS not 0xb8:\n%v", wire.Packets())
	}
	wire.Packets()
	if so, otherwise := arrived.Count("so"), arrived.Count("otherwise"); so != 1 || otherwise != 0 {
		t.Errorf("%d packets matched by what they have, %d by another value", so, otherwise)
	}
	if arrived.Count("arrived") != 1 {
		t.Error("the header checksum was not updated: the kernel discarded the packet")
	}
}

func TestSetClass(t *testing.T) {
	_, client, router, server := routed(t)
	server.UDP(53, lab.Sink)
	router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "udp", Do: lab.SetClass(0xb8)})
	wire := server.Capture("eth0")
	arrived := server.Firewall(lab.Rule{Name: "arrived", Proto: "udp"}, lab.Rule{Name: "so", Dst: "fd02::10", TOS: 0xb8}, lab.Rule{Name: "otherwise", Dst: "fd02::10", TOS: 0xb9})
	send(t, client, "[fd02::10]:53", 1)
	p := wire.Await(patience, func(p *lab.Packet) bool { return p.UDP() != nil })
	if p == nil || p.IPv6().Version != 6 || p.IPv6().TrafficClass != 0xb8 {
		t.Errorf("traffic class not 0xb8:\n%v", wire.Packets())
	}
	wire.Packets()
	if so, otherwise := arrived.Count("so"), arrived.Count("otherwise"); so != 1 || otherwise != 0 {
		t.Errorf("%d packets matched by what they have, %d by another value", so, otherwise)
	}
	if arrived.Count("arrived") != 1 {
		t.Error("the kernel discarded the packet")
	}
}

// failing is a T that ends the goroutine, as testing's does.
type failing struct{ text string }

func (f *failing) Helper()                           {}
func (f *failing) Fatalf(format string, args ...any) { f.text = fmt.Sprintf(format, args...); panic(f) }

func TestRulesThatCannotBe(t *testing.T) {
	routed(t) // skips where there is no lab
	for _, r := range []lab.Rule{
		{Chain: "sideways"},
		{Proto: "sctp"},
		{Proto: "arp"},
		{Dport: "80"},
		{Proto: "tcp", Dport: "80-22"},
		{Proto: "tcp", Dport: "65536"},
		{Proto: "tcp", Dport: ","},
		{Proto: "tcp", Flags: "SX"},
		{Flags: "S"},
		{Proto: "udp", Options: lab.TCPOptions{Has: 4}},
		{Proto: "tcp", TOS: 8},
		{Src: "10.0.0.300"},
		{State: "old"},
		{Share: 1.5},
		{Chain: lab.Ingress},
		{Proto: "udp", ICMPType: "3"},
		{Chain: lab.Ingress, In: "eth7"},
	} {
		f := &failing{}
		func() {
			defer func() {
				if recover() != f {
					t.Errorf("%+v was accepted", r)
				}
			}()
			n := lab.New(f)
			defer n.Close()
			n.Host("h").Firewall(r)
		}()
	}
}
