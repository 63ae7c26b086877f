package output

import (
	"strconv"
	"strings"

	"sonde/scan/report"
)

// appendOS writes which system it is, and what else is to be known of it; with all, why,
// and what is probable beside that.
func appendOS(b []byte, o *report.OS, all bool) []byte {
	b = append(appendSystem(append(b, "OS      "...), o), '\n')
	for _, line := range osLines(o, all, osKey) {
		b = append(append(append(b, "  "...), line...), '\n')
	}
	for line := range strings.Lines(o.Sample) { // to be copied: as it is, but for what a terminal would obey
		b = append(AppendText(b, strings.TrimSuffix(line, "\n")), '\n')
	}
	return b
}

// appendSystem writes "Linux 4.20 or newer, 99 %", or that it is unknown and why.
func appendSystem(b []byte, o *report.OS) []byte {
	if len(o.Matches) == 0 {
		b = append(b, "unknown"...)
		if o.Why != "" {
			b = AppendText(append(b, ": "...), o.Why)
		}
		return b
	}
	m := &o.Matches[0]
	b = appendShare(append(AppendText(b, m.Name), ", "...), m.Confidence)
	if m.Generation != "" && m.InFamily-m.Confidence > 0.02 {
		b = appendShare(append(AppendText(append(b, " ("...), m.Family), ' '), m.InFamily)
		b = append(b, ')')
	}
	if o.Passive {
		b = append(b, ", by SYN-ACKs alone"...)
	}
	if m.Unverified {
		b = append(b, ", unverified"...)
	}
	for i := range o.Matches[1:] {
		other := &o.Matches[1+i]
		b = appendShare(append(AppendText(append(b, "; or "...), other.Name), ' '), other.Confidence)
	}
	return b
}

// osKey is how wide the keys of the lines are that stand below each other.
const osKey = 9

// osLines are what there is to say beside the name, a line each, escaped, behind a key that
// is so wide.
func osLines(o *report.OS, all bool, key int) (lines []string) {
	line := func(word string, texts []string) {
		for i, text := range texts {
			if i == 0 {
				lines = append(lines, string(padTo(nil, word, max(key, len(word)+1))))
			} else {
				lines[len(lines)-1] += "; "
			}
			lines[len(lines)-1] += Escape(text)
		}
	}
	if all {
		line("for", o.For)
		line("against", o.Against)
		if len(o.Matches) > 0 {
			for _, h := range o.Matches[0].Hints {
				line("hint", []string{h.Name + ", " + string(appendShare(nil, h.Confidence))})
			}
		}
	}
	for _, s := range o.Said {
		switch says := "port " + strconv.Itoa(int(s.Port)) + " says " + s.Text; {
		case s.Differs:
			line("but", []string{says})
		case all || len(o.Matches) == 0:
			line("says", []string{says})
		}
	}
	for _, a := range o.Apart {
		text := "another stack answers " + a.Ports
		if a.Name != "" {
			text += ": " + a.Name + ", " + string(appendShare(nil, a.Confidence))
		}
		if a.Evidence != "" && (all || a.Name == "") {
			text += " (" + a.Evidence + ")"
		}
		line("apart", []string{text})
	}
	return lines
}

// appendShare writes "99 %".
func appendShare(b []byte, share float64) []byte {
	return append(strconv.AppendInt(b, percent(share), 10), " %"...)
}
