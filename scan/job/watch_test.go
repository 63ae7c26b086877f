package job

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sonde/scan/report"
	"sonde/scan/simnet"
)

// manyTargets is a network of so many targets behind eight hops that they have in common, the
// fifth of which flips every 20 s.
func manyTargets(n int) (network string, words []string) {
	text := "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.2\n"
	for _, r := range []string{"1 10.0.0.2", "2 10.0.2.2", "3 10.0.3.2", "5 10.0.5.2", "6 10.0.6.2", "7 10.0.7.2", "8 10.0.8.2", "9 10.0.9.2"} {
		text += "router r" + r + "\n\tline delay 1ms\n"
	}
	text += "router r4 10.0.4.2\n\tline delay 1ms\n\tsplit every 20s r5 r6\n" +
		"path 10.9.0.0/16 r1 r2 r3 r4 r7 r8 r9\nhosts 10.9.0.0/24\n\tline delay 1ms\n"
	for i := range n {
		words = append(words, fmt.Sprintf("10.9.0.%d", i+1))
	}
	return text, words
}

// watchSpec watches targets for so long.
func watchSpec(words []string, long time.Duration) *Spec {
	s := &Spec{Command: "trace", Targets: Targets{Words: words}}
	s.Ask.Watch = true
	if long > 0 {
		s.Pace.For = new(Duration)
		*s.Pace.For = Duration(long)
	}
	return s
}

// counting counts records, and keeps none of them.
type counting struct {
	rounds, reroutes, hops, shared int
	lost                           uint32
	last                           map[netip.Addr]uint32
	end                            *report.End
	at                             func(d time.Duration)
}

func (c *counting) Put(r report.Record) {
	switch r := r.(type) {
	case *report.Round:
		c.rounds++
		if r.AsTo.IsValid() {
			c.shared++
		}
		c.last[r.Addr] = r.Number
		c.at(r.At)
	case *report.Reroute:
		c.reroutes++
	case *report.Hop:
		c.hops++
		c.lost += r.Repeat.Sent - r.Repeat.Answered
	case *report.End:
		c.end = report.Clone(r).(*report.End)
	}
}

// TestWatchManyForLong: 50 targets are watched for ten minutes, in a round each second of each;
// what they have in common is asked on the way to one. Nothing is lost, one way is seen to flip,
// and what is held in memory does not grow from the second minute to the tenth.
func TestWatchManyForLong(t *testing.T) {
	network, words := manyTargets(50)
	simulated, err := simnet.Parse("many", network)
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	env := world(simulated, &sent)
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, late uint64
	c := &counting{last: map[netip.Addr]uint32{}, at: func(d time.Duration) {
		if early == 0 && d > 127*time.Second { // between two plans of 15 rounds
			early = held()
		}
		if late == 0 && d > 592*time.Second { // and just as far
			late = held()
		}
	}}
	var o Outcome
	synctest.Test(t, func(t *testing.T) {
		o, err = Run(t.Context(), env, watchSpec(words, 10*time.Minute), &serial{sink: c})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if n := c.last[netip.MustParseAddr(word)]; n < 590 || n > 600 {
			t.Errorf("%s: %d rounds", word, n)
		}
	}
	t.Logf("%d packets, %d of %d rounds' hops asked in those of another target, %d events, %d KB held after 2 minutes, %d KB after 10", sent, c.shared, c.rounds, c.reroutes, early>>10, late>>10)
	if c.rounds < 50*590*8 || c.hops != 50*9 || c.lost > 0 || c.reroutes < 29 || c.reroutes > 30 {
		t.Errorf("%d records of rounds, %d of hops, %d lost, %d events", c.rounds, c.hops, c.lost, c.reroutes)
	}
	if early == 0 || late > early+512<<10 {
		t.Errorf("%d KB are held after 2 minutes, %d KB after 10", early>>10, late>>10)
	}
	if sent > 600*(50+8)+2000 {
		t.Errorf("%d packets", sent)
	}
	if code, why := o.Exit(); code != 0 || why != "reached" || !c.end.Complete {
		t.Errorf("exit %d %s, %+v", code, why, c.end)
	}
}

// serial puts one record after the other.
type serial struct {
	records
	sink report.Sink
}

func (s *serial) Put(r report.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sink.Put(r)
}

// TestWatchEnds: --for ends a watch that is complete; --deadline, Ctrl-C and q end it as they end
// every run. The hops are told in all cases, also of a target that does not answer.
func TestWatchEnds(t *testing.T) {
	network, _ := manyTargets(1)
	simulated, err := simnet.Parse("ends", strings.Replace(network, "hosts 10.9.0.0/24\n\tline delay 1ms\n", "hosts 10.9.0.1\n", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, target string
		cause        error
		deadline     Duration
		code         int
		why          string
		complete     bool
	}{
		{"for", "10.9.0.1", nil, 0, 0, "reached", true},
		{"nobody", "10.9.0.2", nil, 0, 3, "silence", true},
		{"Ctrl-C", "10.9.0.1", ErrInterrupted, 0, ExitInterrupted, "interrupted", false},
		{"SIGTERM", "10.9.0.1", ErrTerminated, 0, ExitTerminated, "terminated", false},
		{"q", "10.9.0.1", ErrQuit, 0, 0, "ended early", false},
		{"deadline", "10.9.0.1", nil, Duration(20 * time.Second), 0, "deadline", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			s := watchSpec([]string{tt.target}, 0)
			switch {
			case tt.cause != nil:
				time.AfterFunc(20*time.Second, func() { cancel(tt.cause) })
			case tt.deadline > 0:
				s.Pace.Deadline = &tt.deadline
			default:
				s.Pace.For = new(Duration(20 * time.Second))
			}
			r := records{t: t}
			o, err := Run(ctx, world(simulated, nil), s, &r)
			if err != nil {
				t.Fatal(err)
			}
			rounds, hops := uint32(0), 0
			for _, one := range r.list {
				switch one := one.(type) {
				case *report.Round:
					rounds = one.Number
				case *report.Hop:
					hops++
				}
			}
			code, why := o.Exit()
			end := r.list[len(r.list)-1].(*report.End)
			if code != tt.code || why != tt.why || end.Complete != tt.complete || rounds < 15 || rounds > 20 || hops < 7 {
				t.Errorf("%s: exit %d %s, complete %v, %d rounds, %d hops", tt.name, code, why, end.Complete, rounds, hops)
			}
		})
	}
}

// TestWatchRefuses: what --watch does not go with is refused by a line.
func TestWatchRefuses(t *testing.T) {
	for want, say := range map[string]func(s *Spec){
		"--watch and -c exclude each other":      func(s *Spec) { s.Pace.Count = new(3) },
		"--watch and --mtu exclude each other":   func(s *Spec) { s.Ask.MTU = true },
		"--watch and --flows exclude each other": func(s *Spec) { s.Ask.Flows = new(64) },
		"--wait-for: a trace has none":           func(s *Spec) { s.WaitFor = "open" },
		"--interval: at least 10ms between two":  func(s *Spec) { s.Pace.Interval = new(Duration(time.Millisecond)) },
		"--for: more than 0":                     func(s *Spec) { s.Pace.For = new(Duration(0)) },
		"--for: it is how long to --watch":       func(s *Spec) { s.Ask.Watch = false },
		"--interval: it is between the rounds of -c or --watch": func(s *Spec) {
			s.Ask.Watch, s.Pace.For, s.Pace.Interval = false, nil, new(Duration(2*time.Second))
		},
	} {
		s := watchSpec([]string{"10.9.0.1"}, time.Minute)
		say(s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestWatchNames: with -R who answers is looked up once, however many rounds there are; from
// then on rounds have the name. Without it nobody is asked.
func TestWatchNames(t *testing.T) {
	network, words := manyTargets(2)
	simulated, err := simnet.Parse("names", network)
	if err != nil {
		t.Fatal(err)
	}
	for _, resolve := range []bool{true, false} {
		r := &resolver{answer: func(context.Context, int) ([]string, error) {
			time.Sleep(1500 * time.Millisecond)
			return []string{"router.example."}, nil
		}}
		env := world(simulated, nil)
		env.Resolver = r
		s := watchSpec(words, 10*time.Second)
		s.Show.Resolve = resolve
		_, list, err := virtually(t, env, s)
		if err != nil {
			t.Fatal(err)
		}
		named, rounds := 0, 0
		for _, rec := range list {
			if round, ok := rec.(*report.Round); ok && round.From.IsValid() {
				switch rounds++; {
				case round.PTR == "router.example":
					named++
				case resolve && round.Number > 4 || round.PTR != "":
					t.Errorf("resolve %v: %+v", resolve, round)
				}
			}
		}
		t.Logf("resolve %v: %d rounds, %d with a name, %d look-ups", resolve, rounds, named, r.asked.Load())
		if resolve && (named < rounds/2 || r.asked.Load() > 10+10) || !resolve && (named > 0 || r.asked.Load() > 0) {
			t.Errorf("resolve %v: %d rounds, %d with a name, %d look-ups", resolve, rounds, named, r.asked.Load())
		}
	}
}
