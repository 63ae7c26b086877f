package output

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"sonde/probe"
	"sonde/probe/wire"
)

// foldSilent is how many silent hops in a row make one line.
const foldSilent = 3

func (k *block) addHop(r *Record, m *Meta) {
	h := r.kept()
	if answer := r.packet(); m.Verbose && answer != nil {
		reply := *answer
		h.Reply = &reply
	}
	k.hops = append(k.hops, h)
}

// routeOnly tells whether nothing is known but the route: it is a trace, or the
// host was written before its route came.
func (k *block) routeOnly() bool {
	return len(k.hops) > 0 && !k.hasHost && k.ports == 0 && len(k.services) == 0
}

// routed tells whether all hops are there.
func (k *block) routed() bool {
	for i := range k.hops {
		if n := k.hops[i].Hops; n > 0 && len(k.hops) >= int(n) {
			return true
		}
	}
	return false
}

// appendTrace writes a route that stands by itself.
func (f *Text) appendTrace(b []byte, k *block) []byte {
	t := f.meta.Trace
	name := ""
	for i := range k.hops {
		if h := &k.hops[i]; h.Reached {
			name = h.name()
		}
	}
	b = appendAddrName(append(b, "trace to "...), k.addr, name)
	b = f.appendBy(b, k)
	if t != nil && t.TOS>>2 != 0 {
		b = append(append(b, ", dscp "...), wire.DSCPName(t.TOS>>2)...)
	}
	if t != nil && t.TOS&3 != 0 {
		b = append(append(b, ", ecn "...), ecnName(t.TOS)...)
	}
	if t != nil {
		b = appendCount(append(b, ", "...), uint64(t.MaxTTL), "hop")
		b = append(b, " at most"...)
	}
	return f.appendHops(append(b, "\n\n"...), k)
}

// appendRoute writes the route at the end of a host's block.
func (f *Text) appendRoute(b []byte, k *block) []byte {
	b = f.appendBy(append(b, "\nROUTE"...), k)
	return f.appendHops(append(b, '\n'), k)
}

// appendBy writes " by tcp 80".
func (f *Text) appendBy(b []byte, k *block) []byte {
	proto, port := "", uint16(0)
	if f.meta.Trace != nil {
		proto, port = f.meta.Trace.Proto, f.meta.Trace.Port
	}
	for i := range k.hops {
		if h := &k.hops[i]; h.Proto != "" {
			proto, port = h.Proto, h.Port
		}
	}
	if proto == "" {
		return b
	}
	b = AppendText(append(b, " by "...), proto)
	if port != 0 {
		b = strconv.AppendUint(append(b, ' '), uint64(port), 10)
	}
	return b
}

// appendHops writes the table of the hops and what was found on the way.
func (f *Text) appendHops(b []byte, k *block) []byte {
	slices.SortStableFunc(k.hops, func(x, y Record) int { return int(x.Hop) - int(y.Hop) })
	way := newPath(k.hops)
	var c columns
	c.row("HOP", "ADDRESS", "NAME", "RTT (ms)", "DSCP", "ECN", "")
	for i := 0; i < len(k.hops); {
		n := silentRun(k.hops[i:])
		if n < foldSilent {
			c.row(f.hopCells(&k.hops[i], way)...)
			i++
			continue
		}
		first, last := &k.hops[i], &k.hops[i+n-1]
		c.row(fmt.Sprintf("%3d-%d", first.Hop, last.Hop), "*", "", noAnswer(first, " each"))
		i += n
	}
	for i := range c.rows {
		b = c.append(b, i, nil)
	}
	for i, text := range way.findings {
		if i == 0 {
			b = append(b, '\n')
		}
		b = append(append(b, text...), '\n')
	}
	for i := range k.hops {
		if h := &k.hops[i]; h.Reply != nil {
			b = strconv.AppendUint(append(b, "\nhop "...), uint64(h.Hop), 10)
			b = appendReply(append(b, ", the reply:\n"...), h.Reply)
		}
	}
	return b
}

// silentRun counts the hops at the beginning that follow each other, are silent
// and were asked equally often.
func silentRun(hops []Record) int {
	for i := range hops {
		if h := &hops[i]; !h.silent() || h.asked() != hops[0].asked() || int(h.Hop) != int(hops[0].Hop)+i {
			return i
		}
	}
	return len(hops)
}

// asked is how often a Hop was asked.
func (r *Record) asked() uint32 {
	if r.Repeat == nil {
		return 1
	}
	return r.Repeat.Sent
}

// hopCells is one line of the table.
func (f *Text) hopCells(h *Record, way *path) []string {
	number := fmt.Sprintf("%3d", h.Hop)
	switch {
	case h.silent():
		return []string{number, "*", "", noAnswer(h, "")}
	case !h.From.IsValid():
		return []string{number, "*", "", string(appendReason(nil, h))}
	}
	name := Escape(h.name())
	if name == "" && h.Looked {
		name = "-"
	}
	dscp, ecn, changed := way.see(h)
	return []string{number, string(appendAddr(nil, h.From)), name, roundTrips(h), dscp, ecn, f.hopNotes(h, changed)}
}

func noAnswer(h *Record, each string) string {
	return fmt.Sprintf("no answer (%d asked%s)", h.asked(), each)
}

// roundTrips is "0.05 / 0.06 / 0.08", or one time where one is known.
func roundTrips(h *Record) string {
	n := h.Repeat
	switch {
	case n == nil && h.HasRTT:
		return string(appendMillisNumber(nil, h.RTT))
	case n == nil || !n.timed():
		return "not known"
	case n.Answered == 1:
		return string(appendMillisNumber(nil, n.Avg))
	}
	b := append(appendMillisNumber(nil, n.Min), " / "...)
	b = append(appendMillisNumber(b, n.Avg), " / "...)
	return string(appendMillisNumber(b, n.Max))
}

// hopNotes is what stands at the end of a hop's line.
func (f *Text) hopNotes(h *Record, changed string) string {
	var b []byte
	note := func(text string) {
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(b, text...)
	}
	if changed != "" {
		note(changed)
	}
	if n := h.Repeat; n != nil && n.Answered < n.Sent {
		note(fmt.Sprintf("%d of %d answered", n.Answered, n.Sent))
	}
	if len(h.Others) > 0 {
		note("also " + addrList(h.Others))
	}
	switch {
	case h.Reached:
		note("reached: " + reasonWords(h.Reason))
	case h.ends():
		note("ends here: " + reasonWords(h.Reason))
	}
	if f.meta.Verbose && h.Quoted > 0 {
		note(fmt.Sprintf("quotes %d bytes", h.Quoted))
	}
	return string(b)
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
	refused    probe.Reason // of the only route
}

func (s *routes) add(k *block) {
	if len(k.hops) == 0 {
		return
	}
	s.n++
	reached, last := false, uint8(0)
	for i := range k.hops {
		h := &k.hops[i]
		if h.From.IsValid() && h.Hop >= last {
			last, s.last = h.Hop, h.From
		}
		if h.ends() {
			s.refused = h.Reason
		}
		reached = reached || h.Reached
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
	default:
		b = strconv.AppendUint(append(b, "Not reached, the last answer came from hop "...), uint64(s.lastHop), 10)
		b = append(appendAddr(append(b, " ("...), s.last), ')')
		if s.refused != probe.NoResponse {
			b = append(append(b, ": "...), reasonWords(s.refused)...)
		}
	}
	return append(b, ". "...)
}
