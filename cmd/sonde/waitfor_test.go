package main

import (
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/report"
)

// comingUp has hosts that are not there for the first five seconds, in both families, and
// one that goes then.
const comingUp = `
iface eth0 10.0.0.1/24 2001:db8::1/64 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.254
route ::/0 via 2001:db8::fe
route 198.51.100.0/24 unreachable
router r1 10.0.0.254 2001:db8::fe mac 02:00:00:00:00:fe
	line delay 5ms
path 10.1.0.0/16 r1
path 2001:db8:1::/64 r1
hosts 10.1.0.1
	tcp open 22; udp served 53
	line down 0s-5s
hosts 2001:db8:1::1
	tcp open 22; udp served 53
	line down 0s-5s
hosts 10.1.0.2
	tcp open 22; udp served 53
hosts 10.1.0.3
	tcp open 22
	line down 5s-1h
hosts 10.1.0.4
	tcp rst 22; udp closed 53
`

// TestWaitFor: it ends with 0 when a round finds everything so, and with 3 at the
// deadline, and what it tells is of one round.
func TestWaitFor(t *testing.T) {
	for _, tt := range []struct {
		line        string
		code        int
		reason      string
		took, slack time.Duration // slack: of a round
		states      []probe.State
	}{
		{"tcp -p 22 --wait-for open --deadline 30s 10.1.0.1", 0, "expected", 5 * time.Second, 3 * time.Second, []probe.State{probe.Open}},
		{"tcp -p 22 --wait-for open --deadline 30s 2001:db8:1::1", 0, "expected", 5 * time.Second, 3 * time.Second, []probe.State{probe.Open}},
		{"tcp -p 22,23 --wait-for open --deadline 7s 10.1.0.2", 3, "deadline", 7 * time.Second, 0, []probe.State{probe.Open, probe.Closed}},
		{"tcp -p 22 --wait-for open --deadline 30s 10.1.0.1 10.1.0.2", 0, "expected", 5 * time.Second, 3 * time.Second, []probe.State{probe.Open, probe.Open}},
		{"tcp -p 22 --wait-for open --deadline 3s 10.1.0.1", 3, "deadline", 3 * time.Second, 0, []probe.State{probe.Filtered}},
		{"tcp -p 22 --wait-for closed --deadline 4s 10.1.0.2", 3, "deadline", 4 * time.Second, 0, []probe.State{probe.Open}},
		{"tcp -p 22 --wait-for closed --deadline 4s 10.1.0.4", 0, "expected", 0, time.Second, []probe.State{probe.Closed}},
		{"tcp -p 22 --wait-for filtered --deadline 30s 10.1.0.3", 0, "expected", 5 * time.Second, 4 * time.Second, []probe.State{probe.Filtered}},
		{"tcp -p 22 -g 4025 --wait-for open --deadline 30s --interval 10ms 10.1.0.1", 0, "expected", 5 * time.Second, 3 * time.Second, []probe.State{probe.Open}},
		{"udp -p 53 --wait-for open --deadline 30s 2001:db8:1::1", 0, "expected", 5 * time.Second, 3 * time.Second, []probe.State{probe.Open}},
		{"sweep --wait-for up --deadline 30s 10.1.0.1", 0, "expected", 5 * time.Second, 4 * time.Second, []probe.State{probe.Up}},
		{"sweep --wait-for up --deadline 30s 10.1.0.1 2001:db8:1::1", 0, "expected", 5 * time.Second, 4 * time.Second, []probe.State{probe.Up, probe.Up}},
		{"sweep --wait-for unknown --deadline 30s 10.1.0.3", 0, "expected", 5 * time.Second, 4 * time.Second, []probe.State{probe.Unknown}},
	} {
		o := on(comingUp, tt.line+" -o json").run(t)
		var states []probe.State
		for _, p := range o.ports() {
			states = append(states, p.State)
		}
		if strings.HasPrefix(tt.line, "sweep") {
			for _, h := range o.hosts() {
				states = append(states, h.State)
			}
		}
		if o.code != tt.code || o.end().ExitReason != tt.reason || o.end().Complete != (tt.code == 0) {
			t.Errorf("%s: exit %d, %+v\n%s", tt.line, o.code, o.end(), o.stderr)
		}
		if o.elapsed < tt.took || o.elapsed > tt.took+tt.slack+10*time.Millisecond {
			t.Errorf("%s: took %v, want %v or up to %v more", tt.line, o.elapsed, tt.took, tt.slack)
		}
		if len(states) != len(tt.states) {
			t.Errorf("%s: %d states\n%s", tt.line, len(states), o.stdout)
			continue
		}
		for _, want := range tt.states {
			found := false
			for _, s := range states {
				found = found || s == want
			}
			if !found {
				t.Errorf("%s: %v, want %v", tt.line, states, tt.states)
			}
		}
		tally := uint64(0)
		for _, n := range o.end().Tally.Ports {
			tally += n
		}
		if want := uint64(len(o.ports())); tally != want {
			t.Errorf("%s: %d ports are counted, want those of one round: %d", tt.line, tally, want)
		}
		if said := strings.Contains(o.stderr, "not so by the deadline"); said != (tt.reason == "deadline") {
			t.Errorf("%s: says %q", tt.line, o.stderr)
		}
	}
}

// TestWaitForSourcePorts: however quickly rounds are to follow each other, no source
// port is used again towards the same port within a minute, and no round waits for it.
func TestWaitForSourcePorts(t *testing.T) {
	o := on(comingUp, "tcp -p 22 --wait-for open --interval 10ms --deadline 150s 10.1.0.4").run(t)
	if o.code != 3 {
		t.Errorf("exit %d", o.code)
	}
	last, previous := map[uint16]time.Duration{}, time.Duration(0)
	for i, p := range o.sent {
		if before, ok := last[p.TCP.Src]; ok && p.at-before < time.Minute {
			t.Fatalf("source port %d is used again after %v", p.TCP.Src, p.at-before)
		}
		if p.at-previous > 1100*time.Millisecond {
			t.Errorf("packet %d leaves %v after the one before", i, p.at-previous)
		}
		last[p.TCP.Src], previous = p.at, p.at
	}
	if len(o.sent) < 150 {
		t.Errorf("%d packets left", len(o.sent))
	}
	if !strings.Contains(o.stderr, "--interval 10ms: after 30 rounds it is 1s") {
		t.Errorf("says %q", o.stderr)
	}
}

// TestWaitForNames: a name that does not resolve yet is looked up again, and at the
// deadline it is that which is said.
func TestWaitForNames(t *testing.T) {
	for _, never := range []bool{false, true} {
		s := on(comingUp, "tcp -p 22 --wait-for open --deadline 20s db.example -o json")
		s.names = phoneBook{}
		asked := 0
		s.asked = func() {
			if asked++; asked == 12 && !never {
				s.names["db.example"] = []string{"10.1.0.2"}
			}
		}
		o := s.run(t)
		switch {
		case never && (o.code != job.ExitName || o.elapsed != 20*time.Second || o.opened || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, "db.example")):
			t.Errorf("never: exit %d after %v, %q", o.code, o.elapsed, o.stderr)
		case !never && (o.code != 0 || o.elapsed > 12*time.Second || len(o.ports()) != 1 || o.stderr != ""):
			t.Errorf("late: exit %d after %v, %q", o.code, o.elapsed, o.stderr)
		}
	}
	// Where one of several does not resolve, the others are not so alone.
	s := on(comingUp, "tcp -p 22 --wait-for open --deadline 5s 10.1.0.2 db.example")
	if o := s.run(t); o.code != job.ExitName || o.elapsed != 5*time.Second || strings.Count(o.stderr, "db.example") != 1 {
		t.Errorf("one of two: exit %d after %v, %q", o.code, o.elapsed, o.stderr)
	}
}

// TestWaitForWays: where there is no way, it is waited for one, and said at the deadline.
func TestWaitForWays(t *testing.T) {
	o := on(comingUp, "tcp -p 22 --wait-for open --deadline 5s 198.51.100.1").run(t)
	if o.code != job.ExitLocal || o.elapsed != 5*time.Second || o.stderr != "sonde: no way to 198.51.100.1: a route says unreachable\n" {
		t.Errorf("exit %d after %v, %q", o.code, o.elapsed, o.stderr)
	}
}

// TestWaitForNamesOfAddresses: what was so before the deadline is so, though names of
// addresses are looked up beyond it.
func TestWaitForNamesOfAddresses(t *testing.T) {
	s := on(comingUp, "tcp -p 22 -R --wait-for open --deadline 1s 10.1.0.2 -o json")
	s.names, s.asked = phoneBook{"10.1.0.2": {"web.example"}}, func() { time.Sleep(3 * time.Second) }
	if o := s.run(t); o.code != 0 || o.elapsed < 2*time.Second || !o.end().Complete {
		t.Errorf("exit %d after %v\n%s", o.code, o.elapsed, o.stdout)
	}
}

// TestWaitForInterrupted: a signal ends it at once, with what was seen last.
func TestWaitForInterrupted(t *testing.T) {
	for line, records := range map[string]int{"tcp -p 22 --wait-for closed --deadline 60s 10.1.0.2": 1, "tcp -p 22 --wait-for open --deadline 60s nosuch.example": 0} {
		s := on(comingUp, line+" -o json")
		s.cancel, s.cause = 2500*time.Millisecond, job.ErrInterrupted
		o := s.run(t)
		if o.code != job.ExitInterrupted || o.elapsed != 2500*time.Millisecond || len(recordsOf[*report.Port](o.records)) != records {
			t.Errorf("%s: exit %d after %v\n%s", line, o.code, o.elapsed, o.stdout)
		}
	}
}

// TestWaitForUsage: what cannot be meant is refused.
func TestWaitForUsage(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"tcp --wait-for open -p 22", "--wait-for: say with --deadline how long to wait, or it may be for ever"},
		{"tcp --wait-for up --deadline 1s -p 22", "--wait-for up: one of open closed filtered unfiltered open|filtered closed|filtered unknown"},
		{"sweep --wait-for open --deadline 1s", "--wait-for open: one of up down unknown"},
		{"tcp --wait-for unfiltered --deadline 1s -p 22", "--wait-for unfiltered: no port is found so by tcp, which tells: open closed filtered unknown"},
		{"tcp --wait-for open --expect open --deadline 1s -p 22", "--wait-for and --expect exclude each other: what is waited for is what is expected"},
		{"tcp --wait-for open --deadline 1s -p 22 --resume file", "--wait-for and --resume exclude each other: every round asks again"},
		{"tcp --wait-for open --deadline 1s -p 22 --dry-run", "--wait-for: --dry-run gets no answers to report"},
		{"tcp --wait-for open --deadline 1s -p 22 -S 10.9.9.9", "--wait-for: -S 10.9.9.9 is not ours, so nothing comes back to wait for"},
		{"tcp --wait-for open --deadline 1s -p- -PN --exclude 10.1.0.1 10.1.0.0/28", "--wait-for: 983025 questions a round; it is for a few, 65536 at most"},
		{"tcp --wait-for open --deadline 0s -p 22", "--deadline: more than 0"},
		{"fp --wait-for open --deadline 1s", "--wait-for: fp has none"},
		{"trace --wait-for up --deadline 1s", "--wait-for: a trace has none"},
		{"doctor --wait-for up", "--wait-for: doctor sends nothing"},
	} {
		line := tt.line
		if !strings.Contains(line, "/28") {
			line += " 10.1.0.2"
		}
		o := on(comingUp, line).run(t)
		if o.code != job.ExitUsage || o.stderr != "sonde: "+tt.want+"\n" || len(o.sent) > 0 {
			t.Errorf("%s: exit %d, %s", tt.line, o.code, o.stderr)
		}
	}
}
