package output

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestASCII: whatever a scenario has, its text is ASCII where that is asked for, the same as
// before where there is nothing else in it, and no wider than the terminal.
func TestASCII(t *testing.T) {
	changed := 0
	for _, s := range scenarios() {
		write := func(o Options) string {
			f := Formats()[0]
			for _, f = range Formats() {
				if f.Name == "text" {
					break
				}
			}
			w := f.New(o)
			b := w.AppendRecord(nil, &s.scan)
			for _, r := range s.records {
				b = w.AppendRecord(b, r)
			}
			return string(w.AppendRecord(b, &s.end))
		}
		usual, plain, narrow := write(Options{Verbose: true}), write(Options{Verbose: true, ASCII: true}), write(Options{Verbose: true, ASCII: true, Width: 60})
		for _, text := range []string{plain, narrow} {
			if at := strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }); at >= 0 {
				t.Errorf("%s: %q", s.name, text[at:min(len(text), at+20)])
			}
		}
		ascii := strings.IndexFunc(usual, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
		switch {
		case ascii && usual != plain:
			t.Errorf("%s has changed, though it is ASCII", s.name)
		case !ascii:
			changed++
		}
	}
	if changed < 3 {
		t.Errorf("%d scenarios have other signs: nothing is shown", changed)
	}
	if got, want := string(AppendASCII(nil, "a → é…\xff")), `a -> \xc3\xa9...\xff`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
