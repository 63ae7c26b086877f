package output

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sonde/output/page"
	"sonde/scan/report"
)

func (l *line) edge(e *report.Edge) {
	l.addr("addr", e.Addr)
	l.num("ttl", uint64(e.TTL))
	l.addr("from", e.From)
	l.addr("to", e.To)
	l.num("flows", uint64(e.Flows))
	l.num("of", uint64(e.Of))
	l.yes("settled", e.Settled)
	l.yes("reached", e.Reached)
	if e.Balancing != "" {
		l.word("balancing", e.Balancing)
	}
	if len(e.Hashed) > 0 {
		l.list("hashed", e.Hashed)
	}
	if len(e.Idle) > 0 {
		l.list("not_hashed", e.Idle)
	}
}

func (o *object) edge() *report.Edge {
	o.need("addr", "ttl", "flows", "of")
	return &report.Edge{Addr: o.addr("addr"), TTL: uint8(o.count("ttl", 8)), From: o.addr("from"), To: o.addr("to"),
		Flows: uint32(o.num("flows", 32)), Of: uint32(o.num("of", 32)), Settled: o.bool("settled"), Reached: o.bool("reached"),
		Balancing: o.word("balancing", report.Balancings()), Hashed: o.list("hashed"), Idle: o.list("not_hashed")}
}

// edgeTable draws all ways to a target as a graph, step by step: who passes packets on to
// whom, and which share of the flows.
func edgeTable(edges []report.Edge) (c columns) {
	c.row("HOP", "FROM", "", "TO", "FLOWS", "")
	for i := range edges {
		e := &edges[i]
		first := i == 0 || !sameFrom(e, &edges[i-1])
		last := i == len(edges)-1 || !sameFrom(e, &edges[i+1])
		number, from, notes := "", "", ""
		if first {
			number, from, notes = fmt.Sprintf("%3d", e.TTL), edgeFrom(e), edgeNotes(e)
		}
		sign := "├─"
		switch {
		case first && last:
			sign = "──"
		case first:
			sign = "┬─"
		case last:
			sign = "└─"
		}
		c.row(number, from, sign, edgeTo(e), edgeShare(e), notes)
	}
	return c
}

// sameFrom tells whether two edges are of the same router at the same TTL.
func sameFrom(a, b *report.Edge) bool { return a.TTL == b.TTL && a.From == b.From }

// edgeFrom is who passes packets on.
func edgeFrom(e *report.Edge) string {
	switch {
	case e.From.IsValid():
		return string(appendAddr(nil, e.From))
	case e.TTL == 1:
		return "here"
	}
	return "*"
}

// edgeTo is to whom.
func edgeTo(e *report.Edge) string {
	if !e.To.IsValid() {
		return "*"
	}
	return string(appendAddr(nil, e.To))
}

// edgeShare is "7 of 13, 54 %".
func edgeShare(e *report.Edge) string {
	if e.Flows == e.Of {
		return strconv.FormatUint(uint64(e.Flows), 10)
	}
	return fmt.Sprintf("%d of %d, %d %%", e.Flows, e.Of, (200*uint64(e.Flows)+uint64(e.Of))/(2*uint64(max(e.Of, 1))))
}

// edgeNotes say how From spreads packets, and whether it may have more next hops.
func edgeNotes(e *report.Edge) string {
	var notes []string
	switch e.Balancing {
	case report.PerFlow:
		note := "balances by flow"
		if len(e.Hashed) > 0 {
			note += ": by " + escapedList(e.Hashed)
		}
		if len(e.Idle) > 0 {
			note += ", not by " + escapedList(e.Idle)
		}
		notes = append(notes, note)
	case report.PerPacket:
		notes = append(notes, "balances by packet: one flow goes several ways")
	case report.BehindPerPacket:
		notes = append(notes, "behind one that balances by packet")
	}
	if !e.Settled {
		notes = append(notes, "there may be more")
	}
	return strings.Join(notes, "; ")
}

// escapedList joins words.
func escapedList(words []string) string {
	list := slices.Clone(words)
	for i := range list {
		list[i] = Escape(list[i])
	}
	return strings.Join(list, ", ")
}

// edgesHead is "all ways: 12 steps between 9 hops", and whether they are all.
func edgesHead(edges []report.Edge) string {
	settled := !slices.ContainsFunc(edges, func(e report.Edge) bool { return !e.Settled })
	if settled {
		return "ALL WAYS, with 95 % confidence"
	}
	return "WAYS, of which there may be more"
}

// appendEdges writes all ways below a route.
func (f *text) appendEdges(b []byte, edges []report.Edge) []byte {
	if len(edges) == 0 {
		return b
	}
	c := edgeTable(edges)
	c.fit(f.Width)
	b = append(append(append(b, '\n'), edgesHead(edges)...), '\n')
	for i := range c.rows {
		b = c.append(b, i, nil)
	}
	return b
}

// appendEdges writes them as a table.
func (f *htmlWriter) appendEdges(b []byte, edges []report.Edge) []byte {
	if len(edges) == 0 {
		return b
	}
	c := edgeTable(edges)
	t := page.Table{Label: "Ways", Class: "ways"}
	for i, head := range c.rows[0] {
		if c.used[i] {
			t.Columns = append(t.Columns, page.Column{Head: head})
		}
	}
	b = page.Element(b, "h3", "", edgesHead(edges))
	b = append(t.Begin(b), "<tbody>"...)
	for _, row := range c.rows[1:] {
		b = page.Row(b, "")
		for j := range c.rows[0] {
			if c.used[j] {
				b = page.Cell(b, "", strings.TrimSpace(cellOf(row, j)))
			}
		}
	}
	return page.EndTable(append(b, '\n'))
}

// edgeLine is an edge as a line: "hop 2: 10.0.0.2 to 10.7.0.1, 7 of 13, 54 %".
func edgeLine(e *report.Edge) string {
	line := fmt.Sprintf("hop %d: %s to %s, flows %s", e.TTL, edgeFrom(e), edgeTo(e), edgeShare(e))
	if notes := edgeNotes(e); notes != "" {
		line += ", " + notes
	}
	return line
}
