package compare

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// dns asks from one socket, or from a few, each question with an identifier.
func (w *world) dns(n int, every time.Duration, sockets int) {
	for i := range n {
		src := netip.AddrPortFrom(w.addr(1, 1), uint16(20000+i%sockets))
		dst := netip.AddrPortFrom(w.addr(2, 53), 53)
		text := binary.BigEndian.AppendUint16(nil, uint16(w.Uint32()))
		text = append(text, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w', 'w', 0, 0, 1, 0, 1)
		q := message{ip: wire.IP{Src: src.Addr(), Dst: dst.Addr(), TTL: 64, DF: true}, udp: &wire.UDP{Src: src.Port(), Dst: 53}, payload: text}
		answer := append([]byte{}, text...)
		answer[2] = 0x81
		a := message{ip: wire.IP{Src: dst.Addr(), Dst: src.Addr(), TTL: 60}, udp: &wire.UDP{Src: 53, Dst: src.Port()}, payload: append(answer, 1, 2, 3, 4)}
		w.exchange(q, a, time.Duration(i)*every, w.fate(), src, dst)
	}
}

// pings sends echo requests as ping does: a run of numbers for each identifier.
func (w *world) pings(n int, every time.Duration, runs int) {
	for i := range n {
		id := uint16(500 + i%runs)
		src, dst := netip.AddrPortFrom(w.addr(1, 1), id), netip.AddrPortFrom(w.addr(2, 10), 0)
		request, answer := wire.ICMP{Msg: wire.EchoRequest, ID: id, Seq: uint16(1 + i/runs)}, wire.ICMP{Msg: wire.EchoReply, ID: id, Seq: uint16(1 + i/runs)}
		request.SetType(w.v6)
		answer.SetType(w.v6)
		text := make([]byte, 56)
		binary.LittleEndian.PutUint64(text, uint64(i)*uint64(every))
		q := message{ip: wire.IP{Src: src.Addr(), Dst: dst.Addr(), TTL: 64}, icmp: &request, payload: text}
		a := message{ip: wire.IP{Src: dst.Addr(), Dst: src.Addr(), TTL: 60}, icmp: &answer, payload: text}
		at := time.Duration(i) * every
		w.exchange(q, a, at, w.fate(), src, dst)
	}
}

// connections begins TCP connections; in each of them a client asks so many times, and
// the server acknowledges and answers. What is lost is sent again after 300 ms, or later
// than any answer could have come.
func (w *world) connections(n, asks int, every time.Duration) {
	for i := range n {
		src := netip.AddrPortFrom(w.addr(1, 1), uint16(30000+i))
		dst := netip.AddrPortFrom(w.addr(2, 10), 80)
		c := &connection{world: w, src: src, dst: dst, seq: w.Uint32(), ack: w.Uint32(), at: time.Duration(i) * every}
		c.segment(wire.SYN, nil)
		for k := range asks {
			c.segment(wire.PSH|wire.ACK, fmt.Appendf(nil, "GET /%d/%d HTTP/1.1", i, k))
		}
		c.segment(wire.FIN|wire.ACK, nil)
	}
}

// connection is one of TCP.
type connection struct {
	*world
	src, dst netip.AddrPort
	seq, ack uint32
	at       time.Duration
}

// segment sends a segment until it is answered.
func (c *connection) segment(flags uint8, text []byte) {
	used := uint32(len(text))
	if flags&(wire.SYN|wire.FIN) != 0 {
		used++
	}
	for {
		q := message{ip: wire.IP{Src: c.src.Addr(), Dst: c.dst.Addr(), TTL: 64, DF: true}, payload: text}
		q.tcp = &wire.TCP{Src: c.src.Port(), Dst: 80, Seq: c.seq, Flags: flags, Window: 64240}
		if flags&wire.ACK != 0 {
			q.tcp.Ack = c.ack
		}
		if !c.v6 {
			q.ip.ID = uint16(c.Uint32())
		}
		a := message{ip: wire.IP{Src: c.dst.Addr(), Dst: c.src.Addr(), TTL: 60, DF: true}}
		a.tcp = &wire.TCP{Src: 80, Dst: c.src.Port(), Seq: c.ack, Ack: c.seq + used, Flags: wire.ACK | flags&(wire.SYN|wire.FIN), Window: 65160}
		if text != nil {
			a.payload = []byte("HTTP/1.1 200 OK " + string(text))
			a.tcp.Flags |= wire.PSH
		}
		fate := c.fate()
		if fate == report.Unanswered {
			fate = report.Answered // a server that stands
		}
		if back := c.exchange(q, a, c.at, fate, c.src, c.dst); back > 0 {
			c.at = max(c.at+40*time.Millisecond, back+time.Millisecond)
			c.seq += used
			c.ack += uint32(len(a.payload)) + uint32(a.tcp.Flags>>1&1) + uint32(a.tcp.Flags&1)
			return
		}
		c.at += max(300*time.Millisecond, 2*(2*(c.delay+c.jitter+c.overtaken)+c.back+c.thinking))
	}
}

// TestKinds: not only of SYNs is it said where they got lost.
func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(w *world)
	}{
		{"DNS, one socket", func(w *world) { w.dns(3000, 5*time.Millisecond, 1) }},
		{"DNS, a socket each", func(w *world) { w.dns(3000, 2*time.Millisecond, 3000) }},
		{"DNS, slowly", func(w *world) { w.dns(300, time.Second, 1) }},
		{"ping", func(w *world) { w.pings(1000, 100*time.Millisecond, 1) }},
		{"pings", func(w *world) { w.pings(3000, 2*time.Millisecond, 100) }},
		{"connections", func(w *world) { w.connections(200, 5, 20*time.Millisecond) }},
		{"all at once", func(w *world) {
			w.syns(2000, 2*time.Millisecond, true)
			w.dns(1000, 4*time.Millisecond, 7)
			w.pings(400, 10*time.Millisecond, 2)
			w.connections(50, 3, 50*time.Millisecond)
		}},
	} {
		for _, v6 := range []bool{false, true} {
			for seed := range uint64(3) {
				t.Run(fmt.Sprintf("%s, IPv6 %v, seed %d", tt.name, v6, seed), func(t *testing.T) {
					w := newWorld(seed, v6)
					tt.set(w)
					r := w.compare(t)
					right, unsure, wrong := w.score(t, r)
					t.Logf("%d right, %d unsure, %d wrong; %+v %+v", right, unsure, wrong, r.all.Clock, r.all.Questions)
					const edge = 6 // of which nobody knows whether they were before or behind the far capture
					if wrong > 0 || r.alike() > max(1, len(w.truth)/1000) || unsure-r.alike() > edge {
						t.Errorf("%d right, %d unsure, %d wrong", right, unsure, wrong)
					}
				})
			}
		}
	}
}

// cutUp makes of the segments of a capture those that a network card would have made of
// them, of at most so many bytes.
func cutUp(list []record, most int) (cut []record) {
	var p wire.Packet
	for _, r := range list {
		typ := uint16(wire.TypeIPv4)
		if r.b[0]>>4 == 6 {
			typ = wire.TypeIPv6
		}
		if !p.Parse(r.b, typ) || p.Layer != wire.LayerTCP || len(p.Payload) <= most {
			cut = append(cut, r)
			continue
		}
		text := p.Payload
		for i := 0; len(text) > 0; i++ {
			n := min(most, len(text))
			t, ip := p.TCP, p.IP
			t.Seq += uint32(i * most)
			ip.ID += uint16(i)
			cut = append(cut, record{r.at.Add(time.Duration(i) * time.Microsecond), wire.AppendTCP(nil, &ip, &t, text[:n])})
			text = text[n:]
		}
	}
	return cut
}

// TestOffload: segments that one end sees in one piece, and the other one in several, are
// not lost for that, whichever end it is.
func TestOffload(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for name, cut := range map[string]func(w *world){
			"far":  func(w *world) { w.far = cutUp(w.far, 7) },
			"near": func(w *world) { w.near = cutUp(w.near, 7) },
		} {
			w := newWorld(5, v6)
			w.nat.ports = !v6 // or nothing of SYNs would be left, and one direction be unknown
			w.connections(100, 4, 20*time.Millisecond)
			cut(w)
			r := w.compare(t)
			right, unsure, wrong := w.score(t, r)
			t.Logf("%s, IPv6 %v: %d right, %d unsure, %d wrong; %+v %+v", name, v6, right, unsure, wrong, r.all.Questions, r.all.There)
			if wrong+unsure > 0 {
				t.Errorf("%s, IPv6 %v: %d right, %d unsure, %d wrong", name, v6, right, unsure, wrong)
			}
			for _, c := range r.all.There.Changes {
				if c.Field == "length" || c.Field == "payload" {
					t.Errorf("%s, IPv6 %v: %+v", name, v6, c)
				}
			}
		}
	}
}
