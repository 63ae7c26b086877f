package output

import (
	"fmt"
	"net/netip"
	"strconv"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// foldSilent is how many silent hops in a row make one line.
const foldSilent = 3

// appendTrace writes a route that stands by itself.
func (f *text) appendTrace(b []byte, h *Host) []byte {
	b = f.appendTraced(b, h)
	return f.appendHops(append(b, "\n\n"...), h, h.Findings)
}

// appendTraced writes "trace to 10.2.0.10 by tcp 80, dscp ef, 30 hops at most".
func (f *text) appendTraced(b []byte, h *Host) []byte {
	t := f.scan.Trace
	name := ""
	for i := range h.Hops {
		if hop := &h.Hops[i]; hop.Reached {
			name = hop.Name()
		}
	}
	b = appendAddrName(append(b, "trace to "...), h.Addr, name)
	b = f.appendBy(b, h.Hops)
	if t != nil && t.TOS>>2 != 0 {
		b = append(append(b, ", dscp "...), wire.DSCPName(t.TOS>>2)...)
	}
	if t != nil && t.TOS&3 != 0 {
		b = append(append(b, ", ecn "...), wire.ECNName(t.TOS)...)
	}
	if t != nil {
		b = appendCount(append(b, ", "...), uint64(t.MaxTTL), "hop")
		b = append(b, " at most"...)
	}
	return b
}

// appendRoute writes the route at the end of a host's block.
func (f *text) appendRoute(b []byte, h *Host) []byte {
	b = f.appendBy(append(b, "\nROUTE"...), h.Hops)
	return f.appendHops(append(b, '\n'), h, nil)
}

// appendBy writes " by tcp 80".
func (f *text) appendBy(b []byte, hops []report.Hop) []byte {
	proto, port := traced(f.scan, hops)
	if proto == "" {
		return b
	}
	b = AppendText(append(b, " by "...), proto)
	if port != 0 {
		b = strconv.AppendUint(append(b, ' '), uint64(port), 10)
	}
	return b
}

// traced is what a route was traced with.
func traced(s *report.Scan, hops []report.Hop) (proto string, port uint16) {
	if s.Trace != nil {
		proto, port = s.Trace.Proto, s.Trace.Port
	}
	for i := range hops {
		if h := &hops[i]; h.Proto != "" {
			proto, port = h.Proto, h.Port
		}
	}
	return proto, port
}

// appendHops writes the table of the hops of h, under each hop what it saw changed, and
// behind it what was found on the way.
func (f *text) appendHops(b []byte, h *Host, findings []report.Finding) []byte {
	hops, way := h.Hops, newPath(h, f.Verbose)
	c, ends := f.hopTable(hops, way)
	c.fit(f.Width)
	for i := range c.rows {
		if b = c.append(b, i, nil); i > 0 {
			b = way.appendEchoes(way.appendChanges(b, ends[i-1].TTL), ends[i-1].TTL)
		}
	}
	b = f.appendEdges(b, h.Edges)
	if h.MTU != nil {
		b = append(appendMTU(append(b, '\n'), h.MTU), '\n')
	}
	for i := range findings {
		if i == 0 {
			b = append(b, '\n')
		}
		b = append(appendFinding(b, &findings[i]), '\n')
	}
	if f.Verbose || h.RouteOnly() { // a route beside other results is not about this
		b = appendUnseen(b, hops)
	}
	for i := range hops {
		if h := &hops[i]; h.Reply != nil {
			b = strconv.AppendUint(append(b, "\nhop "...), uint64(h.TTL), 10)
			b = appendReply(append(b, ", the reply:\n"...), h.Reply)
		}
	}
	return b
}

// hopTable is the table of hops, with the last hop of each row but for the head's.
func (f *text) hopTable(hops []report.Hop, way *path) (c columns, ends []*report.Hop) {
	c.row("HOP", "ADDRESS", "NAME", "RTT (ms)", "P50 / P90 / P99", "JITTER", "LOSS", "AS", "DSCP", "ECN", "")
	for i := 0; i < len(hops); {
		n := max(silentRun(hops[i:]), 1)
		if shared := sharedRun(hops[i:]); shared > 0 && !f.Verbose {
			c.row(sharedCells(hops[i : i+shared])...)
			ends = append(ends, &hops[i+shared-1])
			i += shared
			continue
		}
		first, last := &hops[i], &hops[i+n-1]
		if n < foldSilent {
			last, n = first, 1
			c.row(f.hopCells(first, way)...)
		} else {
			c.row(fmt.Sprintf("%3d-%d", first.TTL, last.TTL), "*", "", noAnswer(first, " each"), "", "", lossOf(first))
		}
		ends = append(ends, last)
		i += n
	}
	return c, ends
}

// silentRun counts the hops at the beginning that follow each other, are silent
// and were asked equally often.
func silentRun(hops []report.Hop) int {
	for i := range hops {
		if h := &hops[i]; !h.Silent() || h.Repeat.Sent != hops[0].Repeat.Sent || int(h.TTL) != int(hops[0].TTL)+i {
			return i
		}
	}
	return len(hops)
}

// sharedRun counts the hops at the beginning that were found on the way to the same other
// target.
func sharedRun(hops []report.Hop) int {
	for i := range hops {
		if h := &hops[i]; !h.AsTo.IsValid() || h.AsTo != hops[0].AsTo {
			return i
		}
	}
	return len(hops)
}

// sharedCells is the line for these.
func sharedCells(hops []report.Hop) []string {
	number := fmt.Sprintf("%3d", hops[0].TTL)
	if len(hops) > 1 {
		number += fmt.Sprintf("-%d", hops[len(hops)-1].TTL)
	}
	return []string{number, "as to " + string(appendAddr(nil, hops[0].AsTo))}
}

// hopCells is one line of the table.
func (f *text) hopCells(h *report.Hop, way *path) []string {
	number := fmt.Sprintf("%3d", h.TTL)
	switch {
	case h.Silent():
		return []string{number, "*", "", noAnswer(h, ""), "", "", lossOf(h)}
	case !h.From.IsValid():
		return []string{number, "*", "", string(appendLocalError(nil, h.Addr, h.Errno)), "", "", lossOf(h)}
	}
	name := Escape(h.Name())
	if name == "" && h.Looked {
		name = "-"
	}
	dscp, ecn := way.cells(h)
	return []string{number, string(appendAddr(nil, h.From)), name, roundTrips(h), percentiles(h), jitterOf(h), lossOf(h), asOf(h), dscp, ecn, f.hopNotes(h, h.TTL == way.last)}
}

func noAnswer(h *report.Hop, each string) string {
	return fmt.Sprintf("no answer (%d asked%s)", h.Repeat.Sent, each)
}

// roundTrips is "0.05 / 0.06 / 0.08", or one time where one is known.
func roundTrips(h *report.Hop) string {
	n := &h.Repeat
	switch {
	case !n.Timed():
		return "not known"
	case n.Answered == 1:
		return string(appendMillisNumber(nil, n.Avg))
	}
	return string(appendMillisNumbers(nil, " / ", n.Min, n.Avg, n.Max))
}

// hopNotes is what stands at the end of a hop's line. last says that nobody answered
// beyond it.
func (f *text) hopNotes(h *report.Hop, last bool) string {
	var b []byte
	note := func(text string) {
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(b, text...)
	}
	switch n := &h.Repeat; {
	case h.Counted != nil:
		for _, text := range countedNotes(h) {
			note(text)
		}
	case n.Answered < n.Sent:
		note(fmt.Sprintf("%d of %d answered", n.Answered, n.Sent))
	}
	if len(h.Others) > 0 {
		note("also " + addrList(h.Others))
	}
	if len(h.Labels) > 0 {
		note(string(appendLabels([]byte("MPLS "), h.Labels)))
	}
	for i := range h.Interfaces {
		note(string(appendInterface(nil, &h.Interfaces[i])))
	}
	for _, o := range h.Objects {
		note(fmt.Sprintf("extension class %d type %d (%d bytes)", o.Class, o.Type, len(o.Value)))
	}
	if h.QuotedSrc.IsValid() || h.QuotedDst.IsValid() {
		note(string(appendQuoted(nil, h.QuotedSrc, h.QuotedDst)))
	}
	if h.Refused != probe.NoResponse {
		note("also refused: " + reasonWords(h.Refused))
	}
	switch {
	case h.Reached && h.From.IsValid() && h.From.WithZone("") != h.Addr.WithZone(""):
		note("reached by another of its addresses: " + reasonWords(h.Reason))
	case h.Reached:
		note("reached: " + reasonWords(h.Reason))
	case h.Refuses() && last:
		note("ends here: " + reasonWords(h.Reason))
	case h.Refuses():
		note("refused: " + reasonWords(h.Reason))
	}
	if f.Verbose && h.Return > 0 {
		note(string(appendCount([]byte("return "), uint64(h.Return), "hop")) + " (a guess)")
	}
	if f.Verbose && h.Quoted > 0 {
		note(fmt.Sprintf("quotes %d bytes", h.Quoted))
	}
	return string(b)
}

// appendLabels writes "16001 tc 0 ttl 255 / 416243 tc 0 ttl 1", the outermost label
// first.
func appendLabels(b []byte, stack []wire.Label) []byte {
	for i, l := range stack {
		if i > 0 {
			b = append(b, " / "...)
		}
		b = strconv.AppendUint(b, uint64(l.Value()), 10)
		b = strconv.AppendUint(append(b, " tc "...), uint64(l.TC()), 10)
		b = strconv.AppendUint(append(b, " ttl "...), uint64(l.TTL()), 10)
	}
	return b
}

func addrList(list []netip.Addr) string {
	var b []byte
	for i, a := range list {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendAddr(b, a)
	}
	return string(b)
}

// routes counts what was traced, for the last line.
type routes struct {
	n, reached int
	hops       int // of all
	last       netip.Addr
	lastHop    uint8        // that answered, of the only route
	refused    probe.Reason // of the only route, by the last hop that answered
	loop       *report.Finding
}

func (s *routes) add(of *Host) {
	if len(of.Hops) == 0 {
		return
	}
	s.n++
	reached, last := false, uint8(0)
	for i := range of.Hops {
		h := &of.Hops[i]
		if h.From.IsValid() && h.TTL >= last {
			last, s.last, s.refused = h.TTL, h.From, probe.NoResponse
			if h.Refuses() {
				s.refused = h.Reason
			}
		}
		reached = reached || h.Reached
	}
	for i := range of.Findings {
		if f := &of.Findings[i]; f.Doubt == probe.Loop {
			s.loop = f
		}
	}
	s.lastHop = last
	s.hops += int(last)
	if reached {
		s.reached++
	}
}

// append writes "4 hops, reached. ".
func (s *routes) append(b []byte) []byte {
	switch {
	case s.n > 1:
		b = appendCount(b, uint64(s.n), "route")
		b = strconv.AppendInt(append(b, ": "...), int64(s.reached), 10)
		b = appendCount(append(b, " reached, "...), uint64(s.hops), "hop")
	case s.reached == 1:
		b = append(appendCount(b, uint64(s.hops), "hop"), ", reached"...)
	case s.lastHop == 0:
		b = append(b, "Not reached, no hop answered"...)
	case s.loop != nil:
		b = appendLoop(append(b, "Not reached: l"...), s.loop)
	default:
		b = strconv.AppendUint(append(b, "Not reached, the last answer came from hop "...), uint64(s.lastHop), 10)
		b = append(appendAddr(append(b, " ("...), s.last), ')')
		if s.refused != probe.NoResponse {
			b = append(append(b, ": "...), reasonWords(s.refused)...)
		}
	}
	return append(b, ". "...)
}
