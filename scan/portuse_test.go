package scan_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// use is one source port towards one port of a target.
type use struct {
	target       netip.Addr
	source, port uint16
}

// uses notes on a link when each port was used last, and the shortest time between
// two uses.
type uses struct {
	last     map[use]time.Duration
	shortest time.Duration
	sent     int
}

func (u *uses) watch(l *simnet.Link) {
	u.last, u.shortest = map[use]time.Duration{}, time.Hour
	l.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
		k := use{netip.AddrFrom4([4]byte(b[16:20])), binary.BigEndian.Uint16(b[20:]), binary.BigEndian.Uint16(b[22:])}
		if before, ok := u.last[k]; ok {
			u.shortest = min(u.shortest, at-before)
		}
		u.last[k] = at
		u.sent++
	}
}

// TestPortsRest runs many small plans, one after the other, on an engine of few source
// ports: none is used again within a minute towards the same port, and who asks others
// does not wait for that.
func TestPortsRest(t *testing.T) {
	n, err := simnet.Parse(t.Name(), oneHost)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var u uses
		link := n.Open()
		u.watch(link)
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 200}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			for round := range 100 {
				for _, port := range []uint16{22, 80, 445} {
					began := time.Now()
					p := scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, port), Craft: linux(t)}
					stats, err := e.Run(t.Context(), &p, func(*scan.Result) {})
					if err != nil || !stats.Complete || stats.PortsReused {
						t.Errorf("round %d: %+v, %v", round, stats, err)
					}
					if took := time.Since(began); round < 10 && took > 3*time.Second {
						t.Errorf("round %d, port %d: took %v, but there are ports", round, port, took)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if u.sent < 300 || u.shortest < time.Minute {
			t.Errorf("%d packets, a port is used again after %v", u.sent, u.shortest)
		}
	})
}

// TestPortsReusedIsSaid: of a plan with more repetitions than there are ports, it is
// said that ports were used again, unless its repetitions take so long.
func TestPortsReusedIsSaid(t *testing.T) {
	for _, tt := range []struct {
		reps     uint32
		interval time.Duration
		want     bool
	}{{100, 0, false}, {1000, 0, true}, {1000, time.Second, false}, {1000, 100 * time.Millisecond, true}} {
		var u uses
		network, err := simnet.Parse(t.Name(), oneHost)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			link := network.Open()
			u.watch(link)
			cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 300}}
			err := scan.Serve(cfg, func(e *scan.Engine) error {
				p := scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 80), Craft: linux(t),
					Reps: tt.reps, Interval: tt.interval, Settle: scan.SettleNever, Order: scan.ByBlock}
				stats, err := e.Run(t.Context(), &p, func(*scan.Result) {})
				if stats.PortsReused != tt.want || tt.want != (u.shortest < time.Minute) {
					t.Errorf("%d repetitions, %v: said %v, used again after %v", tt.reps, tt.interval, stats.PortsReused, u.shortest)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
