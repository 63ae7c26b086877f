package output

import (
	"regexp"
	"strings"
	"testing"

	"sonde/scan/report"
)

// The statements of the language of Graphviz that a graph is made of: a string ends at the
// first quote without a backslash before it.
const dotString = `"(?:[^"\\]|\\.)*"`

var (
	dotHead   = "digraph trace {\n  rankdir=LR;\n  node [shape=box];\n"
	dotPoint  = regexp.MustCompile(`^  "here" \[shape=point, xlabel="here"\];$`)
	dotEntry  = regexp.MustCompile(`^  (` + dotString + `) \[label=(` + dotString + `)(, peripheries=2)?\];$`)
	dotDashed = regexp.MustCompile(`^  ` + dotString + ` -> ` + dotString + ` \[style=dashed\];$`)
	dotArrow  = regexp.MustCompile(`^  (` + dotString + `) -> (` + dotString + `) \[label=(` + dotString + `)\];$`)
)

// TestDot: each line of each route is a statement, every hop a node, every step an edge, and
// nothing from the network is more than text.
func TestDot(t *testing.T) {
	f := format("dot")
	for _, s := range scenarios() {
		if !f.Fits(s.scan.Command) {
			continue
		}
		graph := s.render(f)
		body, ok := strings.CutPrefix(graph, dotHead)
		body, whole := strings.CutSuffix(body, "}\n")
		if !ok || !whole {
			t.Errorf("%s: no graph: %s", s.name, graph)
			continue
		}
		nodes, arrows := map[string]bool{}, map[[2]string]bool{}
		for line := range strings.Lines(body) {
			line = strings.TrimSuffix(line, "\n")
			node, arrow := dotEntry.FindStringSubmatch(line), dotArrow.FindStringSubmatch(line)
			switch {
			case dotPoint.MatchString(line), dotDashed.MatchString(line):
			case node != nil:
				nodes[node[1]] = true
			case arrow != nil:
				arrows[[2]string{arrow[1], arrow[2]}] = true
			default:
				t.Errorf("%s: %q is no statement", s.name, line)
			}
			if strings.ContainsFunc(line[1:], func(c rune) bool { return c < ' ' || c == 0x7f }) {
				t.Errorf("%s: %q has control characters", s.name, line)
			}
		}
		for _, r := range s.records {
			switch r := r.(type) {
			case *report.Hop:
				if id := `"` + dotNode(r.Addr, r.From, r.TTL) + `"`; !nodes[id] {
					t.Errorf("%s: no node %s", s.name, id)
				}
			case *report.Edge:
				from := `"here"`
				if r.TTL > 1 {
					from = `"` + dotNode(r.Addr, r.From, r.TTL-1) + `"`
				}
				if to := `"` + dotNode(r.Addr, r.To, r.TTL) + `"`; !arrows[[2]string{from, to}] {
					t.Errorf("%s: no edge from %s to %s", s.name, from, to)
				}
			}
		}
	}
}

// TestDotStrings: whatever is written in quotes comes back, and never ends them.
func TestDotStrings(t *testing.T) {
	for _, text := range []string{`a"b`, `a\`, `\"];}`, `\n`, ``, `x"];"y`} {
		got := string(appendDotID(nil, text))
		if m := regexp.MustCompile(`^` + dotString + `$`).FindString(got); m != got {
			t.Errorf("%q: %s", text, got)
		}
		if back := strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(got[1 : len(got)-1]); back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	}
}
