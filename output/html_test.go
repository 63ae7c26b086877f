package output

import (
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sonde/probe"

	"golang.org/x/net/html"

	"sonde/output/page"
	"sonde/scan/report"
)

// elided is a page without its style sheet and its script, which are the same in all of
// them, and without their hashes.
func elided(f Format, out string) string {
	if f.Name != "html" {
		return out
	}
	out = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(out, "<style></style>")
	out = regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(out, "<script></script>")
	return strings.ReplaceAll(out, page.Policy(), "")
}

// pageOf parses the page of a run.
func pageOf(t *testing.T, out string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// allowedTags are the elements that pages are made of, and allowedAttributes theirs.
var (
	allowedTags = strings.Fields(`html head meta title style body header h1 h2 h3 p code time ul li main section figure figcaption
		svg rect text path circle div table thead tbody tr th td b strong span a pre details summary script`)
	allowedAttributes = strings.Fields(`lang charset http-equiv content name class id href datetime aria-label role scope colspan data-sort
		viewBox x y width height d cx cy r`)
)

// TestPagesAreOnlyWhatTheyAre: whatever is found out, nothing of it becomes an element, an
// attribute, a script or a style, and links lead into the page alone.
func TestPagesAreOnlyWhatTheyAre(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	runs := slices.Concat(scenarios(), largeRuns()[:3])
	for range 1000 {
		runs = append(runs, randomRun(r, []string{"sweep", "tcp", "udp", "fp", "trace", "trial", "compare", "doctor"}))
	}
	for i := range runs {
		s := &runs[i]
		for range 3 { // what would be dangerous, where there is room for a text
			planted(s, `"'><img src=x onerror=alert(1)><script>alert(2)</script><style>*{}</style><!--</style></title></svg>`)
		}
		out := s.render(format("html"))
		once := map[string]int{}
		for n := range pageOf(t, out).Descendants() {
			if n.Type == html.CommentNode {
				t.Fatalf("%s: a comment: %.300s", s.name, n.Data)
			}
			if n.Type != html.ElementNode {
				continue
			}
			if n.Namespace == "" {
				once[n.Data]++ // pictures have titles, too
			}
			if !slices.Contains(allowedTags, n.Data) {
				t.Fatalf("%s: an element %s\n%.3000s", s.name, n.Data, out)
			}
			for _, a := range n.Attr {
				if !slices.Contains(allowedAttributes, a.Key) {
					t.Fatalf("%s: an attribute %s of %s", s.name, a.Key, n.Data)
				}
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Fatalf("%s: a link to %s", s.name, a.Val)
				}
			}
		}
		if once["script"] != 2 || once["style"] != 1 || once["title"] != 1 {
			t.Fatalf("%s: %v", s.name, once)
		}
		if bad := harmless(strings.ReplaceAll(out, "\ufffd", "")); bad != "" {
			t.Fatalf("%s: %s", s.name, bad)
		}
	}
}

// planted puts a text into some of a run.
func planted(s *scenario, text string) {
	s.scan.Args, s.scan.Notes = []string{"tcp", text}, []string{text}
	for _, rec := range s.records {
		switch rec := rec.(type) {
		case *report.Host:
			rec.PTR, rec.Vendor, rec.MAC[0] = text, text, 2
		case *report.Port:
			rec.Service = text
		case *report.Service:
			rec.Product, rec.Banner = text, text
		case *report.Hop:
			rec.PTR = text
		case *report.Trial:
			rec.Variant = text
		case *report.Effect:
			rec.Properties = []string{text}
		case *report.Pair:
			rec.What, rec.Answer = text, text
		}
	}
}

// TestPolicyOfPages: the policy lets in what is in the page, by its hash, and nothing else.
func TestPolicyOfPages(t *testing.T) {
	s := scenarios()[0]
	policy, inline := "", map[string][]string{}
	for n := range pageOf(t, s.render(format("html"))).Descendants() {
		switch n.Data {
		case "meta":
			if attribute(n, "http-equiv") == "Content-Security-Policy" {
				policy = attribute(n, "content")
			}
		case "script", "style":
			inline[n.Data] = append(inline[n.Data], sha256Source(n.FirstChild.Data))
		}
	}
	want := "default-src 'none'; script-src " + strings.Join(inline["script"], " ") + "; style-src " + strings.Join(inline["style"], " ") + "; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("the policy is\n%s, want\n%s", policy, want)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestPagesSayWhatTextSays: what text has between two commas, brackets or cells is in the
// page, but for pictures that are made of letters, the unit that stands in the head of a
// column, and how many questions are not listed: a page lists more.
func TestPagesSayWhatTextSays(t *testing.T) {
	gaps, blanks := regexp.MustCompile(`  +|, | \(|\)| > |:$|:?\n`), regexp.MustCompile(`\s+`)
	for _, s := range scenarios() {
		s.opts.Color = false
		var all strings.Builder
		for n := range pageOf(t, s.render(format("html"))).Descendants() {
			if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
				all.WriteString(" " + n.Data)
			}
		}
		there := strings.ToLower(blanks.ReplaceAllString(all.String(), " "))
		for line := range strings.Lines(s.render(format("text"))) {
			if strings.Contains(line, "-v lists all") {
				continue
			}
			for _, cell := range gaps.Split(strings.TrimSpace(line), -1) {
				cell = strings.ToLower(blanks.ReplaceAllString(strings.TrimSuffix(strings.Trim(cell, " ,"), " ms"), " "))
				if !strings.Contains(there, cell) && !strings.Contains(cell, "●") {
					t.Errorf("%s: %q is in text, and not in the page", s.name, cell)
				}
			}
		}
	}
}

// TestSizesOfPages: a page of a thousand ports is small, also where each is listed.
func TestSizesOfPages(t *testing.T) {
	for _, s := range largeRuns() {
		n := len(s.render(format("html")))
		t.Logf("%s: %d bytes", s.name, n)
		if s.scan.Ports <= 1000 && s.scan.Addresses <= 256 && n >= 300_000 {
			t.Errorf("%s: %d bytes", s.name, n)
		}
	}
}

// TestLongPages: a page that is too long to be held says the same as one that is held, and
// the way to its summary where it begins.
func TestLongPages(t *testing.T) {
	s := begunEarly()
	out := s.render(format("html"))
	begun, rest, ok := strings.Cut(out, "<main>\n")
	if !ok || !strings.Contains(begun, `<a href="#summary">`) || strings.Contains(begun, "incomplete") {
		t.Fatalf("%.3000s", begun)
	}
	_, after, _ := strings.Cut(rest, "</main>\n")
	if !strings.Contains(after, `<section id="summary"`) || !strings.Contains(after, "Interrupted: incomplete, this is what was known.") {
		t.Errorf("%.3000s", after)
	}
	if n := strings.Count(rest, ">10.7"); n < len(s.records)-2 {
		t.Errorf("%d of %d are there", n, len(s.records))
	}
}

// begunEarly is a run of which more is to be said than is held, and that is cut short.
func begunEarly() scenario {
	s := scenario{name: "early", scan: report.Scan{Command: "sweep", Args: []string{"sweep", "10.77.0.0/15"}}, end: report.End{Interrupted: true, Loss: -1, ExpectedMissed: -1}}
	name := strings.Repeat("long.", 50)
	for i := range 130_000 {
		addr := netip.AddrFrom4([4]byte{10, byte(77 + i>>16), byte(i >> 8), byte(i)})
		h := &report.Host{Addr: addr, Verdict: report.Verdict{State: probe.Up, Reason: probe.EchoReply}}
		h.PTR, h.Looked = name, true
		s.records = append(s.records, h)
	}
	return s
}

// sha256Source is how a policy names what has this text (CSP level 3, section 6.7.3).
func sha256Source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// TestPagesAreAccessible: every head of a column or row says of what it is one, tables and
// pictures say what they are, and the page has a language, a title, one heading above all.
func TestPagesAreAccessible(t *testing.T) {
	for _, s := range slices.Concat(scenarios(), largeRuns()[:3]) {
		once := map[string]int{}
		for n := range pageOf(t, s.render(format("html"))).Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			once[n.Data]++
			var needs []string
			switch n.Data {
			case "html":
				needs = []string{"lang"}
			case "th":
				needs = []string{"scope"}
			case "table":
				needs = []string{"aria-label"}
			case "svg":
				needs = []string{"role", "aria-label"}
			case "title", "h1", "h2", "h3", "summary", "figcaption", "a":
				if n.FirstChild == nil {
					t.Errorf("%s: an empty %s", s.name, n.Data)
				}
			}
			for _, need := range needs {
				if attribute(n, need) == "" {
					t.Errorf("%s: a %s without %s", s.name, n.Data, need)
				}
			}
		}
		if once["h1"] != 1 || once["main"] != 1 || once["header"] != 1 {
			t.Errorf("%s: %v", s.name, once)
		}
	}
}
