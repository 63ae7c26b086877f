package manual

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"sonde/output"
	"sonde/probe"
)

// TestTopicsAreComplete: every row of the tables that topics are made from is there, and
// said something of.
func TestTopicsAreComplete(t *testing.T) {
	words := func(topic, title string) map[string]string {
		m := map[string]string{}
		for _, p := range Topic(topic).Parts {
			for _, term := range p.Terms {
				if p.Title == title {
					m[term.Word] = term.Means
				}
			}
		}
		return m
	}
	has := func(in map[string]string, list []string) {
		t.Helper()
		if len(in) != len(list) {
			t.Errorf("%d words, want %d", len(in), len(list))
		}
		for _, word := range list {
			if in[word] == "" {
				t.Errorf("nothing is said of %s", word)
			}
		}
	}
	has(words("states", "States"), probe.States())
	has(words("states", "Reasons"), probe.Reasons())
	has(words("formats", "Formats"), output.Formats().Names())
	has(words("exit-codes", "Exit codes"), declaredCodes(t))
	for _, part := range Topic("json").Parts[1:] {
		if part.Text == "" && len(part.Terms) == 0 {
			t.Errorf("nothing is said of the record %s", part.Title)
		}
		for _, term := range part.Terms {
			if term.Means == "" {
				t.Errorf("nothing is said of the key %s of %s", term.Word, part.Title)
			}
		}
	}
}

// declaredCodes are the values of the constants that begin with Exit in scan/job.
func declaredCodes(t *testing.T) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../scan/job/errors.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Exit") {
			list = append(list, v.Values[0].(*ast.BasicLit).Value)
		}
		return true
	})
	if len(list) < 6 {
		t.Fatalf("%d exit codes", len(list))
	}
	return list
}

// TestFiveExamples: every command that asks or compares has five examples, and so has
// every topic on what is typed.
func TestFiveExamples(t *testing.T) {
	for _, c := range commands[:9] {
		if len(c.examples) < 5 {
			t.Errorf("%s: %d examples", c.name, len(c.examples))
		}
	}
	for _, name := range []string{"targets", "ports", "packets", "exit-codes", "timing", "formats", "defaults"} {
		n := 0
		for _, p := range Topic(name).Parts {
			n += len(p.Examples)
		}
		if n < 5 {
			t.Errorf("%s: %d examples", name, n)
		}
	}
}

// TestTextFits: no line of a topic is wider than the screen, but words and examples that
// cannot be parted.
func TestTextFits(t *testing.T) {
	for _, name := range Topics() {
		p := Topic(name)
		kept := map[string]bool{}
		for _, part := range p.Parts {
			for _, e := range part.Examples {
				for line := range strings.Lines(e.Line) {
					kept["  "+strings.TrimSuffix(line, "\n")] = true
				}
			}
		}
		for _, width := range []int{60, 80, 110} {
			for line := range strings.Lines(p.Text(width)) {
				line = strings.TrimSuffix(line, "\n")
				if utf8.RuneCountInString(line) > width && !kept[line] && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%s, %d columns: %q", name, width, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s: blanks behind %q", name, line)
				}
			}
		}
	}
}

// TestWrapped shows where lines end.
func TestWrapped(t *testing.T) {
	for _, tt := range []struct {
		text              string
		width, indent, at int
		want              string
	}{
		{"one two three", 9, 0, 0, "one two\nthree\n"},
		{"one two three", 9, 2, 0, "  one two\n  three\n"},
		{"one two", 11, 4, 4, "one two\n"},
		{"one\ntwo\n\nthree", 80, 0, 0, "one two\n\nthree\n"},
		{"longer-than-that ä ö", 4, 0, 0, "longer-than-that\nä ö\n"},
	} {
		if got := string(appendWrapped(nil, tt.text, tt.width, tt.indent, tt.at)); got != tt.want {
			t.Errorf("%q in %d columns: %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
	got := string(appendTerms(nil, []Term{{"a", "one two three four five six"}, {"a-very-long-word-for-such-a-column", "one"}}, 30))
	if want := "  a  one two three four five\n     six\n  a-very-long-word-for-such-a-column\n     one\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestRoffShowsWhatItGets: nothing in a text is a request to roff.
func TestRoffShowsWhatItGets(t *testing.T) {
	p := Page{Name: "x", Short: `a "b" \fI`, Parts: []Part{{Title: "Usage", Usage: []string{".SH no", "'no", `\n`}}, {Text: ".PP\n.PP"}}}
	page := p.Roff()
	for _, want := range []string{"\n\\&.SH no\n", "\n\\(aqno\n", "\n\\en\n", "\n\\&.PP .PP\n", `a "b" \efI`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if i := slices.IndexFunc(strings.Split(page, "\n"), func(l string) bool { return strings.HasPrefix(l, "'") }); i >= 0 {
		t.Error("line " + strconv.Itoa(i+1) + " is a request")
	}
}
