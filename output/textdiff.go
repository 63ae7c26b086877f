package output

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// This file lists what two runs say otherwise, and what that comes to.

// versions are the differences that wait to be written: those of a host until all are
// there, and rows until there are enough to line them up.
type versions struct {
	any  bool // there was a difference, or their sum: it is a diff
	host []report.Difference
	rows columns
	why  []string // of each row, behind its last cell
}

// alignedRows is how many rows are lined up with each other at most.
const alignedRows = 1000

// foldedRanges is how long a list of the ports of a folded row may be.
const foldedRanges = 40

// AppendDifference takes one difference; strong ones are listed, with Verbose weak ones, too.
func (f *text) AppendDifference(b []byte, d *report.Difference) []byte {
	v := &f.versions
	v.any = true
	if !f.Lists(d) {
		return b
	}
	if len(v.host) > 0 && v.host[0].Addr != d.Addr {
		v.row()
		if len(v.rows.rows) >= alignedRows {
			b = f.appendVersions(b)
		}
	}
	v.host = append(v.host, *d)
	return b
}

// row makes rows of the differences of a host. More than 25 ports of which the same is to
// be said share one.
func (v *versions) row() {
	list := v.host
	slices.SortStableFunc(list, func(x, y report.Difference) int {
		return cmp.Or(cmp.Compare(rankOf(&x), rankOf(&y)), order(x.Proto, x.Port, y.Proto, y.Port), cmp.Compare(x.TTL, y.TTL), cmp.Compare(x.What, y.What))
	})
	alike := map[report.Difference][]uint16{} // ports of which the same is to be said
	key := func(d report.Difference) report.Difference {
		d.Port = 0
		return d
	}
	for i := range list {
		if d := &list[i]; d.What == report.APort {
			alike[key(*d)] = append(alike[key(*d)], d.Port)
		}
	}
	for i := range list {
		d := &list[i]
		what := aspectWords(d)
		if ports := alike[key(*d)]; len(ports) > foldAbove {
			if ports[0] != d.Port {
				continue
			}
			what = strconv.Itoa(len(ports)) + " " + Escape(d.Proto) + " ports"
			if list := report.PortRanges(ports); len(list) <= foldedRanges {
				what = list + "/" + Escape(d.Proto)
			}
		}
		sign := byte('~')
		switch {
		case d.Came():
			sign = '+'
		case d.Went():
			sign = '-'
		}
		if len(v.rows.rows) == 0 {
			v.rows.row("", "", "", "") // columns take the first for their head
			v.why = append(v.why, "")
		}
		v.rows.row(string(sign), string(appendAddr(nil, d.Addr)), what, changed(d))
		v.why = append(v.why, differenceWhy(d))
	}
	v.host = list[:0]
}

// rankOf has what is about the host come first, then its ports with what is about them, then
// the way to it.
func rankOf(d *report.Difference) int {
	switch {
	case d.What == report.AFinding:
		return 3
	case d.What == report.AHop:
		return 2
	case d.Port != 0:
		return 1
	}
	return 0
}

// aspectWords are what a difference is about: "host", "80/tcp", "80/tcp product", "hop 3".
func aspectWords(d *report.Difference) string {
	switch {
	case d.What == report.APort:
		return string(appendPort(nil, d.Proto, d.Port))
	case d.What == report.AHop:
		return "hop " + strconv.Itoa(int(d.TTL))
	case d.Port != 0:
		return string(appendPort(nil, d.Proto, d.Port)) + " " + d.What.String()
	}
	return d.What.String()
}

// changed is "closed → open"; of what was not there before, or is no more, what it is or was.
func changed(d *report.Difference) string {
	was, is := Escape(d.Old), Escape(d.New)
	if d.What == report.APort {
		was, is = cmp.Or(was, "not listed as open"), cmp.Or(is, "not listed as open")
	}
	text := was + " → " + is
	switch {
	case was == "":
		text = is
	case is == "":
		text = was
	}
	if d.Open != "" {
		text += ", open: " + Escape(d.Open)
	}
	return text
}

// differenceWhy is by which answers a state was decided, and why they prove nothing.
func differenceWhy(d *report.Difference) string {
	var parts []string
	if d.OldReason != probe.NoResponse || d.NewReason != probe.NoResponse {
		was, is := reasonOrSilence(d.OldReason), reasonOrSilence(d.NewReason)
		if was != is {
			was += ", then " + is
		}
		parts = append(parts, was)
	}
	if d.Weak != report.Proven {
		parts = append(parts, "weak: "+weakWords[d.Weak])
	}
	return strings.Join(parts, "; ")
}

func reasonOrSilence(r probe.Reason) string {
	if r == probe.NoResponse {
		return "silence"
	}
	return reasonWords(r)
}

// weakWords are what people read of why a difference is weak.
var weakWords = [...]string{
	report.BySilence: "may be loss", report.ByLimit: "hosts send few ICMP errors", report.ByDoubt: "an answer without proof",
	report.ByGuess: "a guess", report.NotSaid: "one run was not told", report.Balanced: "depends on the flow", report.OtherFlags: "asked by other flags",
}

// appendVersions writes the rows that are there.
func (f *text) appendVersions(b []byte) []byte {
	v := &f.versions
	wide := 0 // what has nothing behind it may be longer
	for i, why := range v.why {
		if why != "" {
			wide = max(wide, min(width([]byte(v.rows.rows[i][3])), changedWidth))
		}
	}
	for i := 1; i < len(v.rows.rows); i++ {
		f.any = true
		cells := v.rows.rows[i]
		if v.why[i] != "" {
			text := []byte(cells[3])
			cells[3] = string(pad(text, max(0, wide-width(text))+gutter)) + v.why[i]
		}
		v.rows.wide[3] = max(v.rows.wide[3], width([]byte(cells[3])))
		b = v.rows.append(b, i, func(column int, b []byte, text string) []byte {
			if column == 0 {
				return f.paint(b, signStates[text], text)
			}
			return append(b, text...)
		})
	}
	v.rows, v.why = columns{}, nil
	return b
}

// changedWidth is for what reasons are lined up behind at most.
const changedWidth = 30

// signStates are the states that have the colours of signs.
var signStates = map[string]probe.State{"+": probe.Up, "-": probe.Down, "~": probe.Filtered}

// AppendDifferences writes what is left, and what it all comes to.
func (f *text) AppendDifferences(b []byte, d *report.Differences) []byte {
	v := &f.versions
	v.any = true
	if len(v.host) > 0 {
		v.row()
	}
	b = f.gap(f.appendVersions(b))
	strong := uint64(0)
	var parts []string
	for i, n := range d.Strong {
		if strong += n; n > 0 {
			parts = append(parts, strconv.FormatUint(n, 10)+" "+plural(report.Aspect(i).String(), n))
		}
	}
	switch strong {
	case 0:
		b = append(b, "No difference that the answers prove"...)
	default:
		b = append(appendCount(b, strong, "difference"), ": "...)
		b = append(b, strings.Join(parts, ", ")...)
	}
	b = fmt.Appendf(b, ". The same: %d\n", d.Same)
	b = appendWeakSum(b, d, f.Verbose)
	b = appendUncompared(b, d)
	for i, s := range []*report.Side{&d.Old, &d.New} {
		name := []string{"OLD", "NEW"}[i]
		if len(s.Flags) > 0 {
			b = append(AppendText(append(append(b, "Asked otherwise: "...), name+" by "...), strings.Join(s.Flags, " ")), '\n')
		}
		if !s.Complete {
			b = append(append(b, name...), " is unfinished: what it has not decided is not compared\n"...)
		}
		if s.Unread > 0 {
			b = append(appendCount(append(append(b, name...), " has also, of other kinds: "...), s.Unread, "record"), '\n')
		}
	}
	return b
}

// plural is an aspect in the plural, of several.
func plural(aspect string, n uint64) string {
	if n != 1 {
		return aspect + "s"
	}
	return aspect
}

// appendWeakSum writes one line about all weak differences.
func appendWeakSum(b []byte, d *report.Differences, listed bool) []byte {
	total := uint64(0)
	var parts []string
	for i, n := range d.Weak {
		if total += n; n > 0 {
			parts = append(parts, strconv.FormatUint(n, 10)+" "+strings.ReplaceAll(report.Weakness(i).String(), "-", " "))
		}
	}
	if total == 0 {
		return b
	}
	b = fmt.Appendf(b, "Weak: %d (%s)", total, strings.Join(parts, ", "))
	if !listed {
		b = append(b, ", -v lists them"...)
	}
	return append(b, '\n')
}

// appendUncompared writes one line about what only one of the runs knows.
func appendUncompared(b []byte, d *report.Differences) []byte {
	var parts []string
	for _, of := range []struct {
		n    uint64
		text string
	}{{d.OneSided, "asked by one run only"}, {d.Undecided, "undecided in one"}, {d.OtherKind, "asked by another kind of probe"}} {
		if of.n > 0 {
			parts = append(parts, strconv.FormatUint(of.n, 10)+" "+of.text)
		}
	}
	if len(parts) == 0 {
		return b
	}
	return append(append(append(b, "Not compared: "...), strings.Join(parts, ", ")...), '\n')
}
