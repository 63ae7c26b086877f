package output

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// This file tells people, and spreadsheets, of a watched trace (trace --watch) what is there
// before its end: changes of ways as they come, and, with -v, each round.

// rounds are of each target the hops of a round that is under way.
type rounds map[netip.Addr][]report.Round

// AppendRound writes, with Verbose, a line for each round, when its last hop is there:
// "2026-11-23T01:31:20Z 10.2.0.10 round 81: 10.1.0.2 0.05 ms, *, 10.2.0.10 0.21 ms".
func (f *text) AppendRound(b []byte, r *report.Round) []byte {
	if !f.Verbose {
		return b
	}
	if f.rounds == nil {
		f.rounds = rounds{}
	}
	hops := append(f.rounds[r.Addr], *r)
	if r.TTL < r.Last {
		f.rounds[r.Addr] = hops
		return b
	}
	f.rounds[r.Addr] = hops[:0]
	f.any = true
	b = append(appendAddr(append(f.appendClock(b, r.At), ' '), r.Addr), " round "...)
	b = append(strconv.AppendUint(b, uint64(r.Number), 10), ':')
	for i := range hops {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, ' '), roundLine(&hops[i])...)
	}
	return append(b, '\n')
}

// roundLine is "10.1.0.2 0.05 ms", "*" of a hop that did not answer.
func roundLine(r *report.Round) string {
	if !r.From.IsValid() {
		if r.Reason == hopReason(false) {
			return "*"
		}
		return "* (" + r.Reason.String() + ")"
	}
	b := appendAddr(nil, r.From)
	if r.RTT > 0 {
		b = appendMillis(append(b, ' '), r.RTT)
	}
	if !r.Reached && r.Reason != hopReason(true) {
		b = append(append(append(b, " ("...), r.Reason.String()...), ')')
	}
	return string(b)
}

// AppendReroute writes a line for each change.
func (f *text) AppendReroute(b []byte, r *report.Reroute) []byte {
	f.any = true
	b = append(f.appendClock(b, r.At), ' ')
	return append(append(append(appendAddr(b, r.Addr), ": "...), rerouteLine(r)...), '\n')
}

// appendClock writes the time so long after the run began, to the second, in UTC.
func (f *text) appendClock(b []byte, at time.Duration) []byte {
	return f.scan.Time.Add(at).UTC().AppendFormat(b, time.RFC3339)
}

// rerouteLine is "another way since round 81: hop 2 10.9.1.2 (was 10.9.0.2), hop 5 none (was
// 10.9.0.9)".
func rerouteLine(r *report.Reroute) string {
	var hops []string
	for i := range max(len(r.Was), len(r.Now)) {
		was, now := hopOf(r.Was, i), hopOf(r.Now, i)
		switch {
		case was == now:
		case i >= len(r.Was):
			hops = append(hops, fmt.Sprintf("hop %d %s (new)", i+1, now))
		default:
			hops = append(hops, fmt.Sprintf("hop %d %s (was %s)", i+1, now, was))
		}
	}
	line := fmt.Sprintf("another way since round %d", r.Number)
	if r.Known {
		line = fmt.Sprintf("a way seen before, again since round %d", r.Number)
	}
	if len(hops) == 0 && len(r.Balanced) > 0 {
		line = fmt.Sprintf("round %d", r.Number)
	}
	if len(hops) > 0 {
		line += ": " + strings.Join(hops, ", ")
	}
	if n := len(r.Balanced); n > 0 {
		line += "; at hop"
		if n > 1 {
			line += "s"
		}
		for i, ttl := range r.Balanced {
			line += [...]string{" ", ", "}[min(i, 1)] + strconv.Itoa(int(ttl))
		}
		line += " several answer by turns: which of them is told of no more"
	}
	return line
}

// hopOf is who answers there: "*" stands for nobody, "none" for that the way has no such hop.
func hopOf(way []netip.Addr, i int) string {
	switch {
	case i >= len(way):
		return "none"
	case !way[i].IsValid():
		return "*"
	}
	return string(appendAddr(nil, way[i]))
}

// AppendRound writes a row for each hop of each round.
func (f *csvWriter) AppendRound(b []byte, r *report.Round) []byte {
	row := csvRow{kind: "round", addr: r.Addr, hop: int(r.TTL), from: r.From, reason: r.Reason.String(), sent: "1", answered: "0",
		info: fmt.Sprintf("round %d", r.Number)}
	if r.Reason == probe.ReasonLocalError {
		row.sent = "0"
	}
	if r.From.IsValid() {
		row.answered = "1"
		if r.RTT > 0 {
			row.rtt = millis(r.RTT)
		}
	}
	return f.appendRow(b, &row)
}

// AppendReroute writes a row for each change.
func (f *csvWriter) AppendReroute(b []byte, r *report.Reroute) []byte {
	return f.appendRow(b, &csvRow{kind: "reroute", addr: r.Addr, info: rerouteLine(r)})
}

// AppendReroute writes what is said of it behind the hosts, as of a finding.
func (f *xmlWriter) AppendReroute(b []byte, r *report.Reroute) []byte {
	b = script(append(b, "<postscript>"...), "sonde-reroute", rerouteLine(r), "addr", addrText(r.Addr))
	return append(b, "</postscript>\n"...)
}
