package screen

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// keysOf are the keys of what a terminal sends.
func keysOf(s string) (keys []Key) {
	var d Decoder
	for _, c := range []byte(s) {
		if k, ok := d.Take(c); ok {
			keys = append(keys, k)
		}
	}
	if k, ok := d.Idle(); ok {
		keys = append(keys, k)
	}
	return keys
}

// TestKeys: what terminals send, in both modes of their arrows.
func TestKeys(t *testing.T) {
	for sent, want := range map[string][]Key{
		"qé漢":                                    {'q', 'é', '漢'},
		"\x1b[A\x1bOB\x1b[C\x1b[D":               {Up, Down, Right, Left},
		"\t\x1b[Z\r\n":                           {Tab, BackTab, Enter, Enter},
		"\x1b":                                   {Escape},
		"\x1b[5~\x1b[6~j":                        {PageUp, PageDown, 'j'},
		"\x1b[1;5Aj\x1bj":                        {Up, 'j', Unknown},
		"\x1b[H\x1b[F\x1b[99~":                   {First, Last, Unknown},
		"\x7f\x08\x03\x0c":                       {Backspace, Backspace, CtrlC, CtrlL},
		"\x1b[" + strings.Repeat("1", 40) + "mq": {Unknown, 'q'},
	} {
		got := keysOf(sent)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", sent, got, want)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\x1b[A\x1bO\xe6\xbc\xa2\x1b[200~"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Decoder
		for _, c := range b {
			k, ok := d.Take(c)
			if ok && (k > utf8.MaxRune || k < Unknown) || len(d.b) > longest {
				t.Fatalf("%q: %d, %q is waited for", b, k, d.b)
			}
		}
	})
}

// pressed is the screen's text behind keys.
func pressed(t *testing.T, w *watch, s *State, keys string) (text string, acts []Act) {
	t.Helper()
	for _, k := range keysOf(keys) {
		if act := s.Press(k, &w.model); act != Nothing {
			acts = append(acts, act)
		}
	}
	v := &View{Model: &w.model, State: s, Width: 80, Height: 24, Doing: "watching"}
	return sized(t, keys, v, v.Lines()), acts
}

// TestPress: where keys lead.
func TestPress(t *testing.T) {
	w := newWatch()
	for i := range 3 {
		many(w, i)
	}
	for _, tt := range []struct{ keys, shows string }{
		{"", "▸  1 10.1.0.1"},
		{"jj", "▸  3 10.3.0.1"},
		{"jjjjjjjj", "▸  4 10.9.0.1"},
		{"\x1b[B\x1b[A\x1b[A", "▸  1 10.1.0.1"},
		{"\x1b[6~k", "▸  3 10.3.0.1"},
		{"j\r", "HOP 2 of 4"},
		{"j\rj", "HOP 3 of 4"},
		{"j\r\x1b", "▸  2 *"},
		{"\t", "2/3  10.9.0.1 [10.9.0.2]"},
		{"\t\t\t", "1/3 [10.9.0.1]"},
		{"\x1b[Z", "3/3  10.9.0.1  10.9.0.2 [10.9.0.3]"},
		{"e", "EVENTS"},
		{"ee", "▸  1 10.1.0.1"},
		{"ejjjjjkk", "WAYS"},
		{"t", "▸10.9.0.1"},
		{"tj", "▸10.9.0.2"},
		{"tj\r", "2/3"},
		{"?", "MARKS"},
		{"e?x", "EVENTS"},
		{"p", "PAUSED"},
		{"p ", "watching"},
		{"p\t", "2/3"},
		{"z\x1b[99~é", "▸  1 10.1.0.1"},
	} {
		if text, acts := pressed(t, w, &State{}, tt.keys); !strings.Contains(text, tt.shows) || len(acts) > 0 {
			t.Errorf("%q does not show %q, and asks for %v:\n%s", tt.keys, tt.shows, acts, text)
		}
	}
	for keys, want := range map[string][]Act{"q": {Quit}, "\x03": {Quit}, "?q": {Quit}, "?\x03": {Quit}, "r": {Reset}, "w": {Export}, "\x0c": {Redraw}, "+-<>": nil} {
		if _, acts := pressed(t, w, &State{}, keys); !slices.Equal(acts, want) {
			t.Errorf("%q: %v, want %v", keys, acts, want)
		}
	}
	if _, acts := pressed(t, w, &State{Playing: true}, "+-<>\x1b[C\x1b[D"); !slices.Equal(acts, []Act{Faster, Slower, Home, End, Forward10, Back10}) {
		t.Error(acts)
	}
	for _, keys := range []string{"jk\r\t\x1b[Zept?"} { // without a target
		pressed(t, newWatch(), &State{}, keys)
	}
}

// TestPaused: what is shown stands still, and goes on with what has come meanwhile.
func TestPaused(t *testing.T) {
	w, s := newWatch(), &State{}
	w.way(1, never)
	before, _ := pressed(t, w, s, "p")
	w.way(2, never)
	if after, _ := pressed(t, w, s, ""); after != before {
		t.Errorf("it was\n%s and is\n%s", before, after)
	}
	if text, _ := pressed(t, w, s, "p"); !strings.Contains(text, "round 2,") {
		t.Errorf("%s", text)
	}
}

// TestFactsWithoutColours: what looks tell, the text tells, too.
func TestFactsWithoutColours(t *testing.T) {
	shown := func(change func(w *watch, s *State)) string {
		w, s := newWatch(), &State{}
		flips(w, 40)
		change(w, s)
		text, _ := pressed(t, w, s, "")
		return text
	}
	seen := map[string]string{shown(func(*watch, *State) {}): "nothing"}
	for what, change := range map[string]func(w *watch, s *State){
		"a loss":          func(w *watch, _ *State) { w.way(41, func(h int) bool { return h == 4 }) },
		"an answer":       func(w *watch, _ *State) { w.way(41, never) },
		"a pause":         func(w *watch, s *State) { s.Press('p', &w.model) },
		"another hop":     func(w *watch, s *State) { s.Press('j', &w.model) },
		"another target":  func(w *watch, s *State) { many(w, 1) },
		"the selected":    func(w *watch, s *State) { many(w, 1); s.Press(Tab, &w.model) },
		"a target gone":   func(w *watch, s *State) { many(w, 18); s.page = Targets },
		"a target silent": func(w *watch, s *State) { many(w, 19); s.page = Targets },
	} {
		text := shown(change)
		if other := seen[text]; other != "" {
			t.Errorf("%s looks as %s", what, other)
		}
		seen[text] = what
	}
}
