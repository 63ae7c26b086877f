package output

import (
	"regexp"
	"strings"
	"testing"
)

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "nginx": 5, "grüße": 5, "日本": 4, "ｗ": 2, "e\u0301": 1, "→ …": 3, "😀": 2, "한": 2} {
		if got := width([]byte(s)); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

func TestEllipsis(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"nginx", 5, "nginx"}, {"nginx 1", 5, "ngin…"}, {"日本語です", 6, "日本…"}, {"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{`ab\x1b[31m`, 5, "ab…"}, {`ab\x1b[31m`, 7, `ab\x1b…`}, {`a\u{202e}b`, 8, "a…"}, {`a\\bc`, 3, "a…"}, {"", 1, ""},
	} {
		if got := ellipsis(tt.s, tt.n); got != tt.want {
			t.Errorf("%q to %d columns: %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
}

func TestFoldLine(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"short\n", "short\n"},
		{"one two three four five six seven\n", "one two three four\n  five six seven\n"},
		{"  tls   TLS 1.3; for www.example\n", "  tls   TLS 1.3; for\n        www.example\n"},
		{"\x1b[31mdown\x1b[0m, no neighbour here\n", "\x1b[31mdown\x1b[0m, no neighbour\n  here\n"},
		{"averyveryverylongwordthatisnotbroken at all\n", "averyveryverylongwordthatisnotbroken\n  at all\n"},
		{"日本語 日本語 日本語 日本語\n", "日本語 日本語 日本語\n  日本語\n"},
	} {
		if got := string(foldLine(nil, tt.line, 20)); got != tt.want {
			t.Errorf("%q becomes\n%s, want\n%s", tt.line, got, tt.want)
		}
	}
}

// TestTextFits: on a terminal no line is wider than it but for single words and what stands
// before them, and what is said stays the same, but for names that end in an ellipsis.
func TestTextFits(t *testing.T) {
	colours, blanks := regexp.MustCompile("\x1b\\[\\d*m"), regexp.MustCompile(`\s+`)
	for _, columns := range []int{60, 80, 120} {
		for _, s := range scenarios() {
			plain := s.render(format("text"))
			s.opts.Width = columns
			got := s.render(format("text"))
			for line := range strings.Lines(got) {
				line = strings.TrimRight(colours.ReplaceAllString(line, ""), "\n")
				wide := width([]byte(line))
				if wide > columns && breakable(line) {
					t.Errorf("%s: %d columns for %d:\n%s", s.name, wide, columns, line)
				}
			}
			if strings.Contains(got, "…") {
				continue
			}
			squeeze := func(s string) string { return blanks.ReplaceAllString(s, "") }
			if squeeze(got) != squeeze(plain) {
				t.Errorf("%s: for %d columns\n%s", s.name, columns, got)
			}
		}
	}
}

// breakable tells whether a line has a blank to break it at, behind what it begins with.
func breakable(line string) bool {
	rest := line[min(hang(line), len(line)):]
	return strings.Contains(strings.TrimSpace(rest), " ")
}
