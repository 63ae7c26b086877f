package screen

import (
	"sonde/scan/watched"
)

// bars are how a round trip is drawn, from the shortest on.
const (
	bars      = "▁▂▃▄▅▆▇█"
	asciiBars = "_.-:=+*#"
)

// spark draws the last n questions to a hop. Bars go from the shortest round trip that is
// shown to the longest, but at least to twice the shortest, so that what hardly differs
// looks alike.
func (v *View) spark(h *watched.Hop, n int) (l Line) {
	samples := h.History.Tail(nil, n)
	low, high := watched.Sample(0), watched.Sample(0)
	for _, s := range samples {
		if s >= 0 {
			if high == 0 || s < low {
				low = s
			}
			high = max(high, s)
		}
	}
	steps := []rune(v.sign(bars, asciiBars))
	var text []rune
	look := Plain
	flush := func(next Look) {
		l.add(look, string(text))
		look, text = next, text[:0]
	}
	for _, s := range samples {
		r, its := v.mark(s)
		if s >= 0 {
			reach := max(int64(high)-int64(low), int64(low), 1)
			r = steps[min((int64(s)-int64(low))*int64(len(steps))/reach, int64(len(steps)-1))]
		}
		if its != look {
			flush(its)
		}
		text = append(text, r)
	}
	flush(Plain)
	return l
}

// mark is what stands for a question without a time.
func (v *View) mark(s watched.Sample) (rune, Look) {
	switch s {
	case watched.Lost:
		return []rune(v.sign("×", "x"))[0], Bad
	case watched.Unasked:
		return '!', Warn
	case watched.Untimed:
		return '?', Plain
	}
	return ' ', Plain
}
