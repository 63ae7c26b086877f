package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/report"
)

// unsteady has hosts that lose, repeat and delay what they are asked, in both families.
const unsteady = `
iface lo 127.0.0.1/8 ::1/128 mtu 65536
iface eth0 10.0.0.1/24 2001:db8::1/64 mac 02:00:00:00:00:01
	line delay 300us
route 0.0.0.0/0 via 10.0.0.254
route ::/0 via 2001:db8::fe
route 198.51.100.0/24 unreachable
router r1 10.0.0.254 2001:db8::fe mac 02:00:00:00:00:fe
	line delay 1ms
	rule rst tcp 25 40%
	rule admin-prohibited tcp 26
path 10.1.0.0/16 r1
path 10.9.0.0/16 r1 dead host-unreach 10ms
path 2001:db8:1::/64 r1
hosts 10.0.0.2
hosts 10.0.0.4 no neighbour
hosts 10.1.0.1
	tcp open 22,25; tcp drop 445; udp served 53; udp silent 161
	line loss 10% delay 5ms jitter 3ms dup 5%
hosts 2001:db8:1::1
	tcp open 22,25; tcp drop 445; udp served 53; udp silent 161
	line loss 10% delay 5ms jitter 3ms dup 5%
hosts 10.1.0.2
	tcp drop; udp drop; no echo; no timestamp
hosts 10.1.0.3
	tcp open 22
	line delay 400ms
`

// TestRepeatText: what people read of -c.
func TestRepeatText(t *testing.T) {
	for _, tt := range []struct{ name, line string }{
		{"repeat-tcp", "tcp -c 20 --interval 100ms -p 22,25,26,445,9000 10.1.0.1"},
		{"repeat-tcp-ipv6", "tcp -c 20 --interval 100ms -p 22,25,26,445,9000 2001:db8:1::1"},
		{"repeat-udp", "udp -c 20 --interval 100ms -p 53,54,161 10.1.0.1"},
		{"repeat-sweep", "sweep -c 5 10.1.0.1 2001:db8:1::1 10.1.0.2 10.9.0.1 10.0.0.4"},
		{"repeat-range", "sweep -c 5 10.1.0.0/28"},
		{"repeat-late", "tcp -c 4 -p 22 --timeout 700ms 10.1.0.3"},
		{"repeat-one-port", "tcp -c 3 --interval 10ms -g 4025 -p 22 10.1.0.1"},
		{"repeat-foreign", "tcp -c 3 --interval 10ms -S 10.42.48.1 -p 22 10.1.0.3"},
		{"repeat-no-route", "tcp -c 3 --interval 10ms -p 22 198.51.100.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := on(unsteady, tt.line+" --seed 1").run(t)
			golden(t, tt.name+".txt", fmt.Sprintf("$ sonde %s\n%s%s[exit %d]\n", tt.line, o.stdout, o.stderr, o.code))
			again := on(unsteady, tt.line+" --seed 1 -o json").run(t) // which checks it against the schema, and reads it back
			if again.code != o.code {
				t.Errorf("exit %d, and %d with JSON", o.code, again.code)
			}
		})
	}
}

// TestRepeatRecords: each question has one record, whose counts are what truly left and
// came, whatever command, family, state and way of asking.
func TestRepeatRecords(t *testing.T) {
	for _, tt := range []struct {
		line      string
		questions int
		each      uint32 // repetitions
		code      int
		state     probe.State // of the first question
	}{
		{"tcp -c 10 -p 22 10.1.0.1", 1, 10, 0, probe.Open},
		{"tcp -c 10 -p 22-24 2001:db8:1::1", 3, 10, 0, probe.Open},
		{"tcp -c 10 -p 9000 10.1.0.1", 1, 10, 1, probe.Closed},
		{"tcp -c 4 -p 26 10.1.0.1", 1, 4, 1, probe.Filtered},
		{"tcp -c 4 -p 445 10.1.0.1", 1, 4, 3, probe.Filtered},
		{"tcp -c 4 -sF -p 445 10.1.0.1", 1, 4, 3, probe.OpenFiltered},
		{"tcp -c 4 -sA -p 9000 2001:db8:1::1", 1, 4, 1, probe.Unfiltered},
		{"tcp -c 4 -p 445 --expect filtered 10.1.0.1", 1, 4, 0, probe.Filtered},
		{"tcp -c 1 -p 9000 10.1.0.3", 1, 1, 1, probe.Closed},
		{"udp -c 8 -p 53 10.1.0.1", 1, 8, 0, probe.Open},
		{"udp -c 3 -p 161 2001:db8:1::1", 1, 3, 3, probe.OpenFiltered},
		{"udp -c 8 -p 54 10.1.0.1", 1, 8, 1, probe.Closed},
		{"sweep -c 8 10.1.0.1", 1, 8, 0, probe.Up},
		{"sweep -c 8 -PS22 2001:db8:1::1", 1, 8, 0, probe.Up},
		{"sweep -c 8 -PU54 10.1.0.1", 1, 8, 0, probe.Up},
		{"sweep -c 3 -PR 10.0.0.2", 1, 3, 0, probe.Up},
		{"sweep -c 3 10.1.0.2", 1, 3, 3, probe.Unknown},
		{"sweep -c 3 10.9.0.1", 1, 3, 1, probe.Down},
		{"sweep -c 3 --expect down 10.9.0.1", 1, 3, 0, probe.Down},
		{"sweep -c 3 -PR 10.0.0.4", 1, 3, 1, probe.Down},
	} {
		o := on(unsteady, tt.line+" --interval 200ms --seed 1 -o json").run(t)
		var verdicts []*report.Verdict
		for _, p := range o.ports() {
			verdicts = append(verdicts, &p.Verdict)
		}
		if len(verdicts) == 0 {
			for _, h := range o.hosts() {
				verdicts = append(verdicts, &h.Verdict)
			}
		}
		if o.code != tt.code || len(verdicts) != tt.questions || verdicts[0].State != tt.state {
			t.Errorf("%s: exit %d, %d questions, %v\n%s%s", tt.line, o.code, len(verdicts), verdicts, o.stdout, o.stderr)
			continue
		}
		duplicates := uint64(0)
		for _, v := range verdicts {
			n := v.Repeat
			if n == nil || n.Sent != tt.each || v.HasRTT || v.Tries != 1 {
				t.Errorf("%s: %+v", tt.line, n)
				continue
			}
			sum := uint32(0)
			for _, a := range n.Answers {
				sum += a.N
			}
			if sum != n.Answered || n.Timed() != (n.Answered > 0) || n.Timed() && !(n.Min <= n.P50 && n.P50 <= n.P90 && n.P90 <= n.P99 && n.P99 <= n.Max && n.Min <= n.Avg && n.Avg <= n.Max) {
				t.Errorf("%s: %+v", tt.line, n)
			}
			duplicates += uint64(n.Duplicates + n.Late)
		}
		if duplicates != o.end().Duplicates || o.end().Loss >= 0 {
			t.Errorf("%s: %d duplicates and late answers, but %+v", tt.line, duplicates, o.end())
		}
		left := 0
		for _, p := range o.sent {
			if strings.Contains(tt.line, "-PR") || !p.frame {
				left++
			}
		}
		if want := tt.questions * int(tt.each); left != want {
			t.Errorf("%s: %d packets left, want %d", tt.line, left, want)
		}
	}
}

// TestRepeatSaysWhatIsKnown: a run that is cut short tells of the repetitions whose
// wait was over, and does not count others as lost.
func TestRepeatSaysWhatIsKnown(t *testing.T) {
	for _, tt := range []struct {
		line  string
		cause error
		code  int
	}{{"tcp -c 1000 -p 445,9000 10.1.0.1", job.ErrInterrupted, 130}, {"sweep -c 1000 10.1.0.1 10.1.0.2", job.ErrQuit, 0},
		{"udp -c 1000 -p 53,161 --deadline 5500ms 2001:db8:1::1", nil, 0}, {"tcp -c 1000 -p 445,9000 --host-timeout 5500ms 10.1.0.1", nil, 3}} {
		s := on(unsteady, tt.line+" --seed 1 -o json")
		if tt.cause != nil {
			s.cancel, s.cause = 5500*time.Millisecond, tt.cause
		}
		o := s.run(t)
		if o.code != tt.code || o.end().Complete || o.elapsed > 7*time.Second {
			t.Errorf("%s: exit %d, complete %v, after %v", tt.line, o.code, o.end().Complete, o.elapsed)
		}
		var list []*report.Repeat
		for _, p := range o.ports() {
			list = append(list, p.Repeat)
		}
		for _, h := range o.hosts() {
			if h.Repeat != nil {
				list = append(list, h.Repeat)
			}
		}
		slices.SortFunc(list, func(a, b *report.Repeat) int { return int(a.Answered) - int(b.Answered) })
		// Of the silent one five waits are over, the sixth is not.
		if len(list) != 2 || list[0].Sent != 5 || list[0].Answered != 0 || list[1].Sent != 6 && list[1].Sent != 5 || list[1].Answered < 3 {
			t.Errorf("%s: %+v\n%s", tt.line, list, o.stdout)
		}
	}
}

// TestRepeatSaysWhoWasFound: what a sweep has found before is told of, though time was up
// before its ports were asked.
func TestRepeatSaysWhoWasFound(t *testing.T) {
	o := on(unsteady, "tcp -c 5 -p 22 -PE --rate 1 --deadline 950ms 10.1.0.3 --seed 1 -o json").run(t)
	if len(o.hosts()) == 0 || len(o.ports()) > 0 || o.end().Complete {
		t.Errorf("%d hosts, %d ports\n%s", len(o.hosts()), len(o.ports()), o.stdout)
	}
}

// TestRepeatShards: shards part the questions, each with all of its repetitions.
func TestRepeatShards(t *testing.T) {
	for _, line := range []string{"tcp -c 3 -p 20-29 10.1.0.1", "sweep -c 3 10.1.0.0/28 -v", "tcp -c 3 -p 22 10.1.0.0/28"} {
		asked := map[string]int{}
		for shard := 1; shard <= 3; shard++ {
			o := on(unsteady, fmt.Sprintf("%s --interval 10ms --seed 4 --shard %d/3 -o json", line, shard)).run(t)
			for _, p := range o.ports() {
				asked[fmt.Sprint(p.Addr, p.Port)] += int(p.Repeat.Sent)
			}
			for _, h := range o.hosts() {
				if h.Repeat != nil {
					asked[fmt.Sprint(h.Addr)] += int(h.Repeat.Sent)
				}
			}
		}
		want := map[string]int{"tcp -c 3 -p 20-29 10.1.0.1": 10, "sweep -c 3 10.1.0.0/28 -v": 16, "tcp -c 3 -p 22 10.1.0.0/28": 2}[line]
		for what, n := range asked {
			if n != 3 {
				t.Errorf("%s: %s is asked %d times", line, what, n)
			}
		}
		if len(asked) != want {
			t.Errorf("%s: %d questions, want %d", line, len(asked), want)
		}
	}
}

// TestRepeatUsage: what cannot be meant beside -c is refused, and stating a default is
// not.
func TestRepeatUsage(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"tcp -c 0 -p 22", "-c: 1 to 1000000000"},
		{"tcp -c -3 -p 22", "-c: 1 to 1000000000"},
		{"tcp -c x -p 22", "--count x: not a whole number"},
		{"tcp -c 2 --interval -1s -p 22", "--interval: 0 or more"},
		{"tcp --interval 2s -p 22", "--interval: it is between the rounds of -c or --wait-for, and there is neither"},
		{"tcp -c 2 --max-retries 1 -p 22", "-c and --max-retries exclude each other: each repetition is one packet, so that what is lost is counted"},
		{"udp -c 2 --confirm -p 53", "-c and --confirm exclude each other: each repetition is one packet"},
		{"sweep -c 2 --resume file", "-c and --resume exclude each other: what was counted is not kept"},
		{"sweep -c 2 -PE -PS22", "-c: one ping at a time, or the times would be those of different questions; choose one with -P"},
		{"sweep -c 2 -PS22,80", "-c: one ping at a time, or the times would be those of different questions; choose one with -P"},
		{"sweep -c 2 -g 53", "-g: none of these pings has such a field; choose one with -PA or -PS or -PU"},
		{"tcp -c 2 --wait-for open --deadline 1s -p 22", "-c and --wait-for exclude each other: so many rounds, or as many as it takes"},
		{"tcp -c 1000000000 -p 1-100", "100000000000 questions are too many for one run; ask them in parts: --seed 1 --shard 1/4 and so on"},
		{"fp -c 2", "--count: fp has none"},
		{"trace -c 0", "-c: 1 to 1000000000"},
		{"doctor -c 2", "--count: doctor sends nothing"},
	} {
		o := on(unsteady, tt.line+" 10.1.0.1").run(t)
		if o.code != job.ExitUsage || o.stderr != "sonde: "+tt.want+"\n" || len(o.sent) > 0 {
			t.Errorf("%s: exit %d, %s", tt.line, o.code, o.stderr)
		}
	}
	for _, line := range []string{"tcp -c 2 --max-retries 0 -p 22", "tcp --interval 1s -p 22", "udp -c 2 --interval 0 -p 53"} {
		if o := on(unsteady, line+" 10.1.0.1").run(t); o.code != 0 || o.stderr != "" {
			t.Errorf("%s: exit %d, %s", line, o.code, o.stderr)
		}
	}
	if o := on(unsteady, "tcp -c 4 -p 22 --dry-run 10.1.0.1").run(t); strings.Count(o.stdout, "SENT ") != 4 || len(o.sent) > 0 {
		t.Errorf("--dry-run: %s", o.stdout)
	}
}
