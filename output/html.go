package output

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/output/page"
	"sonde/scan/report"
)

// htmlPage is a page for browsers: what a run comes to at its top, and below it tables. It
// says what text does, in its words and its order. What a run comes to is known at its
// end; so what is below is held, up to heldRoom. Of a longer page the top comes last, as
// the page says where it begins, and the script puts it in its place.
type htmlPage struct {
	body  *Assembler
	write *htmlWriter
	held  []byte // what is below
	begun bool   // it was too long to be held
}

// heldRoom is how many bytes of a page are held, beside those of the sorter.
const heldRoom = 8 << 20

// htmlWriter is the Pager under it. Its files are htmlhost.go, htmlport.go, htmlhop.go,
// htmltrial.go, htmlpair.go and htmlmachine.go, by what they are about.
type htmlWriter struct {
	words    text // which has what is to be said of the run
	scan     *report.Scan
	layout   htmlLayout
	pairs    bool   // the table of pairs is open
	tables   int    // of variants, so far
	findings []byte // about no single host, for the summary
	unsaid   uint64 // findings that had no room there
	compared []byte // what two captures come to, for the summary
	trips    trips
	ports    hostMap
}

// htmlLayout is what the page is made of below its summary.
type htmlLayout uint8

const (
	inSections htmlLayout = iota // one for each route, each target of trials, …
	inHosts                      // a table with a row for each host
	inPorts                      // a table with a row for each port, in groups
)

var _ = Register(Format{
	Name: "html",
	Doc:  "a page for browsers, in one file",
	New: func(o Options) Streamer {
		o.Color, o.Live = false, false
		w := &htmlWriter{words: text{Options: o, scan: new(report.Scan)}}
		return &htmlPage{body: NewAssembler(w, o), write: w}
	},
})

// AppendRecord takes r, and appends what is to be written of the page by now.
func (p *htmlPage) AppendRecord(b []byte, r report.Record) []byte {
	p.write.trips.see(r, p.write.scan)
	if e, over := r.(*report.End); over {
		return p.appendRest(b, e)
	}
	p.held = p.body.AppendRecord(p.held, r)
	if len(p.held) <= heldRoom && !p.begun {
		return b
	}
	if !p.begun {
		p.begun = true
		b = p.write.appendHead(b)
		b = append(b, "<p class=\"warning\"><a href=\"#summary\">How it ended, and what it comes to</a>: at the end, since this page was begun before.</p>\n<main>\n"...)
	}
	b = append(b, p.held...)
	p.held = p.held[:0]
	return b
}

// appendRest ends the page.
func (p *htmlPage) appendRest(b []byte, e *report.End) []byte {
	if p.begun {
		b = append(b, p.held...)
		b = append(p.body.AppendRecord(b, e), "</main>\n"...)
		return page.End(p.write.appendSummary(b, e))
	}
	b = p.write.appendHead(b)
	at := len(b)
	b = append(b, "<main>\n"...)
	b = append(b, p.held...)
	b = append(p.body.AppendRecord(b, e), "</main>\n"...)
	b = slices.Insert(b, at, p.write.appendSummary(nil, e)...)
	return page.End(b)
}

// appendHead writes what is known before the first packet.
func (f *htmlWriter) appendHead(b []byte) []byte {
	s := f.scan
	command := Escape(commandLine(s))
	b = page.Begin(b, shorten(command, titleMax))
	b = page.Element(append(b, "<header>\n"...), "h1", "", strings.TrimSpace("sonde "+Escape(s.Command)))
	b = page.Text(append(b, "<p class=\"command\"><code>"...), command)
	b = append(b, "</code></p>\n<p class=\"about\">"...)
	b = append(s.Time.UTC().AppendFormat(append(b, "<time datetime=\""...), time.RFC3339), "\">"...)
	b = append(s.Time.UTC().AppendFormat(b, time.DateTime), " UTC</time>, sonde "...)
	b = page.Text(b, Escape(s.Version))
	if len(s.Methods) > 0 {
		b = page.Text(append(b, ", method "...), strings.Join(escapeAll(s.Methods), ", "))
	}
	if s.Seed != 0 {
		b = strconv.AppendUint(append(b, ", seed "...), s.Seed, 10)
	}
	b = append(b, "</p>\n"...)
	notes := f.words
	b = appendItems(b, splitLines(notes.AppendBegin(nil, s)))
	return append(b, "</header>\n"...)
}

// titleMax is how many characters the title of a page has, at most.
const titleMax = 120

// appendSummary writes what the run came to.
func (f *htmlWriter) appendSummary(b []byte, e *report.End) []byte {
	b = append(b, "<section id=\"summary\" aria-label=\"Summary\">\n"...)
	cut := splitLines(appendIncomplete(nil, e))
	for _, line := range cut {
		b = append(page.Text(append(b, "<p class=\"warning\" role=\"status\">"...), line), "</p>\n"...)
	}
	f.words.any = false // no blank line before it
	for _, line := range splitLines(f.words.AppendEnd(nil, e)) {
		if !slices.Contains(cut, line) {
			b = page.Element(b, "p", "total", line)
		}
	}
	if len(f.findings) > 0 {
		b = append(append(append(b, "<ul>\n"...), f.findings...), "</ul>\n"...)
	}
	if f.unsaid > 0 {
		b = page.Element(b, "p", "", string(append(appendCount(nil, f.unsaid, "more finding"), ": -o json has all of them"...)))
	}
	b = append(b, f.compared...)
	b = f.trips.append(b)
	b = f.ports.append(b)
	return append(b, "</section>\n"...)
}

// findingsRoom is how many bytes of findings about no single host a page has.
const findingsRoom = 1 << 20

// Keep implements Pager.
func (f *htmlWriter) Keep() Keep {
	return Keep{Fold: true, Brief: !f.words.Verbose, Numbers: true, Sort: true}
}

// AppendBegin opens the table that the hosts of this run come into.
func (f *htmlWriter) AppendBegin(b []byte, s *report.Scan) []byte {
	f.scan, f.words.scan, f.ports.scan = s, s, s
	switch {
	case s.Captures || s.Trials != nil || s.RoutesOnly() || s.Command == "doctor":
		return b
	case s.Ports > 0:
		f.layout = inPorts
		return f.portColumns().Begin(page.Element(b, "h2", "", "Ports"))
	}
	f.layout = inHosts
	return append(hostColumns().Begin(page.Element(b, "h2", "", "Hosts")), "<tbody>"...)
}

// AppendFinding keeps it for the summary.
func (f *htmlWriter) AppendFinding(b []byte, r *report.Finding) []byte {
	f.findingsSay(string(appendFinding(nil, r)))
	return b
}

// findingsSay keeps a line for the summary, if there is room.
func (f *htmlWriter) findingsSay(line string) {
	if len(f.findings) > findingsRoom {
		f.unsaid++
		return
	}
	f.findings = page.Element(f.findings, "li", "", line)
}

// AppendRound leaves rounds out: what they come to stands in the table of the hops.
func (f *htmlWriter) AppendRound(b []byte, _ *report.Round) []byte { return b }

// AppendReroute keeps it for the summary.
func (f *htmlWriter) AppendReroute(b []byte, r *report.Reroute) []byte {
	f.findingsSay(strings.TrimSpace(string(f.words.AppendReroute(nil, r))))
	return b
}

// AppendEnd closes what is open.
func (f *htmlWriter) AppendEnd(b []byte, _ *report.End) []byte {
	return f.closeTables(f.appendVariants(b))
}

// closeTables ends the table that is open.
func (f *htmlWriter) closeTables(b []byte) []byte {
	if f.layout != inSections || f.pairs {
		b = page.EndTable(append(b, '\n'))
	}
	f.layout, f.pairs = inSections, false
	return b
}

// splitLines are the lines of b, which may be none.
func splitLines(b []byte) []string {
	return slices.DeleteFunc(strings.Split(string(b), "\n"), func(line string) bool { return line == "" })
}

// appendItems writes a list, if there is something in it.
func appendItems(b []byte, items []string) []byte {
	if len(items) == 0 {
		return b
	}
	b = append(b, "<ul>\n"...)
	for _, item := range items {
		b = page.Element(b, "li", "", item)
	}
	return append(b, "</ul>\n"...)
}
