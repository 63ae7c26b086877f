package ports_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/ports"
	"sonde/scan/simnet"
	"sonde/scan/sweep"
)

// TestConfirmNeverWrong: whatever the limit of a host's or of a router's ICMP, and however
// the network loses and delays, no closed port is confirmed to be silent.
func TestConfirmNeverWrong(t *testing.T) {
	seeds := uint64(24)
	if testing.Short() {
		seeds = 4
	}
	confirmed, silent, runs := 0, 0, 0
	for _, limit := range []string{"1/s burst 6", "1/s burst 1", "0.5/s burst 3", "3/s burst 1", "10/s burst 5", "20/s burst 50", "100/s burst 5"} {
		for _, line := range []string{"delay 5ms", "delay 5ms jitter 40ms", "delay 80ms loss 2%", "delay 20ms jitter 60ms loss 8%"} {
			for seed := range seeds {
				target := families[seed%2]
				o := confirm(t, limit, line, target, seed+1)
				runs++
				for port, p := range o.ports {
					truth := port == 100 || port == 111 || port == 130
					if truth {
						silent++
					}
					if p.Verdict.State != probe.OpenFiltered || !p.Confirmed {
						continue
					}
					if confirmed++; !truth {
						t.Errorf("limit %s, %s, %s, seed %d: port %d is closed, and confirmed to be silent", limit, line, target, seed, port)
					}
				}
			}
		}
	}
	t.Logf("%d runs, %d of %d silent ports confirmed", runs, confirmed, silent)
	if confirmed < silent*8/10 {
		t.Errorf("of %d silent ports %d are confirmed", silent, confirmed)
	}
}

// confirm asks 41 UDP ports of a host that limits its ICMP, of which three are silent.
func confirm(t *testing.T, limit, line, target string, seed uint64) outcome {
	t.Helper()
	n, err := simnet.Parse(t.Name(), fmt.Sprintf("seed %d\n", seed)+place("\tline "+line, both("limit "+limit, "\tudp closed all; udp silent 100,111,130")))
	if err != nil {
		t.Fatal(err)
	}
	o := outcome{ports: map[uint16]ports.Port{}}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			s := &ports.Scan{Engine: e, Curious: true, Patience: true, Kind: probe.UDP, Ports: from(95, 41), Base: scan.Plan{Seed: seed},
				Port: func(p *ports.Port) { o.ports[p.Probe.Port] = *p }, Host: func(*sweep.Host, int) {}, Finding: func(*ports.Finding) {}}
			_, err := s.Run(context.Background(), scan.NewAddrs(netip.MustParseAddr(target)))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	return o
}
