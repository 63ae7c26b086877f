package link

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// nobody is a link-layer address that no host has: whoever gets such a frame drops
// it at once, so that what is measured is sending.
var nobody = wire.MAC{2, 0, 0, 0, 0, 0x99}

// crowd are so many addresses beyond the server.
type crowd uint64

func (c crowd) Len() uint64 { return uint64(c) }
func (crowd) At(i uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})
}
func (c crowd) Index(a netip.Addr) (uint64, bool) {
	b := a.As4()
	i := uint64(binary.BigEndian.Uint32(b[:]) & 0xffffff)
	return i, b[0] == 11 && i < uint64(c)
}

// newLine is a pair of hosts, the client's way to the crowd being the server, whom
// it has the wrong address of.
func newLine(b *testing.B) *pair {
	p := newPair(b)
	p.client.Default(p.theirs[0])
	on(b, p.client, func() error {
		eth0, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return netlink.NeighSet(&netlink.Neigh{LinkIndex: eth0.Attrs().Index, State: netlink.NUD_PERMANENT,
			IP: net.ParseIP(p.theirs[0]), HardwareAddr: nobody[:]})
	})
	return p
}

// ringNeeds is what large jobs ask for.
func ringNeeds() Needs {
	return Needs{V4: true, TCP: true, Frames: true, Rings: true, Ports: []PortRange{{sourcePort, sourcePort + 10_000}}}
}

// spent is the time of processors, of this thread or of the whole process.
func spent(b *testing.B, who int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSend sends SYNs: how the kernel alone takes the same packet again and
// again; how a link sends different ones, and by two goroutines; and how the whole
// engine does, which decides what to ask and writes it. The difference is what
// sonde costs.
func BenchmarkSend(b *testing.B) {
	p := newLine(b)
	rings, raw := ringNeeds(), ringNeeds()
	raw.Frames, raw.Rings = false, false
	for i, name := range []string{"kernel alone", "kernel alone, two"} {
		b.Run(name, func(b *testing.B) {
			table, l := openLink(b, p.client, RouteOptions{Frames: FrameAll}, rings, start, "11.0.0.0/8")
			packets := syns(table, batch)
			for i := range packets {
				packets[i] = packets[0]
			}
			s := l.frames[outlet{iface: table.Ways()[packets[0].Way].Iface}].(*bareSender)
			states := []*sendState{new(sendState), new(sendState)}
			for _, st := range states {
				s.send(st, packets) // which leaves st.msgs as they must be
			}
			sending(b, i+1, func(who int) int {
				n, errno := sendmmsg(s.fd, states[who].msgs[:batch])
				if errno != 0 {
					b.Error(errno)
				}
				return n
			})
		})
	}
	for _, tt := range []struct {
		name    string
		needs   Needs
		frames  Framing
		senders int
	}{{"ring", rings, FrameAll, 1}, {"ring, two", rings, FrameAll, 2}, {"raw IP", raw, 0, 1}, {"raw IP, two", raw, 0, 2}} {
		b.Run(tt.name, func(b *testing.B) {
			table, l := openLink(b, p.client, RouteOptions{Frames: tt.frames}, tt.needs, start, "11.0.0.0/8")
			all := [][]scan.Packet{syns(table, 64*batch), syns(table, 64*batch)}
			at := make([]int, 2)
			sending(b, tt.senders, func(who int) int {
				n, err := l.Send(all[who][at[who] : at[who]+batch])
				if err != nil {
					b.Error(err)
				}
				at[who] = (at[who] + batch) % (64 * batch)
				return n
			})
		})
	}
	for i, name := range []string{"engine", "engine, two"} {
		senders := i + 1
		b.Run(name, func(b *testing.B) {
			table, l := openLink(b, p.client, RouteOptions{Frames: FrameAll}, rings, start, "11.0.0.0/8")
			timing := scan.Timing{FirstWait: 10 * time.Millisecond, Start: 1e8, Quiet: 1e8}
			cfg := scan.Config{Link: l, Routes: table, Start: start, Timing: timing, Senders: senders,
				Ports: probe.Ports{First: sourcePort, N: 10_000}, Neighbours: map[netip.Addr]wire.MAC{netip.MustParseAddr(p.theirs[0]): nobody}}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + senders))
			err := scan.Serve(cfg, func(e *scan.Engine) error {
				plan := scan.Plan{Targets: crowd(b.N), Kinds: []probe.Kind{probe.SYN}, Asks: []scan.Ask{{Port: 443}}, OmitSilence: true}
				b.ResetTimer()
				before := spent(b, unix.RUSAGE_SELF)
				stats, err := e.Run(context.Background(), &plan, func(*scan.Result) {})
				report(b, stats.Sent, spent(b, unix.RUSAGE_SELF)-before)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}

// syns are n SYNs to the crowd, as frames to nobody.
func syns(t *Table, n int) (packets []scan.Packet) {
	for i := range n {
		q := tcp(t, crowd(0).At(uint64(i)), 443, wire.SYN, nil)
		q.Frame, q.MAC = t.Ways()[q.Way].Frames, nobody
		packets = append(packets, q)
	}
	return packets
}

// sending has goroutines send b.N packets; send returns how many left.
func sending(b *testing.B, senders int, send func(who int) int) {
	sent := make([]int, senders)
	b.ResetTimer()
	before := spent(b, unix.RUSAGE_SELF)
	var working sync.WaitGroup
	for who := range senders {
		working.Go(func() {
			for n := 0; n < b.N/senders && !b.Failed(); {
				n += send(who)
				sent[who] = n
			}
		})
	}
	working.Wait()
	total := uint64(0)
	for _, n := range sent {
		total += uint64(n)
	}
	report(b, total, spent(b, unix.RUSAGE_SELF)-before)
}

// report tells packets a second and what each took of the processors.
func report(b *testing.B, packets uint64, spent time.Duration) {
	b.StopTimer()
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(packets), "cpu-ns/packet")
}

// BenchmarkReceive receives SYN-ACKs through a ring, which another namespace sends
// as fast as it can: what each takes of the processors in the thread that receives
// and parses them, and how many get lost. The last is one burst of a million.
func BenchmarkReceive(b *testing.B) {
	p := newPair(b)
	for _, burst := range []int{0, 1 << 20} {
		name := "ring"
		if burst > 0 {
			name = "burst of a million"
		}
		b.Run(name, func(b *testing.B) {
			many := max(b.N, burst)
			_, l := openLink(b, p.client, RouteOptions{Frames: FrameAll}, ringNeeds(), start, p.theirs[0])
			var frames [][]byte
			for i := range 64 {
				ip := wire.IP{Src: crowd(0).At(uint64(i)), Dst: netip.MustParseAddr(p.ours[0]), Proto: wire.ProtoTCP, TTL: 64}
				frame := wire.AppendEthernet(nil, mac(p.client, "eth0"), mac(p.server, "eth0"), wire.TypeIPv4)
				frames = append(frames, wire.AppendTCP(frame, &ip, &wire.TCP{Src: 443, Dst: sourcePort, Flags: wire.SYN | wire.ACK}, nil))
			}
			got, took, closed := 0, time.Duration(0), make(chan struct{})
			go func() {
				defer close(closed)
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				before, into := spent(b, unix.RUSAGE_THREAD), make([]scan.Packet, batch)
				var w wire.Packet
				for {
					n, err := l.Recv(into)
					if err != nil {
						break
					}
					for i := range into[:n] {
						w.Parse(into[i].B, into[i].Type)
					}
					got += n
				}
				took = spent(b, unix.RUSAGE_THREAD) - before
			}()
			rounds := (many + len(frames) - 1) / len(frames)
			b.ReportAllocs()
			b.ResetTimer()
			p.server.Flood("eth0", frames, rounds)
			b.StopTimer()
			for l.Waiting() {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(5 * time.Millisecond) // the last block is handed over within one
			lost := l.Drops()
			l.Close()
			<-closed
			if got+int(lost) != rounds*len(frames) {
				b.Errorf("%d received, %d lost of %d", got, lost, rounds*len(frames))
			}
			b.ReportMetric(float64(rounds*len(frames))/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64(took.Nanoseconds())/float64(got), "cpu-ns/packet")
			b.ReportMetric(float64(lost), "lost")
		})
	}
}
