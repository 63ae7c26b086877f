package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab"
)

// TestJobs: the table is what its readers and the programs believe.
func TestJobs(t *testing.T) {
	names := make(map[string]bool)
	for _, j := range jobs() {
		if names[j.name] || j.title == "" {
			t.Errorf("%q, %q: no name of its own", j.name, j.title)
		}
		names[j.name] = true
		if len(j.truth()) == 0 {
			t.Errorf("%s: nothing is to be found", j.name)
		}
		as := make(map[string]bool)
		for _, c := range j.contests {
			if as[c.as] {
				t.Errorf("%s has two contests %q", j.name, c.as)
			}
			as[c.as] = true
			for _, command := range []string{c.sonde, c.peer} {
				line := strings.Join(j.words(command, blank, "FILE"), " ")
				if strings.ContainsAny(line, "{}") || strings.HasSuffix(line, " -p") || strings.Contains(line, "-p  ") {
					t.Errorf("%s: %s", j.name, line)
				}
			}
			if !strings.HasPrefix(c.sonde, "sonde ") || strings.HasPrefix(c.peer, "sonde ") {
				t.Errorf("%s: %s has the sides changed", j.name, c.as)
			}
			if _, err := j.read(strings.Fields(c.peer)[0], "", 1); err != nil {
				t.Errorf("%s: %v", j.name, err)
			}
		}
		if !as[asBest] {
			t.Errorf("%s: nobody is at their best", j.name)
		}
	}
}

// TestTruth counts what a few jobs have to find.
func TestTruth(t *testing.T) {
	for name, want := range map[string]int{"sweep-24": 13, "ports": 20, "ports-dropped": 20, "udp": 3, "one": 1, "connect": 20, "trace": 10, "trace-6": 10} {
		i := slices.IndexFunc(jobs(), func(j job) bool { return j.name == name })
		j := jobs()[i]
		if got := j.truth(); len(got) != want {
			t.Errorf("%s: %d, want %d", name, len(got), want)
		}
	}
	one := job{targets: prefix("10.128.0.1/32"), ports: "80", kernel: serveTCP(80), open: []uint16{80}}
	if got := one.truth(); !got["10.128.0.1 80"] {
		t.Errorf("%v", got)
	}
}

func TestRead(t *testing.T) {
	ports := job{targets: prefix("10.1.2.3/32"), ports: "80"}
	hosts := job{targets: prefix("10.1.2.0/24")}
	traced := job{targets: prefix("10.200.9.2/32"), way: tenHops(false)}
	for _, tt := range []struct {
		name   string
		job    job
		tool   string
		output string
		exit   int
		want   string // separated by commas; "error"
	}{
		{"sonde", ports, "sonde", `{"type":"scan"}
{"type":"port","addr":"10.1.2.3","port":80,"state":"open"}
{"type":"port","addr":"10.1.2.3","port":81,"state":"closed"}
{"type":"port","addr":"10.1.2.3","port":82,"state":"open|filtered"}
{"type":"host","addr":"10.1.2.3","state":"up"}
`, 0, "10.1.2.3 80"},
		{"sonde sweeps", hosts, "sonde", `{"type":"host","addr":"10.1.2.3","state":"up"}
{"type":"host","addr":"10.1.2.4","state":"down"}
`, 0, "10.1.2.3"},
		{"not JSON", hosts, "sonde", "up\n", 0, "error"},
		{"nmap", ports, "nmap", "# Nmap\nHost: 10.1.2.3 ()\tStatus: Up\n" +
			"Host: 10.1.2.3 ()\tPorts: 80/open/tcp//http///, 81/closed/tcp/////, 82/open|filtered/udp/////\tIgnored State: filtered (9)\n# done\n",
			0, "10.1.2.3 80"},
		{"nmap sweeps", hosts, "nmap", "Host: 10.1.2.3 ()\tStatus: Up\nHost: 10.1.2.4 ()\tStatus: Down\n", 0, "10.1.2.3"},
		{"masscan", ports, "masscan", "#masscan\nopen tcp 80 10.1.2.3 1795628967\nclosed tcp 81 10.1.2.3 1795628967\n# end\n", 0, "10.1.2.3 80"},
		{"masscan, half a line", ports, "masscan", "open tcp 80\n", 0, "error"},
		{"zmap", ports, "zmap", "10.1.2.3\n10.1.2.4\n", 0, "10.1.2.3 80,10.1.2.4 80"},
		{"zmap sweeps", hosts, "zmap", "10.1.2.3\n", 0, "10.1.2.3"},
		{"fping", hosts, "fping", "10.1.2.3\n10.1.2.4\n", 1, "10.1.2.3,10.1.2.4"},
		{"fping complains", hosts, "fping", "fping: no\n", 1, "error"},
		{"nc", ports, "nc", "", 0, "10.1.2.3 80"},
		{"nc fails", ports, "nc", "", 1, ""},
		{"hping3", ports, "hping3", "HPING\nlen=44 ip=10.1.2.3 ttl=64 DF id=0 sport=80 flags=SA seq=0\n", 0, "10.1.2.3 80"},
		{"hping3, refused", ports, "hping3", "len=40 ip=10.1.2.3 ttl=64 sport=80 flags=RA seq=0\n", 0, ""},
		{"sonde traces", traced, "sonde", `{"type":"scan","trace":{"proto":"icmp"}}
{"type":"hop","addr":"10.200.9.2","ttl":1,"from":"10.200.0.2"}
{"type":"hop","addr":"10.200.9.2","ttl":2,"sent":3}
`, 0, "10.200.0.2 at hop 1"},
		{"traceroute", traced, "traceroute", "traceroute to 10.200.9.2 (10.200.9.2), 30 hops max, 60 byte packets\n" +
			" 1  10.200.0.2  50.721 ms  50.655 ms  50.623 ms\n 2  * * *\n 3  * 10.200.2.2  50.721 ms *\n", 0, "10.200.0.2 at hop 1,10.200.2.2 at hop 3"},
		{"mtr", traced, "mtr", "Start: 2026-12-01T04:59:00+0000\nHOST: scanner                     Loss%   Snt   Last   Avg  Best  Wrst StDev\n" +
			"  1.|-- 10.200.0.2                 0.0%     3   50.4  50.4  50.4  50.5   0.0\n  2.|-- ???                       100.0     3    0.0   0.0   0.0   0.0   0.0\n", 0, "10.200.0.2 at hop 1"},
		{"nmap traces", traced, "nmap", "Nmap scan report for 10.200.9.2\nHost is up (0.050s latency).\n\nTRACEROUTE (using proto 1/icmp)\n" +
			"HOP RTT      ADDRESS\n1   50.53 ms 10.200.0.2\n2   ...\n3   50.61 ms 10.200.2.2\n", 0, "10.200.0.2 at hop 1,10.200.2.2 at hop 3"},
		{"scamper", traced, "scamper", "traceroute from 10.200.0.1 to 10.200.9.2\n 1  10.200.0.2  50.721 ms\n 2  *\n", 0, "10.200.0.2 at hop 1"},
		{"somebody else", ports, "nping", "", 0, "error"},
	} {
		got, err := tt.job.read(tt.tool, tt.output, tt.exit)
		list := strings.Join(slices.Sorted(maps.Keys(got)), ",")
		if err != nil {
			list = "error"
		}
		if list != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, list, err, tt.want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{5, 1, 3}); got != 3 {
		t.Error(got)
	}
	if got := median([]time.Duration{4, 1, 2, 100}); got != 3 {
		t.Error(got)
	}
}

// TestBounds: the interval covers the median as often as it says, and is no wider
// than it must be.
func TestBounds(t *testing.T) {
	for n, k := range map[int]int{1: 0, 5: 0, 6: 1, 8: 1, 9: 2, 12: 3, 25: 8, 100: 40} {
		var values []float64
		for i := range n {
			values = append(values, float64(n-i))
		}
		low, high, ok := bounds(values)
		if ok != (k > 0) || ok && (low != float64(k) || high != float64(n+1-k)) {
			t.Errorf("%d values: %v to %v, %v, want the %d-th of each side", n, low, high, ok, k)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	const tries = 4000
	covered := 0
	for range tries {
		var values []float64
		for range 9 {
			values = append(values, random.ExpFloat64()) // whose median is ln 2
		}
		if low, high, _ := bounds(values); low <= 0.6931 && 0.6931 <= high {
			covered++
		}
	}
	if covered < 0.95*tries {
		t.Errorf("%d of %d intervals have the median", covered, tries)
	}
}

// TestCompare: rounds are compared with themselves, not medians with medians.
func TestCompare(t *testing.T) {
	of := func(ms ...int) (list []sample) {
		for _, m := range ms {
			list = append(list, sample{wall: time.Duration(m) * time.Millisecond})
		}
		return list
	}
	r := compare(of(10, 20, 40), of(20, 40, 80, 1000))
	if r.median != 2 || r.bounded || r.atLeast {
		t.Errorf("%+v", r)
	}
	ended := of(100)
	ended[0].ended = true
	if r := compare(of(10, 10), ended); r.median != 10 || !r.atLeast || r.String() != "> 10" {
		t.Errorf("%+v", r)
	}
	if r := compare(ended, ended); r.String() != "?" {
		t.Errorf("%+v", r)
	}
}

// some are outcomes of all sorts.
func some() []outcome {
	j := &job{name: "a", title: `<of> "all" & 5 %`, targets: prefix("10.128.0.0/24"), answers: lab.Answers{Alive: 1}}
	us := figures{runs: 9, wall: 3 * time.Millisecond, cpu: time.Millisecond}
	return []outcome{
		{j, contest{asUsual, "sonde sweep {targets}", "nmap -sn {targets}"}, 256, us, figures{runs: 1, wall: time.Minute, ended: true, missed: 9, wrong: 1}, ratio{median: 20000, atLeast: true}},
		{j, contest{asBest, "sonde sweep {targets}", "nc {targets}"}, 256, us, figures{runs: 9, wall: time.Millisecond, missed: 2}, ratio{median: 0.33, low: 0.3, bounded: true}},
	}
}

// TestPlot: it is XML, and nothing leaves the page.
func TestPlot(t *testing.T) {
	d := xml.NewDecoder(bytes.NewReader(plot("a < b", some())))
	bars := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "rect" {
			continue
		}
		bars++
		var x, width float64
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "x":
				x = number(t, a.Value)
			case "width":
				width = number(t, a.Value)
			}
		}
		if width < 1 || x < 0 || x+width > plotWidth {
			t.Errorf("a bar from %v, %v wide", x, width)
		}
	}
	if bars != 1+2*len(some()) {
		t.Errorf("%d rectangles", bars)
	}
}

func TestTimes(t *testing.T) {
	for want, r := range map[string]ratio{
		"2.9×": {median: 2.87}, "15×": {median: 14.7}, "": {median: 3.1, atLeast: true},
	} {
		if got := times(r); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
	if got := times(ratio{median: 3, unknown: true}); got != "" {
		t.Errorf("sonde was ended: %q", got)
	}
}

// TestPage: what is asked of figures is on the page, once for people and once
// with all command lines.
func TestPage(t *testing.T) {
	got := page([][]outcome{some()}, time.Unix(0, 0), "Linux 6, 2 cores", []string{"sonde 1", "nmap 7"})
	for _, want := range []string{
		"1970-01-01", "Linux 6, 2 cores", "nmap 7", "| > 20000 |", "nmap > 60.0 s", "0.33 (≥ 0.30)", "0, ? of 256", "0, 2 of 256",
		"sonde sweep 10.128.0.0/24", "5 % of single questions", "95 % or more", plotFile(asUsual), plotFile(asBest),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not on the page:\n%s", want, got)
		}
	}
}

// TestAgainst: with -against every command line of sonde is measured once, against
// the same of the other sonde.
func TestAgainst(t *testing.T) {
	for _, j := range against(jobs()) {
		seen := map[string]bool{}
		for _, c := range j.contests {
			if seen[c.sonde] || c.peer != "other-"+c.sonde {
				t.Errorf("%s: %q against %q", j.name, c.sonde, c.peer)
			}
			seen[c.sonde] = true
		}
		if len(seen) == 0 {
			t.Errorf("%s: nothing is measured", j.name)
		}
	}
}
