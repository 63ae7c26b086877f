// Package linktest holds what every scan.Link must do, as tests: for real links
// and for simulated ones.
package linktest

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan"
)

// Env is a link under test, and a target that answers echo requests on it. The
// link is closed by the suite.
type Env struct {
	Link   scan.Link
	Way    uint16
	Frame  bool
	MAC    wire.MAC   // next hop's, with Frame
	Source netip.Addr // ours
	Target netip.Addr
	Start  time.Time // zero of Packet.At; zero where it is no time of this machine's
	MTU    int       // of the way; 0 where packets of any size leave
	NoWay  uint16    // a way with Err; 0 where there is none
}

// patience is how long a test waits for packets that must come.
const patience = 20 * time.Second

// Run runs the suite. open makes a new Env for each test.
func Run(t *testing.T, open func(t *testing.T) *Env) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, e *Env)
	}{
		{"batch", testBatch},
		{"sizes", testSizes},
		{"one by one", testOneByOne},
		{"borrowed", testBorrowed},
		{"waiting", testWaiting},
		{"too large", testTooLarge},
		{"no way", testNoWay},
		{"not a packet", testNotAPacket},
		{"nothing", testNothing},
		{"close", testClose},
		{"close while sending", testCloseWhileSending},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := open(t)
			defer e.Link.Close()
			test.run(t, e)
		})
	}
}

const identifier = 0x5afe

// echo makes an echo request.
func (e *Env) echo(seq uint16, payload []byte) scan.Packet {
	ip := wire.IP{Src: e.Source, Dst: e.Target, TTL: 64, ID: seq + 1}
	m := wire.ICMP{Msg: wire.EchoRequest, ID: identifier, Seq: seq}
	m.SetType(e.Target.Is6())
	typ := uint16(wire.TypeIPv4)
	ip.Proto = wire.ProtoICMP
	if e.Target.Is6() {
		typ, ip.Proto = wire.TypeIPv6, wire.ProtoICMPv6
	}
	return scan.Packet{Way: e.Way, Frame: e.Frame, MAC: e.MAC, Type: typ, B: wire.AppendICMP(nil, &ip, &m, payload)}
}

// send sends all packets, waiting where the link is full.
func (e *Env) send(t *testing.T, packets []scan.Packet) {
	t.Helper()
	for end := time.Now().Add(patience); len(packets) > 0; {
		n, err := e.Link.Send(packets)
		if n < 0 || n > len(packets) || err != nil {
			t.Fatalf("Send of %d packets: %d, %v", len(packets), n, err)
		}
		if packets = packets[n:]; n == 0 {
			if time.Now().After(end) {
				t.Fatal("the link stays full")
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// answers receives until n echo replies have come, and calls see with each.
func (e *Env) answers(t *testing.T, n, burst int, see func(p scan.Packet, w *wire.Packet)) {
	t.Helper()
	defer time.AfterFunc(patience, func() { e.Link.Close() }).Stop()
	into := make([]scan.Packet, burst)
	var w wire.Packet
	for got := 0; got < n; {
		k, err := e.Link.Recv(into)
		if err != nil {
			t.Fatalf("Recv after %d of %d answers: %v", got, n, err)
		}
		if k < 1 || k > burst {
			t.Fatalf("Recv into %d: %d packets", burst, k)
		}
		for _, p := range into[:k] {
			if !w.Parse(p.B, p.Type) || w.Layer != wire.LayerICMP || w.ICMP.Msg != wire.EchoReply || w.ICMP.ID != identifier {
				continue // requests come back on loopback
			}
			if w.IP.Src != e.Target || w.IP.Dst != e.Source {
				t.Fatalf("a reply from %v to %v", w.IP.Src, w.IP.Dst)
			}
			if w.IP.TTL == 0 {
				t.Error("a reply without TTL")
			}
			got++
			see(p, &w)
		}
	}
}

// testBatch: every packet of a batch that is larger than any buffer of the link
// leaves once, and all answers come, stamped in the order of time.
func testBatch(t *testing.T, e *Env) {
	const n = 200
	var packets []scan.Packet
	for i := range n {
		packets = append(packets, e.echo(uint16(i), []byte(fmt.Sprint("payload ", i))))
	}
	before := time.Since(e.Start)
	e.send(t, packets)
	seen := make(map[uint16]bool)
	last := time.Duration(-1)
	e.answers(t, n, 64, func(p scan.Packet, w *wire.Packet) {
		if seen[w.ICMP.Seq] {
			t.Errorf("answer %d came twice", w.ICMP.Seq)
		}
		seen[w.ICMP.Seq] = true
		if want := fmt.Sprint("payload ", w.ICMP.Seq); string(w.Payload) != want {
			t.Errorf("payload %q, not %q", w.Payload, want)
		}
		// The kernel's clock and ours are read a moment apart, and it begins to
		// stamp packets a moment after the first socket asks for it: until then
		// the stamp is the time of fetching, which on a busy machine comes late.
		const slack = time.Second
		if p.At < last-slack {
			t.Errorf("received at %v, after one at %v", p.At, last)
		}
		last = max(last, p.At)
		if after := time.Since(e.Start); !e.Start.IsZero() && (p.At < before-slack || p.At > after+slack) {
			t.Errorf("received at %v, but sent after %v, and now it is %v", p.At, before, after)
		}
	})
	if d := e.Link.Drops(); d != 0 {
		t.Errorf("%d drops", d)
	}
}

// testSizes: what comes is whole.
func testSizes(t *testing.T, e *Env) {
	for i, size := range []int{0, 1, 55, 56, 1000, 1232} {
		payload := bytes.Repeat([]byte{byte(i + 1)}, size)
		e.send(t, []scan.Packet{e.echo(uint16(i), payload)})
		e.answers(t, 1, 4, func(p scan.Packet, w *wire.Packet) {
			if !bytes.Equal(w.Payload, payload) {
				t.Errorf("%d bytes of payload came back as %d", size, len(w.Payload))
			}
		})
	}
}

// testOneByOne: Recv fills no more than it is given, and loses nothing by it.
func testOneByOne(t *testing.T, e *Env) {
	var packets []scan.Packet
	for i := range 20 {
		packets = append(packets, e.echo(uint16(i), nil))
	}
	e.send(t, packets)
	seen := make(map[uint16]bool)
	e.answers(t, 20, 1, func(_ scan.Packet, w *wire.Packet) { seen[w.ICMP.Seq] = true })
	if len(seen) != 20 {
		t.Errorf("%d different answers of 20", len(seen))
	}
}

// testBorrowed: what Recv returned stays as it is until the next Recv, whatever
// arrives, and even if the link is closed.
func testBorrowed(t *testing.T, e *Env) {
	e.send(t, []scan.Packet{e.echo(1, []byte("first"))})
	e.answers(t, 1, 1, func(p scan.Packet, w *wire.Packet) {
		was := bytes.Clone(p.B)
		e.send(t, []scan.Packet{e.echo(2, []byte("other")), e.echo(3, []byte("other"))})
		time.Sleep(20 * time.Millisecond)
		if !bytes.Equal(p.B, was) {
			t.Error("changed before the next Recv")
		}
		e.Link.Close()
		if !bytes.Equal(p.B, was) {
			t.Error("changed by Close, before the next Recv")
		}
	})
}

// testWaiting: an answer that has come is waiting until Recv is called again after
// it returned it, and none is before one has come.
func testWaiting(t *testing.T, e *Env) {
	until := func(want bool) {
		t.Helper()
		for end := time.Now().Add(patience); e.Link.Waiting() != want; time.Sleep(100 * time.Microsecond) {
			if time.Now().After(end) {
				t.Fatalf("waiting stays %v", !want)
			}
		}
	}
	until(false) // strangers' packets may come
	e.send(t, []scan.Packet{e.echo(1, nil)})
	until(true)
	e.answers(t, 1, 1, func(scan.Packet, *wire.Packet) {
		if !e.Link.Waiting() {
			t.Error("not waiting any more, but Recv was not called again")
		}
	})
	e.send(t, []scan.Packet{e.echo(2, nil)})
	e.answers(t, 1, 1, func(scan.Packet, *wire.Packet) {})
	var wg sync.WaitGroup
	wg.Go(func() {
		into := make([]scan.Packet, 1)
		for {
			if _, err := e.Link.Recv(into); err != nil {
				return
			}
		}
	})
	until(false)
	e.Link.Close()
	wg.Wait()
	if e.Link.Waiting() {
		t.Error("waiting, but closed")
	}
}

// testTooLarge: the packet that cannot leave is named, those before it have left,
// those behind it have not.
func testTooLarge(t *testing.T, e *Env) {
	if e.MTU == 0 {
		return
	}
	packets := []scan.Packet{
		e.echo(0, nil), e.echo(1, nil), e.echo(2, make([]byte, e.MTU)), e.echo(3, nil), e.echo(4, nil),
	}
	sent := 0
	for sent < 2 {
		n, err := e.Link.Send(packets[sent:])
		if sent += n; err != nil {
			if sent != 2 {
				t.Fatalf("%v for packet %d", err, sent)
			}
			break
		}
	}
	if n, err := e.Link.Send(packets[2:]); n != 0 || err == nil {
		t.Fatalf("a packet larger than the MTU: %d, %v", n, err)
	}
	e.send(t, packets[3:])
	seen := make(map[uint16]int)
	e.answers(t, 4, 8, func(_ scan.Packet, w *wire.Packet) { seen[w.ICMP.Seq]++ })
	if len(seen) != 4 || seen[2] != 0 {
		t.Errorf("answers %v", seen)
	}
}

// testNoWay: a way that leads nowhere has its own error; one that does not exist
// has some.
func testNoWay(t *testing.T, e *Env) {
	packets := []scan.Packet{e.echo(0, nil), e.echo(1, nil)}
	packets[1].Way = e.NoWay
	if e.NoWay == 0 {
		packets[1].Way = 0xfffe
	}
	n, err := e.Link.Send(packets)
	if err == nil && n == 1 {
		n, err = e.Link.Send(packets[1:])
		n++
	}
	if n != 1 || err == nil {
		t.Fatalf("no way: %d, %v", n, err)
	}
}

// testNotAPacket: what is no IP packet does not leave as one.
func testNotAPacket(t *testing.T, e *Env) {
	if e.Frame { // a frame may hold anything
		return
	}
	for _, b := range [][]byte{nil, {}, {0x45}, make([]byte, 60)} {
		p := e.echo(0, nil)
		p.B = b
		if n, err := e.Link.Send([]scan.Packet{p}); n != 0 || err == nil {
			t.Errorf("% x: %d, %v", b, n, err)
		}
	}
}

// testNothing: empty batches are no work.
func testNothing(t *testing.T, e *Env) {
	if n, err := e.Link.Send(nil); n != 0 || err != nil {
		t.Errorf("Send(nil): %d, %v", n, err)
	}
	if n, err := e.Link.Recv(nil); n != 0 || err != nil {
		t.Errorf("Recv(nil): %d, %v", n, err)
	}
}

func testClose(t *testing.T, e *Env) {
	var wg sync.WaitGroup
	var n int
	var err error
	wg.Go(func() {
		into := make([]scan.Packet, 4)
		for err == nil { // strangers' packets may come
			n, err = e.Link.Recv(into)
		}
	})
	time.Sleep(10 * time.Millisecond)
	for i := range 3 {
		if err := e.Link.Close(); err != nil {
			t.Errorf("Close number %d: %v", i+1, err)
		}
	}
	wg.Wait()
	if n != 0 || !errors.Is(err, scan.ErrClosed) {
		t.Errorf("Recv unblocked with %d, %v", n, err)
	}
	if n, err := e.Link.Recv(make([]scan.Packet, 1)); n != 0 || !errors.Is(err, scan.ErrClosed) {
		t.Errorf("Recv after Close: %d, %v", n, err)
	}
	if n, err := e.Link.Send([]scan.Packet{e.echo(0, nil)}); n != 0 || !errors.Is(err, scan.ErrClosed) {
		t.Errorf("Send after Close: %d, %v", n, err)
	}
	e.Link.Drops()
}

// testCloseWhileSending: senders see ErrClosed and nothing worse.
func testCloseWhileSending(t *testing.T, e *Env) {
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			packets := []scan.Packet{e.echo(uint16(i), nil), e.echo(uint16(i), nil)}
			for {
				if _, err := e.Link.Send(packets); err != nil {
					if !errors.Is(err, scan.ErrClosed) {
						t.Errorf("Send: %v", err)
					}
					return
				}
				time.Sleep(200 * time.Microsecond) // a flood would fill queues on the way
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	e.Link.Close()
	wg.Wait()
}
