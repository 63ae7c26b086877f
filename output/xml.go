package output

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// xmlWriter is for programs that read the XML of nmap: valid by its DTD (version 1.05), with
// its words where there are such. What nmap has no place for stands where nmap has what
// scripts say, under names that begin with "sonde".
type xmlWriter struct {
	hostsOnly
	Options
	scan    *report.Scan
	reached uint64 // targets of routes only, which have no Host record
}

var _ = Register(Format{
	Name:     "xml",
	Doc:      "as nmap writes it",
	Commands: routeCommands,
	New:      func(o Options) Streamer { return NewAssembler(&xmlWriter{Options: o}, o) },
})

func (f *xmlWriter) Keep() Keep { return Keep{Fold: true, Numbers: true, Sort: true} }

func (f *xmlWriter) AppendBegin(b []byte, s *report.Scan) []byte {
	f.scan = s
	b = append(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n<nmaprun"...)
	b = attr(b, "scanner", "nmap") // the only one that the DTD knows
	b = attr(b, "args", commandLine(s))
	b = numAttr(b, "start", s.Time.Unix())
	b = attr(b, "startstr", clockTime(s.Time))
	b = attr(b, "version", s.Version)
	b = append(b, " xmloutputversion=\"1.05\">\n"...)
	b = append(appendScanInfo(b, s), "<verbose"...)
	verbose := int64(0)
	if f.Verbose {
		verbose = 1
	}
	b = append(numAttr(b, "level", verbose), "/>\n<debugging level=\"0\"/>\n"...)
	var notes []string
	notes = append(notes, s.Notes...)
	if s.Shards > 0 {
		notes = append(notes, fmt.Sprintf("shard %d of %d", s.Shard, s.Shards))
	}
	if len(notes) > 0 {
		b = append(b, "<prescript>"...)
		b = script(b, "sonde-notes", strings.Join(escapeAll(notes), "\n"))
		b = append(b, "</prescript>\n"...)
	}
	return b
}

func (f *xmlWriter) AppendFinding(b []byte, r *report.Finding) []byte {
	b = append(b, "<postscript>"...)
	b = script(b, "sonde-finding", string(appendFinding(nil, r)), "addr", addrText(r.Addr))
	return append(b, "</postscript>\n"...)
}

func (f *xmlWriter) AppendHost(b []byte, h *Host) []byte {
	b = append(b, "<host>"...)
	b = f.appendStatus(b, h)
	b = append(b, "\n<address"...)
	b = attr(b, "addr", h.Addr.String())
	if h.Addr.Is4() {
		b = append(b, " addrtype=\"ipv4\"/>\n"...)
	} else {
		b = append(b, " addrtype=\"ipv6\"/>\n"...)
	}
	if h.MAC != (wire.MAC{}) {
		b = attr(append(b, "<address"...), "addr", strings.ToUpper(string(appendMAC(nil, h.MAC))))
		b = append(b, " addrtype=\"mac\""...)
		b = append(someAttr(b, "vendor", h.Vendor), "/>\n"...)
	}
	b = f.appendNames(b, h)
	b = f.appendPorts(b, h)
	b = appendXMLOS(b, h.OS)
	b = appendRemarks(b, f.remarks(h))
	b = f.appendTraced(b, h)
	b = appendTimes(b, &h.Verdict)
	return append(b, "</host>\n"...)
}

// nmapReasons are nmap's words for what has another name here.
var nmapReasons = map[probe.Reason]string{
	probe.ARPReply: "arp-response", probe.NDReply: "nd-response",
	probe.TimestampReply: "timestamp-reply", probe.MaskReply: "addressmask-reply",
}

func nmapReason(r probe.Reason) string {
	if word, ok := nmapReasons[r]; ok {
		return word
	}
	return r.String()
}

// appendStatus writes the state of a host. That nobody knows whether a host is up is
// "unknown", also where nobody asked: nmap says "up" then.
func (f *xmlWriter) appendStatus(b []byte, h *Host) []byte {
	state, reason, ttl := probe.Unknown, "not-decided", uint8(0)
	switch {
	case h.Decided && h.State == probe.NotTested:
		reason = "user-set" // nmap's word for it
	case h.Decided:
		state, reason, ttl = h.State, nmapReason(h.Reason), h.TTL
	case h.RouteOnly():
		for i := range h.Hops {
			if hop := &h.Hops[i]; hop.Reached {
				state, reason = probe.Up, nmapReason(hop.Reason)
			}
		}
		if state == probe.Up {
			f.reached++
		} else {
			reason = probe.NoResponse.String()
		}
	}
	b = attr(append(b, "<status"...), "state", state.String())
	b = attr(b, "reason", reason)
	return append(numAttr(b, "reason_ttl", int64(ttl)), "/>"...)
}

func (f *xmlWriter) appendNames(b []byte, h *Host) []byte {
	b = append(b, "<hostnames>\n"...)
	for _, name := range h.Forward {
		b = append(attr(append(b, "<hostname"...), "name", name), " type=\"user\"/>\n"...)
	}
	ptr := h.PTR
	for i := range h.Hops {
		if hop := &h.Hops[i]; h.RouteOnly() && hop.Reached {
			ptr = hop.Name()
		}
	}
	if ptr != "" {
		b = append(attr(append(b, "<hostname"...), "name", ptr), " type=\"PTR\"/>\n"...)
	}
	return append(b, "</hostnames>\n"...)
}

// remarks are what text says of a host and nmap's XML has no place for, each a line
// that is escaped.
func (f *xmlWriter) remarks(h *Host) (lines []string) {
	if h.Decided && h.State != probe.NotTested && remarkable(&h.Verdict, h.Elsewhere()) {
		lines = append(lines, string(appendReason(nil, h.Addr, &h.Verdict, h.Elsewhere())))
	}
	if h.Repeat != nil {
		lines = append(lines, strings.TrimPrefix(string(appendRepeat(nil, &h.Verdict)), ", "))
	}
	if f.Verbose && h.Reply != nil {
		lines = append(lines, replyLines(h.Reply)...)
	}
	if h.Decided && h.Looked && h.Differ {
		lines = append(lines, "forward and reverse names disagree")
	}
	lines = append(lines, saysItIs(&h.Host))
	for i := range h.Findings {
		lines = append(lines, string(appendFinding(nil, &h.Findings[i])))
	}
	if slices.ContainsFunc(h.Folds, func(d Fold) bool { return d.From.IsValid() || d.Errno != 0 || d.Weak || d.Unproven }) {
		lines = append(lines, strings.TrimSuffix(string(appendFolds(nil, h.Addr, h.Folds)), "\n"))
	}
	if n := h.Undecided(); n > 0 {
		lines = append(lines, string(appendCount([]byte("Undecided: "), uint64(n), "port")))
	}
	if h.OS != nil {
		if len(h.OS.Matches) == 0 {
			lines = append(lines, "OS "+string(appendSystem(nil, h.OS)))
		}
		lines = append(lines, osLines(h.OS, true, 0)...)
	}
	for i := range h.Rewrites {
		lines = append(lines, string(appendRewrite(nil, &h.Rewrites[i])))
	}
	for i := range h.Edges {
		lines = append(lines, edgeLine(&h.Edges[i]))
	}
	if h.MTU != nil {
		lines = append(lines, string(appendMTU(nil, h.MTU)))
	}
	if h.Then != nil {
		lines = append(lines, strings.Split(strings.TrimSuffix(string(appendThen(nil, h.Then)), "\n"), "\n")...)
	}
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}

// replyLines are the fields of a reply, as -v shows them.
func replyLines(r *report.Packet) []string {
	return strings.Split(strings.TrimSuffix(string(appendReply(nil, r)), "\n"), "\n")
}

// remarkable tells whether a reason has circumstances that its word does not tell.
func remarkable(v *report.Verdict, elsewhere bool) bool {
	return v.Weak || v.Unproven > 0 || v.Errno != 0 || v.Data != probe.DataSame || elsewhere ||
		v.QuotedSrc.IsValid() || v.QuotedDst.IsValid() || v.Reason == probe.SpoofedSource
}

func appendRemarks(b []byte, lines []string) []byte {
	if len(lines) == 0 {
		return b
	}
	b = append(b, "<hostscript>"...)
	b = script(b, "sonde", strings.Join(lines, "\n"))
	return append(b, "</hostscript>\n"...)
}

// appendTimes writes the round-trip time, as the estimator of RFC 6298 section 2.2
// has it after one measurement, in microseconds; of repetitions their average.
func appendTimes(b []byte, v *report.Verdict) []byte {
	srtt, variation := v.RTT, v.RTT/2
	switch {
	case v.Repeat != nil && v.Repeat.Timed():
		srtt, variation = v.Repeat.Avg, v.Repeat.Deviation
	case !v.HasRTT:
		return b
	}
	b = numAttr(append(b, "<times"...), "srtt", srtt.Microseconds())
	b = numAttr(b, "rttvar", variation.Microseconds())
	return append(numAttr(b, "to", (srtt+4*variation).Microseconds()), "/>\n"...)
}

func (f *xmlWriter) AppendEnd(b []byte, e *report.End) []byte {
	finished, up := f.scan.Time.Add(e.Elapsed), e.Tally.Hosts[probe.Up]+f.reached
	b = numAttr(append(b, "<runstats><finished"...), "time", finished.Unix())
	b = attr(b, "timestr", clockTime(finished))
	b = attr(b, "summary", doneAt(f.scan, e, up, "; "))
	b = append(b, " elapsed=\""...)
	b = append(strconv.AppendFloat(b, e.Elapsed.Seconds(), 'f', 2, 64), '"')
	if e.Complete {
		b = append(b, " exit=\"success\"/>"...)
	} else {
		b = append(b, " exit=\"error\""...)
		b = append(attr(b, "errormsg", strings.TrimSpace(string(appendIncomplete(nil, e)))), "/>"...)
	}
	t := &e.Tally.Hosts
	b = countAttr(append(b, "<hosts"...), "up", up)
	b = countAttr(b, "down", t[probe.Down])
	b = countAttr(b, "total", max(f.scan.Addresses, sum(t)+f.reached))
	return append(b, "/>\n</runstats>\n</nmaprun>\n"...)
}

// attr writes an attribute, after a blank.
func attr(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), '=', '"')
	return append(AppendXML(b, value), '"')
}

// someAttr writes an attribute unless it is empty.
func someAttr(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return attr(b, name, value)
}

func numAttr(b []byte, name string, v int64) []byte {
	b = append(append(append(b, ' '), name...), '=', '"')
	return append(strconv.AppendInt(b, v, 10), '"')
}

func countAttr(b []byte, name string, n uint64) []byte {
	b = append(append(append(b, ' '), name...), '=', '"')
	return append(strconv.AppendUint(b, n, 10), '"')
}

// script writes what nmap has for the output of scripts. Its text is escaped for people
// already; a new line is one. facts are keys, each with its value behind it.
func script(b []byte, id, text string, facts ...string) []byte {
	b = attr(append(b, "<script"...), "id", id)
	b = append(b, " output=\""...)
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b = append(b, "&#xa;"...)
		}
		b = appendReferences(b, line)
	}
	b = append(b, '"')
	open := false
	for i := 0; i+1 < len(facts); i += 2 {
		if facts[i+1] == "" {
			continue
		}
		if !open {
			b, open = append(b, '>'), true
		}
		b = append(attr(append(b, "<elem"...), "key", facts[i]), '>')
		b = append(AppendXML(b, facts[i+1]), "</elem>"...)
	}
	if !open {
		return append(b, "/>"...)
	}
	return append(b, "</script>"...)
}

func escapeAll(list []string) []string {
	escaped := make([]string, len(list))
	for i, s := range list {
		escaped[i] = Escape(s)
	}
	return escaped
}
