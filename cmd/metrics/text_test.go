package metrics

import (
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/watched"
)

// watch adds rounds of a way of two hops, of which every fourth loses the target.
func watch(m interface{ Add(report.Record) }, target string, rounds int) {
	addr := netip.MustParseAddr(target)
	for n := range rounds {
		m.Add(&report.Round{Addr: addr, Number: uint32(n + 1), TTL: 1, Last: 2, From: netip.MustParseAddr("10.1.0.1"), RTT: time.Duration(n+1) * time.Millisecond, Reason: probe.TimeExceeded})
		r := &report.Round{Addr: addr, Number: uint32(n + 1), TTL: 2, Last: 2}
		if n%4 != 3 {
			r.From, r.Reached, r.RTT, r.Reason = addr, true, 10*time.Millisecond, probe.EchoReply
		}
		m.Add(r)
	}
}

var sample = regexp.MustCompile(`^([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (\S+)$`)

// parse reads a text of Prometheus (version 0.0.4), and refuses what that does.
func parse(t *testing.T, text string) map[string]float64 {
	t.Helper()
	samples, kinds, last := map[string]float64{}, map[string]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			if kinds[name] != "" {
				t.Errorf("%s has two types", name)
			}
			kinds[name], last = kind, name
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no sample: %q", line)
		}
		base := strings.TrimSuffix(strings.TrimSuffix(m[1], "_sum"), "_count")
		if m[1] != last && !(kinds[base] == "summary" && base == last) {
			t.Errorf("%q stands behind the head of %s", line, last)
		}
		v, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		key := m[1] + "{" + m[2] + "}"
		if _, twice := samples[key]; twice {
			t.Errorf("twice: %s", key)
		}
		samples[key] = v
	}
	return samples
}

// TestText: the figures, for IPv4 and IPv6.
func TestText(t *testing.T) {
	for _, target := range []string{"10.9.0.9", "fd00::9"} {
		var m watched.Model
		watch(&m, target, 100)
		m.Add(&report.Reroute{Addr: netip.MustParseAddr(target), Was: []netip.Addr{netip.MustParseAddr("10.1.0.1")}, Now: []netip.Addr{netip.MustParseAddr("10.1.0.2")}})
		got := parse(t, string(Append(nil, &m)))
		for key, want := range map[string]float64{
			`sonde_watch_rounds_total{target="T"}`:                              100,
			`sonde_watch_reached_total{target="T"}`:                             75,
			`sonde_watch_reached{target="T"}`:                                   0,
			`sonde_watch_hops{target="T"}`:                                      2,
			`sonde_watch_changes_total{target="T"}`:                             1,
			`sonde_watch_hop_sent_total{target="T",hop="2"}`:                    100,
			`sonde_watch_hop_answered_total{target="T",hop="2"}`:                75,
			`sonde_watch_hop_loss_ratio{target="T",hop="2"}`:                    0.25,
			`sonde_watch_hop_rtt_seconds_count{target="T",hop="1"}`:             100,
			`sonde_watch_hop_rtt_seconds_sum{target="T",hop="1"}`:               5.05,
			`sonde_watch_hop_rtt_seconds{target="T",hop="2",quantile="0.5"}`:    0.01,
			`sonde_watch_hop_rtt_best_seconds{target="T",hop="1"}`:              0.001,
			`sonde_watch_hop_rtt_worst_seconds{target="T",hop="1"}`:             0.1,
			`sonde_watch_hop_jitter_seconds{target="T",hop="1"}`:                0.001,
			`sonde_watch_hop_answers_total{target="T",hop="1",from="10.1.0.1"}`: 100,
		} {
			key = strings.Replace(key, `"T"`, `"`+target+`"`, 1)
			if v, ok := got[key]; !ok || v != want {
				t.Errorf("%s: %v, %v, want %v", key, v, ok, want)
			}
		}
	}
}

// TestPromtool: Prometheus's own program finds nothing wrong.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool (Debian package prometheus)")
	}
	var m watched.Model
	watch(&m, "10.9.0.9", 9)
	watch(&m, "fe80::1%a\"b\\c\n", 9)
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(string(Append(nil, &m)))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestBounded: whatever answers, there is only so much to tell.
func TestBounded(t *testing.T) {
	var m watched.Model
	for i := range 300 {
		target := netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)})
		for n := range 40 {
			m.Add(&report.Round{Addr: target, Number: uint32(n), TTL: 1, Last: 1, From: netip.AddrFrom4([4]byte{10, byte(n), byte(i >> 8), byte(i)}), RTT: time.Millisecond})
		}
	}
	got := parse(t, string(Append(nil, &m)))
	most := watched.MaxTargets * (len(families) + 4 + 8 + 1)
	if len(got) > most || len(got) < most/2 {
		t.Errorf("%d samples, more than %d or too few", len(got), most)
	}
	if key := fmt.Sprintf(`sonde_watch_hop_answers_total{target="%s",hop="1"}`, "10.9.0.1"); got[key] != 32 {
		t.Errorf("%s: %v", key, got[key])
	}
}

// TestEscaped: a zone is somebody's choice, and no way out of a label.
func TestEscaped(t *testing.T) {
	var m watched.Model
	watch(&m, "fe80::1%\"} 1\nevil{x=\"\x1b\\", 1)
	for key := range parse(t, string(Append(nil, &m))) {
		if strings.HasPrefix(key, "evil") || strings.Contains(key, "\x1b") {
			t.Errorf("%q", key)
		}
	}
}
