package scan_test

import (
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/simnet"
)

// TestDuplicates doubles every packet on its way back: each question has one
// result, and each answer beyond the first counts once.
func TestDuplicates(t *testing.T) {
	const network = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
	line delay 5ms
	line back dup 100%
	rule admin-prohibited tcp 90
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.5
	tcp open 22; tcp drop 445; udp echo 53; udp drop 445
hosts fd01::5
	tcp open 22; tcp drop 445; udp echo 53; udp drop 445
hosts 10.1.0.6 no echo
hosts fd01::6 no echo
`
	tests := []struct {
		name     string
		kind     probe.Kind
		ports    []uint16 // 445 never answers, and keeps the run waiting for duplicates
		host     string
		answered uint64
	}{
		{"syn", probe.SYN, []uint16{22, 80, 90, 445}, "10.1.0.5/32", 3},
		{"syn v6", probe.SYN, []uint16{22, 80, 90, 445}, "fd01::5/128", 3},
		{"udp", probe.UDP, []uint16{53, 54, 445}, "10.1.0.5/32", 2},
		{"udp v6", probe.UDP, []uint16{53, 54, 445}, "fd01::5/128", 2},
		{"ack", probe.ACK, []uint16{22, 80, 90, 445}, "10.1.0.5/32", 3},
		{"echo", probe.Echo, []uint16{0}, "10.1.0.4/31", 1}, // nobody has the other address
		{"echo v6", probe.Echo, []uint16{0}, "fd01::5/127", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := simulate(t, job{network: network, plan: scan.Plan{Targets: targets(t, tt.host), Kinds: []probe.Kind{tt.kind}, Asks: asks(0, tt.ports...)}})
			if want := o.truth.Duplicated[1]; want < tt.answered || o.stats.Duplicates != want {
				t.Errorf("%d duplicates, truly %d", o.stats.Duplicates, want)
			}
			if o.stats.Received != o.truth.Received || o.stats.Received != tt.answered+o.stats.Duplicates || o.stats.Unsolicited != 0 {
				t.Errorf("%+v, truly received %d", o.stats, o.truth.Received)
			}
			seen := map[uint64]bool{}
			for _, r := range o.results {
				if seen[r.Number] {
					t.Errorf("two results for %+v", r.Probe)
				}
				seen[r.Number] = true
			}
			if len(seen) == 0 || o.truth.Arrived == 0 {
				t.Error("nothing happened")
			}
		})
	}
}

// TestLongAfter lets the valid answer come when the question has ended as
// silent: it changes nothing any more, and counts as what it is.
func TestLongAfter(t *testing.T) {
	for _, q := range muteQuestions {
		for _, v6 := range []bool{false, true} {
			if v6 && q.addr6 == "" {
				continue // IPv6 has no such question
			}
			// A second question, asked late, keeps the run going.
			p := q.plan(t, v6)
			timing := scan.Timing{FirstWait: time.Second, MaxRetries: 0, Start: 0.2, Quiet: 0.2}
			more := "10.1.0.4/32"
			switch {
			case q.kind == probe.Neighbour && v6:
				more = "fd00::8/128"
			case q.kind == probe.Neighbour:
				more = "10.0.0.8/32"
			case v6:
				more = "fd01::4/128"
			}
			first := q.addr4
			if v6 {
				first = q.addr6
			}
			p.Targets = targets(t, first, more)
			o := simulate(t, job{network: mute, plan: p, timing: timing, link: answerAfter(3 * time.Second)})
			if len(o.results) != 2 || o.stats.Received != 1 || o.stats.Duplicates != 1 || o.stats.Unsolicited != 0 {
				t.Errorf("%s port %d, v6=%v: %d results, %+v", q.kind.Name(), q.port, v6, len(o.results), o.stats)
			}
			for _, r := range o.results {
				if r.Verdict != q.silent {
					t.Errorf("%s port %d, v6=%v: %+v is %v (%v)", q.kind.Name(), q.port, v6, r.Probe.Target, r.Verdict.State, r.Verdict.Reason)
				}
			}
		}
	}
}

// answerAfter sends a valid reply to the first packet, after a while.
func answerAfter(d time.Duration) func(*simnet.Link) {
	return replyOnce(func(l *simnet.Link, at time.Duration, replies []reply) {
		l.Inject(at+d, scan.Packet{Type: replies[0].Type, B: replies[0].B})
	})
}
