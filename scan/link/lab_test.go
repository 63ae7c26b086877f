package link

import (
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"go4.org/netipx"

	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// waits is for how long a test waits for what must come.
const waits = 20 * time.Second

func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }

// on runs fn on a host and fails the test with its error.
func on(t testing.TB, h *lab.Host, fn func() error) {
	t.Helper()
	if err := h.Do(fn); err != nil {
		t.Fatal(err)
	}
}

// ranges reads prefixes, ranges and addresses.
func ranges(t testing.TB, words ...string) (out []netipx.IPRange) {
	t.Helper()
	for _, w := range words {
		if a, err := netip.ParseAddr(w); err == nil {
			out = append(out, netipx.IPRangeFrom(a, a))
		} else if p, err := netip.ParsePrefix(w); err == nil {
			out = append(out, netipx.RangeOfPrefix(p))
		} else if r, err := netipx.ParseIPRange(w); err == nil {
			out = append(out, r)
		} else {
			t.Fatal(w)
		}
	}
	return out
}

// pair is two hosts on a cable.
type pair struct {
	net            *lab.Network
	client, server *lab.Host
	ours, theirs   []string // addresses of both families
}

func newPair(t testing.TB) *pair {
	n := labtest.New(t)
	p := &pair{net: n, client: n.Host("client"), server: n.Host("server"),
		ours: []string{"10.9.0.1", "fd09::1"}, theirs: []string{"10.9.0.2", "fd09::2"}}
	n.Link(p.client, p.server, "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	return p
}

// openLink opens a link on a host for targets.
func openLink(t testing.TB, h *lab.Host, opt RouteOptions, n Needs, start time.Time, targets ...string) (table *Table, l *Link) {
	t.Helper()
	on(t, h, func() (err error) {
		if table, err = NewTable(slices.Values(ranges(t, targets...)), nil, opt); err != nil {
			return err
		}
		l, err = Open(table, n, Options{Start: start})
		return err
	})
	t.Cleanup(func() { l.Close() })
	return table, l
}

// mac is the Ethernet address of a host's interface.
func mac(h *lab.Host, iface string) (m wire.MAC) {
	copy(m[:], h.MAC(iface))
	return m
}

// sendOne sends one packet, at the latest when a link that is full for now has room.
func sendOne(l scan.Link, p scan.Packet) (n int, err error) {
	for range 1000 {
		if n, err = l.Send([]scan.Packet{p}); n > 0 || err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return n, err
}

// receive returns the first packet that match likes, parsed; nil after a while.
func receive(t *testing.T, l scan.Link, wait time.Duration, match func(p *scan.Packet, w *wire.Packet) bool) (*scan.Packet, *wire.Packet) {
	t.Helper()
	defer time.AfterFunc(wait, func() { l.Close() }).Stop()
	into := make([]scan.Packet, 16)
	for {
		n, err := l.Recv(into)
		if err != nil {
			return nil, nil
		}
		for i := range into[:n] {
			w := new(wire.Packet)
			w.Parse(into[i].B, into[i].Type)
			if match(&into[i], w) {
				return &into[i], w
			}
		}
	}
}

// start is the zero of the clocks of tests that do not look at it.
var start = time.Now()

// await polls until ok, for as long as tests wait.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(waits); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

// sourcePort is where the tests' packets come from.
const sourcePort = 40000

// header is the IP header of a packet to an address, by the way of t.
func header(t *Table, to netip.Addr, proto uint8) (wire.IP, scan.Packet) {
	p := scan.Packet{Way: t.Way(to), Type: wire.TypeIPv4}
	if to.Is6() {
		p.Type = wire.TypeIPv6
	}
	return wire.IP{Src: t.Ways()[p.Way].Src, Dst: to.WithZone(""), Proto: proto, TTL: 64, ID: 0x4711, DF: true}, p
}

func udp(t *Table, to netip.Addr, port uint16, payload []byte) scan.Packet {
	ip, p := header(t, to, wire.ProtoUDP)
	p.B = wire.AppendUDP(nil, &ip, &wire.UDP{Src: sourcePort, Dst: port}, payload)
	return p
}

func tcp(t *Table, to netip.Addr, port uint16, flags uint8, shape func(*wire.IP)) scan.Packet {
	ip, p := header(t, to, wire.ProtoTCP)
	if shape != nil {
		shape(&ip)
	}
	p.B = wire.AppendTCP(nil, &ip, &wire.TCP{Src: sourcePort, Dst: port, Seq: 0x01020304, Flags: flags, Window: 1024}, nil)
	return p
}

// slow makes an interface send 100 kB/s out of a queue of 20 kB.
func slow(t *testing.T, h *lab.Host, iface string) {
	t.Helper()
	on(t, h, func() error {
		l, err := netlink.LinkByName(iface)
		if err != nil {
			return err
		}
		return netlink.QdiscAdd(&netlink.Tbf{
			QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
			Rate:       100_000, Limit: 20_000,
			Buffer: uint32(30_000 * netlink.TickInUsec()), // 3000 bytes in 30 ms
		})
	})
}

// sendAll sends packets, as often as there is no room for all of them: a busy kernel may
// have none.
func sendAll(t *testing.T, send func([]scan.Packet) (int, error), packets []scan.Packet) {
	t.Helper()
	for end := time.Now().Add(waits); len(packets) > 0; {
		n, err := send(packets)
		if err != nil || n == 0 && time.Now().After(end) {
			t.Fatalf("%d of %d packets left: %v", n, len(packets), err)
		}
		if packets = packets[n:]; n == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}
