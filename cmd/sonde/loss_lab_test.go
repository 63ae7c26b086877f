package main

import (
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// lossy is a /24 and a /120 of shy hosts, of each kind that is found from afar
// some, and the links over which many clients ask for them: each loses 30 % of
// what is sent there, and 30 % of what comes back, by a seed of its own.
type lossy struct {
	clients []*lab.Host
	kinds   map[netip.Addr]string // of each host: what it answers
}

func newLossy(t *testing.T, clients int) *lossy {
	t.Helper()
	labtest.NeedTUN(t)
	n := labtest.New(t)
	l := &lossy{kinds: map[netip.Addr]string{}}
	router := n.Router("router")
	router.Route("10.9.0.0/24", "blackhole") // nobody is there, and nobody says so
	router.Route("fd09::/120", "blackhole")
	for i, m := range shy {
		if !m.far(false) {
			continue
		}
		// The first kind, echo, is most of them: so many that a share of the
		// missed can be told. There is room for seven more kinds.
		first, bits, hosts := 16*i, 28, 10
		if i == 0 {
			first, bits, hosts = 128, 25, 100
		}
		l.plug(n, router, i, first, bits, hosts)
	}
	for i := range clients {
		c := n.Host(fmt.Sprint("client ", i))
		four, six := fmt.Sprintf("10.10.%d.", i), fmt.Sprintf("fd10:%d::", i)
		broken := lab.Impair{Seed: uint64(i), Loss: 0.3, Delay: time.Millisecond}
		n.Emulated(c, router, broken, broken, four+"1/24", four+"2/24", six+"1/64", six+"2/64")
		c.Default(four+"2", six+"2")
		l.clients = append(l.clients, c)
	}
	return l
}

// plug adds hosts of kind i of shy hosts, all in one namespace, with addresses
// from the number first on, which a prefix of so many IPv4 bits holds.
func (l *lossy) plug(n *lab.Network, router *lab.Host, i, first, bits, hosts int) {
	m := shy[i]
	h := n.Host(m.what)
	h.NoICMPLimit() // one kernel stands for many, each of which would have a limit of its own
	four, six := fmt.Sprintf("10.11.%d.", i), fmt.Sprintf("fd11:%d::", i)
	n.Link(router, h, four+"1/24", four+"2/24", six+"1/64", six+"2/64")
	h.Default(four+"1", six+"1")
	router.Route(fmt.Sprintf("10.9.0.%d/%d", first, bits), four+"2")
	router.Route(fmt.Sprintf("fd09::%x/%d", first, bits+96), six+"2")
	for number := first; number < first+hosts; number++ {
		for _, a := range []string{fmt.Sprintf("10.9.0.%d", number), fmt.Sprintf("fd09::%x", number)} {
			addr := netip.MustParseAddr(a)
			if !m.far(addr.Is6()) {
				continue
			}
			h.Addr("lo", netip.PrefixFrom(addr, addr.BitLen()).String())
			l.kinds[addr] = m.what
		}
	}
	if m.listen > 0 {
		h.TCP(m.listen)
		h.UDP(m.listen, lab.Echo)
	}
	h.Firewall(lab.Stateful(m.allow...)...)
}

// TestSweepLoss: over a link that loses half of all questions, there or back, a
// sweep with default flags finds 99.5 % of those who are there, whatever the one
// thing is that they answer, and nobody else.
func TestSweepLoss(t *testing.T) {
	t.Parallel()
	const seeds, least = 20, 0.995
	l := newLossy(t, seeds)
	for _, network := range []string{"10.9.0.0/24", "fd09::/120"} {
		t.Run(strings.ReplaceAll(network, "/", "|"), func(t *testing.T) {
			prefix := netip.MustParsePrefix(network)
			there := map[string]int{} // pairs of host and seed, by kind
			for addr, kind := range l.kinds {
				if prefix.Contains(addr) {
					there[kind] += seeds
				}
			}
			found := map[string]int{}
			for seed, o := range l.sweep(t, network) {
				o.wantExit(t, 0)
				here := map[string]int{}
				for addr, h := range o.hosts {
					kind, ok := l.kinds[h.Addr]
					if !ok || h.State != probe.Up {
						t.Errorf("seed %d: %s is %s, but nobody is there", seed, addr, h.state())
						continue
					}
					here[kind]++
				}
				for kind := range there {
					found[kind] += here[kind]
				}
				t.Logf("seed %2d: %d sent, %v, %v; %s", seed, o.end.Sent, o.took.Round(100*time.Millisecond), here, jsonOf(o.end))
			}
			all, ok := 0, 0
			for _, kind := range slices.Sorted(maps.Keys(there)) {
				t.Logf("%s: %d of %d pairs of host and seed found", kind, found[kind], there[kind])
				all, ok = all+there[kind], ok+found[kind]
			}
			if float64(ok) < least*float64(all) {
				t.Errorf("%d of %d pairs of host and seed found, want %v", ok, all, strconv.FormatFloat(100*least, 'f', 1, 64)+" %")
			}
		})
	}
}

// sweep has all clients sweep a network at the same time.
func (l *lossy) sweep(t *testing.T, network string) []*outcome {
	t.Helper()
	path := program(t)
	all := make([]*outcome, len(l.clients))
	out, errs := make([][]byte, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, c := range l.clients {
		cmd := c.Command(path, "sweep", "-o", "json", network)
		all[i] = &outcome{}
		wg.Go(func() {
			began := time.Now()
			out[i], errs[i] = cmd.Output()
			all[i].took, all[i].exit = time.Since(began), cmd.ProcessState.ExitCode()
		})
	}
	wg.Wait()
	for i, o := range all {
		if errs[i] != nil {
			said := []byte(nil)
			if exit, ok := errs[i].(*exec.ExitError); ok {
				said = exit.Stderr
			}
			t.Errorf("seed %d: %v\n%s", i, errs[i], said)
		}
		o.take(t, parseRecords(t, out[i]))
	}
	return all
}
