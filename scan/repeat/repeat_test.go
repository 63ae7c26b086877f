package repeat_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go4.org/netipx"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/repeat"
	"sonde/scan/simnet"
	"sonde/scan/target"
)

// way is a router and one host behind it, at %s, in both families: %s stands for what
// the lines to it and the host do.
const way = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts %s
	tcp open 22; tcp closed 23; udp echo 53; udp closed 54
	%s
`

var hosts = []string{"10.1.0.5", "fd01::5"}

// questions are what is asked, each with what is answered.
var questions = []struct {
	kind   probe.Kind
	port   uint16
	reason probe.Reason
}{{probe.SYN, 22, probe.SynAck}, {probe.SYN, 23, probe.Reset}, {probe.UDP, 53, probe.UDPResponse}, {probe.UDP, 54, probe.PortUnreach}, {probe.Echo, 0, probe.EchoReply}}

// asked is what became of one question on a network, and what truly happened.
type asked struct {
	repeat.Question
	each  []scan.Result
	stats scan.Stats
	truth simnet.Counts
}

func ask(t *testing.T, network, host string, base scan.Plan, c repeat.Config) asked {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddr(host)
	if c.Targets, err = target.NewSet([]netipx.IPRange{netipx.IPRangeFrom(a, a)}, nil); err != nil {
		t.Fatal(err)
	}
	var got asked
	told := 0
	c.Each = func(r *scan.Result) { got.each = append(got.each, *r) }
	c.Done = func(list []repeat.Question) {
		got.Question = list[0]
		told += len(list)
	}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) (err error) {
			got.stats, err = repeat.Run(context.Background(), e, base, c)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		got.truth = link.Counts()
	})
	if told != 1 || !got.stats.Complete {
		t.Errorf("%d questions told of, %+v", told, got.stats)
	}
	return got
}

// both runs a check for each question and family.
func both(t *testing.T, line string, base scan.Plan, c repeat.Config, check func(t *testing.T, a *asked)) {
	for _, q := range questions {
		for _, host := range hosts {
			t.Run(fmt.Sprintf("%s %d %s", q.kind.Name(), q.port, host), func(t *testing.T) {
				c.Kind, c.Ports = q.kind, []uint16{q.port}
				a := ask(t, fmt.Sprintf(way, host, line), host, base, c)
				if a.Result.Verdict.Reason != q.reason {
					t.Errorf("decided by %v, want %v", a.Result.Verdict.Reason, q.reason)
				}
				check(t, &a)
			})
		}
	}
}

// TestNothingLost: every repetition is answered, in the same time.
func TestNothingLost(t *testing.T) {
	both(t, "line delay 7ms", scan.Plan{}, repeat.Config{Times: 25, Interval: time.Second}, func(t *testing.T, a *asked) {
		if a.Sent != 25 || a.Answered != 25 || a.Late+a.Duplicates+a.Reordered+a.Unsent != 0 || len(a.Answers) != 1 || a.Answers[0].N != 25 {
			t.Errorf("%+v", a.Question)
		}
		x := &a.Times
		for _, d := range []time.Duration{x.Min, x.Max, x.Mean(), x.Percentile(50), x.Percentile(99)} {
			if d != 14*time.Millisecond {
				t.Errorf("%v, want 14 ms", d)
			}
		}
		if x.N != 25 || x.Deviation() != 0 {
			t.Errorf("%d times, deviation %v", x.N, x.Deviation())
		}
		if a.truth.Sent != 25 || a.stats.Sent != 25 || len(a.each) != 25 {
			t.Errorf("%d packets left, %d counted, %d told of one by one", a.truth.Sent, a.stats.Sent, len(a.each))
		}
	})
}

// TestLoss: what is lost there or back is what is not answered, to the packet.
func TestLoss(t *testing.T) {
	both(t, "line loss 20% delay 5ms", scan.Plan{}, repeat.Config{Times: 500, Interval: 50 * time.Millisecond}, func(t *testing.T, a *asked) {
		lost := uint32(a.truth.Lost[0] + a.truth.Lost[1])
		if a.Result.Verdict.Reason == probe.SynAck { // which hosts repeat, until our kernel resets
			lost = 500 - a.Answered
		}
		if lost < 100 || a.Sent != 500 || a.Answered != 500-lost {
			t.Errorf("%d of %d answered, %d lost", a.Answered, a.Sent, lost)
		}
		if silent := uint32(0); true {
			for _, r := range a.each {
				if r.Reply.Event == probe.Silence {
					silent++
				}
			}
			if silent != 500-a.Answered || a.Times.N != a.Answered {
				t.Errorf("%d silent, %d times, %d answered", silent, a.Times.N, a.Answered)
			}
		}
	})
}

// TestDuplicates: each packet that comes twice is counted, and not as an answer.
func TestDuplicates(t *testing.T) {
	both(t, "line back dup 30% delay 5ms", scan.Plan{}, repeat.Config{Times: 300, Interval: 30 * time.Millisecond}, func(t *testing.T, a *asked) {
		if a.Answered != 300 || a.Late != 0 || a.Reordered != 0 {
			t.Errorf("%+v", a.Question)
		}
		if a.Duplicates < 60 || uint64(a.Duplicates) != a.truth.Duplicated[1] {
			t.Errorf("%d duplicates, but %d were made", a.Duplicates, a.truth.Duplicated[1])
		}
	})
}

// TestReordered: answers that another one has overtaken are counted, as RFC 4737 has it.
func TestReordered(t *testing.T) {
	both(t, "line back jitter 40ms delay 1ms", scan.Plan{}, repeat.Config{Times: 200, Interval: 10 * time.Millisecond}, func(t *testing.T, a *asked) {
		if a.Answered != 200 || a.Duplicates != 0 || a.Late != 0 {
			t.Errorf("%+v", a.Question)
		}
		at := make([]time.Duration, 200)
		for _, r := range a.each {
			at[r.Probe.Rep] = r.Reply.At
		}
		overtaken := uint32(0)
		for rep := range at {
			for later := rep + 1; later < len(at); later++ {
				if at[later] < at[rep] {
					overtaken++
					break
				}
			}
		}
		if a.Reordered != overtaken || overtaken < 20 {
			t.Errorf("%d reordered, want %d", a.Reordered, overtaken)
		}
	})
}

// TestLate: what comes after the wait is no answer, but it is counted once, and what
// it proves it proves. The answer to the last repetition is not waited for.
func TestLate(t *testing.T) {
	both(t, "line delay 750ms", scan.Plan{}, repeat.Config{Times: 6, Interval: time.Second}, func(t *testing.T, a *asked) {
		again := uint32(0)
		if a.Result.Verdict.Reason == probe.SynAck {
			again = 4 // the host repeats it before our kernel's reset is there
		}
		if a.Sent != 6 || a.Answered != 0 || a.Late != 5 || a.Duplicates != again || a.Times.N != 0 {
			t.Errorf("%+v", a.Question)
		}
	})
	both(t, "line delay 750ms", scan.Plan{Timeout: 2 * time.Second}, repeat.Config{Times: 6, Interval: time.Second}, func(t *testing.T, a *asked) {
		if a.Answered != 6 || a.Late != 0 || a.Times.Min != 1500*time.Millisecond {
			t.Errorf("%+v", a.Question)
		}
	})
}

// TestRepeatedSynAck: a SYN-ACK that a host sends again since the first was lost is late,
// however long is waited: it would hide the loss.
func TestRepeatedSynAck(t *testing.T) {
	for _, host := range hosts {
		a := ask(t, fmt.Sprintf(way, host, "line back loss 30% delay 5ms"), host, scan.Plan{Timeout: 3 * time.Second},
			repeat.Config{Kind: probe.SYN, Ports: []uint16{22}, Times: 200, Interval: 100 * time.Millisecond})
		lost := uint32(0)
		for _, r := range a.each {
			if r.Reply.Event == probe.Silence || r.RTT > 900*time.Millisecond {
				lost++
			}
		}
		if lost < 40 || a.Answered != 200-lost || a.Late < lost/2 || a.Times.Max != 5*time.Millisecond {
			t.Errorf("%s: %d answered, %d late, up to %v; %d lost", host, a.Answered, a.Late, a.Times.Max, lost)
		}
	}
}

// TestMixture: of answers of several kinds each is counted; an open once is open, and
// what the target says weighs more than what a router says.
func TestMixture(t *testing.T) {
	network := strings.Replace(way, "router r1 10.0.0.2 fd00::2\n", "router r1 10.0.0.2 fd00::2\n\trule rst tcp 22 70%%\n\trule admin-prohibited tcp 23 70%%\n\trule admin-prohibited udp 54 70%%\n", 1)
	others := 0 // questions of which what says less came first
	for _, tt := range []struct {
		kind  probe.Kind
		port  uint16
		state probe.State
		sorts []probe.Reason
	}{{probe.SYN, 22, probe.Open, []probe.Reason{probe.SynAck, probe.Reset}}, {probe.SYN, 23, probe.Closed, []probe.Reason{probe.Reset, probe.AdminProhibited}},
		{probe.UDP, 54, probe.Closed, []probe.Reason{probe.PortUnreach, probe.AdminProhibited}}} {
		for _, host := range hosts {
			a := ask(t, fmt.Sprintf(network, host, "line delay 5ms"), host, scan.Plan{}, repeat.Config{Kind: tt.kind, Ports: []uint16{tt.port}, Times: 40, Interval: time.Second})
			n := map[probe.Reason]uint32{}
			for _, s := range a.Answers {
				n[s.Verdict.Reason] = s.N
			}
			first, second := n[tt.sorts[0]], n[tt.sorts[1]]
			others += map[bool]int{true: 1}[a.each[0].Verdict.Reason == tt.sorts[1]]
			if a.Result.Verdict.State != tt.state || a.Result.Verdict.Reason != tt.sorts[0] || first < 4 || second < 16 || first+second != 40 || a.Answered != 40 {
				t.Errorf("%s port %d: %v, %v", host, tt.port, a.Result.Verdict, n)
			}
			if tt.sorts[1] == probe.AdminProhibited && (a.Times.N != first || a.Times.Min != 10*time.Millisecond) {
				t.Errorf("%s port %d: %d times from %v on, want those of the %d of the target", host, tt.port, a.Times.N, a.Times.Min, first)
			}
		}
	}
	if others < 2 {
		t.Errorf("of %d questions what says less came first", others)
	}
}

// TestManyHosts: more questions than are held at a time are asked group by group, all of
// them, and each as often.
func TestManyHosts(t *testing.T) {
	n, err := simnet.Parse(t.Name(), fmt.Sprintf(way, "10.1.0.0/22", "line delay 1ms"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := target.NewSet([]netipx.IPRange{netipx.RangeOfPrefix(netip.MustParsePrefix("10.1.0.0/21"))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	answered, silent := 0, 0
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(5), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			c := repeat.Config{Targets: set, Kind: probe.UDP, Ports: []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 53, 54}, Times: 2}
			c.Done = func(list []repeat.Question) {
				if len(list) != 12 {
					t.Errorf("%d ports", len(list))
				}
				for _, q := range list {
					switch {
					case q.Sent != 2 || q.Answered != 0 && q.Answered != 2:
						t.Errorf("%v: %+v", q.Result.Probe, q)
					case q.Answered > 0:
						answered++
					default:
						silent++
					}
				}
			}
			_, err := repeat.Run(context.Background(), e, scan.Plan{}, c)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if answered != 1024*12 || silent != 1024*12 {
		t.Errorf("%d answered, %d silent", answered, silent)
	}
}
