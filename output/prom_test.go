package output

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sonde/scan/report"
)

// promSample is a sample of Prometheus's text format, with its labels, whose values are as
// strings of Go.
var (
	promSample = regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? (NaN|[-+0-9.e]+)$`)
	promLabel  = regexp.MustCompile(`[a-z]+="(([^"\\]|\\.)*)"`)
)

// FuzzPromLabel: whatever the network says is the value of a label, from which every byte
// comes back.
func FuzzPromLabel(f *testing.F) {
	f.Add(hostile)
	f.Add("a\"} 1\nb{c=\"\\")
	f.Fuzz(func(t *testing.T, s string) {
		line := string(appendSample(nil, "sonde_host_up", 1, "name", s))
		line, whole := strings.CutSuffix(line, "\n")
		if !whole || !promSample.MatchString(line) {
			t.Fatalf("%q: %q", s, line)
		}
		if s == "" {
			return
		}
		value := promLabel.FindStringSubmatch(line)[1]
		if got := unescape(t, strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(value)); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	})
}

// TestPromTogether: the samples of a metric stand together, below what says what it is, and
// none is there twice.
func TestPromTogether(t *testing.T) {
	f := format("prom")
	for _, s := range scenarios() {
		if !f.Fits(s.scan.Command) {
			continue
		}
		now, seen := "", map[string]bool{}
		for line := range strings.Lines(s.render(f)) {
			line = strings.TrimSuffix(line, "\n")
			if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
				now, _, _ = strings.Cut(name, " ")
			}
			if strings.HasPrefix(line, "#") {
				if seen[line] {
					t.Errorf("%s: %s twice", s.name, line)
				}
				seen[line] = true
				continue
			}
			parts := promSample.FindStringSubmatch(line)
			if parts == nil || parts[1] != now || seen[parts[1]+parts[2]] {
				t.Errorf("%s: %q among %s", s.name, line, now)
				continue
			}
			seen[parts[1]+parts[2]] = true
		}
	}
}

// TestPromIsBounded: it holds no more than it may, and says how much it left out.
func TestPromIsBounded(t *testing.T) {
	w := format("prom").New(Options{}).(*Assembler)
	f := w.pager.(*prom)
	f.scan = &report.Scan{Command: "tcp", Args: []string{"-p", "80"}}
	name := strings.Repeat("x", 1<<20)
	for range 20 {
		f.add(hostUp, 1, "name", name)
	}
	b := string(f.AppendEnd(nil, &report.End{}))
	if f.size > promRoom+2<<20 || !strings.Contains(b, "\nsonde_run_samples_left_out{command=\"tcp\",args=\"-p 80\"} "+strconv.FormatUint(f.left, 10)+"\n") || f.left < 2 {
		t.Errorf("%d bytes are held, %d samples left out", f.size, f.left)
	}
}
