package output

import (
	"strconv"
	"strings"

	"sonde/output/page"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// hostColumns are those of a sweep.
func hostColumns() *page.Table {
	return &page.Table{ID: "hosts", Label: "Hosts", Class: "grid", Columns: []page.Column{
		{Head: "ADDRESS", Sort: "addr"}, {Head: "NAME", Sort: "text"}, {Head: "STATE", Sort: "state"},
		{Head: "REASON", Sort: "text"}, {Head: "RTT (ms)", Sort: "number"}, {Head: "MAC", Sort: "text"}}}
}

// AppendHost writes a host: a row, a group of rows, or a section with its route.
func (f *htmlWriter) AppendHost(b []byte, h *Host) []byte {
	f.words.routes.add(h)
	f.ports.add(h)
	switch {
	case f.layout == inHosts && h.Alone():
		return f.appendHostRow(b, h)
	case f.layout == inSections:
		return f.appendRouteSection(b, h)
	}
	b = page.Text(append(b, "\n<tbody id=\""...), hostID(h))
	b = append(b, '"')
	b = f.appendGroupHead(append(b, '>'), h)
	if len(h.Folds) > 0 {
		b = f.appendNote(b, func(b []byte) []byte { return appendFolded(b, h) })
	}
	if f.layout == inPorts {
		for i := range h.Listed {
			b = f.appendPortRow(b, &h.Listed[i])
		}
	} else if len(h.Listed) > 0 { // of a run that did not say that it asks for ports
		b = f.appendNote(b, func(b []byte) []byte { return appendPre(b, f.words.appendTable(nil, h)) })
	}
	for i := range h.Findings {
		b = f.appendNote(b, func(b []byte) []byte { return page.Text(b, string(appendFinding(nil, &h.Findings[i]))) })
	}
	if n := h.Undecided(); n > 0 {
		b = f.appendNote(b, func(b []byte) []byte { return appendCount(append(b, "Undecided: "...), uint64(n), "port") })
	}
	if h.OS != nil {
		b = f.appendNote(b, func(b []byte) []byte { return appendPre(b, appendOS(nil, h.OS, f.words.Verbose)) })
	}
	if len(h.Hops) > 0 {
		b = f.appendNote(b, func(b []byte) []byte { return f.appendRoute(b, h) })
	}
	if h.Then != nil {
		b = f.appendNote(b, func(b []byte) []byte { return appendPre(b, appendThen(nil, h.Then)) })
	}
	if f.layout == inHosts { // what follows does not belong to it
		b = append(b, "\n<tbody>"...)
	}
	return b
}

// hostID is what the page calls what it says of a host.
func hostID(h *Host) string {
	return "host-" + strings.ReplaceAll(string(appendAddr(nil, h.Addr)), " ", "_")
}

// appendHostRow writes a host of a sweep.
func (f *htmlWriter) appendHostRow(b []byte, whole *Host) []byte {
	h := &whole.Host
	b = page.Text(append(page.Row(b, ""), `<th scope="row" class="mono">`...), string(appendAddr(nil, h.Addr)))
	b = page.Cell(b, "name", f.hostName(h))
	if len(h.Local) > 0 {
		b = page.Close(page.Text(page.Open(b, "div", "said"), saysItIs(h)), "div")
	}
	if f.words.Verbose {
		b = appendPre(b, appendNames(nil, &h.Names))
	}
	why := ""
	if h.State == probe.NotTested {
		b = page.State(b, f.words.untested())
	} else {
		b = page.State(b, h.State.String())
		why = string(appendRepeat(appendHostReason(nil, h), &h.Verdict))
	}
	b = page.Cell(b, "why", why)
	b = appendSaid(b, appendSpread(nil, h.Repeat))
	if f.words.Verbose && h.Reply != nil {
		b = appendReplyDetails(b, "the reply", h.Reply)
	}
	if whole.Then != nil {
		b = appendPre(b, appendThen(nil, whole.Then))
	}
	b = page.Cell(b, "rtt", tripCell(&h.Verdict))
	return page.Close(page.Cell(b, "mono", macVendor(h)), "td")
}

// hostName is what stands behind the address: the name, and what a look-up says against it.
func (f *htmlWriter) hostName(h *report.Host) string {
	_, name, ok := strings.Cut(string(f.words.appendHostName(nil, h)), " (")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(name, ")")
}

// macVendor is "00:00:5e:00:53:01 (Vendor)"; "" where the MAC is not known.
func macVendor(h *report.Host) string {
	return strings.TrimPrefix(string(appendMACVendor(nil, h)), ", ")
}

// tripCell is a round-trip time in milliseconds; of several their mean.
func tripCell(v *report.Verdict) string {
	switch {
	case v.Repeat != nil && v.Repeat.Timed():
		return string(appendMillisNumber(nil, v.Repeat.Avg))
	case v.Repeat == nil && v.HasRTT:
		return string(appendMillisNumber(nil, v.RTT))
	}
	return ""
}

// appendGroupHead writes the line above a host's ports.
func (f *htmlWriter) appendGroupHead(b []byte, h *Host) []byte {
	b = append(page.Row(b, "host"), `<th scope="rowgroup" colspan="`...)
	b = append(strconv.AppendInt(b, int64(f.width()), 10), `">`...)
	return f.appendHostHead(b, h)
}

// appendHostHead writes which host it is, and its state.
func (f *htmlWriter) appendHostHead(b []byte, h *Host) []byte {
	b = page.Close(page.Text(append(b, "<strong>"...), string(f.words.appendHostName(nil, &h.Host))), "strong")
	if !h.Decided {
		return append(b, " not decided"...)
	}
	state := h.State.String()
	switch {
	case h.State == probe.NotTested:
		b = page.Text(append(b, ' '), f.words.untested()+", "+h.Heard.words(f.scan.Source))
	default:
		b = page.Close(page.Text(page.Open(append(b, ' '), "b", state), state), "b")
		said := string(f.words.appendHostState(nil, &h.Host, false))
		b = page.Text(append(b, ' '), strings.TrimPrefix(said, state+", "))
	}
	if h.MAC != (wire.MAC{}) {
		b = page.Text(b, string(appendMACVendor(nil, &h.Host)))
	}
	b = page.Text(b, string(appendLocalNames(nil, h.Local)))
	if f.words.Verbose {
		b = appendPre(b, appendNames(nil, &h.Names))
	}
	return b
}

// appendNote writes a row that is about a host, and not about one of its ports.
func (f *htmlWriter) appendNote(b []byte, write func([]byte) []byte) []byte {
	b = append(page.Row(b, "note"), `<td colspan="`...)
	b = append(strconv.AppendInt(b, int64(f.width()), 10), `">`...)
	return write(b)
}

// width is how many columns the open table has.
func (f *htmlWriter) width() int {
	if f.layout == inPorts {
		return len(f.portColumns().Columns)
	}
	return len(hostColumns().Columns)
}

// appendPre writes lines as they are, if there are any.
func appendPre(b, said []byte) []byte {
	if len(said) == 0 {
		return b
	}
	return page.Element(b, "pre", "", strings.Trim(string(said), "\n"))
}

// appendReplyDetails writes an answer field by field, folded away.
func appendReplyDetails(b []byte, what string, p *report.Packet) []byte {
	b = append(page.Text(append(b, "<details><summary>"...), what), "</summary>"...)
	return append(appendPre(b, appendReply(nil, p)), "</details>"...)
}
