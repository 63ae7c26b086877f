package output

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sonde/scan/report"
)

// AppendComparison writes what all of it comes to.
func (f *text) AppendComparison(b []byte, c *report.Comparison) []byte {
	if !f.Verbose {
		for _, line := range f.pairs.more(foldAbove) {
			b = append(append(b, line...), '\n')
		}
	}
	captures, fates, passages, changes := captureTable(c), fateTable(c), passageTable(c), changeTable(c)
	for _, t := range []*columns{&captures, &fates, &passages, &changes} {
		t.fit(f.Width)
	}
	b = captures.all(f.gap(b))
	b = fates.all(append(b, '\n'))
	for _, note := range fateNotes(c) {
		b = append(append(b, note...), '\n')
	}
	b = passages.all(append(b, '\n'))
	if changes.rows != nil {
		b = changes.all(append(b, '\n'))
	} else {
		b = append(append(append(b, '\n'), nothingChanged...), '\n')
	}
	return appendClock(append(b, '\n'), c)
}

// nothingChanged stands for the table of changes where there are none.
const nothingChanged = "Nothing was changed on the way."

// captureTable has a row for each file.
func captureTable(c *report.Comparison) (t columns) {
	t.row("", "CAPTURE", "PACKETS", "FIRST (UTC)", "LAST (UTC)", "NOT READ")
	for i, file := range []*report.Capture{&c.Near, &c.Far} {
		t.row([]string{"near", "far"}[i], Escape(filepath.Base(file.File)), strconv.FormatUint(file.Packets, 10),
			file.First.Format(time.DateTime), file.Last.Format(time.TimeOnly), count(file.NotRead))
	}
	return t
}

// fateTable says how many questions have each verdict.
func fateTable(c *report.Comparison) (t columns) {
	head := []string{"QUESTION", "SENT"}
	for _, f := range fateOrder {
		head = append(head, strings.ToUpper(fateWords[f]))
	}
	t.row(head...)
	row := func(what string, n *[report.Fates]uint64) {
		total := uint64(0)
		cells := []string{what, ""}
		for _, f := range fateOrder {
			total += n[f]
			cells = append(cells, count(n[f]))
		}
		cells[1] = count(total)
		t.row(cells...)
	}
	questions, flows := uint64(0), uint64(0)
	for i := range c.Questions {
		row(Escape(c.Questions[i].What), &c.Questions[i].N)
		for _, n := range c.Questions[i].N {
			questions += n
		}
	}
	for _, n := range c.Flows {
		flows += n
	}
	if flows != questions {
		row("flows", &c.Flows)
	}
	return t
}

// fateNotes are sentences about what is not judged as others are.
func fateNotes(c *report.Comparison) (notes []string) {
	for _, note := range []struct {
		n    uint64
		one  string
		many string
	}{
		{c.Outside, "question is from when the far capture does not show that it was being made", "questions are from when the far capture does not show that it was being made"},
		{c.Backwards, "flow was begun at the far end, and is not judged", "flows were begun at the far end, and are not judged"},
		{c.Early, "flow was judged before its time: too much was under way", "flows were judged before their time: too much was under way"},
	} {
		switch {
		case note.n == 1:
			notes = append(notes, "1 "+note.one)
		case note.n > 1:
			notes = append(notes, fmt.Sprint(note.n, " ", note.many))
		}
	}
	return notes
}

// count is a number, and nothing for 0.
func count(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// passageTable says what became of packets in each direction.
func passageTable(c *report.Comparison) (t columns) {
	t.row("PACKETS", "SENT", "ARRIVED", "COPIES", "NOT FROM THERE", "DELAY (ms)")
	for i, p := range []*report.Passage{&c.There, &c.Back} {
		delay := ""
		if p.Max > 0 {
			delay = string(appendMillisNumbers(nil, " / ", p.Min, p.Median, p.Max))
		}
		t.row([]string{"there", "back"}[i], strconv.FormatUint(p.Sent, 10), strconv.FormatUint(p.Arrived, 10), count(p.Copies), count(p.Stray), delay)
	}
	return t
}

// changeTable says which fields were changed, in each direction; it is empty where none
// was.
func changeTable(c *report.Comparison) (t columns) {
	if len(c.There.Changes)+len(c.Back.Changes) == 0 {
		return t
	}
	t.row("CHANGED", "PACKETS", "SENT", "SEEN")
	for i, p := range []*report.Passage{&c.There, &c.Back} {
		for j := range p.Changes {
			ch := &p.Changes[j]
			sent, seen := changeWords(&ch.Change)
			if sent == "" {
				sent = "(not shown)"
			}
			if ch.Various {
				seen += ", and others"
			}
			t.row([]string{"there ", "back  "}[i]+Escape(ch.Field), strconv.FormatUint(ch.Packets, 10), sent, seen)
		}
	}
	return t
}

// appendClock says how the clocks differ, and what cannot be known of that.
func appendClock(b []byte, c *report.Comparison) []byte {
	k := &c.Clock
	ahead, way := k.Offset, "ahead of"
	if ahead < 0 {
		ahead, way = -ahead, "behind"
	}
	b = fmt.Appendf(b, "The far clock is %s %s the near one", seconds(ahead), way)
	if k.Error > 0 {
		b = fmt.Appendf(b, ", ± %s", seconds(k.Error))
	}
	if k.HasDrift {
		b = fmt.Appendf(b, ",\nand drifts by %+.1f ppm, ± %.1f", k.Drift, k.DriftError)
	}
	b = append(b, ".\n"...)
	if k.OneWay {
		return append(b, "No packet is seen both ways: the shortest delay is part of that, and how long\npackets take is not known.\n"...)
	}
	b = append(b, "Delays suppose that packets take as long there as back. If they do not, it looks\n"...)
	return fmt.Appendf(b, "like an offset of the clocks, of up to %s: the two cannot be told apart.\n", seconds(k.Asymmetry))
}

// seconds writes a time in the unit in which it is read most easily.
func seconds(d time.Duration) string {
	if d < 100*time.Millisecond {
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 3, 64) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) + " s"
}

// appendCompared is the last line of a comparison.
func (f *text) appendCompared(b []byte, e *report.End) []byte {
	b = append(appendSeconds(append(b, "Compared in "...), e.Elapsed), '\n')
	return appendIncomplete(b, e)
}
