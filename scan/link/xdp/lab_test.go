package xdp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"go4.org/netipx"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/lab/labtest"
	"sonde/scan/link/xdp"
	"sonde/scan/target"
)

func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }

// shape is one that a test loads.
type shape struct {
	name    string
	targets []string
	ports   int
	order   scan.Order
	shards  uint64
	craft   probe.Craft
}

var (
	linux = probe.Craft{Window: 64240, Timestamp: 8,
		TCPOptions: []byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7}}
	bare  = probe.Craft{Window: 1024, TTL: 3, TOS: 0xb8, NoDF: true}
	short = probe.Craft{Window: 64240, Timestamp: 2, TCPOptions: []byte{8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}}
)

var shapes = []shape{
	{"one port", []string{"10.0.0.0/12"}, 1, scan.Shuffled, 1, linux},
	{"ranges", []string{"10.0.0.3-10.0.3.200", "192.0.2.7", "172.16.0.0/16", "198.51.100.0/25"}, 1, scan.Shuffled, 1, bare},
	{"ports", []string{"10.1.0.0/22", "10.9.0.5"}, 100, scan.Shuffled, 1, short},
	{"groups", []string{"10.2.0.0/20", "10.9.0.5"}, 7, scan.ByHosts, 1, linux},
	{"shards", []string{"10.3.0.0/18"}, 3, scan.ByHosts, 3, linux},
	{"shard", []string{"10.4.0.0/18"}, 1, scan.Shuffled, 5, linux},
	{"one", []string{"10.5.0.9"}, 1, scan.Shuffled, 1, linux},
	{"IPv6", []string{"2001:db8::/108"}, 1, scan.Shuffled, 1, linux},
	{"IPv6 ranges", []string{"2001:db8::7-2001:db8::1234", "2001:db8:1::ffff:0-2001:db8:1::1:0:7", "fd00::1"}, 5, scan.ByHosts, 2, bare},
}

// loaded is a program that is to ask a plan.
type loaded struct {
	program *xdp.Program
	plan    *scan.Plan
	source  *probe.Source
}

func source(v6 bool, c probe.Craft) *probe.Source {
	s := &probe.Source{Addr: netip.MustParseAddr("10.127.0.1"), Key: probe.Key{rand.Uint64(), rand.Uint64()}, Craft: []probe.Craft{c}, Clock: rand.Uint32()}
	if v6 {
		s.Addr = netip.MustParseAddr("2001:db8:ffff::1")
	}
	s.Ports = probe.Ports{First: 61000, N: 15, Tries: 15, Variants: 1, Flows: 1}
	return s
}

func load(t *testing.T, s shape, iface int) *loaded {
	t.Helper()
	labtest.NeedXDP(t)
	var b target.Builder
	for _, w := range s.targets {
		switch r, err := netipx.ParseIPRange(w); {
		case err == nil:
			b.AddRange(r)
		case strings.Contains(w, "/"):
			b.AddRange(netipx.RangeOfPrefix(netip.MustParsePrefix(w)))
		default:
			b.Add(netip.MustParseAddr(w))
		}
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	first := set.At(0)
	l := &loaded{source: source(first.Is6(), s.craft)}
	l.plan = &scan.Plan{Targets: set, Kinds: []probe.Kind{probe.SYN}, Order: s.order, Seed: rand.Uint64(), Shards: s.shards, Shard: s.shards / 2}
	job := xdp.Job{Shards: s.shards, Shard: s.shards / 2, First: 61000, N: 15}
	for i := range s.ports {
		l.plan.Asks = append(l.plan.Asks, scan.Ask{Port: uint16(443 + 11*i)})
		job.Ports = append(job.Ports, uint16(443+11*i))
	}
	if err := l.plan.Compile(); err != nil {
		t.Fatal(err)
	}
	if !l.plan.Computable() {
		t.Fatal("not computable")
	}
	for r := range set.Each {
		base, _ := set.Index(r.From())
		job.Spans = append(job.Spans, xdp.Span{Base: base, First: r.From()})
	}
	kind, ok := probe.Computed(probe.SYN, &s.craft)
	if !ok {
		t.Fatal("not computed")
	}
	job.Prefix, job.Last = kind.Computed(l.source)
	order := l.plan.HostOrder()
	job.Hosts = xdp.Shuffle(order)
	job.Frame = l.ask(l.plan.At(0))
	l.program, err = xdp.Load(xdp.Shape{V6: first.Is6(), Iface: iface, Options: len(s.craft.TCPOptions), Timestamp: s.craft.Timestamp,
		Spans: len(job.Spans), Questions: set.Len() * uint64(s.ports), Ring: 1 << 16})
	if err != nil {
		var ve *ebpf.VerifierError
		if errors.As(err, &ve) {
			for _, line := range ve.Log[max(0, len(ve.Log)-20):] {
				t.Log(line)
			}
		}
		t.Fatal(err)
	}
	t.Cleanup(l.program.Close)
	if err := l.program.Begin(&job); err != nil {
		t.Fatal(err)
	}
	return l
}

// ask is the frame by which package probe asks q.
func (l *loaded) ask(q probe.Probe) []byte {
	b := []byte{2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0}
	if q.Target.Is6() {
		b[12], b[13] = 0x86, 0xdd
	}
	kind, _ := probe.Packets(probe.SYN)
	b = kind.Append(b, l.source, q)
	return b
}

// TestFrames: what the program writes is what package probe writes for the question of that
// number, byte for byte, in plans of every order. Of
// one it is all numbers, a million.
func TestFrames(t *testing.T) {
	count := 0
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			l := load(t, s, 1)
			most := l.plan.Len() // of the first plan a million
			if s.name != shapes[0].name {
				most = min(most, 20_000)
			}
			step := max(1, l.plan.Len()/most)
			for n := range most {
				i := n * step
				q := l.plan.At(i)
				q.Try = uint8(1 + i%15)
				block := l.plan.Block(i)
				l.program.SetBlock(&xdp.Block{Questions: xdp.Shuffle(block.Questions), Hosts: block.Hosts, Grouped: block.Grouped, Base: block.Base})
				l.source.Clock = uint32(i)
				got, err := l.program.Make(i-block.First, l.source.Ports.Of(q), l.source.Clock)
				if err != nil {
					t.Fatal(err)
				}
				if want := l.ask(q); string(got) != string(want) {
					t.Fatalf("question %d, %+v:\n got %x\nwant %x", i, q, got, want)
				}
				count++
			}
		})
	}
	t.Logf("%d frames", count)
}

// TestSettled: what is settled is not written, and everything else is.
func TestSettled(t *testing.T) {
	for _, s := range shapes[3:6] {
		t.Run(s.name, func(t *testing.T) {
			l := load(t, s, 1)
			settled := map[uint64]bool{}
			for range 1000 {
				i := rand.Uint64N(l.plan.Len())
				settled[i] = true
				q := l.plan.At(i)
				host, _ := l.plan.Targets.Index(q.Target)
				l.program.Settle(host, int(q.Port-443)/11)
			}
			for i := range min(l.plan.Len(), 20000) {
				block := l.plan.Block(i)
				l.program.SetBlock(&xdp.Block{Questions: xdp.Shuffle(block.Questions), Hosts: block.Hosts, Grouped: block.Grouped, Base: block.Base})
				got, err := l.program.Make(i-block.First, 61000, 0)
				if err != nil {
					t.Fatal(err)
				}
				if (got == nil) != settled[i] {
					t.Fatalf("question %d: frame %x, settled %v", i, got, settled[i])
				}
			}
		})
	}
}

// answer is a frame that answers q as the kernel of the target would, but for what change
// makes of it.
func (l *loaded) answer(q probe.Probe, change func(ip *wire.IP, t *wire.TCP)) []byte {
	b := []byte{2, 0, 0, 0, 0, 0xa, 2, 0, 0, 0, 0, 0xb, 8, 0}
	if q.Target.Is6() {
		b[12], b[13] = 0x86, 0xdd
	}
	var asked wire.Packet
	frame := l.ask(q)
	asked.Parse(frame[14:], binary.BigEndian.Uint16(frame[12:]))
	ip := wire.IP{Src: asked.IP.Dst, Dst: asked.IP.Src, Proto: wire.ProtoTCP, TTL: 64}
	tcp := wire.TCP{Src: asked.TCP.Dst, Dst: asked.TCP.Src, Seq: 7, Ack: asked.TCP.Seq + 1, Flags: wire.SYN | wire.ACK, Window: 1000}
	change(&ip, &tcp)
	return wire.AppendTCP(b, &ip, &tcp, nil)
}

// TestReceived: user space is told of what is for our ports, and that first which has the
// proof. Nothing else is any concern of the program.
func TestReceived(t *testing.T) {
	for i, s := range []shape{shapes[0], shapes[8]} {
		t.Run([]string{"IPv4", "IPv6"}[i], func(t *testing.T) {
			n := labtest.New(t)
			client, server := n.Host("client"), n.Host("server")
			n.Link(client, server, "10.1.0.1/24", "10.1.0.2/24")
			var l *loaded
			if err := client.Do(func() error {
				iface, err := net.InterfaceByName("eth0")
				if err != nil {
					return err
				}
				l = load(t, s, iface.Index)
				generic, err := l.program.Attach()
				if generic {
					t.Error("a veth runs programs itself")
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			q := l.plan.At(5)
			q.Try = 2
			right := func(ip *wire.IP, t *wire.TCP) {}
			frame := func(change func(ip *wire.IP, t *wire.TCP)) []byte { return l.answer(q, change) }
			tagged := slices.Insert(frame(right), 12, 0x81, 0, 0, 7)
			stranger := frame(right)
			stranger[0] = 6
			nothing := [][]byte{tagged, stranger, frame(right)[:50],
				frame(func(ip *wire.IP, t *wire.TCP) { t.Dst = 62000 }),
				frame(func(ip *wire.IP, t *wire.TCP) { ip.Dst = ip.Dst.Next() }),
			}
			odd := [][]byte{
				frame(func(ip *wire.IP, t *wire.TCP) { t.Ack++ }),
				frame(func(ip *wire.IP, t *wire.TCP) { t.Flags = wire.SYN }),
				frame(func(ip *wire.IP, t *wire.TCP) { ip.Src = ip.Src.Next() }),
				frame(func(ip *wire.IP, t *wire.TCP) { t.Src++ }),
				frame(func(ip *wire.IP, t *wire.TCP) { t.Dst++ }),
			}
			proven := [][]byte{
				frame(right),
				frame(func(ip *wire.IP, t *wire.TCP) { t.Flags = wire.RST | wire.ACK }),
				append(frame(right), make([]byte, 700)...), // too long for a small record
			}
			if q.Target.Is4() {
				fragment := frame(right)
				fragment[20] = 0x20
				nothing = append(nothing, fragment)
				proven = append(proven, wire.InsertIPOptions(frame(right), 14, []byte{1, 1, 1, 0}))
			}
			server.Flood("eth0", slices.Concat(nothing, odd, proven), 1)
			want := slices.Concat(proven, odd)
			var got [][]byte
			into := make([]xdp.Answer, 4)
			for start := time.Now(); len(got) < len(want) && time.Since(start) < 20*time.Second; {
				for i := range l.program.Answers(into) {
					got = append(got, slices.Clone(into[i].B))
				}
			}
			if l.program.Answers(into) != 0 || l.program.Waiting() {
				t.Error("there is more")
			}
			slices.SortFunc(got, bytes.Compare)
			for i := range want {
				want[i] = want[i][14:]
			}
			slices.SortFunc(want, bytes.Compare)
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("got %d records:\n%x\nwant %d:\n%x", len(got), got, len(want), want)
			}
			const many = 2000 // more than there is room for
			server.Flood("eth0", [][]byte{frame(right)}, many)
			told := uint64(0)
			for start := time.Now(); time.Since(start) < 20*time.Second; {
				if lost, _ := l.program.Lost(); lost > 0 && lost+(1<<16)/136 == many {
					break
				}
			}
			for n := 1; n > 0; told += uint64(n) {
				n = l.program.Answers(into)
			}
			if lost, odd := l.program.Lost(); told == 0 || told+lost != many || odd != 0 {
				t.Errorf("%d told and %d lost of %d, %d odd", told, lost, many, odd)
			}
		})
	}
}
