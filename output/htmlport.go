package output

import (
	"slices"
	"strings"

	"sonde/output/page"
	"sonde/scan/report"
)

// portColumns are those of ports; services have one more.
func (f *htmlWriter) portColumns() *page.Table {
	t := &page.Table{ID: "ports", Label: "Ports", Class: "grid", Columns: []page.Column{
		{Head: "ADDRESS", Sort: "addr"}, {Head: "PORT", Sort: "port"}, {Head: "STATE", Sort: "state"}, {Head: "SERVICE", Sort: "text"},
		{Head: "VERSION", Sort: "text"}, {Head: "REASON", Sort: "text"}, {Head: "RTT (ms)", Sort: "number"}}}
	if !f.scan.Services {
		t.Columns = slices.Delete(t.Columns, 4, 5)
	}
	if f.scan.Addresses == 1 {
		t.Class = "grid single"
	}
	return t
}

// appendPortRow writes a port, with what its service says. Every row names its host: it
// may be sorted away from it.
func (f *htmlWriter) appendPortRow(b []byte, p *Port) []byte {
	b = page.Cell(page.Row(b, ""), "at mono", string(appendAddr(nil, p.Addr)))
	b = page.Text(append(b, `<th scope="row">`...), string(appendPort(nil, p.Proto, p.Port.Port)))
	b = page.State(b, p.State.String())
	b = page.Cell(b, "name", p.cell())
	said := f.words.appendService(nil, p)
	if f.scan.Services {
		b = appendSaid(page.Cell(b, "version", f.words.versionCell(p.Service)), said)
		said = nil
	}
	b = appendSaid(page.Cell(b, "why", p.why()), append(appendSpread(nil, p.Repeat), said...))
	if p.Reply != nil {
		what := []byte("the reply")
		if p.HasRTT {
			what = appendMillis(append(what, " after "...), p.RTT)
		}
		b = appendReplyDetails(b, string(what), p.Reply)
	}
	return page.Close(page.Cell(b, "rtt", tripCell(&p.Verdict)), "td")
}

// keyWidth is how far what is said stands behind the beginning of a line of details.
const keyWidth = 8

// appendSaid writes lines that text has below a row: a key and what it is about, or only
// that.
func appendSaid(b, said []byte) []byte {
	for _, line := range splitLines(said) {
		b = page.Open(b, "div", "said")
		key, rest := strings.TrimSpace(line[:min(keyWidth, len(line))]), line[min(keyWidth, len(line)):]
		if strings.HasPrefix(line, "  rtt ") || strings.Contains(key, " ") { // of repetitions
			b = page.Text(b, strings.TrimSpace(line))
		} else {
			b = page.Text(append(page.Close(page.Text(page.Open(b, "b", ""), key), "b"), ' '), rest)
		}
		b = page.Close(b, "div")
	}
	return b
}

// appendFolded says which ports are not listed, and why.
func appendFolded(b []byte, h *Host) []byte {
	b = page.Text(b, strings.TrimSpace(string(appendFolds(nil, h.Addr, h.Folds))))
	b = append(b, "<details><summary>which</summary>"...)
	for i := range h.Folds {
		d := &h.Folds[i]
		what := d.appendReason(append([]byte(d.State.String()), ", "...), h.Addr)
		what = append(AppendText(append(what, ": "...), d.Proto), ' ')
		b = page.Element(b, "p", "", string(append(what, strings.ReplaceAll(report.PortRanges(d.Ports), ",", ", ")...)))
	}
	return append(b, "</details>"...)
}
