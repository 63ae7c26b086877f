package compare

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// world is a network with a capture at each end, whose every packet is known.
type world struct {
	*rand.Rand
	v6        bool
	near, far []record
	begin     time.Time
	offset    time.Duration // of FAR's clock
	drift     float64       // of FAR's clock, in ppm
	nat       nat
	copies    float64       // share of packets that arrive twice
	late      float64       // share of packets that are overtaken
	overtaken time.Duration // by how much those arrive later
	delay     time.Duration
	jitter    time.Duration
	back      time.Duration // added to the delay on the way back
	lost      [3]float64    // shares: of packets there and back, and of questions that get no answer
	thinking  time.Duration // the longest time between a question and its answer
	truth     map[question]report.Fate
	second    map[question]int64 // when the answer came to those of which another one was lost
}

// record is a packet of a capture.
type record struct {
	at time.Time
	b  []byte
}

// question names a question by where and when NEAR saw it.
type question struct {
	src, dst netip.AddrPort
	at       int64
}

// nat is what stands on the way.
type nat struct {
	addrs, ports, seqs, ids, mss, strip, wipe, labels bool
	seq                                               map[netip.AddrPort]uint32
	port                                              map[netip.AddrPort]uint16
	next                                              uint16
}

func newWorld(seed uint64, v6 bool) *world {
	return &world{Rand: rand.New(rand.NewPCG(seed, 1)), v6: v6, begin: time.Date(2026, 11, 23, 2, 30, 0, 0, time.UTC), offset: 3 * time.Second, drift: 100,
		copies: 0.05, late: 0.05, overtaken: 5 * time.Millisecond, delay: 10 * time.Millisecond, jitter: time.Millisecond,
		lost: [3]float64{0.15, 0.1, 0.1}, thinking: 300 * time.Microsecond, truth: map[question]report.Fate{}, second: map[question]int64{},
		nat: nat{addrs: true, ports: true, seqs: true, mss: true, wipe: true, seq: map[netip.AddrPort]uint32{}, port: map[netip.AddrPort]uint16{}, next: 1024}}
}

// addr is the n-th address of a network.
func (w *world) addr(network byte, n uint16) netip.Addr {
	if w.v6 {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, network, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, byte(n >> 8), byte(n)})
	}
	return netip.AddrFrom4([4]byte{10, network, byte(n >> 8), byte(n)})
}

// message is a packet as it is sent.
type message struct {
	ip      wire.IP
	tcp     *wire.TCP
	udp     *wire.UDP
	icmp    *wire.ICMP
	quoted  *message // of an ICMP error: the question as it was sent
	payload []byte
}

func (m *message) bytes() []byte {
	switch {
	case m.tcp != nil:
		return wire.AppendTCP(nil, &m.ip, m.tcp, m.payload)
	case m.udp != nil:
		return wire.AppendUDP(nil, &m.ip, m.udp, m.payload)
	}
	return wire.AppendICMP(nil, &m.ip, m.icmp, m.payload)
}

// client is the source, or for answers the destination, of a message: the address with
// the port or identifier that a NAT rewrites.
func (w *world) translated(client netip.AddrPort) netip.AddrPort {
	port := client.Port()
	if w.nat.ports {
		if w.nat.port[client] == 0 {
			w.nat.port[client] = w.nat.next
			if w.nat.next++; w.nat.next == 0 {
				w.nat.next = 1024
			}
		}
		port = w.nat.port[client]
	}
	addr := client.Addr()
	if w.nat.addrs {
		if w.v6 { // RFC 6296: the prefix
			b := addr.As16()
			b[4] ^= 0x55
			addr = netip.AddrFrom16(b)
		} else {
			addr = netip.AddrFrom4([4]byte{203, 0, 113, 7})
		}
	}
	return netip.AddrPortFrom(addr, port)
}

// cross is m at the far end if it is sent at the near one; out, or the other way round.
func (w *world) cross(m message, out bool, flow netip.AddrPort) message {
	outside := w.translated(flow)
	shift := uint32(0)
	if w.nat.seqs {
		if _, ok := w.nat.seq[flow]; !ok {
			w.nat.seq[flow] = w.Uint32()
		}
		shift = w.nat.seq[flow]
	}
	m.ip.TTL -= 5
	if w.nat.wipe {
		m.ip.TOS &= 3
	}
	if w.nat.ids && !w.v6 {
		m.ip.ID = uint16(w.Uint32())
	}
	if w.nat.labels {
		m.ip.Flow = w.Uint32() & 0xfffff
	}
	inside := flow
	set := func(addr *netip.Addr, port *uint16, to netip.AddrPort) { *addr, *port = to.Addr(), to.Port() }
	switch {
	case m.tcp != nil:
		t := *m.tcp
		if out {
			set(&m.ip.Src, &t.Src, outside)
			t.Seq += shift
		} else {
			set(&m.ip.Dst, &t.Dst, inside)
			t.Ack -= shift
		}
		if w.nat.mss {
			clamp(t.Options())
		}
		if w.nat.strip {
			t.OptLen = 0
		}
		m.tcp = &t
	case m.udp != nil:
		u := *m.udp
		if out {
			set(&m.ip.Src, &u.Src, outside)
		} else {
			set(&m.ip.Dst, &u.Dst, inside)
		}
		m.udp = &u
	case m.quoted != nil:
		m.ip.Dst, m.payload = inside.Addr(), m.quoted.bytes()
	default:
		i := *m.icmp
		if out {
			set(&m.ip.Src, &i.ID, outside)
		} else {
			set(&m.ip.Dst, &i.ID, inside)
		}
		m.icmp = &i
	}
	return m
}

// clamp lowers the MSS.
func clamp(o []byte) {
	if v, ok := wire.FindOption(o, wire.OptMSS); ok && len(v) == 2 && binary.BigEndian.Uint16(v) > 1300 {
		binary.BigEndian.PutUint16(v, 1300)
	}
}

// travel is when a packet that is sent at t arrives.
func (w *world) travel(t time.Duration, out bool) time.Duration {
	d := w.delay + time.Duration(w.Float64()*float64(w.jitter))
	if !out {
		d += w.back
	}
	if w.Float64() < w.late {
		d += w.overtaken
	}
	return t + d
}

func (w *world) record(near bool, t time.Duration, b []byte) time.Time {
	at := w.begin.Add(t)
	if !near {
		at = at.Add(w.offset + time.Duration(float64(t)*w.drift/1e6))
		w.far = append(w.far, record{at, b})
	} else {
		w.near = append(w.near, record{at, b})
	}
	return at
}

// send has m leave at t, out of the near end or back from the far one, and returns when
// it arrives, if it does.
func (w *world) send(m message, out bool, t time.Duration, arrives bool, flow netip.AddrPort) (then time.Duration, at time.Time) {
	at = w.record(out, t, m.bytes())
	then = w.travel(t, out)
	if arrives {
		b := w.cross(m, out, flow)
		w.record(!out, then, b.bytes())
		if w.Float64() < w.copies {
			w.record(!out, then+time.Duration(w.Float64()*float64(time.Millisecond)), b.bytes())
		}
	}
	return then, at
}

// fate throws dice.
func (w *world) fate() report.Fate {
	there, back, silent := w.lost[0], w.lost[1], w.lost[2]
	switch x := w.Float64(); {
	case x < there:
		return report.LostThere
	case x < there+silent:
		return report.Unanswered
	case x < there+silent+back:
		return report.LostBack
	}
	return report.Answered
}

// exchange sends a question, and what becomes of it. It returns when the answer arrives;
// 0: it does not.
func (w *world) exchange(q, a message, t time.Duration, fate report.Fate, flow netip.AddrPort, dst netip.AddrPort) time.Duration {
	then, at := w.send(q, true, t, fate != report.LostThere, flow)
	shown := flow
	if q.icmp != nil {
		shown = netip.AddrPortFrom(flow.Addr(), 0)
	}
	w.truth[question{shown, dst, at.UnixNano()}] = fate
	if fate != report.LostBack && fate != report.Answered {
		return 0
	}
	// The answer is made at the far end, of what arrived there.
	shift := w.nat.seq[flow]
	outside := w.translated(flow)
	switch {
	case a.tcp != nil:
		a.ip.Dst, a.tcp.Dst = outside.Addr(), outside.Port()
		a.tcp.Ack += shift
	case a.udp != nil:
		a.ip.Dst, a.udp.Dst = outside.Addr(), outside.Port()
	case a.quoted != nil:
		arrived := w.cross(*a.quoted, true, flow)
		a.ip.Dst, a.payload = outside.Addr(), arrived.bytes()
	default:
		a.ip.Dst, a.icmp.ID = outside.Addr(), outside.Port()
	}
	back, _ := w.send(a, false, then+time.Duration(w.Float64()*float64(w.thinking)), fate == report.Answered, flow)
	if fate != report.Answered {
		return 0
	}
	return back
}

// options of a Linux client's SYN.
func synOptions(ts uint32) (o [40]byte, n uint8) {
	b := []byte{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7}
	binary.BigEndian.PutUint32(b[8:], ts)
	return o, uint8(copy(o[:], b))
}

// syns sends SYNs, each from a port of its own.
func (w *world) syns(n int, every time.Duration, ts bool) {
	for i := range n {
		src := netip.AddrPortFrom(w.addr(1, uint16(1+i/50000)), uint16(10000+i%50000))
		dst := netip.AddrPortFrom(w.addr(2, 10), 443)
		q := message{ip: wire.IP{Src: src.Addr(), Dst: dst.Addr(), TTL: 64, TOS: 0xb8, DF: true}}
		q.tcp = &wire.TCP{Src: src.Port(), Dst: 443, Seq: w.Uint32(), Flags: wire.SYN, Window: 64240}
		if !w.v6 {
			q.ip.ID = uint16(w.Uint32())
		}
		a := message{ip: wire.IP{Src: dst.Addr(), Dst: src.Addr(), TTL: 60}}
		a.tcp = &wire.TCP{Src: 443, Dst: src.Port(), Seq: w.Uint32(), Ack: q.tcp.Seq + 1, Flags: wire.SYN | wire.ACK, Window: 65160}
		q.tcp.Opt, q.tcp.OptLen = synOptions(w.Uint32())
		if !ts {
			q.tcp.OptLen = 4
		}
		w.exchange(q, a, time.Duration(i)*every, w.fate(), src, dst)
	}
}

// captured is a pcap file of raw IP.
func captured(list []record) *bytes.Reader {
	slices.SortStableFunc(list, func(a, b record) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0)
	for _, r := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(r.at.Unix()))
		b = binary.LittleEndian.AppendUint32(b, uint32(r.at.Nanosecond()))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(r.b)))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(r.b))), r.b...)
	}
	return bytes.NewReader(b)
}

// told is what a comparison says.
type told struct {
	pairs []*report.Pair
	all   *report.Comparison
	notes []string
}

func (r *told) Put(rec report.Record) {
	if p, ok := rec.(*report.Pair); ok {
		r.pairs = append(r.pairs, report.Clone(p).(*report.Pair))
	}
}

// alike counts the verdicts that are unsure because packets are too much alike.
func (r *told) alike() (n int) {
	for _, p := range r.pairs {
		if p.Verdict == report.Unsure && p.Why == whyTwoCould {
			n++
		}
	}
	return n
}

func (w *world) compare(t *testing.T) *told {
	t.Helper()
	r := &told{}
	all, err := Compare(context.Background(), File{"near.pcap", captured(w.near)}, File{"far.pcap", captured(w.far)},
		func(notes []string) error { r.notes = notes; return nil }, r)
	if err != nil {
		t.Fatal(err)
	}
	r.all = all
	return r
}

// score compares verdicts with the truth.
func (w *world) score(t *testing.T, r *told) (right, unsure, wrong int) {
	t.Helper()
	said := map[question]*report.Pair{}
	for _, p := range r.pairs {
		q := question{p.Near.Src, p.Near.Dst, p.Near.Time.UnixNano()}
		if said[q] != nil {
			t.Errorf("%v has two records", q)
		}
		said[q] = p
	}
	shown := 0
	for q, fate := range w.truth {
		p := said[q]
		switch {
		case p == nil && fate == report.Answered, p != nil && p.Verdict == fate:
			right++
		case p != nil && p.Verdict == report.Unsure:
			unsure++
		default:
			if wrong++; shown < 5 {
				shown++
				t.Logf("%v: %v is called %+v", q, fate, p)
			}
		}
	}
	return right, unsure, wrong
}
