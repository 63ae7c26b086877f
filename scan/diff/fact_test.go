package diff

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"sonde/probe"
	"sonde/scan/report"
)

// at is the n-th address of a network.
func at(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}) }

// asked is a run of tcp that asks these ports.
func asked(ports string, args ...string) *report.Scan {
	return &report.Scan{Command: "tcp", Args: append([]string{"tcp"}, args...), Asked: &report.Asked{Kind: "syn", Proto: "tcp", Ports: ports}}
}

// ended is the end of a run.
func ended() *report.End { return &report.End{Complete: true, Loss: -1, ExpectedMissed: -1} }

// feed puts records into a side.
func feed(t testing.TB, s *Side, records ...report.Record) {
	t.Helper()
	for _, r := range records {
		if err := s.Put(r); err != nil {
			t.Fatal(err)
		}
	}
}

// answer is a port that was answered for; silence one that was not, of so many tries.
func answer(host netip.Addr, port uint16, s probe.State) *report.Port {
	reason := map[probe.State]probe.Reason{probe.Open: probe.SynAck, probe.Closed: probe.Reset, probe.Filtered: probe.AdminProhibited}[s]
	return &report.Port{Addr: host, Proto: "tcp", Port: port, Verdict: report.Verdict{State: s, Reason: reason, From: host, Tries: 1}}
}

func silence(host netip.Addr, port uint16, tries uint8) *report.Port {
	return &report.Port{Addr: host, Proto: "tcp", Port: port, Verdict: report.Verdict{State: probe.Filtered, Tries: tries}}
}

// TestFactsAgainstMaps: what is kept of ports in any order, some of them told several times,
// is what a map of them has; and all differences of two sides are those of two maps.
func TestFactsAgainstMaps(t *testing.T) {
	type port struct {
		host netip.Addr
		port uint16
	}
	states := []probe.State{probe.Open, probe.Closed, probe.Filtered}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		var p Pair
		var maps [2]map[port]probe.State
		for i, s := range []*Side{p.Old(), p.New()} {
			maps[i] = map[port]probe.State{}
			feed(t, s, asked("1-65535"))
			for range 3000 {
				at := port{at(r.IntN(3)), uint16(65535 - r.IntN(400))}
				state := states[r.IntN(1+r.IntN(3))]
				feed(t, s, answer(at.host, at.port, state))
				maps[i][at] = state
			}
			feed(t, s, ended())
		}
		want := map[string]bool{}
		same, alone := uint64(0), uint64(0)
		for at, old := range maps[0] {
			switch now, ok := maps[1][at]; {
			case !ok:
				alone++
			case now == old:
				same++
			default:
				want[fmt.Sprintf("%v %v %v", at, old, now)] = true
			}
		}
		for at := range maps[1] {
			if _, ok := maps[0][at]; !ok {
				alone++
			}
		}
		last := port{}
		sum, err := p.Compare(func(d *report.Difference) {
			at := port{d.Addr, d.Port}
			key := fmt.Sprintf("%v %v %v", at, d.Old, d.New)
			if !want[key] || d.Weak != report.Proven {
				t.Errorf("seed %d: %+v", seed, *d)
			}
			delete(want, key)
			if order := last.host.Compare(at.host); last.port > 0 && (order > 0 || order == 0 && last.port >= at.port) {
				t.Errorf("seed %d: %v behind %v", seed, at, last)
			}
			last = at
		})
		if err != nil || len(want) > 0 || sum.Same != same || sum.Undecided != alone {
			t.Fatalf("seed %d: %v, %d differences were not told, %d same of %d, %d undecided of %d", seed, err, len(want), sum.Same, same, sum.Undecided, alone)
		}
	}
}

// TestRowsAreOneFact: ports in a row of one state are kept as one, so that memory is for what
// stands out.
func TestRowsAreOneFact(t *testing.T) {
	var p Pair
	s := p.Old()
	const hosts = 4
	r := rand.New(rand.NewPCG(1, 1))
	for host := range hosts {
		order := r.Perm(65535)
		for _, i := range order {
			feed(t, s, answer(at(host), uint16(i+1), probe.Closed))
		}
	}
	s.facts.sort()
	if n := len(s.facts.list); n != hosts {
		t.Errorf("%d facts of %d hosts", n, hosts)
	}
	if n := cap(s.facts.list); n > 65535*3 {
		t.Errorf("there was room for %d facts", n)
	}
}
