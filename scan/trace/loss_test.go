package trace_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/trace"
)

// fourRouters is a way of four routers and a host, 1 ms each, the random numbers of
// which begin with a seed; by router what it does, and by line what happens there.
func fourRouters(seed uint64, router, line [5]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\niface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\n", seed+1)
	for i := range 4 {
		at := fmt.Sprintf("10.0.%d.2 fd00:%d::2", i, i)
		if i == 0 {
			at = "10.0.0.2 fd00::2"
		}
		fmt.Fprintf(&b, "router r%d %s %s\n\tline delay 1ms jitter 500us %s\n", i+1, at, router[i], line[i])
	}
	b.WriteString("path 10.9.0.0/16 r1 r2 r3 r4\npath fd09::/64 r1 r2 r3 r4\n")
	for _, host := range []string{"10.9.0.5", "fd09::5"} {
		fmt.Fprintf(&b, "hosts %s %s\n\ttcp open 80\n\tline delay 1ms %s\n", host, router[4], line[4])
	}
	return b.String()
}

// missing is why questions to each hop stayed unanswered.
func missing(w *trace.Way) (list []report.Missing, begins []string, rates []float64) {
	for _, r := range w.Records() {
		c := r.Counted
		list, rates = append(list, c.Missing), append(rates, c.PerSecond)
		if c.Begins != nil {
			begins = append(begins, fmt.Sprintf("%d-%d", c.Begins.After, r.TTL))
		}
	}
	return list, begins, rates
}

// countSeeds is how many networks each case of TestLoss is asked in, of both families.
const countSeeds = 12

// TestLoss: a router that limits its replies, to 1 or 10 a second, is not called lossy, and
// about how many it sends is told; 5 % of loss behind it is, and begins where it does. Of all
// hops, in all networks, at most one in a hundred is misjudged, and where loss begins is told
// in 9 of 10 and told wrong in at most one of 24.
func TestLoss(t *testing.T) {
	const none, limited, way = report.MissingNone, report.MissingLimited, report.MissingWay
	for _, c := range []struct {
		name         string
		router, line [5]string
		every        time.Duration
		want         [5]report.Missing
		rate         float64 // of limited hops
		after, by    uint8   // where loss begins; 0: nowhere
	}{
		{"clean", [5]string{}, [5]string{}, 100 * time.Millisecond, [5]report.Missing{}, 0, 0, 0},
		{"1/s", [5]string{1: "limit 1/s burst 6"}, [5]string{}, 200 * time.Millisecond, [5]report.Missing{1: limited}, 1, 0, 0},
		{"10/s", [5]string{1: "limit 10/s burst 6"}, [5]string{}, 50 * time.Millisecond, [5]report.Missing{1: limited}, 10, 0, 0},
		{"two of 1/s", [5]string{1: "limit 1/s burst 6", 2: "limit 1/s burst 1"}, [5]string{}, 250 * time.Millisecond, [5]report.Missing{1: limited, 2: limited}, 1, 0, 0},
		{"loss", [5]string{}, [5]string{2: "loss 5%"}, 100 * time.Millisecond, [5]report.Missing{none, none, way, way, way}, 0, 2, 3},
		{"1/s, loss behind it", [5]string{1: "limit 1/s burst 6"}, [5]string{3: "loss 2.6%"}, 200 * time.Millisecond, [5]report.Missing{none, limited, none, way, way}, 1, 3, 4},
		{"10/s, loss behind it", [5]string{1: "limit 10/s burst 6"}, [5]string{2: "loss 2.5%"}, 50 * time.Millisecond, [5]report.Missing{none, limited, way, way, way}, 10, 1, 3},
		{"loss at once", [5]string{}, [5]string{0: "loss 2.5%"}, 100 * time.Millisecond, [5]report.Missing{way, way, way, way, way}, 0, 0, 1},
		{"loss to the target", [5]string{2: "limit 1/s burst 6"}, [5]string{4: "loss 2.6%"}, 200 * time.Millisecond, [5]report.Missing{none, none, limited, none, way}, 1, 4, 5},
	} {
		wrong, hops, told, misplaced, far := 0, 0, 0, 0, 0
		for seed := range uint64(countSeeds) {
			for _, target := range []netip.Addr{target4, target6} {
				w, _ := run(t, fourRouters(seed, c.router, c.line), 0, trace.Config{Target: target, Kind: probe.Echo, Count: 300, Every: c.every})
				list, begins, rates := missing(&w)
				for i, m := range list {
					if hops++; m != c.want[i] {
						wrong++
					}
					if m == limited && (rates[i] < c.rate/2 || rates[i] > c.rate*1.5) {
						far++
					}
				}
				place := fmt.Sprintf("%d-%d", c.after, c.by)
				switch {
				case len(begins) == 0:
				case len(begins) == 1 && c.by > 0 && begins[0] == place:
					told++
				default:
					misplaced++
				}
			}
		}
		t.Logf("%s: %d of %d hops misjudged, %d rates far off, where loss begins told in %d of %d, wrong in %d", c.name, wrong, hops, far, told, 2*countSeeds, misplaced)
		if wrong*100 > hops || far*20 > hops || misplaced > 1 || c.by > 0 && told < 2*countSeeds*9/10 {
			t.Errorf("%s: %d of %d hops misjudged, %d rates far off, where loss begins told in %d of %d, wrong in %d", c.name, wrong, hops, far, told, 2*countSeeds, misplaced)
		}
	}
}
