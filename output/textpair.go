package output

import (
	"strconv"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// This file lists the questions of two captures; what they come to is in
// textcomparison.go.

// pairs is what of two captures was listed so far.
type pairs struct {
	any    bool
	listed [report.Fates]uint64
}

// more says of which verdicts there were more than the most that are listed.
func (p *pairs) more(most uint64) (lines []string) {
	for _, fate := range fateOrder[1:] {
		if n := p.listed[fate]; n > most {
			lines = append(lines, strconv.FormatUint(n-most, 10)+" more "+fateWords[fate]+" (-v lists all, -o json too)")
		}
	}
	return lines
}

// fateWords are what people read.
var fateWords = [report.Fates]string{"unsure", "never arrived", "not answered", "answer lost", "answered"}

// fateColors are the states that have the colours of verdicts.
var fateColors = [report.Fates]probe.State{report.Answered: probe.Up, report.LostThere: probe.Down, report.LostBack: probe.Down,
	report.Unanswered: probe.Filtered, report.Unsure: probe.Unknown}

// fateOrder is in which order they are counted.
var fateOrder = []report.Fate{report.Answered, report.LostThere, report.Unanswered, report.LostBack, report.Unsure}

// fateWidth lines up what follows a verdict.
const fateWidth = len("never arrived")

// AppendPair lists a question that was not answered, with Verbose all.
func (f *text) AppendPair(b []byte, p *report.Pair) []byte {
	n := &f.pairs.listed[p.Verdict]
	if !f.Verbose && p.Verdict == report.Answered {
		return b
	}
	if *n++; *n > foldAbove && !f.Verbose {
		return b
	}
	if !f.pairs.any {
		f.pairs.any = true
		b = append(f.gap(b), "VERDICT        SENT (UTC)       QUESTION\n"...)
	}
	b = f.paint(b, fateColors[p.Verdict], fateWords[p.Verdict])
	b = pad(b, fateWidth+gutter-len(fateWords[p.Verdict]))
	start := len(b) // behind the colours, which take no room
	b = p.Near.Time.UTC().AppendFormat(b, "15:04:05.000000")
	b = appendQuestion(append(b, "  "...), p)
	from, to := string(appendEnd(nil, p.Near.Src)), string(appendEnd(nil, p.Near.Dst))
	if fateWidth+gutter+width(b[start:])+gutter+len(from)+len(" > ")+len(to) > lineWidth {
		b = f.indent(append(b, '\n'))
	} else {
		b = append(b, "  "...)
	}
	b = append(append(append(b, from...), " > "...), to...)
	b = append(b, '\n')
	if why := pairWhy(p); why != "" {
		b = append(append(f.indent(b), why...), '\n')
	}
	if f.Verbose {
		b = f.appendPassed(b, "there", &p.Far, p.Changes, p.Delay, p.HasDelay)
		b = f.appendPassed(b, "back", nil, p.Back, p.BackDelay, p.HasBack)
	}
	return b
}

// appendQuestion writes "SYN", "SYN 2", "echo request 7".
func appendQuestion(b []byte, p *report.Pair) []byte {
	b = AppendText(b, p.What)
	if p.Number > 1 || p.Proto == "icmp" {
		b = strconv.AppendUint(append(b, ' '), uint64(p.Number), 10)
	}
	return b
}

func (f *text) indent(b []byte) []byte { return pad(b, fateWidth+gutter) }

// appendPassed writes what became of a packet on its way.
func (f *text) appendPassed(b []byte, way string, far *report.Seen, list []report.Change, d time.Duration, timed bool) []byte {
	words := passed(far, list, d, timed)
	if len(words) == 0 {
		return b
	}
	line := append([]byte(way), ':')
	for i, w := range words {
		if i < len(words)-1 {
			w += ","
		}
		if fateWidth+gutter+width(line)+len(" ")+width([]byte(w)) > lineWidth && i > 0 {
			b = append(append(f.indent(b), line...), '\n')
			line = append(line[:0], ' ')
		}
		line = append(append(line, ' '), w...)
	}
	return append(append(f.indent(b), line...), '\n')
}

// passed are the words of what became of a packet: how long it was under way, as what it
// was seen, each change.
func passed(far *report.Seen, list []report.Change, d time.Duration, timed bool) (words []string) {
	if timed {
		words = append(words, string(appendMillis(nil, d)))
	}
	if far != nil && !far.Time.IsZero() {
		words = append(words, "seen as "+string(appendEnd(nil, far.Src))+" > "+string(appendEnd(nil, far.Dst)))
	}
	for i := range list {
		word := Escape(list[i].Field)
		if sent, seen := changeWords(&list[i]); sent != "" {
			word += " " + sent + " → " + seen
		}
		words = append(words, word)
	}
	return words
}

// changeWords are the values of a changed field, escaped: "ef", "cs0", where one is not
// there "none", "gone". Both are empty of fields whose values are not shown.
func changeWords(c *report.Change) (sent, seen string) {
	sent, seen = Escape(c.Sent), Escape(c.Seen)
	switch {
	case sent == "" && seen == "":
	case sent == "":
		sent = "none"
	case seen == "":
		seen = "gone"
	}
	return sent, seen
}

// pairWhy says what is odd about a verdict.
func pairWhy(p *report.Pair) string {
	switch p.Why {
	case "several-alike":
		return "more than one packet could be it"
	case "not-recorded":
		return "the far capture does not show that it was being made then"
	case "near-ends":
		return "the near capture ends before the answer could come"
	case "answered-on-way":
		text := Escape(p.Answer) + " came from something on the way"
		if p.By.IsValid() {
			text = Escape(p.Answer) + " from " + string(appendAddr(nil, p.By)) + ", on the way"
		}
		return text
	}
	if p.By.IsValid() {
		return Escape(p.Answer) + " from " + string(appendAddr(nil, p.By))
	}
	return ""
}
