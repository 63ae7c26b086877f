package output

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// TestTextSorted: text has hosts of a sweep of few addresses in their order, what is found of
// one beside it, and what is about many behind them; of more it has them at once.
func TestTextSorted(t *testing.T) {
	var records []report.Record
	var want []string
	for i := range 2000 {
		a := netip.AddrFrom4([4]byte{10, 77, byte(i >> 8), byte(i)})
		want = append(want, a.String())
		records = append(records, &report.Host{Addr: a, Verdict: report.Verdict{State: probe.Up, Reason: probe.ARPReply, From: a}})
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	conflict := &report.Finding{Addr: netip.AddrFrom4([4]byte{10, 77, 1, 0}), Doubt: probe.AddressConflict, MACs: []wire.MAC{{1}, {2}}}
	shared := &report.Finding{Doubt: probe.SharedMAC, MACs: []wire.MAC{{3}}, Count: 9}
	records = append(records, conflict, shared)
	for _, tt := range []struct {
		addresses, sorted uint64
		held              bool
	}{{2000, SortedHosts, true}, {SortedHosts + 1, SortedHosts, false}, {2000, 0, false}} {
		w := format("text").New(Options{Sorted: tt.sorted})
		b := w.AppendRecord(nil, &report.Scan{Command: "sweep", Addresses: tt.addresses})
		for i, r := range records {
			if b = w.AppendRecord(b, r); i == 500 && (len(b) == 0) != tt.held {
				t.Errorf("%+v: %d bytes are written of %d hosts", tt, len(b), i)
			}
		}
		var got []string
		for line := range strings.Lines(string(w.AppendRecord(b, &report.End{}))) {
			if a, _, ok := strings.Cut(line, " "); ok && strings.Contains(line, "up, arp-reply") {
				got = append(got, a)
			} else if strings.Contains(line, "03:00:00:00:00:00") && len(got) != len(want) {
				t.Errorf("%+v: what is about many hosts comes behind %d of them", tt, len(got))
			} else if strings.Contains(line, "01:00:00:00:00:00") && tt.held && got[len(got)-1] != "10.77.1.0" {
				t.Errorf("%+v: what is about 10.77.1.0 stands behind %s", tt, got[len(got)-1])
			}
		}
		if slices.Equal(got, want) != tt.held {
			t.Errorf("%+v: in order: %v, %d hosts", tt, !tt.held, len(got))
		}
	}
}
