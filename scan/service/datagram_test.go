package service

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sonde/probe/payload"
)

// udpServer answers datagrams on a port of its own; no answer is none.
type udpServer struct {
	conn *net.UDPConn
	addr netip.AddrPort
}

func serveUDP(t *testing.T, host string, answer func(c *net.UDPConn, from netip.AddrPort, b []byte)) *udpServer {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(host), 0)))
	if host == "::1" && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			answer(c, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), b[:n])
		}
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return &udpServer{c, c.LocalAddr().(*net.UDPAddr).AddrPort()}
}

// dnsSays answers a query by a string.
func dnsSays(b []byte, says string) []byte {
	r := append([]byte{}, b...)
	r[2], r[3] = 0x84, 0
	binary.BigEndian.PutUint16(r[6:], 1)
	r = append(r, 0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0, 0, byte(1+len(says)), byte(len(says)))
	return append(r, says...)
}

// ask asks a port of 127.0.0.1 or ::1.
func askUDP(t *testing.T, port netip.AddrPort, o Options) *Answer {
	t.Helper()
	o.Timeout = max(o.Timeout, time.Minute) // answers end it, and a busy machine is slow
	a, err := AskUDP(t.Context(), &net.ListenConfig{}, netip.Addr{}, port, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAskUDP: at a port of no protocol others are tried, in both families, and what the
// answers say is joined.
func TestAskUDP(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		s := serveUDP(t, host, func(c *net.UDPConn, from netip.AddrPort, b []byte) {
			switch {
			case strings.Contains(string(b), "\x07version\x04bind"):
				c.WriteToUDPAddrPort(dnsSays(b, "unbound 1.17.1"), from)
			case strings.Contains(string(b), "\x02id\x06server"):
				c.WriteToUDPAddrPort(dnsSays(b, "ns7"), from)
			}
		})
		a := askUDP(t, s.addr, Options{})
		if a.Service != "domain" || a.Product != "Unbound" || a.Version != "1.17.1" || a.Host != "ns7" || a.How != "answer" {
			t.Errorf("%s: %+v", host, a)
		}
	}
}

// TestAskUDPForged: answers with another identifier, and from elsewhere, are never
// believed; a second one is not, either.
func TestAskUDPForged(t *testing.T) {
	other := serveUDP(t, "127.0.0.1", func(*net.UDPConn, netip.AddrPort, []byte) {})
	s := serveUDP(t, "127.0.0.1", func(c *net.UDPConn, from netip.AddrPort, b []byte) {
		if !strings.Contains(string(b), "\x07version\x04bind") {
			return
		}
		wrong := dnsSays(b, "unbound 6.6.6")
		wrong[0] ^= 0xff
		c.WriteToUDPAddrPort(wrong, from)
		other.conn.WriteToUDPAddrPort(dnsSays(b, "unbound 6.6.6"), from)
		c.WriteToUDPAddrPort(dnsSays(b, "dnsmasq-2.90"), from)
		c.WriteToUDPAddrPort(dnsSays(b, "unbound 6.6.6"), from)
	})
	if a := askUDP(t, s.addr, Options{}); a.Product != "dnsmasq" || a.Version != "2.90" {
		t.Errorf("%+v", a)
	}
}

// TestAskUDPUnknown: what nobody reads is shown, and named by nothing; silence is silence.
func TestAskUDPUnknown(t *testing.T) {
	s := serveUDP(t, "127.0.0.1", func(c *net.UDPConn, from netip.AddrPort, b []byte) { c.WriteToUDPAddrPort([]byte("what?"), from) })
	a, err := AskUDP(t.Context(), &net.ListenConfig{}, netip.Addr{}, s.addr, Options{Timeout: 3 * time.Second})
	if err != nil || a.Service != "" || string(a.Raw) != "what?" {
		t.Errorf("%+v, %v", a, err)
	}
	s = serveUDP(t, "127.0.0.1", func(*net.UDPConn, netip.AddrPort, []byte) {})
	a, err = AskUDP(t.Context(), &net.ListenConfig{}, netip.Addr{}, s.addr, Options{Timeout: 100 * time.Millisecond})
	if err != nil || a.Service != "" || len(a.Raw) > 0 || !strings.HasPrefix(a.Info, "said nothing within") {
		t.Errorf("%+v, %v", a, err)
	}
}

// noSockets can open none.
type noSockets struct{}

func (noSockets) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	return nil, errors.New("none")
}

// TestAskUDPErrors: where no socket can be opened that is said, and a run that ends ends it.
func TestAskUDPErrors(t *testing.T) {
	if _, err := AskUDP(t.Context(), noSockets{}, netip.Addr{}, netip.MustParseAddrPort("127.0.0.1:9"), Options{}); err == nil {
		t.Error("no error")
	}
	s := serveUDP(t, "127.0.0.1", func(*net.UDPConn, netip.AddrPort, []byte) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := AskUDP(ctx, &net.ListenConfig{}, netip.Addr{}, s.addr, Options{Timeout: time.Hour}); err == nil && a.Service != "" {
		t.Errorf("%+v", a)
	}
}

// TestProven: what the scan has proven is named, though the port says nothing more, as
// servers do that have a place for one client.
func TestProven(t *testing.T) {
	d := &datagrams{port: &port{Options: Options{Proven: true}, to: netip.MustParseAddrPort("192.0.2.1:1194")}}
	if a := d.answer(); a.Service != "openvpn" || a.How != "scan" {
		t.Errorf("%+v", a)
	}
	d.Proven = false
	if a := d.answer(); a.Service != "" {
		t.Errorf("%+v", a)
	}
}

// TestRoaming: a server that answers from a new port is understood (RFC 1350 section 4), and
// no other.
func TestRoaming(t *testing.T) {
	d := &datagrams{port: &port{to: netip.MustParseAddrPort("127.0.0.1:69")}}
	d.add(payload.For(69))
	d.asked[0].tries = 1
	said := []byte("\x00\x05\x00\x01File not found\x00")
	if d.take(netip.MustParseAddrPort("127.0.0.2:4000"), said) || !d.take(netip.MustParseAddrPort("127.0.0.1:4000"), said) {
		t.Error("not from where it may come")
	}
	if a := d.answer(); a.Service != "tftp" || a.Info != `says "File not found"` {
		t.Errorf("%+v", a)
	}
	d = &datagrams{port: &port{to: netip.MustParseAddrPort("127.0.0.1:11211")}}
	d.add(payload.For(11211))
	d.asked[0].tries, d.asked[0].id = 1, 0x2211
	if d.take(netip.MustParseAddrPort("127.0.0.1:4000"), []byte("\x22\x11\x00\x00\x00\x01\x00\x00VERSION 1.6.18\r\n")) {
		t.Error("from another port")
	}
}

// TestAskUDPThorough: with Thorough, and without it not, a port is asked what hardly anybody
// offers elsewhere, and a question that was in vain is not asked again.
func TestAskUDPThorough(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		var asked atomic.Int32
		s := serveUDP(t, host, func(c *net.UDPConn, from netip.AddrPort, b []byte) {
			if len(b) == 12 && binary.BigEndian.Uint32(b) == 0 { // Mumble's ping
				asked.Add(1)
				c.WriteToUDPAddrPort(append([]byte{0, 1, 4, 0}, append(b[4:12:12], make([]byte, 12)...)...), from)
			}
		})
		if a := askUDP(t, s.addr, Options{Thorough: true}); a.Service != "murmur" && a.Service != "mumble" || asked.Load() == 0 {
			t.Errorf("%s: %+v", host, a)
		}
		d := &datagrams{port: &port{Options: Options{Unusual: true}, to: netip.AddrPortFrom(s.addr.Addr(), 53)}}
		d.conn = s.conn
		d.end = time.Now()
		d.converse()
		if len(d.asked) == 0 || slices.ContainsFunc(d.asked, func(q *inquiry) bool { return q.in.Name == "domain" }) {
			t.Errorf("%s: %d questions, among them the one that was in vain", host, len(d.asked))
		}
	}
}
