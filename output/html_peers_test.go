package output

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/report"

	"golang.org/x/net/html"
)

// chromium shows a page and returns it as it is when its script has run, and what the
// console said of it. It has a network of its own, without an interface.
func chromium(t *testing.T, url string, flags ...string) (doc *html.Node, console []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	args := append([]string{"-n", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--user-data-dir=" + t.TempDir()}, flags...)
	cmd := exec.CommandContext(ctx, "unshare", append(args, "--dump-dom", url)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%.2000s", err, said.String())
	}
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, ":CONSOLE:") && strings.Contains(line, "source: file://") {
			console = append(console, line)
		}
	}
	return pageOf(t, out.String()), console
}

// written writes the page of a run to a file, and returns its address.
func written(t *testing.T, s *scenario) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(s.render(format("html"))), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// TestPagesInChromiumPeers: no page of any run makes the console say something, such as that the
// policy forbids what the page wants, or that the script fails; and the script has run.
func TestPagesInChromiumPeers(t *testing.T) {
	needPeers(t, "chromium", "unshare")
	for _, s := range append(scenarios(), largeRuns()[:3]...) {
		doc, console := chromium(t, written(t, &s))
		if len(console) > 0 {
			t.Errorf("%s: %s", s.name, strings.Join(console, ""))
		}
		tables, ready := 0, 0
		for n := range doc.Descendants() {
			if n.Data == "table" && attribute(n, "id") != "" {
				tables++
				if strings.Contains(attribute(n, "class"), "ready") {
					ready++
				}
			}
		}
		if tables != ready {
			t.Errorf("%s: the script has looked at %d of %d tables", s.name, ready, tables)
		}
	}
}

// TestConsoleIsReadPeers: what a policy forbids is seen by the test above.
func TestConsoleIsReadPeers(t *testing.T) {
	needPeers(t, "chromium", "unshare")
	s := scenarios()[0]
	path := filepath.Join(t.TempDir(), "page.html")
	bad := strings.Replace(s.render(format("html")), "<header>", `<header><b style="color:red">a</b><img src="data:,">`, 1)
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, console := chromium(t, "file://"+path); len(console) < 2 {
		t.Errorf("the console said %q", console)
	}
}

// TestChoosingInChromiumPeers: what stands behind the # sorts and filters the table.
func TestChoosingInChromiumPeers(t *testing.T) {
	needPeers(t, "chromium", "unshare")
	large := largeRuns()
	for _, tt := range []struct {
		name, hash string
		run        *scenario
		check      func(rows [][]string) string
	}{
		{"words", "#ports.q=10.77.0.3+443%2Ftcp", &large[2], func(rows [][]string) string {
			return every(rows, 11, func(r []string) bool { return strings.HasPrefix(r[0], "10.77.0.3") && r[1] == "443/tcp" })
		}},
		{"a state", "#ports.state=closed", &large[2], func(rows [][]string) string {
			return every(rows, int(large[2].end.Tally.Ports[probe.Closed]), func(r []string) bool { return r[2] == "closed" })
		}},
		{"both", "#ports.state=open&ports.q=3389", &large[2], func(rows [][]string) string {
			return every(rows, openAt(&large[2], 3389), func(r []string) bool { return r[2] == "open" && r[1] == "3389/tcp" })
		}},
		{"by number", "#ports.sort=6&ports.down=1", &large[2], func(rows [][]string) string {
			return inOrder(rows, 520, func(a, b []string) bool { return b[5] == "" || number64(a[5]) >= number64(b[5]) && a[5] != "" })
		}},
		{"by port", "#ports.sort=2", &large[2], func(rows [][]string) string {
			return inOrder(rows, 520, func(a, b []string) bool {
				return number64(strings.TrimSuffix(a[1], "/tcp")) <= number64(strings.TrimSuffix(b[1], "/tcp"))
			})
		}},
		{"by address, downwards", "#hosts.sort=1&hosts.down=1", &large[0], func(rows [][]string) string {
			return inOrder(rows, 180, func(a, b []string) bool {
				return number64(strings.TrimPrefix(a[0], "10.77.0.")) >= number64(strings.TrimPrefix(b[0], "10.77.0."))
			})
		}},
		{"a host far below", "#host-10.77.9.7", &large[3], func(rows [][]string) string {
			if !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == "10.77.9.7" }) {
				return "it is not shown"
			}
			return every(rows, (9*256+8)*10+1000, func([]string) bool { return true })
		}},
		{"a part of 50,000", "#ports.sort=1&ports.q=10.77.9.", &large[3], func(rows [][]string) string {
			return every(rows, 1000, func(r []string) bool { return strings.HasPrefix(r[0], "10.77.9.") })
		}},
	} {
		doc, console := chromium(t, written(t, tt.run)+tt.hash)
		if bad := tt.check(shown(doc)); bad != "" || len(console) > 0 {
			t.Errorf("%s: %s %q", tt.name, bad, console)
		}
	}
}

// openAt is on how many hosts a port is open.
func openAt(s *scenario, port uint16) (n int) {
	for _, rec := range s.records {
		if p, ok := rec.(*report.Port); ok && p.Port == port && p.State == probe.Open {
			n++
		}
	}
	return n
}

// shown are the cells of the records that are shown, row by row, in their order: not those
// that are hidden, nor those that wait until more are asked for.
func shown(doc *html.Node) (rows [][]string) {
	for n := range doc.Descendants() {
		if n.Data != "tr" || attribute(n, "class") != "" || n.Parent.Data != "tbody" || hidden(n) || hidden(n.Parent) || attribute(n.Parent.Parent, "id") == "" {
			continue
		}
		var cells []string
		for c := range n.ChildNodes() {
			text := ""
			for d := range c.Descendants() {
				if d.Type == html.TextNode {
					text += d.Data
				}
			}
			cells = append(cells, strings.TrimSpace(text))
		}
		rows = append(rows, cells)
	}
	return rows
}

func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "hidden" {
			return true
		}
	}
	return false
}

// every says what is wrong unless there are n rows, and all are as they should be.
func every(rows [][]string, n int, ok func([]string) bool) string {
	for _, r := range rows {
		if !ok(r) {
			return strings.Join(r, " | ")
		}
	}
	if len(rows) != n {
		return strconv.Itoa(len(rows)) + " rows, want " + strconv.Itoa(n)
	}
	return ""
}

// inOrder says what is wrong unless there are n rows, each in order with the next.
func inOrder(rows [][]string, n int, ok func(a, b []string) bool) string {
	for i := 1; i < len(rows); i++ {
		if !ok(rows[i-1], rows[i]) {
			return strings.Join(rows[i-1], " | ") + " before " + strings.Join(rows[i], " | ")
		}
	}
	return every(rows, n, func([]string) bool { return true })
}

func number64(s string) float64 {
	n, _ := strconv.ParseFloat(s, 64)
	return n
}

// TestLateSummaryInChromiumPeers: the summary of a page that was begun before its end was
// known comes to its top.
func TestLateSummaryInChromiumPeers(t *testing.T) {
	needPeers(t, "chromium", "unshare")
	s := scenarios()[0]
	out := s.render(format("html"))
	from, to := strings.Index(out, `<section id="summary"`), strings.Index(out, "<main>")
	late := strings.Replace(out[:from]+out[to:], "</main>\n", "</main>\n"+out[from:to], 1)
	path := filepath.Join(t.TempDir(), "late.html")
	if err := os.WriteFile(path, []byte(late), 0o600); err != nil {
		t.Fatal(err)
	}
	doc, console := chromium(t, "file://"+path)
	var order []string
	for n := range doc.Descendants() {
		if n.Data == "main" || attribute(n, "id") == "summary" {
			order = append(order, n.Data)
		}
	}
	if !slices.Equal(order, []string{"section", "main"}) || len(console) > 0 {
		t.Errorf("%q, %q", order, console)
	}
}
