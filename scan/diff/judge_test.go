package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// TestLossExplains: by how many answers of how many tries silence is known to be no loss. The probabilities
// are those of the rule of succession, by hand.
func TestLossExplains(t *testing.T) {
	for _, tt := range []struct {
		counts
		tries     uint8
		questions uint64
		explains  bool
	}{
		{counts{0, 0}, 3, 1, true},         // 1/2 · 2/3 · 3/4 = 0.25
		{counts{3, 0}, 3, 1, true},         // 6/(5·6·7) = 0.029
		{counts{16, 0}, 3, 1, false},       // 6/(18·19·20) = 0.00088
		{counts{15, 0}, 3, 1, true},        // 6/(17·18·19) = 0.00103
		{counts{16, 0}, 3, 2, true},        // one of two, so twice that
		{counts{2000, 0}, 2, 1000, false},  // 1000 · 2/(2002·2003) = 0.0005
		{counts{2000, 40}, 2, 1000, true},  // 1000 · 41·42/(2042·2043) = 0.41
		{counts{2000, 40}, 6, 1000, false}, // 1000 · (41…46)/(2042…2047) = 9e-8
		{counts{1000, 0}, 0, 1, true},      // nobody knows how often was asked
		{counts{1000, 0}, 1, 1, false},     // 1/1002 = 0.000998
		{counts{998, 0}, 1, 1, false},      // 1/1000, which is no more than that
		{counts{997, 0}, 1, 1, true},
	} {
		if got := lossExplains(tt.counts, tt.tries, tt.questions); got != tt.explains {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// told are differences in one line each, and what was not compared.
func told(t *testing.T, p *Pair) (lines []string) {
	t.Helper()
	sum, err := p.Compare(func(d *report.Difference) {
		line := fmt.Sprintf("%s %s", d.Addr, d.What)
		if d.Port > 0 {
			line += fmt.Sprintf(" %d", d.Port)
		}
		if d.TTL > 0 {
			line += fmt.Sprintf(" %d", d.TTL)
		}
		line += fmt.Sprintf(": %q, %q", d.Old, d.New)
		if d.Weak != report.Proven {
			line += " " + d.Weak.String()
		}
		lines = append(lines, line)
	})
	if err != nil {
		return []string{err.Error()}
	}
	for word, n := range map[string]uint64{"one-sided": sum.OneSided, "undecided": sum.Undecided, "other kind": sum.OtherKind} {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("%s %d", word, n))
		}
	}
	slices.Sort(lines)
	return lines
}

// TestJudge: what two runs know, and what follows.
func TestJudge(t *testing.T) {
	a, b := at(1), at(2)
	up := func(v report.Verdict) *report.Host {
		return &report.Host{Addr: a, Verdict: v, Named: true}
	}
	echo := report.Verdict{State: probe.Up, Reason: probe.EchoReply, From: a, Tries: 1}
	weak := answer(a, 80, probe.Closed)
	weak.Weak = true
	local := silence(a, 80, 0)
	local.State, local.Reason = probe.Unknown, probe.ReasonLocalError
	service := func(name, product, system string) *report.Service {
		return &report.Service{Addr: a, Proto: "tcp", Port: 443, Service: name, Product: product, OS: system}
	}
	hop := func(ttl uint8, routers ...int) *report.Hop {
		h := &report.Hop{Addr: a, Proto: "udp", TTL: ttl}
		for i, n := range routers {
			if i == 0 {
				h.From = at(n)
			} else {
				h.Others = append(h.Others, at(n))
			}
		}
		h.Reached = h.From == a
		return h
	}
	type records []report.Record
	for _, tt := range []struct {
		name     string
		old, new records
		want     string
	}{
		{"answers", records{answer(a, 80, probe.Open)}, records{answer(a, 80, probe.Closed)}, `10.0.0.1 port 80: "open", "closed"`},
		{"few answers, and silence", records{answer(a, 80, probe.Open)}, records{silence(a, 80, 3)}, `10.0.0.1 port 80: "open", "filtered" silence`},
		{"silence of two kinds", records{silence(a, 80, 3)}, records{silence(a, 80, 9)}, ""},
		{"no proof", records{answer(a, 80, probe.Open)}, records{weak}, `10.0.0.1 port 80: "open", "closed" doubt`},
		{"not asked here", records{answer(a, 80, probe.Open)}, records{local}, "undecided 1"},
		{"ICMP errors, and silence", records{&report.Port{Addr: a, Proto: "udp", Port: 9, Verdict: report.Verdict{State: probe.Closed, Reason: probe.PortUnreach, From: a, Tries: 1}}},
			records{&report.Port{Addr: a, Proto: "udp", Port: 9, Verdict: report.Verdict{State: probe.OpenFiltered, Tries: 9}}},
			`10.0.0.1 port 9: "closed", "open|filtered" icmp-limit`},
		{"one only", records{answer(a, 80, probe.Open), answer(a, 81, probe.Open), up(echo)}, records{answer(a, 80, probe.Open), up(echo)}, "undecided 1"},
		{"hosts", records{up(echo)}, records{up(report.Verdict{State: probe.Down, Reason: probe.HostUnreach, From: b})}, `10.0.0.1 host: "up", "down"`},
		{"a silent host", records{up(echo)}, records{up(report.Verdict{State: probe.Unknown, Tries: 9})}, `10.0.0.1 host: "up", "unknown" silence`},
		{"a host that nobody tested", records{up(echo)}, records{up(report.Verdict{State: probe.NotTested})}, "undecided 1"},
		{"names", records{&report.Host{Addr: a, Verdict: echo, Names: report.Names{PTR: "x"}}}, records{&report.Host{Addr: a, Verdict: echo, Names: report.Names{PTR: "y"}}}, `10.0.0.1 name: "x", "y"`},
		{"hardware", records{&report.Host{Addr: a, Verdict: echo, MAC: wire.MAC{2}}}, records{&report.Host{Addr: a, Verdict: echo, MAC: wire.MAC{4}}},
			`10.0.0.1 mac: "02:00:00:00:00:00", "04:00:00:00:00:00"`},
		{"services", records{service("http", "nginx 1", "Linux")}, records{service("https", "nginx 2", "FreeBSD")},
			`10.0.0.1 product 443: "nginx 1", "nginx 2"
10.0.0.1 system 443: "Linux", "FreeBSD"`},
		{"a service that says no more", records{service("http", "nginx", "")}, records{service("", "", "")},
			`10.0.0.1 product 443: "nginx", "" not-said
10.0.0.1 service 443: "http", "" not-said`},
		{"guesses", records{&report.Service{Addr: a, OS: "Linux 5"}}, records{&report.Service{Addr: a, OS: "Linux 6"}}, `10.0.0.1 system: "Linux 5", "Linux 6" guess`},
		{"findings", records{up(echo), &report.Finding{Addr: a, Doubt: probe.Canary}}, records{up(echo)}, `10.0.0.1 finding: "canary", "" not-said`},
		{"hops", records{hop(1, 7), hop(2, 8), hop(3, 1)}, records{hop(1, 7), hop(2, 9), hop(3, 1)}, `10.0.0.1 hop 2: "10.0.0.8", "10.0.0.9"`},
		{"hops of many ways", records{hop(1, 7), hop(2, 8, 6), hop(3, 5)}, records{hop(1, 7), hop(2, 9), hop(3, 4)},
			`10.0.0.1 hop 2: "10.0.0.6 10.0.0.8", "10.0.0.9" balanced
10.0.0.1 hop 3: "10.0.0.5", "10.0.0.4" balanced`},
		{"one of two routers", records{hop(1, 7, 8)}, records{hop(1, 8)}, ""},
		{"a silent hop", records{hop(1, 7)}, records{hop(1)}, `10.0.0.1 hop 1: "10.0.0.7", "" silence`},
		{"a longer way", records{hop(1, 7), hop(2, 1)}, records{hop(1, 7), hop(2, 8), hop(3, 9), hop(4, 1)},
			`10.0.0.1 hop 2: "10.0.0.1", "10.0.0.8"
10.0.0.1 hop 3: "", "10.0.0.9"
undecided 1`},
		{"the target missed once", records{hop(1, 7), hop(2, 1)}, records{hop(1, 7), hop(2), hop(3, 1)},
			`10.0.0.1 hop 2: "10.0.0.1", "" silence
undecided 1`},
		{"nothing in common", records{answer(a, 80, probe.Open)}, records{answer(b, 80, probe.Open)}, ErrApart.Error()},
	} {
		var p Pair
		feed(t, p.Old(), append(append(records{asked("1-100", "10.0.0.1")}, tt.old...), ended())...)
		feed(t, p.New(), append(append(records{asked("1-100", "10.0.0.2")}, tt.new...), ended())...)
		if got := strings.Join(told(t, &p), "\n"); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestJudgeRuns: what runs as a whole mean for a port that both have asked.
func TestJudgeRuns(t *testing.T) {
	a := at(1)
	run := func(kind string, args ...string) *report.Scan {
		s := asked("80-81", append([]string{"10.0.0.1"}, args...)...)
		s.Asked.Kind = kind
		return s
	}
	clean := ended()
	clean.Tally.Ports[probe.Open], clean.Tally.Ports[probe.Closed] = 1, 1
	unclean := ended()
	unclean.Tally.Ports[probe.Open], unclean.Tally.Ports[probe.Filtered] = 1, 1
	const changed = `10.0.0.1 port 80: "open", "closed"`
	for _, tt := range []struct {
		name     string
		old, new *report.Scan
		end      *report.End // of the new one
		unlisted bool        // the new one does not list the port
		want     string
	}{
		{"alike", run("syn"), run("syn"), clean, false, changed},
		{"connect", run("syn"), run("connect"), clean, false, changed},
		{"ACK", run("syn"), run("ack"), clean, false, "other kind 2"},
		{"other flags", run("syn", "--ttl", "5"), run("syn"), clean, false, changed + " other-flags"},
		{"the same flags", run("syn", "--ttl=5", "-g53"), run("syn", "-g", "53", "-ttl", "5"), clean, false, changed},
		{"how fast is no matter", run("syn", "-T4", "--rate", "5", "-v"), run("syn", "-o", "json=x"), clean, false, changed},
		{"what is not open is not listed, and all was answered", run("syn"), run("syn", "--open"), clean, true, `10.0.0.1 port 80: "open", ""`},
		{"what is not open is not listed, and not all was answered", run("syn"), run("syn", "--open"), unclean, true, `10.0.0.1 port 80: "open", "" silence`},
		{"unfinished", run("syn"), run("syn", "--open"), new(report.End), true, "undecided 1"},
		{"killed", run("syn"), run("syn", "--open"), nil, true, "undecided 1"},
	} {
		var p Pair
		feed(t, p.Old(), tt.old, answer(a, 80, probe.Open), answer(a, 81, probe.Open), clean)
		feed(t, p.New(), tt.new, answer(a, 81, probe.Open))
		if !tt.unlisted {
			feed(t, p.New(), answer(a, 80, probe.Closed))
		}
		if tt.end != nil {
			feed(t, p.New(), tt.end)
		}
		if got := strings.Join(told(t, &p), "\n"); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestUnlistedHosts: a host that a sweep does not list was silent, if it was asked at all; how sure
// that is depends on how many answered.
func TestUnlistedHosts(t *testing.T) {
	sweep := func(args ...string) *report.Scan {
		return &report.Scan{Command: "sweep", Args: append([]string{"sweep"}, args...)}
	}
	for _, tt := range []struct {
		name     string
		hosts    int
		old, new *report.Scan
		want     string
	}{
		{"many", 200, sweep("10.0.0.0/24"), sweep("10.0.0.0/24", "-o", "json=b"), `10.0.0.1 host: "up", ""`},
		{"few", 5, sweep("10.0.0.0/24"), sweep("10.0.0.0/24"), `10.0.0.1 host: "up", "" silence`},
		{"a larger network", 200, sweep("10.0.0.0/24"), sweep("10.0.0.0/16"), `10.0.0.1 host: "up", ""`},
		{"another network", 200, sweep("10.0.0.0/24"), sweep("10.0.0.128-10.0.0.255", "10.0.0.2-10.0.0.127"), "one-sided 1"},
		{"asked once", 200, sweep("10.0.0.0/24"), sweep("10.0.0.0/24", "--max-retries", "0"), `10.0.0.1 host: "up", "" silence`},
		{"other pings", 200, sweep("10.0.0.0/24"), sweep("10.0.0.0/24", "-PE"), `10.0.0.1 host: "up", "" other-flags`},
		{"a list", 200, sweep("-i", "list"), sweep("-i", "list"), "one-sided 1"},
		{"left out", 200, sweep("10.0.0.0/24"), sweep("10.0.0.0/24", "--exclude", "10.0.0.1"), "one-sided 1"},
	} {
		var p Pair
		feed(t, p.Old(), tt.old)
		feed(t, p.New(), tt.new)
		for i := range tt.hosts {
			h := &report.Host{Addr: at(i + 1), Verdict: report.Verdict{State: probe.Up, Reason: probe.ARPReply, From: at(i + 1), Tries: 1}}
			if feed(t, p.Old(), h); i > 0 {
				feed(t, p.New(), h)
			}
		}
		feed(t, p.Old(), ended())
		feed(t, p.New(), ended())
		if got := strings.Join(told(t, &p), "\n"); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}
