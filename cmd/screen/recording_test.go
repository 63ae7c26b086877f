package screen

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/scan/report"
)

const scanLine = `{"type":"scan","schema":1,"version":"0.1.0","command":"trace","args":[],"time":"2026-11-23T01:30:00Z","method":["raw"],"seed":0,"probes":0,"trace":{"proto":"icmp","max_ttl":30,"dscp":"cs0","ecn":0},"addresses":1}` + "\n"

const endLine = `{"type":"end","complete":true,"exit":0,"exit_reason":"reached","elapsed_s":60.0,"sent":180,"received":180,"duplicates":0,"unsolicited":0,"send_errors":0,"receive_drops":0}` + "\n"

// roundLines are so many rounds, one each second, of a way whose second hop changes in round 31.
func roundLines(rounds int) string {
	var b strings.Builder
	for n := range rounds {
		second := "10.2.0.1"
		if n >= 30 {
			second = "10.2.9.1"
		}
		if n == 30 {
			b.WriteString(`{"type":"reroute","addr":"10.9.0.9","round":31,"at_s":30.0,"was":["10.1.0.1","10.2.0.1","10.9.0.9"],"now":["10.1.0.1","10.2.9.1","10.9.0.9"]}` + "\n")
		}
		for i, from := range []string{"10.1.0.1", second, "10.9.0.9"} {
			fmt.Fprintf(&b, `{"type":"round","addr":"10.9.0.9","round":%d,"at_s":%d.0,"ttl":%d,"last":3,"from":"%s","rtt_ms":%d.5`, n+1, n, i+1, from, i+1)
			if i == 2 {
				b.WriteString(`,"reached":true,"reason":"echo-reply"`)
			}
			b.WriteString("}\n")
		}
	}
	return b.String()
}

func recording(t *testing.T, text string) *Recording {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rounds.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &Recording{Name: "rounds.json", File: f}
}

// TestCheck: what is no watched trace is told with the file and the line, and what is cut is
// shown as far as it goes.
func TestCheck(t *testing.T) {
	whole := scanLine + roundLines(3)
	for _, tt := range []struct{ name, text, err, torn string }{
		{"whole", whole + endLine, "", ""},
		{"with a newer sonde's records", whole + `{"type":"aura","x":1}` + "\n" + endLine, "", ""},
		{"empty", "", "rounds.json: it is empty", ""},
		{"no JSON", "hello\n", "rounds.json: neither lines of JSON", ""},
		{"broken", scanLine + "{\"type\":\"round\"}\n" + endLine, "rounds.json: line 2: ", ""},
		{"broken later", whole + "}\n" + endLine, "rounds.json: line 11: ", ""},
		{"of another command", strings.Replace(whole, `"command":"trace"`, `"command":"tcp"`, 1), "rounds.json: a run of sonde tcp", ""},
		{"a trace that was not watched", scanLine + endLine, "rounds.json: no round of a watched trace in 2 lines", ""},
		{"cut in a line", whole[:len(whole)-20], "", "rounds.json: line 10 is cut"},
		{"cut behind a line", whole, "", "rounds.json: the run did not come to its end behind line 10"},
	} {
		r := recording(t, tt.text)
		err := r.Check()
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
		if tt.torn == "" && r.Torn != nil || tt.torn != "" && (r.Torn == nil || !strings.HasPrefix(r.Torn.Error(), tt.torn)) {
			t.Errorf("%s: torn: %v, want %q", tt.name, r.Torn, tt.torn)
		}
		if tt.err != "" {
			continue
		}
		n := 0
		if err := r.Play(context.Background(), func(report.Record) { n++ }); err != nil || n < 9 {
			t.Errorf("%s: %d records, %v", tt.name, n, err)
		}
	}
}

// TestPlay: a recording is shown at its pace, faster, slower, from elsewhere and to its end.
func TestPlay(t *testing.T) {
	r := recording(t, scanLine+roundLines(60)+endLine)
	if err := r.Check(); err != nil || r.Length != 59*time.Second {
		t.Fatalf("%v, %v", r.Length, err)
	}
	s := &Screen{}
	now := time.Unix(0, 0)
	p := &Player{screen: s, file: r, pace: 2, last: now}
	if err := p.restart(); err != nil {
		t.Fatal(err)
	}
	defer func() { p.stop() }()
	pass := func(d time.Duration) { now = now.Add(d); p.tick(now) }
	act := func(a Act) {
		if err := p.act(a); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		what   string
		do     func()
		number uint32
		events uint64
		doing  string
	}{
		{"at its start", func() {}, 1, 0, "played 1x, 0:00:00 of 0:00:59"},
		{"after 5 s", func() { pass(5 * time.Second) }, 6, 0, "played 1x, 0:00:05 of 0:00:59"},
		{"faster", func() { act(Faster); act(Faster); pass(5 * time.Second) }, 26, 0, "played 4x, 0:00:25 of 0:00:59"},
		{"10 s on", func() { act(Forward10) }, 36, 1, "played 4x, 0:00:35 of 0:00:59"},
		{"10 s back", func() { act(Back10) }, 26, 0, "played 4x, 0:00:25 of 0:00:59"},
		{"slower", func() { act(Slower); act(Slower); act(Slower); pass(2 * time.Second) }, 27, 0, "played 0.5x, 0:00:26 of 0:00:59"},
		{"paused", func() { s.press('p'); pass(time.Minute); s.press('p') }, 27, 0, "played 0.5x, 0:00:26 of 0:00:59"},
		{"at its end", func() { act(End) }, 60, 1, "played to its end, 0:00:59"},
		{"later", func() { pass(time.Minute) }, 60, 1, "played to its end, 0:00:59"},
		{"and back", func() { act(Back10) }, 50, 1, "played 0.5x, 0:00:49 of 0:00:59"},
		{"from its beginning", func() { act(Home) }, 1, 0, "played 0.5x, 0:00:00 of 0:00:59"},
		{"back from there", func() { act(Back10) }, 1, 0, "played 0.5x, 0:00:00 of 0:00:59"},
	} {
		step.do()
		if len(s.model.Targets) != 1 {
			t.Fatalf("%s: %d targets", step.what, len(s.model.Targets))
		}
		if got := s.model.Targets[0]; got.Number != step.number || got.Rounds != uint64(step.number) || got.Events.Count() != step.events || s.Doing != step.doing {
			t.Errorf("%s: round %d of %d, %d events, %q; want round %d, %d events, %q", step.what, got.Number, got.Rounds, got.Events.Count(), s.Doing, step.number, step.events, step.doing)
		}
	}
}

// TestHeld: what is written beside the screen comes once that is gone, and is bounded.
func TestHeld(t *testing.T) {
	var out, stderr strings.Builder
	s := &Screen{}
	w := s.Beside(&out)
	for n := range 20000 {
		fmt.Fprintf(w, "line %d\n", n)
	}
	for n := range 30 {
		s.Keep(fmt.Sprintf("note %d\n", n))
	}
	if out.Len() > 0 || len(s.held.b) > mostHeld {
		t.Errorf("%d bytes are out, %d held", out.Len(), len(s.held.b))
	}
	s.Release(&stderr)
	fmt.Fprintln(w, "the end")
	text := out.String()
	lines := strings.Split(text, "\n")
	var left int
	if _, err := fmt.Sscanf(lines[0], "(%d lines before this are not kept)", &left); err != nil || lines[1] != fmt.Sprint("line ", left) || !strings.HasSuffix(text, "line 19999\nthe end\n") {
		t.Errorf("%q … %q", text[:60], text[len(text)-30:])
	}
	if !strings.HasPrefix(stderr.String(), "note 10\n") || strings.Count(stderr.String(), "\n") != mostNotes {
		t.Errorf("%q", stderr.String())
	}
}
