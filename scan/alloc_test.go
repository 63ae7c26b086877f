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

// TestRunDoesNotAllocate counts what whole runs allocate, simulated network
// included: less than one object in a hundred packets.
func TestRunDoesNotAllocate(t *testing.T) {
	const network = routed + "\tline delay 5ms\npath 10.0.0.0/8 r1\nhosts 10.0.0.0/8\n\ttcp drop all\n\ttcp open all 50%\n\tudp drop all\n\tudp echo all 50%\n"
	plain := linux(t)
	// Every craft that makes a packet longer, or several of it.
	chosen := []probe.Craft{{Window: 1, Given: probe.GivenFlags | probe.GivenSeq | probe.GivenData | probe.GivenDF, Flags: wire.SYN | wire.ECE | wire.CWR,
		Seq: 7, Data: []byte("0123456789abcdef"), IPOptions: []byte{0x94, 4, 0, 0}, BadSum: true, Fragment: 16}}
	for _, tt := range []struct {
		kind  probe.Kind
		craft []probe.Craft
	}{{probe.SYN, plain}, {probe.UDP, plain}, {probe.ACK, plain}, {probe.SYN, chosen}, {probe.UDP, chosen}} {
		kind := tt.kind
		n, err := simnet.Parse("net", network)
		if err != nil {
			t.Fatal(err)
		}
		plan := scan.Plan{Targets: targets(t, "10.64.0.0/15"), Kinds: []probe.Kind{kind}, Asks: asks(0, 80), Craft: tt.craft}
		var stats scan.Stats
		var before, after runtime.MemStats
		synctest.Test(t, func(t *testing.T) {
			link := n.Open()
			timing := scan.Template(3)
			timing.Ceiling = 20_000 // few packets on the way at a time: the network allocates for each of these
			cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: timing, Ports: probe.Ports{First: firstPort, N: 4000}}
			err := scan.Serve(cfg, func(e *scan.Engine) error {
				runtime.ReadMemStats(&before)
				var err error
				stats, err = e.Run(context.Background(), &plan, func(*scan.Result) {})
				runtime.ReadMemStats(&after)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		objects := float64(after.Mallocs-before.Mallocs) / float64(stats.Sent+stats.Received)
		t.Logf("%s: %d packets sent, %d received, %.4f objects each", kind.Name(), stats.Sent, stats.Received, objects)
		if stats.Sent < 1<<17 || objects > 0.01 {
			t.Errorf("%s: %d packets sent, %.4f objects each", kind.Name(), stats.Sent, objects)
		}
	}
}
