package output

import (
	"fmt"
	"strconv"

	"sonde/scan/report"
)

// This file says, for people, what many questions to a hop tell (trace -c).

// percentiles is "0.05 / 0.06 / 0.08", of a hop that was counted.
func percentiles(h *report.Hop) string {
	if n := &h.Repeat; h.Counted != nil && n.Timed() {
		return string(appendMillisNumbers(nil, " / ", n.P50, n.P90, n.P99))
	}
	return ""
}

func jitterOf(h *report.Hop) string {
	if h.Counted != nil && h.Repeat.Timed() {
		return string(appendMillisNumber(nil, h.Counted.Jitter))
	}
	return ""
}

// lossOf is the share of questions that got lost, "-" where it is not known because the hop
// does not answer all that come.
func lossOf(h *report.Hop) string {
	switch lost := h.Repeat.Lost(); {
	case h.Counted == nil || lost < 0:
		return ""
	case h.Counted.Missing == report.MissingNone || h.Counted.Missing == report.MissingWay:
		return share(lost)
	}
	return "-"
}

// share is "5.0 %".
func share(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }

// countedNotes are what is to be said at the end of the line of a hop.
func countedNotes(h *report.Hop) (notes []string) {
	c, n := h.Counted, &h.Repeat
	of := fmt.Sprintf("%d of %d answered", n.Answered, n.Sent)
	switch c.Missing {
	case report.MissingLimited:
		notes = append(notes, "replies limited (about "+strconv.FormatFloat(c.PerSecond, 'g', 2, 64)+" a second): "+of)
	case report.MissingReplies:
		notes = append(notes, "replies missing, which is no loss: hops beyond answer more; "+of)
	case report.MissingUnsure:
		notes = append(notes, of+", and nobody beyond: lost, or not replied to")
	case report.MissingWay:
		notes = append(notes, of)
	}
	if b := c.Begins; b != nil {
		text := share(b.Rate) + " is lost up to here already, there or back"
		if b.After > 0 {
			text = fmt.Sprintf("%s is lost between hop %d and here, there or back", share(b.Rate), b.After)
		}
		notes = append(notes, text)
	}
	if c.Slow {
		notes = append(notes, "slow to reply: hops beyond answer sooner")
	}
	return notes
}

// asOf is "AS64500 Example", "AS64500/64501" of several, with --asn.
func asOf(h *report.Hop) string {
	if h.AS == nil {
		return ""
	}
	b := []byte("AS")
	for i, n := range h.AS.Numbers {
		if i > 0 {
			b = append(b, '/')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	if h.AS.Name != "" {
		b = append(append(b, ' '), Escape(h.AS.Name)...)
	}
	return string(b)
}
