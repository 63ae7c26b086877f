package compare

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"testing"
	"time"

	"sonde/scan/report"
)

type nobody struct{}

func (nobody) Put(report.Record) {}

// BenchmarkSYNs is what a packet of a scan costs, of which each is a flow of its own.
func BenchmarkSYNs(b *testing.B) {
	w := newWorld(1, false)
	w.syns(50_000, 100*time.Microsecond, true)
	benchmark(b, w)
}

// BenchmarkStream is what a packet of one long connection costs.
func BenchmarkStream(b *testing.B) {
	w := newWorld(1, false)
	w.lost, w.late = [3]float64{0.001, 0.001, 0}, 0.001
	w.streams(1, 30_000, 100, 0)
	benchmark(b, w)
}

func benchmark(b *testing.B, w *world) {
	near, far := captured(w.near), captured(w.far)
	for b.Loop() {
		if _, err := Compare(context.Background(), File{"near", near}, File{"far", far}, func([]string) error { return nil }, nobody{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*(len(w.near)+len(w.far)))/b.Elapsed().Seconds(), "packets/s")
}

// BenchmarkFiles compares two files of packets of 1228 bytes; their size is MB megabytes
// together, 100 if nothing is said. It tells how much the heap was at most, too.
func BenchmarkFiles(b *testing.B) {
	size := 100
	if s := os.Getenv("MB"); s != "" {
		var err error
		if size, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	packets := size * 1_000_000 / 2 / 1244
	dir := b.TempDir()
	var files [2]File
	for i, late := range []uint64{0, 3e6} {
		e := &endless{packets: packets, late: late}
		e.Seek(0, io.SeekStart)
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		to := bufio.NewWriterSize(f, 1<<20)
		if _, err := io.Copy(to, e); err != nil {
			b.Fatal(err)
		}
		if err := to.Flush(); err != nil {
			b.Fatal(err)
		}
		files[i] = File{f.Name(), f}
	}
	most := &highest{}
	for b.Loop() {
		if _, err := Compare(context.Background(), files[0], files[1], func([]string) error { return nil }, most); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(2*packets*b.N)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(most.bytes)/1e6, "MB-heap-at-most")
}

// highest looks now and then how large the heap is, with what is garbage on it.
type highest struct {
	n     int
	bytes uint64
}

func (h *highest) Put(report.Record) {
	if h.n++; h.n%1000 != 0 {
		return
	}
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	h.bytes = max(h.bytes, s[0].Value.Uint64())
}
