package output

import (
	"fmt"
	"net/netip"

	"sonde/scan/report"
)

// dot is the ways to all targets as one graph, in the language of Graphviz: who answered
// are nodes, with their names and times, and steps of the ways are edges. Whoever is on
// several ways is one node.
type dot struct{ hostsOnly }

var _ = Register(Format{
	Name:     "dot",
	Doc:      "the ways as a graph, for Graphviz",
	Commands: []string{"trace"},
	New:      func(o Options) Streamer { return NewAssembler(dot{}, o) },
})

func (dot) Keep() Keep { return Keep{Brief: true} }

func (dot) AppendBegin(b []byte, _ *report.Scan) []byte {
	return append(b, "digraph trace {\n  rankdir=LR;\n  node [shape=box];\n  \"here\" [shape=point, xlabel=\"here\"];\n"...)
}

func (dot) AppendHost(b []byte, h *Host) []byte {
	for i := range h.Hops {
		hop := &h.Hops[i]
		b = append(appendDotID(append(b, "  "...), dotNode(h.Addr, hop.From, hop.TTL)), " [label="...)
		b = appendDotID(b, dotLabel(hop)...)
		if hop.Reached {
			b = append(b, ", peripheries=2"...)
		}
		b = append(b, "];\n"...)
	}
	if len(h.Edges) > 0 {
		return appendDotEdges(b, h)
	}
	before := []string{"here"}
	for i := range h.Hops {
		hop := &h.Hops[i]
		here := []string{dotNode(h.Addr, hop.From, hop.TTL)}
		for _, o := range hop.Others {
			here = append(here, dotNode(h.Addr, o, hop.TTL))
		}
		for _, from := range before {
			for _, to := range here {
				b = appendDotEdge(b, from, to, fmt.Sprintf("hop %d", hop.TTL))
			}
		}
		before = here
	}
	return b
}

// appendDotEdges writes the steps of all ways. Where packets of one flow come from any of
// several, these lead, by dashed edges, to a node that stands for all of them.
func appendDotEdges(b []byte, h *Host) []byte {
	joined := uint8(0)
	for i := range h.Edges {
		e := &h.Edges[i]
		if !e.From.IsValid() && e.TTL > 1 && e.TTL != joined {
			joined = e.TTL
			b = appendDotJoin(b, h, e)
		}
		from := "here"
		if e.TTL > 1 {
			from = dotNode(h.Addr, e.From, e.TTL-1)
		}
		b = appendDotEdge(b, from, dotNode(h.Addr, e.To, e.TTL), fmt.Sprintf("hop %d: %s", e.TTL, edgeShare(e)), edgeNotes(e))
	}
	return b
}

// appendDotJoin writes the dashed edges to where e begins.
func appendDotJoin(b []byte, h *Host, e *report.Edge) []byte {
	seen := map[netip.Addr]bool{}
	for i := range h.Edges {
		if to := h.Edges[i].To; h.Edges[i].TTL == e.TTL-1 && to.IsValid() && !seen[to] {
			seen[to] = true
			b = appendDotID(append(b, "  "...), dotNode(h.Addr, to, 0))
			b = appendDotID(append(b, " -> "...), dotNode(h.Addr, netip.Addr{}, e.TTL-1))
			b = append(b, " [style=dashed];\n"...)
		}
	}
	return b
}

func appendDotEdge(b []byte, from, to string, label ...string) []byte {
	b = appendDotID(append(b, "  "...), from)
	b = appendDotID(append(b, " -> "...), to)
	b = appendDotID(append(b, " [label="...), label...)
	return append(b, "];\n"...)
}

// dotNode is the name of who answered; of nobody, one for each hop of each way.
func dotNode(target, from netip.Addr, ttl uint8) string {
	if from.IsValid() {
		return string(appendAddr(nil, from))
	}
	return fmt.Sprintf("* %d of %s", ttl, appendAddr(nil, target))
}

// dotLabel are the lines of a hop.
func dotLabel(h *report.Hop) []string {
	if !h.From.IsValid() {
		return []string{"*"}
	}
	lines := []string{string(appendAddr(nil, h.From))}
	if name := h.Name(); name != "" {
		lines = append(lines, Escape(name))
	}
	if h.Repeat.Timed() {
		lines = append(lines, string(appendMillis(nil, h.Repeat.Avg)))
	}
	return lines
}

// appendDotID writes lines, those that are not empty, as one string in quotes. What is in
// them is escaped already, so that a backslash in it stands for itself.
func appendDotID(b []byte, lines ...string) []byte {
	b = append(b, '"')
	for i, line := range lines {
		if i > 0 && line != "" {
			b = append(b, `\n`...)
		}
		for j := range len(line) {
			if line[j] == '"' || line[j] == '\\' {
				b = append(b, '\\')
			}
			b = append(b, line[j])
		}
	}
	return append(b, '"')
}

func (dot) AppendFinding(b []byte, _ *report.Finding) []byte { return b }

func (dot) AppendEnd(b []byte, _ *report.End) []byte { return append(b, "}\n"...) }
