package job

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"sonde/scan/network"
	"sonde/scan/report"
)

// TestOnceSaysWhatWasAsked: who follows -c reads of each repetition what the record of all
// says, too: what was asked, in the words of its flags where these were chosen, and whose
// address it had.
func TestOnceSaysWhatWasAsked(t *testing.T) {
	times := 2
	for _, tt := range []struct {
		name, asked string
		packet      Packet
	}{
		{"a SYN", "SYN", Packet{}},
		{"chosen flags", "SEC segment", Packet{Flags: "SEC"}},
	} {
		for _, target := range []string{"10.0.0.2", "2001:db8::2"} {
			for _, foreign := range []string{"", map[string]string{"10.0.0.2": "10.42.0.1", "2001:db8::2": "2001:db8:42::1"}[target]} {
				s := &Spec{Command: "tcp", Targets: Targets{Words: []string{target}}, Ask: Ask{Ports: "80", Ping: []string{"N"}}, Packet: tt.packet,
					Way: Way{Source: foreign}, Pace: Pace{Count: &times}}
				env, mu, told := onNetwork(t, "lan.net", nil), sync.Mutex{}, []report.Once(nil)
				env.Once = func(o *report.Once) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, *o)
				}
				_, list, err := virtually(t, env, s)
				if err != nil {
					t.Errorf("%s to %s: %v", tt.name, target, err)
					continue
				}
				of := list[slices.IndexFunc(list, func(r report.Record) bool { _, ok := r.(*report.Port); return ok })].(*report.Port)
				if len(told) != 2 || of.Asked != tt.asked || of.Source.IsValid() != (foreign != "") {
					t.Errorf("%s to %s: %d repetitions, asked by %s as %v", tt.name, target, len(told), of.Asked, of.Source)
				}
				for _, o := range told {
					if o.Asked != tt.asked || o.Source != of.Source || o.Tries != 1 {
						t.Errorf("%s to %s from %q: %d %s as %v, want 1 %s as %v", tt.name, target, foreign, o.Tries, o.Asked, o.Source, tt.asked, of.Source)
					}
				}
			}
		}
	}
}

// TestRepetitionsScoreHosts: a sweep that asks again and again decides the exit code by
// the same hosts as one that asks once: not by those of a range of which nobody says
// anything, unless silence is expected, nor by addresses of no host.
func TestRepetitionsScoreHosts(t *testing.T) {
	for _, tt := range []struct {
		name, expect string
		words        []string
		want         Score
	}{
		{"up", "", []string{"10.0.0.2", "2001:db8::2"}, Score{Answer: "up", Yes: 2}},
		{"up, as expected", "up", []string{"10.0.0.2", "2001:db8::2"}, Score{AsWant: 2}},
		{"silent, named", "", []string{"10.0.0.3"}, Score{Silent: 1}},
		{"silent, in a range", "", []string{"10.0.0.2-3"}, Score{Answer: "up", Yes: 1}},
		{"silent, in a range, as expected", "unknown", []string{"10.0.0.2-3"}, Score{Answer: "up", Yes: 1, AsWant: 1}},
		{"refused by a router, in a range", "", []string{"192.0.2.0/31", "2001:db8:9::/127"}, Score{No: 4}},
		{"no host, in a range", "", []string{"10.0.0.254/31"}, Score{Answer: "up", Yes: 1}},
		{"no host, in a range, as expected", "unknown", []string{"10.0.0.254/31"}, Score{Answer: "up", Yes: 1}},
		{"no host, named", "", []string{"10.0.0.255"}, Score{Silent: 1}},
		{"no way", "", []string{"198.51.100.0/31"}, Score{Unasked: 2}},
	} {
		for _, times := range []*int{nil, new(1), new(3)} {
			env := onNetwork(t, "lan.net", nil)
			open := env.Open
			env.Open = func(r *network.Request) (*network.Network, error) {
				n, err := open(r)
				n.Hostless = func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.255") }
				return n, err
			}
			s := &Spec{Command: "sweep", Targets: Targets{Words: tt.words}, Ask: Ask{Ping: []string{"E"}}, Expect: tt.expect, Pace: Pace{Count: times}}
			o, _, err := virtually(t, env, s)
			got := o.Score
			got.Want = nil
			if err != nil || got != tt.want {
				t.Errorf("%s, -c %d: %+v (%v), want %+v", tt.name, value(times, 0), got, err, tt.want)
			}
		}
	}
}
