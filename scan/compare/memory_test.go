package compare

import (
	"context"
	"encoding/binary"
	"io"
	"net/netip"
	"runtime"
	"testing"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// endless is a capture that is made while it is read, and never kept: datagrams of 1200
// bytes, each of a flow of its own.
type endless struct {
	n, packets int
	rest, b    []byte
	late       uint64 // nanoseconds
}

func (e *endless) Seek(int64, int) (int64, error) {
	e.n = 0
	e.rest = []byte{0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0}
	return 0, nil
}

func (e *endless) Read(b []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.n == e.packets {
			return 0, io.EOF
		}
		e.rest = e.next()
		e.n++
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// next is the next record, 50 µs after the last one.
func (e *endless) next() []byte {
	at := uint64(e.n)*50_000 + e.late
	ip := wire.IP{Src: netip.AddrFrom4([4]byte{10, 1, byte(e.n >> 16), 1}), Dst: netip.AddrFrom4([4]byte{10, 2, 0, 1}), TTL: 64, ID: uint16(e.n * 40503)}
	text := make([]byte, 1200)
	binary.LittleEndian.PutUint64(text, uint64(e.n)*0x9e3779b97f4a7c15)
	e.b = binary.LittleEndian.AppendUint32(e.b[:0], uint32(1_790_000_000+at/1e9))
	e.b = binary.LittleEndian.AppendUint32(e.b, uint32(at%1e9))
	e.b = binary.LittleEndian.AppendUint32(e.b, 1228)
	e.b = binary.LittleEndian.AppendUint32(e.b, 1228)
	e.b = wire.AppendUDP(e.b, &ip, &wire.UDP{Src: uint16(e.n), Dst: 9}, text)
	return e.b
}

// weigher looks how much is held.
type weigher struct {
	n    int
	most uint64
}

func (w *weigher) Put(r report.Record) {
	if w.n++; w.n%4000 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		w.most = max(w.most, m.HeapAlloc)
	}
}

// TestMemory: of two captures of 100 MB hardly more is held than of small ones.
func TestMemory(t *testing.T) {
	const packets = 80_000
	most := func(limit int) (uint64, *report.Comparison) {
		w := &weigher{}
		near, far := &endless{packets: packets}, &endless{packets: packets, late: 3e6}
		e := newEngine(File{"near", near}, File{"far", far}, w)
		e.most = limit
		c, err := e.both(context.Background(), func([]string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return w.most, c
	}
	held, c := most(2048)
	all, _ := most(1 << 30)
	t.Logf("%d MB held, without a limit %d MB; %+v", held>>20, all>>20, c.Questions)
	if n := c.Questions[0].N; n[report.Unanswered] != packets {
		t.Errorf("%v", n)
	}
	if c.Early == 0 || held > 24<<20 || all < 2*held {
		t.Errorf("%d MB held, without a limit %d MB, %d judged early", held>>20, all>>20, c.Early)
	}
}
