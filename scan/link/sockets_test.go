package link

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

var _ scan.Sockets = (*Sockets)(nil)
var _ scan.Link = (*Link)(nil)
var _ scan.Routes = (*Table)(nil)

// onHost is Sockets whose Ask runs on a host: that is where sockets are opened.
// Its Recv tells also what Ask was answered at once.
type onHost struct {
	*Sockets
	atOnce []scan.Answer
	t      *testing.T
	host   *lab.Host
	table  *Table
	shape  Shape
}

func openSockets(t *testing.T, h *lab.Host, shape Shape, targets ...string) *onHost {
	t.Helper()
	s := &onHost{t: t, host: h, shape: shape, table: table(t, h, RouteOptions{}, nil, targets...)}
	var err error
	s.Sockets, err = OpenSockets(SocketOptions{Start: start, Routes: s.table,
		Shape: func(uint32, probe.Probe) Shape { return s.shape }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *onHost) Ask(run uint32, how probe.Socket, p probe.Probe, data []byte) error {
	var at scan.Answer
	return s.host.Do(func() error {
		answered, err := s.Sockets.Ask(run, how, p, data, &at)
		if answered {
			s.atOnce = append(s.atOnce, at)
		}
		return err
	})
}

func (s *onHost) Recv(into []scan.Answer) (int, error) {
	if n := copy(into, s.atOnce); n > 0 {
		s.atOnce = s.atOnce[n:]
		return n, nil
	}
	return s.Sockets.Recv(into)
}

// one asks one question and returns the answer; nil if there is none.
func (s *onHost) one(how probe.Socket, p probe.Probe, data []byte, wait time.Duration) *scan.Answer {
	s.t.Helper()
	if err := s.Ask(7, how, p, data); err != nil {
		s.t.Fatalf("%+v: %v", p, err)
	}
	defer time.AfterFunc(wait, func() { s.Close() }).Stop()
	into := make([]scan.Answer, 4)
	n, err := s.Recv(into)
	if err != nil {
		return nil
	}
	if n != 1 || into[0].Run != 7 || into[0].Probe != p {
		s.t.Fatalf("%d answers, the first to %d %+v, not to %+v", n, into[0].Run, into[0].Probe, p)
	}
	s.Cancel(7, p)
	return &into[0]
}

// socketLab is a client and a server with a router between them that rejects
// some ports with ICMP errors and one by RST.
func socketLab(t *testing.T) (client, router, server *lab.Host) {
	n := labtest.New(t)
	client, router, server = n.Host("client"), n.Router("router"), n.Host("server")
	n.Link(client, router, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	n.Link(router, server, "10.2.0.2/24", "10.2.0.10/24", "fd02::2/64", "fd02::10/64")
	client.Default("10.1.0.2", "fd01::2")
	client.Route("10.9.0.0/24", "10.1.0.99") // a gateway that is not there
	client.Route("fd09::/64", "fd01::99")
	client.Route("10.8.0.0/24", "unreachable")
	client.Route("fd08::/64", "unreachable")
	client.Sysctl("net/ipv4/neigh/eth0/retrans_time_ms", "50")
	client.Sysctl("net/ipv6/neigh/eth0/retrans_time_ms", "50")
	client.Sysctl("net/ipv4/ping_group_range", "0 0") // in a user namespace there may be no other group
	server.Default("10.2.0.2", "fd02::2")
	server.TCP(80)
	server.UDP(53, lab.Echo)
	router.Sysctl("net/ipv4/icmp_ratelimit", "0")
	router.Sysctl("net/ipv6/icmp/ratelimit", "0")
	router.Firewall(
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "1001", Do: lab.PortUnreach},
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "1002", Do: lab.AdminProhibited},
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "1003", Do: lab.Reset},
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "1004", Do: lab.Drop},
		lab.Rule{Chain: lab.Forward, Proto: "udp", Dport: "1001", Do: lab.PortUnreach},
		lab.Rule{Chain: lab.Forward, Proto: "udp", Dport: "1002", Do: lab.HostUnreach},
	)
	server.Firewall(lab.Rule{Proto: "tcp", Dport: "1005", Do: lab.PortUnreach})
	return client, router, server
}

func TestSockets(t *testing.T) {
	client, _, _ := socketLab(t)
	const silence = probe.Silence
	type want struct {
		event probe.Event
		who   probe.Who
		from  string // "" is the target
		flags uint8
		msg   [2]wire.Message // IPv4, IPv6
	}
	router := [2]string{"10.1.0.2", "fd01::2"}
	open := want{event: probe.Answer, flags: wire.SYN | wire.ACK}
	closed := want{event: probe.Answer, flags: wire.RST | wire.ACK}
	both := func(m wire.Message) [2]wire.Message { return [2]wire.Message{m, m} }
	fromRouter := func(v4, v6 wire.Message) want {
		return want{event: probe.ICMPError, who: probe.Other, from: "router", msg: [2]wire.Message{v4, v6}}
	}
	server := [2]string{"10.2.0.10", "fd02::10"}
	for _, test := range []struct {
		name   string
		socket probe.Socket
		target [2]string
		port   uint16
		ttl    uint8
		data   string
		want   want
	}{
		{"open", probe.SocketConnect, server, 80, 0, "", open},
		{"closed", probe.SocketConnect, server, 81, 0, "", closed},
		{"port unreachable from a router", probe.SocketConnect, server, 1001, 0, "", fromRouter(wire.PortUnreach, wire.PortUnreach)},
		{"prohibited by a router", probe.SocketConnect, server, 1002, 0, "", fromRouter(wire.AdminProhibited, wire.AdminProhibited)},
		{"reset by a router", probe.SocketConnect, server, 1003, 0, "", closed},
		{"dropped", probe.SocketConnect, server, 1004, 0, "", want{event: silence}},
		{"port unreachable from the target", probe.SocketConnect, server, 1005, 0, "", want{event: probe.ICMPError, msg: both(wire.PortUnreach)}},
		{"one hop", probe.SocketConnect, server, 80, 1, "", fromRouter(wire.TimeExceeded, wire.TimeExceeded)},
		{"no neighbour", probe.SocketConnect, [2]string{"10.1.0.77", "fd01::77"}, 80, 0, "", want{event: probe.NoNeighbour, who: probe.Ourselves, from: "own"}},
		{"no gateway", probe.SocketConnect, [2]string{"10.9.0.1", "fd09::1"}, 80, 0, "", want{event: probe.LocalError, who: probe.Ourselves, from: "own"}},
		{"ourselves, open to nobody", probe.SocketConnect, [2]string{"127.0.0.1", "::1"}, 9, 0, "", closed},

		{"udp", probe.SocketDatagram, server, 53, 0, "what is it", want{event: probe.Answer}},
		{"udp empty", probe.SocketDatagram, server, 53, 0, "", want{event: silence}},
		{"udp closed", probe.SocketDatagram, server, 54, 0, "x", want{event: probe.ICMPError, msg: both(wire.PortUnreach)}},
		{"udp rejected", probe.SocketDatagram, server, 1001, 0, "x", fromRouter(wire.PortUnreach, wire.PortUnreach)},
		{"udp unreachable", probe.SocketDatagram, server, 1002, 0, "x", fromRouter(wire.HostUnreach, wire.AddrUnreach)},
		{"udp one hop", probe.SocketDatagram, server, 53, 1, "x", fromRouter(wire.TimeExceeded, wire.TimeExceeded)},
		{"udp no neighbour", probe.SocketDatagram, [2]string{"10.1.0.78", "fd01::78"}, 53, 0, "x", want{event: probe.NoNeighbour, who: probe.Ourselves, from: "own"}},

		{"ping", probe.SocketPing, server, 0, 0, "are you there", want{event: probe.Answer, msg: both(wire.EchoReply)}},
		{"ping without words", probe.SocketPing, server, 0, 0, "", want{event: probe.Answer, msg: both(wire.EchoReply)}},
		{"ping one hop", probe.SocketPing, server, 0, 1, "", fromRouter(wire.TimeExceeded, wire.TimeExceeded)},
		{"ping no neighbour", probe.SocketPing, [2]string{"10.1.0.79", "fd01::79"}, 0, 0, "", want{event: probe.NoNeighbour, who: probe.Ourselves, from: "own"}},
	} {
		for family := range 2 {
			t.Run(fmt.Sprintf("%s/%d", test.name, 4+2*family), func(t *testing.T) {
				target := netip.MustParseAddr(test.target[family])
				s := openSockets(t, client, Shape{}, test.target[family])
				wait := waits
				if test.want.event == silence {
					wait = 300 * time.Millisecond
				}
				before := time.Since(start)
				a := s.one(test.socket, probe.Probe{Target: target, Port: test.port, TTL: test.ttl, Try: 1}, []byte(test.data), wait)
				if test.name == "udp empty" && a != nil { // an empty datagram is echoed: an answer of size 0
					if a.Reply.Event != probe.Answer || a.Reply.Size != 0 {
						t.Errorf("%+v", a.Reply)
					}
					return
				}
				if test.want.event == silence {
					if a != nil {
						t.Errorf("%+v", a.Reply)
					}
					return
				}
				if a == nil {
					t.Fatal("no answer")
				}
				r := &a.Reply
				from := target
				switch test.want.from {
				case "router":
					from = netip.MustParseAddr(router[family])
				case "own":
					from = s.table.Ways()[s.table.Way(target)].Src
				}
				if r.Event != test.want.event || r.Who != test.want.who || r.From != from || r.TCP.Flags != test.want.flags || test.want.msg[0] != 0 && r.ICMP.Msg != test.want.msg[family] {
					t.Errorf("got %+v", *r)
				}
				if r.At < before-time.Millisecond || r.At > time.Since(start)+time.Millisecond {
					t.Errorf("at %v; asked at %v, and now it is %v", r.At, before, time.Since(start))
				}
				if test.want.event != probe.Answer && r.Errno == 0 {
					t.Error("no errno")
				}
				if test.socket == probe.SocketDatagram && r.Event == probe.Answer && (string(a.Data) != test.data || r.UDP.Src != test.port || r.Layer != wire.LayerUDP || r.IP.TTL != 63 || int(r.Size) != len(test.data)) {
					t.Errorf("%q in %+v", a.Data, *r)
				}
				if test.socket == probe.SocketPing && r.Event == probe.Answer && (r.IP.TTL != 63 || r.Layer != wire.LayerICMP || test.data != "" && string(a.Data) != test.data) {
					t.Errorf("%q in %+v", a.Data, *r)
				}
			})
		}
	}
}

// TestErrorToldOnce: between an ICMP error's entry in the queue and the errno of
// the socket there is time to read the one without the other. The errno that
// comes later is that error's: no RST, and nothing that failed here.
func TestErrorToldOnce(t *testing.T) {
	client, _, _ := socketLab(t)
	s := openSockets(t, client, Shape{}, "10.2.0.10")
	for _, test := range []struct {
		told, errno syscall.Errno
		some        bool
		event       probe.Event
		who         probe.Who
	}{
		{0, unix.ECONNREFUSED, true, probe.Answer, probe.Target},
		{unix.ECONNREFUSED, unix.ECONNREFUSED, false, 0, 0},
		{unix.EHOSTUNREACH, unix.ECONNREFUSED, true, probe.Answer, probe.Target}, // a RST to a further SYN
		{0, unix.ENETUNREACH, true, probe.LocalError, probe.Ourselves},
		{unix.ENETUNREACH, unix.ENETUNREACH, false, 0, 0},
		{unix.ENETUNREACH, unix.ETIMEDOUT, false, 0, 0},
	} {
		one := try{key: key{1, probe.Probe{Target: netip.MustParseAddr("10.2.0.10"), Port: 80}}, fd: -1, told: test.told}
		var r probe.Reply
		some, done := s.ended(&one, test.errno, &r)
		if some != test.some || !done || some && (r.Event != test.event || r.Who != test.who) {
			t.Errorf("%v after %v: %v %v %+v", test.errno, test.told, some, done, r)
		}
	}
}

// TestRefused: what the kernel refuses at once is told by Ask.
func TestRefused(t *testing.T) {
	client, _, _ := socketLab(t)
	for _, test := range []struct {
		target string
		shape  Shape
		want   error
	}{
		{"10.8.0.1", Shape{}, syscall.EHOSTUNREACH},
		{"fd08::1", Shape{}, syscall.EHOSTUNREACH},
		{"10.2.0.10", Shape{Source: netip.MustParseAddr("198.51.100.1")}, syscall.EADDRNOTAVAIL},
		{"10.2.0.10", Shape{Source: netip.MustParseAddr("fd01::1")}, syscall.EAFNOSUPPORT},
		{"10.2.0.10", Shape{Iface: "wlan7"}, syscall.ENODEV},
	} {
		for _, socket := range []probe.Socket{probe.SocketConnect, probe.SocketDatagram} {
			s := openSockets(t, client, test.shape, test.target)
			p := probe.Probe{Target: netip.MustParseAddr(test.target), Port: 80}
			if err := s.Ask(1, socket, p, nil); err != test.want {
				t.Errorf("%s %+v: %v, not %v", test.target, test.shape, err, test.want)
			}
			if err := s.Ask(1, 0, p, nil); err != syscall.EOPNOTSUPP {
				t.Errorf("by no socket: %v", err)
			}
			if len(s.byKey) != 0 || len(s.free) != len(s.slots) {
				t.Error("a slot is lost")
			}
		}
	}
}

// TestShape: source address and port, TOS and TTL are on the wire, and open
// connections end with RST.
func TestShape(t *testing.T) {
	client, _, server := socketLab(t)
	client.Addr("eth0", "10.1.0.55/24", "fd01::55/64")
	for i, target := range []string{"10.2.0.10", "fd02::10"} {
		for _, test := range []struct {
			socket probe.Socket
			port   uint16
			fixed  uint16
		}{{probe.SocketConnect, 80, 4025}, {probe.SocketConnect, 80, 0}, {probe.SocketDatagram, 53, 4053}, {probe.SocketDatagram, 53, 0}} {
			source := netip.MustParseAddr([]string{"10.1.0.55", "fd01::55"}[i])
			s := openSockets(t, client, Shape{Source: source, Port: test.fixed, Iface: "eth0", TOS: 0xb8, TTL: 99}, target)
			seen := server.Capture("eth0")
			a := s.one(test.socket, probe.Probe{Target: netip.MustParseAddr(target), Port: test.port}, []byte("?"), waits)
			if a == nil || a.Reply.Event != probe.Answer {
				t.Fatalf("%s %+v: %+v", target, test, a)
			}
			asked := seen.Await(waits, func(x *lab.Packet) bool { src, _ := x.Addrs(); return src == source })
			if asked == nil {
				t.Fatalf("%s: nothing from %v", target, source)
			}
			var w wire.Packet
			typ := uint16(wire.TypeIPv4)
			if i == 1 {
				typ = wire.TypeIPv6
			}
			w.Parse(asked.Data()[14:], typ)
			if port := w.TCP.Src + w.UDP.Src; w.IP.TOS != 0xb8 || w.IP.TTL != 98 || test.fixed != 0 && port != test.fixed {
				t.Errorf("%s: %+v from port %d", target, w.IP, port)
			}
			if test.socket == probe.SocketConnect && seen.Await(waits, func(x *lab.Packet) bool { return !x.Out && x.TCP() != nil && x.TCP().RST }) == nil {
				t.Errorf("%s: the connection was not closed by RST:\n%s", target, seen.Packets())
			}
		}
	}
}

// TestManyWithOnePort: with one source port for all, each answer finds its
// question.
func TestManyWithOnePort(t *testing.T) {
	client, _, server := socketLab(t)
	server.UDP(54, lab.Echo)
	server.TCP(81)
	for _, socket := range []probe.Socket{probe.SocketConnect, probe.SocketDatagram} {
		s := openSockets(t, client, Shape{Port: 5353}, "10.2.0.10", "fd02::10")
		ports := []uint16{53, 54}
		if socket == probe.SocketConnect {
			ports = []uint16{80, 81}
		}
		for _, target := range []string{"10.2.0.10", "fd02::10"} {
			for _, port := range ports {
				if err := s.Ask(1, socket, probe.Probe{Target: netip.MustParseAddr(target), Port: port}, fmt.Append(nil, netip.MustParseAddr(target), port)); err != nil {
					t.Fatal(target, port, err)
				}
			}
		}
		timer := time.AfterFunc(waits, func() { s.Close() })
		into := make([]scan.Answer, 8)
		for got := 0; got < 4; {
			n, err := s.Recv(into)
			if err != nil {
				t.Fatalf("after %d answers: %v", got, err)
			}
			for _, a := range into[:n] {
				got++
				if a.Reply.Event != probe.Answer || a.Reply.From != a.Probe.Target {
					t.Errorf("%+v: %+v", a.Probe, a.Reply)
				}
				if want := fmt.Append(nil, a.Probe.Target, a.Probe.Port); socket == probe.SocketDatagram && string(a.Data) != string(want) {
					t.Errorf("%+v: %q", a.Probe, a.Data)
				}
			}
		}
		timer.Stop()
	}
}

// TestRoaming: an answer from a new port (TFTP) counts for the address that sent
// it, also where all questions share one source port; an answer from an address
// that was not asked does not.
func TestRoaming(t *testing.T) {
	client, _, server := socketLab(t)
	server.Addr("eth0", "10.2.0.11/24", "10.2.0.12/24")
	asked := make(chan int, 1)
	server.UDP(69, func(_ []byte, from netip.AddrPort) []byte { asked <- int(from.Port()); return nil })
	for _, fixed := range []uint16{0, 6969} {
		s := openSockets(t, client, Shape{Port: fixed}, "10.2.0.10", "10.2.0.11")
		var to []int // the source port of each question
		targets := []string{"10.2.0.10", "10.2.0.11"}
		for _, target := range targets {
			if err := s.Ask(1, probe.SocketDatagram, probe.Probe{Target: netip.MustParseAddr(target), Port: 69, Try: 2}, []byte("read")); err != nil {
				t.Fatal(err)
			}
			to = append(to, <-asked)
		}
		defer time.AfterFunc(waits, func() { s.Close() }).Stop()
		for i, target := range targets {
			for from, want := range map[string]probe.Event{target + ":3333": probe.Answer, "10.2.0.12:70": probe.Unsolicited} {
				on(t, server, func() error { return tell(from, "10.1.0.1", to[i]) })
				into := make([]scan.Answer, 1)
				if n, err := s.Recv(into); n != 1 || err != nil {
					t.Fatal(n, err)
				}
				a, local := &into[0], netip.MustParseAddrPort(from)
				if r := a.Reply; r.Event != want || r.From != local.Addr() || r.UDP.Src != local.Port() || string(a.Data) != from {
					t.Errorf("from port %d: %s: %+v", fixed, from, r)
				}
				if want == probe.Answer && a.Probe.Target != local.Addr() {
					t.Errorf("from port %d: %s is taken for an answer of %v", fixed, from, a.Probe.Target)
				}
			}
		}
	}
}

// TestOtherPort: an answer from a port that was not asked is none.
func TestOtherPort(t *testing.T) {
	client, _, server := socketLab(t)
	for _, fixed := range []uint16{0, 5353} {
		s := openSockets(t, client, Shape{Port: fixed}, "10.2.0.10")
		port := make(chan int, 1)
		server.UDP(1000+int(fixed), func(_ []byte, from netip.AddrPort) []byte { port <- int(from.Port()); return nil })
		if err := s.Ask(1, probe.SocketDatagram, probe.Probe{Target: netip.MustParseAddr("10.2.0.10"), Port: 1000 + fixed}, []byte("?")); err != nil {
			t.Fatal(err)
		}
		to := <-port
		on(t, server, func() error { return tell("10.2.0.10:3333", "10.1.0.1", to) })
		timer := time.AfterFunc(200*time.Millisecond, func() { s.Close() })
		into := make([]scan.Answer, 1)
		if n, err := s.Recv(into); n != 0 {
			t.Errorf("%+v %v", into[0], err)
		}
		timer.Stop()
	}
}

// tell sends a datagram that names its sender.
func tell(from, to string, port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	a := netip.MustParseAddrPort(from)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}); err != nil {
		return err
	}
	return unix.Sendto(fd, []byte(from), 0, &unix.SockaddrInet4{Port: port, Addr: netip.MustParseAddr(to).As4()})
}

// TestCancel: a cancelled try is closed and says nothing more.
func TestCancel(t *testing.T) {
	client, _, _ := socketLab(t)
	s := openSockets(t, client, Shape{}, "10.2.0.10")
	p := probe.Probe{Target: netip.MustParseAddr("10.2.0.10"), Port: 1004}
	for range 3 {
		if err := s.Ask(1, probe.SocketConnect, p, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Ask(1, probe.SocketConnect, p, nil); err != syscall.EALREADY {
			t.Errorf("the same try twice: %v", err)
		}
		s.Cancel(1, p)
		s.Cancel(1, p)
		s.Cancel(2, p)
	}
	if len(s.byKey) != 0 || len(s.slots) != 1 || len(s.free) != 1 {
		t.Errorf("%d tries, %d slots, %d of them free", len(s.byKey), len(s.slots), len(s.free))
	}
}

func TestFull(t *testing.T) {
	client, _, _ := socketLab(t)
	s := openSockets(t, client, Shape{}, "10.2.0.10")
	s.limit = 3
	p := probe.Probe{Target: netip.MustParseAddr("10.2.0.10"), Port: 1004}
	for p.Try = 1; p.Try <= 3; p.Try++ {
		if err := s.Ask(1, probe.SocketConnect, p, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Ask(1, probe.SocketConnect, p, nil); err != scan.ErrFull {
		t.Errorf("a fourth of three: %v", err)
	}
	p.Try = 2
	s.Cancel(1, p)
	p.Try = 4
	if err := s.Ask(1, probe.SocketConnect, p, nil); err != nil {
		t.Error(err)
	}
	for errno, want := range map[syscall.Errno]error{
		unix.EMFILE: scan.ErrFull, unix.ENFILE: scan.ErrFull, unix.ENOBUFS: scan.ErrFull, unix.EPERM: unix.EPERM, unix.EADDRNOTAVAIL: scan.ErrFull,
	} {
		if err := asked(errno, &Shape{}, 1); err != want {
			t.Errorf("%v is told as %v", errno, err)
		}
		if err := asked(errno, &Shape{}, 0); err != errno {
			t.Errorf("%v with nothing else open is told as %v", errno, err)
		}
	}
}

// TestSocketsClose: Close unblocks Recv, is idempotent, and leaves nothing open.
func TestSocketsClose(t *testing.T) {
	client, _, _ := socketLab(t)
	s := openSockets(t, client, Shape{}, "10.2.0.10")
	p := probe.Probe{Target: netip.MustParseAddr("10.2.0.10"), Port: 1004}
	if err := s.Ask(1, probe.SocketConnect, p, nil); err != nil {
		t.Fatal(err)
	}
	fd := s.slots[0].try.fd
	var wg sync.WaitGroup
	wg.Go(func() {
		if n, err := s.Recv(make([]scan.Answer, 1)); n != 0 || !errors.Is(err, scan.ErrClosed) {
			t.Errorf("Recv: %d, %v", n, err)
		}
	})
	time.Sleep(10 * time.Millisecond)
	for range 3 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("the socket is open: %v", err)
	}
	if err := s.Ask(1, probe.SocketConnect, p, nil); !errors.Is(err, scan.ErrClosed) {
		t.Errorf("Ask after Close: %v", err)
	}
	s.Cancel(1, p)
	if _, err := s.Recv(make([]scan.Answer, 1)); !errors.Is(err, scan.ErrClosed) {
		t.Errorf("Recv after Close: %v", err)
	}
}
