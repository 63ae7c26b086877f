package output

import (
	"strconv"
	"strings"
	"time"

	"sonde/output/page"
	"sonde/scan/report"
)

// appendRouteSection writes a target of a trace.
func (f *htmlWriter) appendRouteSection(b []byte, h *Host) []byte {
	b = page.Text(append(b, "<section id=\""...), hostID(h))
	b = append(b, "\">\n<h2>"...)
	if h.RouteOnly() {
		b = page.Text(b, string(f.words.appendTraced(nil, h)))
	} else {
		b = f.appendHostHead(b, h)
	}
	b = append(b, "</h2>\n"...)
	if len(h.Listed) > 0 { // of a run that did not say that it asks for ports
		b = appendPre(b, f.words.appendTable(nil, h))
	}
	b = f.appendHops(b, h, h.Findings)
	return append(b, "</section>\n"...)
}

// appendRoute writes the route to a host among its ports.
func (f *htmlWriter) appendRoute(b []byte, h *Host) []byte {
	head := "Route" + string(f.words.appendBy(nil, h.Hops))
	if h.RouteOnly() {
		head = string(f.words.appendTraced(nil, h))
	}
	return f.appendHops(page.Element(b, "h3", "", head), h, nil)
}

// rttColumn is where hopTable has round-trip times; behind them the page draws them.
const rttColumn = 3

// appendHops writes the table of a route, with a picture of it at its left side, and what was
// found on the way.
func (f *htmlWriter) appendHops(b []byte, h *Host, findings []report.Finding) []byte {
	way := newPath(h, f.words.Verbose)
	c, ends := f.words.hopTable(h.Hops, way)
	var slowest time.Duration
	for i := range h.Hops {
		slowest = max(slowest, h.Hops[i].Repeat.Max)
	}
	t := page.Table{Label: "Hops", Class: "hops", Columns: []page.Column{{Head: "WAY"}}}
	for i, head := range c.rows[0] {
		if c.used[i] {
			t.Columns = append(t.Columns, page.Column{Head: head})
		}
		if i == rttColumn {
			t.Columns = append(t.Columns, page.Column{Head: "0 to " + string(appendMillis(nil, slowest)), Class: "picture"})
		}
	}
	b = append(t.Begin(b), "<tbody>"...)
	for i, row := range c.rows[1:] {
		end := ends[i]
		b = append(page.Row(b, ""), "<td><span>"...)
		b = append(append(b, hopSign(end, end.TTL == way.last)...), "</span>"...)
		for j := range c.rows[0] {
			if c.used[j] {
				b = page.Cell(b, "", strings.TrimSpace(cellOf(row, j)))
			}
			if j != rttColumn {
				continue
			}
			b = page.Open(b, "td", "picture")
			if cellOf(row, j) != "" { // not of hops that are told of on another way
				b = appendTrips(b, &end.Repeat, slowest)
			}
		}
		for _, line := range splitLines(way.appendChanges(nil, end.TTL)) {
			b = appendBelow(b, "changed", len(t.Columns)-1, line)
		}
		for _, line := range splitLines(way.appendEchoes(nil, end.TTL)) {
			b = appendBelow(b, "echo", len(t.Columns)-1, line)
		}
	}
	b = page.EndTable(append(b, '\n'))
	b = f.appendEdges(b, h.Edges)
	var said []string
	if h.MTU != nil {
		said = append(said, string(appendMTU(nil, h.MTU)))
	}
	for i := range findings {
		said = append(said, string(appendFinding(nil, &findings[i])))
	}
	if f.words.Verbose || h.RouteOnly() {
		said = append(said, splitLines(appendUnseen(nil, h.Hops))...)
	}
	b = appendItems(b, said)
	for i := range h.Hops {
		if hop := &h.Hops[i]; hop.Reply != nil {
			b = appendReplyDetails(b, "hop "+strconv.Itoa(int(hop.TTL))+", the reply", hop.Reply)
		}
	}
	return b
}

// cellOf is a cell of a row, which may have fewer.
func cellOf(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}

// appendBelow writes a line below a hop, beside the picture.
func appendBelow(b []byte, class string, columns int, line string) []byte {
	b = append(page.Row(b, class), `<td><td colspan="`...)
	return page.Text(append(strconv.AppendInt(b, int64(columns), 10), `">`...), strings.TrimSpace(line))
}

// hopSign is what a picture shows of a hop: who answered, each of them, or nobody.
func hopSign(h *report.Hop, last bool) string {
	switch {
	case !h.From.IsValid():
		return "○"
	case h.Reached:
		return "◎" + strings.Repeat("─●", len(h.Others))
	case h.Refuses() && last:
		return "✕" + strings.Repeat("─●", len(h.Others))
	}
	return "●" + strings.Repeat("─●", len(h.Others))
}

// appendTrips draws the round-trip times of a hop beside the slowest one.
func appendTrips(b []byte, n *report.Repeat, slowest time.Duration) []byte {
	if !n.Timed() || slowest == 0 {
		return b
	}
	of := func(d time.Duration) float64 { return float64(d) / float64(slowest) }
	said := "round trips " + string(appendMillisNumbers(nil, " / ", n.Min, n.Avg, n.Max)) + " ms"
	return page.Interval(b, said, of(n.Min), of(n.Avg), of(n.Max))
}
