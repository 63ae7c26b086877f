package scan_test

import (
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/simnet"
)

// TestEvidence lets an ICMP error and an answer of the target come in to the same
// question, in either order, 30 ms apart: the answer counts, for it is the port
// that speaks. Of two errors that of the target counts, and any error counts more
// than silence.
func TestEvidence(t *testing.T) {
	const first, second = 10 * time.Millisecond, 40 * time.Millisecond
	for _, q := range muteQuestions {
		if q.kind == probe.Neighbour {
			continue
		}
		for _, v6 := range []bool{false, true} {
			if v6 && q.addr6 == "" {
				continue
			}
			// decide asks q and lets those replies come whose names begin like this.
			decide := func(names ...string) scan.Result {
				o := simulate(t, job{network: mute, plan: q.plan(t, v6), link: replyOnce(func(l *simnet.Link, at time.Duration, replies []reply) {
					for i, name := range names {
						for j := range replies {
							if strings.HasPrefix(replies[j].Name, name) {
								l.Inject(at+first+time.Duration(i)*(second-first), scan.Packet{Type: replies[j].Type, B: replies[j].B})
								break
							}
						}
					}
				})})
				if len(o.results) != 1 || int(o.stats.Received) != len(names) {
					t.Fatalf("%s port %d, %v: %d results, %+v", q.kind.Name(), q.port, names, len(o.results), o.stats)
				}
				return o.results[0]
			}
			target, router := "ICMP error quoting in full, from 10.1.0.5", "ICMP error quoting in full, from 10.0.0.2"
			if v6 {
				target, router = "ICMP error quoting in full, from fd01::5", "ICMP error quoting in full, from fd00::2"
			}
			answers := []string{"RST", "answer", "echo reply", "timestamp reply", "mask reply"}
			if q.kind == probe.SYN {
				answers = append(answers, "SYN-ACK")
			}
			for _, answer := range answers {
				alone, ok := q.alone(t, v6, answer)
				if !ok {
					continue
				}
				for _, by := range []string{target, router} {
					if r := decide(by, answer); r.Verdict != alone {
						t.Errorf("%s port %d, v6=%v: %s, then %s: %v (%v)", q.kind.Name(), q.port, v6, by, answer, r.Verdict.State, r.Verdict.Reason)
					}
				}
			}
			byTarget, byRouter := decide(target), decide(router)
			if byRouter.Verdict == q.silent || byRouter.Verdict.Reason != probe.AdminProhibited {
				t.Errorf("%s port %d, v6=%v: a router's error is worth %v (%v)", q.kind.Name(), q.port, v6, byRouter.Verdict.State, byRouter.Verdict.Reason)
			}
			if r := decide(router, target); r.Verdict != byTarget.Verdict {
				t.Errorf("%s port %d, v6=%v: a router's error, then the target's: %v (%v)", q.kind.Name(), q.port, v6, r.Verdict.State, r.Verdict.Reason)
			}
			if r := decide(target, router); r.Verdict != byTarget.Verdict {
				t.Errorf("%s port %d, v6=%v: the target's error, then a router's: %v (%v)", q.kind.Name(), q.port, v6, r.Verdict.State, r.Verdict.Reason)
			}
		}
	}
}

// alone is the verdict of the reply whose name begins like this, if q has one.
func (q *muteQuestion) alone(t *testing.T, v6 bool, name string) (verdict probe.Verdict, ok bool) {
	o := simulate(t, job{network: mute, plan: q.plan(t, v6), link: replyOnce(func(l *simnet.Link, at time.Duration, replies []reply) {
		for i := range replies {
			if strings.HasPrefix(replies[i].Name, name) {
				l.Inject(at+10*time.Millisecond, scan.Packet{Type: replies[i].Type, B: replies[i].B})
				ok = true
				return
			}
		}
	})})
	return o.results[0].Verdict, ok
}
