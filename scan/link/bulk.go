package link

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink"
	"go4.org/netipx"
	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/link/xdp"
)

// BulkShape is what a Bulk must know when it is opened.
type BulkShape struct {
	Way       scan.Way // by which all packets leave
	V6        bool
	Craft     *probe.Craft
	Spans     int    // runs of addresses that the targets are, at most
	Questions uint64 // targets times ports
	Drop      bool   // proven answers are kept from the kernel of this machine (--rst-guard)
}

// Bulk implements scan.Bulk: a Link beside which a program of XDP sends and receives, see
// package xdp. What the program tells of is not received twice.
type Bulk struct {
	*Link
	shape   BulkShape
	program *xdp.Program
	gate    *gate
	clock   clock

	answers []xdp.Answer // of the goroutine that receives
	copies  []byte
	busy    atomic.Bool // it has what it was given

	began uint64 // what the device had sent when the plan was taken up
	sent  uint64 // since, by the program; of the goroutine that asks
	plan  *scan.Plan
	from  probe.Ports
}

// copied is how many bytes of a packet are kept: a frame's.
const copied = 2048

// ErrBulk is what a Bulk does not carry.
var ErrBulk = errors.New("not by XDP")

// bulkRing is how many bytes of proven answers may wait.
const bulkRing = 16 << 20

// OpenBulk opens a Link, and loads and attaches a program beside it. It needs CAP_BPF,
// CAP_PERFMON and CAP_NET_ADMIN, see MayLoad; afterwards no capability is needed any more.
// generic says that the driver cannot run the program, so that the kernel does, which is
// slower.
func OpenBulk(t *Table, n Needs, o Options, s BulkShape) (b *Bulk, generic bool, err error) {
	shape := xdp.Shape{V6: s.V6, Iface: s.Way.Iface, Options: len(s.Craft.TCPOptions), Timestamp: s.Craft.Timestamp,
		Spans: s.Spans, Questions: s.Questions, Ring: bulkRing}
	program, err := xdp.Load(shape)
	if err != nil {
		return nil, false, err
	}
	if generic, err = program.Attach(); err != nil {
		program.Close()
		return nil, false, fmt.Errorf("attaching to %s: %w", s.Way.Name, err)
	}
	n.Heard = s.Way.Iface
	link, err := Open(t, n, o)
	if err != nil {
		program.Close()
		return nil, false, err
	}
	b = &Bulk{Link: link, shape: s, program: program, clock: clock{o.Start}, answers: make([]xdp.Answer, batch), copies: make([]byte, batch*copied)}
	b.gate = newGate(program.Close)
	return b, generic, nil
}

// runs are targets that are runs of addresses.
type runs interface {
	Each(yield func(netipx.IPRange) bool)
	Index(a netip.Addr) (uint64, bool)
}

// Begin implements scan.Bulk.
func (b *Bulk) Begin(p *scan.Plan, s *probe.Source, hop wire.MAC) error {
	if !b.gate.enter() {
		return scan.ErrClosed
	}
	defer b.gate.leave()
	targets, ok := p.Targets.(runs)
	kind, computed := probe.Computed(p.Kinds[0], &s.Craft[0])
	if !ok || !computed || !p.Computable() || s.Ports.Fixed {
		return fmt.Errorf("%w: this plan", ErrBulk)
	}
	j := xdp.Job{Hosts: xdp.Shuffle(p.HostOrder()), Shard: p.Shard, Shards: p.Shards, First: s.Ports.First, N: s.Ports.N, Drop: b.shape.Drop}
	for r := range targets.Each {
		base, _ := targets.Index(r.From())
		j.Spans = append(j.Spans, xdp.Span{Base: base, First: r.From()})
	}
	for _, a := range p.Asks {
		j.Ports = append(j.Ports, a.Port)
	}
	j.Prefix, j.Last = kind.Computed(s)
	etherType := uint16(wire.TypeIPv4)
	if b.shape.V6 {
		etherType = wire.TypeIPv6
	}
	j.Frame = kind.Append(wire.AppendEthernet(nil, hop, b.shape.Way.MAC, etherType), s, p.At(0))
	if err := b.program.Begin(&j); err != nil {
		return err
	}
	b.plan, b.from, b.sent = p, s.Ports, 0
	sent, err := b.counter()
	b.began = sent
	return err
}

// Ask implements scan.Bulk.
func (b *Bulk) Ask(from, to uint64, try uint8, at time.Duration) (sent uint64, err error) {
	if !b.gate.enter() {
		return 0, scan.ErrClosed
	}
	defer b.gate.leave()
	block := b.plan.Block(from)
	b.program.SetBlock(&xdp.Block{Questions: xdp.Shuffle(block.Questions), Hosts: block.Hosts, Grouped: block.Grouped, Base: block.Base})
	port := b.from.Of(probe.Probe{Try: try})
	sent, _, _, err = b.program.Send(from-block.First, to-block.First, port, uint32(at/time.Millisecond))
	b.sent += sent
	if err != nil {
		return sent, fmt.Errorf("BPF_PROG_RUN: %w", err)
	}
	return sent, nil
}

// Settle implements scan.Bulk.
func (b *Bulk) Settle(host, ask uint64) {
	if b.gate.enter() {
		b.program.Settle(host, int(ask))
		b.gate.leave()
	}
}

// Leaves implements scan.Bulk: of a device half of whose packets are seen to have left
// the others are taken to have, since its counters are late, and count others' packets.
func (b *Bulk) Leaves() (bool, error) {
	n, err := b.counter()
	return n-b.began >= (b.sent+1)/2, err
}

// counter is how many packets the device has sent.
func (b *Bulk) counter() (uint64, error) {
	l, err := netlink.LinkByIndex(b.shape.Way.Iface)
	if err != nil {
		return 0, fmt.Errorf("counters of %s: %w", b.shape.Way.Name, err)
	}
	if s := l.Attrs().Statistics; s != nil {
		return s.TxPackets, nil
	}
	return 0, nil
}

// idlePause is how long it is waited for what comes: the program wakes nobody, which would
// cost more than the packet.
const idlePause = time.Millisecond

// Recv implements scan.Link.
func (b *Bulk) Recv(into []scan.Packet) (n int, err error) {
	for {
		if n = b.told(into); n > 0 {
			return n, nil
		}
		if n, err = b.Link.look(into); n > 0 || err != nil {
			return n, err
		}
		time.Sleep(idlePause)
	}
}

// look is Recv that does not wait: where nothing is there, it returns none.
func (l *Link) look(into []scan.Packet) (n int, err error) { return l.recv(into, l.poller.now) }

// told fills into with what the program tells of.
func (b *Bulk) told(into []scan.Packet) (n int) {
	if !b.gate.enter() {
		return 0
	}
	defer b.gate.leave()
	b.busy.Store(true) // before anything is taken, so that it is in sight at any time
	n = b.program.Answers(b.answers[:min(len(into), len(b.answers))])
	if n == 0 {
		b.busy.Store(false)
		return 0
	}
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // never fails, by its documentation
	since := time.Since(b.clock.start)
	for i, a := range b.answers[:n] {
		c := b.copies[i*copied : (i+1)*copied]
		p := &into[i]
		*p = scan.Packet{Frame: true, Type: wire.TypeIPv4, Iface: int32(b.shape.Way.Iface), To: b.shape.Way.MAC,
			At: min(max(since-time.Duration(now.Nano()-a.At), 0), since), B: c[:copy(c, a.B)]}
		// Nobody has looked at checksums yet; and a segment from this machine's own kernel
		// may be one whose checksum a card was to finish.
		p.Sums = wire.SumsOfKernel
		switch {
		case b.shape.V6:
			p.Type = wire.TypeIPv6
		case len(p.B) < 20 || wire.Checksum(p.B[:min(len(p.B), int(p.B[0]&15)*4)]) != 0:
			p.Sums = wire.SumsUnseen
		}
	}
	return n
}

// Waiting implements scan.Link.
func (b *Bulk) Waiting() bool {
	if b.busy.Load() || b.Link.Waiting() {
		return true
	}
	if !b.gate.enter() {
		return false
	}
	defer b.gate.leave()
	return b.program.Waiting()
}

// Drops implements scan.Link.
func (b *Bulk) Drops() uint64 {
	n := b.Link.Drops()
	if b.gate.enter() {
		lost, _ := b.program.Lost()
		n += lost
		b.gate.leave()
	}
	return n
}

// Close implements scan.Link.
func (b *Bulk) Close() error {
	err := b.Link.Close()
	b.gate.close()
	b.gate.wait()
	return err
}
