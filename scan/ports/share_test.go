package ports_test

import (
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

// TestSomeOfThePorts: of a host of which a run asks some ports only, in a shard or
// because earlier runs asked the others, as many are told as its Host says, the
// last of them as the last; of a host with none nothing is told, and none is asked.
func TestSomeOfThePorts(t *testing.T) {
	network := place("", both("", "\ttcp open 80-90; tcp drop 100-110; udp silent 80-100; udp closed all")+"hosts 10.4.0.6\nhosts fd04::6\n")
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	targets := scan.NewAddrs(netip.MustParseAddr("10.4.0.5"), netip.MustParseAddr("fd04::5"), netip.MustParseAddr("10.4.0.6"), netip.MustParseAddr("fd04::6"))
	idle := targets.At(2)
	for _, kind := range []probe.Kind{probe.SYN, probe.UDP} {
		asked := map[netip.AddrPort]int{}
		for _, skip := range []bool{false, true} {
			for shard := range uint64(3) {
				told, last, hosts := map[netip.Addr]int{}, map[netip.Addr]int{}, map[netip.Addr]bool{}
				synctest.Test(t, func(t *testing.T) {
					link := n.Open()
					cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
					err := scan.Serve(cfg, func(e *scan.Engine) error {
						s := &ports.Scan{Engine: e, Curious: true, Kind: kind, Ports: from(80, 40), Base: scan.Plan{Seed: 4, Shard: shard, Shards: 3},
							Up: []sweep.Host{{Addr: idle, State: probe.Up}},
							Port: func(p *ports.Port) {
								a := p.Probe.Target
								if told[a]++; last[a] > 0 || hosts[a] {
									t.Errorf("%s: %v port %d is told behind the last", kind.Name(), a, p.Probe.Port)
								}
								if p.Last {
									last[a]++
								}
								asked[netip.AddrPortFrom(a, p.Probe.Port)]++
							},
							Host: func(h *sweep.Host, ports int) {
								if ports != told[h.Addr] || last[h.Addr] != 1 || hosts[h.Addr] {
									t.Errorf("%s: %v has %d ports, %d were told, %d as the last", kind.Name(), h.Addr, ports, told[h.Addr], last[h.Addr])
								}
								hosts[h.Addr] = true
							},
							Finding: func(*ports.Finding) {}}
						if skip { // every second one, and the whole idle host
							plan := ports.Questions(s.Base, kind, targets, s.Ports)
							if err := plan.Compile(); err != nil {
								return err
							}
							s.Watcher = skipping{skip: func(i uint64) bool { return i%2 == 0 || plan.At(i).Target == idle }}
						}
						_, err := s.Run(t.Context(), targets)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				})
				if want := map[bool]int{false: 4, true: 3}[skip]; len(hosts) != want {
					t.Errorf("%s, shard %d, some skipped %v: %d hosts, want %d", kind.Name(), shard, skip, len(hosts), want)
				}
			}
			for a, times := range asked {
				if times != 1 {
					t.Errorf("%s: three shards ask %v %d times", kind.Name(), a, times)
				}
			}
			if want := 4 * 40; !skip && len(asked) != want {
				t.Errorf("%s: three shards ask %d of %d ports", kind.Name(), len(asked), want)
			}
			clear(asked)
		}
	}
}

// skipping is a Watcher that skips what an earlier run would have decided.
type skipping struct {
	scan.NoWatcher
	skip func(number uint64) bool
}

func (s skipping) Skip(number uint64) bool { return s.skip(number) }
