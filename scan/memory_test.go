package scan_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// memory is what a run had of it, in bytes: what was in use of the heap at most,
// garbage included, and at most of those times when there was none.
type memory struct {
	questions  uint64
	used, live uint64
}

// remember runs one port of a network where nobody answers, at a million packets a
// second, and looks at the heap now and then. Silence is waited out for a second, so
// that the window is full. router is what the way there is like.
func remember(tb testing.TB, prefix, router string) (m memory) {
	tb.Helper()
	n, err := simnet.Parse("net", routed+router+"path 10.0.0.0/8 r1\n")
	if err != nil {
		tb.Fatal(err)
	}
	plan := scan.Plan{Targets: targets(tb, prefix), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80), Craft: linux(tb), OmitSilence: true}
	link := n.Open()
	timing := scan.Template(5)
	timing.FirstWait, timing.Rate, timing.MaxRetries = time.Second, 1e6, 0
	var before, stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sent := uint64(0)
	link.OnSend = func(time.Duration, []byte, bool, wire.MAC) {
		sent++
		look := max(1, m.questions/16)
		if sent%look == 0 && sent/look%4 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&stats)
			m.live = max(m.live, stats.HeapAlloc-min(stats.HeapAlloc, before.HeapAlloc))
		} else if sent%(1<<17) == 0 {
			runtime.ReadMemStats(&stats)
			m.used = max(m.used, stats.HeapInuse)
		}
	}
	m.questions = plan.Targets.Len()
	cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: timing, Ports: probe.Ports{First: firstPort, N: 4000}}
	var end scan.Stats
	err = scan.Serve(cfg, func(e *scan.Engine) error {
		var err error
		end, err = e.Run(context.Background(), &plan, func(*scan.Result) {})
		return err
	})
	if err != nil || end.Sent < m.questions {
		tb.Errorf("%s: %d packets sent, %d received, %v", prefix, end.Sent, end.Received, err)
	}
	return m
}

// Limits of what a run may use: whatever the range, and for each question more.
const (
	mostMemory      = 256 << 20 // bytes
	bitsPerQuestion = 2
)

// What the way there is like: nobody says anything, or a router far away objects to
// every question, which is no final answer and waits for one.
const (
	silentRouter    = "\tline delay 5ms\n"
	objectingRouter = "\tline delay 200ms\n\trule admin-prohibited tcp 80\n"
)

// TestMemoryIsBounded: four times as many questions take a bit or two more for
// each, and no more.
func TestMemoryIsBounded(t *testing.T) {
	var small, large memory
	synctest.Test(t, func(t *testing.T) { small = remember(t, "10.16.0.0/12", silentRouter) })
	synctest.Test(t, func(t *testing.T) { large = remember(t, "10.64.0.0/10", silentRouter) })
	compareMemory(t, small, large)
	var held memory
	for range 3 { // how much is in use depends on when the collector gets its turn
		synctest.Test(t, func(t *testing.T) { held = remember(t, "10.16.0.0/12", objectingRouter) })
		if held.used <= mostMemory {
			break
		}
		t.Logf("%d KiB of the heap in use", held.used>>10)
	}
	held.bounded(t)
}

// BenchmarkMemory compares a /8 with a /12, and tells what the heap of each has in
// use at most.
func BenchmarkMemory(b *testing.B) {
	small := remember(b, "10.16.0.0/12", silentRouter)
	large := remember(b, "10.0.0.0/8", silentRouter)
	compareMemory(b, small, large)
	b.ReportMetric(float64(small.used)/(1<<20), "MiB-of-a-/12")
	b.ReportMetric(float64(large.used)/(1<<20), "MiB-of-a-/8")
}

// bounded fails if more was in use than for any range.
func (m memory) bounded(tb testing.TB) {
	tb.Helper()
	tb.Logf("%d questions: %d KiB of the heap in use, %d KiB live", m.questions, m.used>>10, m.live>>10)
	if m.used > mostMemory || m.used == 0 || m.live == 0 {
		tb.Errorf("%d questions: %d bytes of the heap in use, want %d at most", m.questions, m.used, mostMemory)
	}
}

func compareMemory(tb testing.TB, small, large memory) {
	tb.Helper()
	const grain = 1 << 20 // queues double, and the network has more or less on the way
	small.bounded(tb)
	large.bounded(tb)
	if limit := small.live + (large.questions-small.questions)*bitsPerQuestion/8 + grain; large.live > limit {
		tb.Errorf("%d questions keep %d bytes, want %d at most, since %d keep %d", large.questions, large.live, limit, small.questions, small.live)
	}
}
