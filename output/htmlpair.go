package output

import (
	"strings"

	"sonde/output/page"
	"sonde/scan/report"
)

// pairsMax is how many questions of two captures a page lists of each verdict, unless all
// are asked for.
const pairsMax = 1000

// AppendPair lists a question that was not answered, with Verbose all.
func (f *htmlWriter) AppendPair(b []byte, p *report.Pair) []byte {
	verbose := f.words.Verbose
	n := &f.words.pairs.listed[p.Verdict]
	if !verbose && p.Verdict == report.Answered {
		return b
	}
	if *n++; *n > pairsMax && !verbose {
		return b
	}
	if !f.pairs {
		f.pairs = true
		t := page.Table{ID: "pairs", Label: "Questions", Class: "grid", Columns: []page.Column{{Head: "VERDICT", Sort: "state"}, {Head: "SENT (UTC)", Sort: "text"},
			{Head: "QUESTION", Sort: "text"}, {Head: "FROM", Sort: "text"}, {Head: "TO", Sort: "text"}, {Head: "REMARK", Sort: "text"}}}
		b = append(t.Begin(b), "<tbody>"...)
	}
	b = page.State(page.Row(b, ""), fateWords[p.Verdict])
	b = page.Cell(b, "number", p.Near.Time.UTC().Format("15:04:05.000000"))
	b = page.Cell(b, "", string(appendQuestion(nil, p)))
	b = page.Cell(b, "mono", string(appendEnd(nil, p.Near.Src)))
	b = page.Cell(b, "mono", string(appendEnd(nil, p.Near.Dst)))
	b = page.Cell(b, "why", pairWhy(p))
	if verbose {
		b = appendPassage(b, "there", passed(&p.Far, p.Changes, p.Delay, p.HasDelay))
		b = appendPassage(b, "back", passed(nil, p.Back, p.BackDelay, p.HasBack))
	}
	return b
}

// appendPassage writes what became of a packet on its way.
func appendPassage(b []byte, way string, words []string) []byte {
	if len(words) == 0 {
		return b
	}
	return page.Element(b, "div", "said", way+": "+strings.Join(words, ", "))
}

// AppendComparison keeps for the summary what all of it comes to.
func (f *htmlWriter) AppendComparison(b []byte, c *report.Comparison) []byte {
	b = f.closeTables(b)
	if !f.words.Verbose {
		for _, line := range f.words.pairs.more(pairsMax) {
			b = page.Element(b, "p", "", line)
		}
	}
	captures, fates, passages, changes := captureTable(c), fateTable(c), passageTable(c), changeTable(c)
	s := appendColumns(f.compared, "Verdicts", &fates)
	for _, note := range fateNotes(c) {
		s = page.Element(s, "p", "", note)
	}
	s = appendColumns(s, "Captures", &captures)
	s = appendColumns(s, "Packets", &passages)
	if changes.rows == nil {
		s = page.Element(s, "p", "", nothingChanged)
	} else {
		s = appendColumns(s, "Changes", &changes)
	}
	clock := strings.Join(splitLines(appendClock(nil, c)), " ")
	f.compared = page.Element(s, "p", "", clock)
	return b
}

// appendColumns writes a table of text as one of the page.
func appendColumns(b []byte, label string, c *columns) []byte {
	b = page.Element(b, "h2", "", label)
	t := page.Table{Label: label}
	for i, head := range c.rows[0] {
		if c.used[i] {
			t.Columns = append(t.Columns, page.Column{Head: head})
		}
	}
	b = append(t.Begin(b), "<tbody>"...)
	for _, row := range c.rows[1:] {
		b = page.Row(b, "")
		for i := range c.rows[0] {
			if !c.used[i] {
				continue
			}
			if i == 0 {
				b = page.Text(append(b, `<th scope="row">`...), cellOf(row, i))
			} else {
				b = page.Cell(b, "", cellOf(row, i))
			}
		}
	}
	return page.EndTable(append(b, '\n'))
}
