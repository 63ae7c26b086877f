package service

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"sonde/fingerprint"
	"sonde/probe/payload"
	"sonde/scan/service/protocol"
)

// Listener opens UDP sockets; *net.ListenConfig is one. address is numeric, network "udp4"
// or "udp6".
type Listener interface {
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
}

// Bounds of what is asked of a UDP port.
const (
	datagramTries = 3       // how often a question is asked
	datagramsRead = 256     // how many datagrams are read
	datagramSize  = 4 << 10 // how much of one
)

// inquiry is one question to a UDP port.
type inquiry struct {
	in       *protocol.Datagram
	id       uint64
	append   func(b []byte, id uint64) []byte
	match    func(id uint64, answer []byte) bool
	read     func(answer []byte) protocol.Facts
	newPort  bool // the answer comes from another port
	answered bool
	facts    protocol.Facts // of the answer
	tries    int
}

// datagrams is a UDP port that is being asked.
type datagrams struct {
	*port
	conn  net.PacketConn
	asked []*inquiry
	first *protocol.Datagram // whose answer came first; nil: none
	raw   []byte             // what was said that is no answer to what was asked
}

// AskUDP asks a UDP port of target, of which it is known that somebody answers there, and
// blocks until the answers are in, at most for o.Timeout, or until ctx ends. An answer
// counts if it comes from the address and port that were asked, and proves by the
// identifier of its protocol, as far as there is one, that it is to our question. from is the
// address to ask from; zero: as the routes say. It returns an error only where no socket
// could be opened, and the scan has proven nothing.
func AskUDP(ctx context.Context, l Listener, from netip.Addr, target netip.AddrPort, o Options) (*Answer, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Patterns == nil {
		o.Patterns = fingerprint.BuiltinPatterns()
	}
	start := time.Now()
	network := "udp4"
	if target.Addr().Is6() {
		network = "udp6"
	}
	address := ":0"
	if from.IsValid() {
		address = netip.AddrPortFrom(from, 0).String()
	}
	d := &datagrams{port: &port{Options: o, to: target, waits: waitsFor(o.RTT)}}
	conn, err := l.ListenPacket(ctx, network, address)
	switch {
	case err != nil && o.Proven:
		return d.answer(), nil
	case err != nil:
		return nil, err
	}
	d.conn = conn
	d.end = start.Add(o.Timeout)
	if end, ok := ctx.Deadline(); ok {
		d.end = earlier(d.end, end)
	}
	broken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(broken)
		conn.Close()
	})
	d.converse()
	if !stop() {
		<-broken
	}
	conn.Close()
	a := d.answer()
	a.Elapsed, a.Conns = time.Since(start), 1
	if a.Service == "" && len(d.raw) == 0 {
		a.Info = fmt.Sprintf("said nothing within %.1f s", a.Elapsed.Seconds())
	}
	return a, nil
}

// converse asks in the port's usual protocol, and in others where that is not spoken.
func (d *datagrams) converse() {
	usual := payload.For(d.to.Port())
	if usual != nil && !d.Unusual {
		d.add(usual)
		d.listen(d.end)
	}
	if d.first != nil || d.Proven {
		return
	}
	for p := range payload.All() {
		if in := protocol.ByPayload(p.Name); p != usual && (d.Thorough || in != nil && in.Elsewhere) {
			d.add(p)
		}
	}
	d.end = earlier(d.end.Add(d.Timeout), time.Now().Add(d.Timeout))
	d.listen(d.end)
}

// add takes up the questions of a protocol.
func (d *datagrams) add(p *payload.Payload) {
	in := datagramOf(p)
	d.asked = append(d.asked, &inquiry{in: in, id: number(), append: p.Append, match: p.Match, read: in.Read, newPort: p.NewPort})
	for _, q := range in.More {
		d.asked = append(d.asked, &inquiry{in: in, id: number(), append: q.Append, match: q.Match, read: q.Read})
	}
}

// datagramOf is what answers to a payload say; where nobody reads them they prove it still.
func datagramOf(p *payload.Payload) *protocol.Datagram {
	if in := protocol.ByPayload(p.Name); in != nil {
		return in
	}
	return &protocol.Datagram{Name: p.Name, Payload: p.Name}
}

// number is an identifier that nobody can guess.
func number() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.NativeEndian.Uint64(b[:])
}

// listen asks what is not answered yet, again where nothing comes, and reads until all is
// answered, nothing more is to be expected, or end.
func (d *datagrams) listen(end time.Time) {
	again := max(500*time.Millisecond, 2*d.RTT+100*time.Millisecond)
	next, last := time.Now(), end
	buffer := make([]byte, datagramSize)
	for range datagramsRead {
		if now := time.Now(); !now.Before(next) {
			if !d.send() {
				next = end.Add(time.Second)
			} else {
				next = now.Add(again)
				again *= 2
			}
		}
		until := earlier(earlier(next, last), end)
		d.conn.SetReadDeadline(until)
		n, from, err := d.conn.ReadFrom(buffer)
		if err != nil {
			if now := time.Now(); !now.Before(end) || !now.Before(last) || now.Before(until) { // over, or broken
				return
			}
			continue
		}
		addr, ok := from.(*net.UDPAddr)
		if !ok || !d.take(addr.AddrPort(), buffer[:n]) {
			continue
		}
		if !slices.ContainsFunc(d.asked, func(q *inquiry) bool { return !q.answered }) {
			return
		}
		// Some servers leave the further questions unanswered, and many are answered at once.
		last = time.Now().Add(d.waits.second)
	}
}

// send asks what is not answered and not asked often enough; false: there is none.
func (d *datagrams) send() (any bool) {
	var b []byte
	to := net.UDPAddrFromAddrPort(d.to)
	for _, q := range d.asked {
		if q.answered || q.tries == datagramTries {
			continue
		}
		q.tries++
		any = true
		b = q.append(b[:0], q.id)
		d.conn.WriteTo(b, to) // what cannot be sent is not answered
	}
	return any
}

// take takes a datagram, and tells whether it is an answer.
func (d *datagrams) take(from netip.AddrPort, b []byte) bool {
	if from.Addr().Unmap().WithZone("") != d.to.Addr().Unmap().WithZone("") {
		return false
	}
	for _, q := range d.asked {
		if q.answered || q.tries == 0 || from.Port() != d.to.Port() && !q.newPort || !q.match(q.id, b) {
			continue
		}
		q.answered = true
		if d.first == nil {
			d.first = q.in
		}
		if q.read != nil {
			q.facts = q.read(b)
		}
		return true
	}
	if from.Port() == d.to.Port() && len(d.raw) == 0 {
		d.raw = bytes.Clone(b[:min(len(b), maxLine)])
	}
	return false
}

// answer is what was understood.
func (d *datagrams) answer() *Answer {
	usual := payload.For(d.to.Port())
	switch {
	case d.first == nil && d.Proven && usual != nil:
		return &Answer{Service: datagramOf(usual).Name, How: "scan"}
	case d.first == nil:
		return &Answer{Raw: d.raw, How: "answer"}
	}
	var f protocol.Facts
	for _, q := range d.asked {
		if q.answered && q.in == d.first {
			f = f.Plus(q.facts)
		}
	}
	how := "answer" + d.name(&f)
	a := &Answer{Service: d.first.Name, Product: protocol.Clip(f.Product), Version: protocol.Clip(f.Version), Info: f.Info[:min(len(f.Info), 3*maxField)],
		OS: protocol.Clip(f.OS), Host: protocol.Clip(f.Host), CPE: f.CPE, How: how}
	if f.Service != "" {
		a.Service = f.Service
	}
	if f.Banner != "" && f.Banner != "-" {
		a.Banner = []byte(f.Banner)
	}
	return a
}
