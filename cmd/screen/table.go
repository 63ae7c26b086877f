package screen

import (
	"fmt"
	"strconv"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/report"
	"sonde/scan/watched"
)

// column is one of the table. Those with a higher rank go first where there is no room.
type column struct {
	name  string
	width int
	rank  int
	cell  func(h *watched.Hop) string
}

func timed(f func(*watched.Times) time.Duration) func(*watched.Hop) string {
	return func(h *watched.Hop) string { return ms(f(&h.Times)) }
}

// columns are those between the address and the round trips one by one.
func columns() []column {
	return []column{
		{"SENT", 6, 2, func(h *watched.Hop) string { return strconv.FormatUint(h.Asked, 10) }},
		{"LAST", 7, 0, timed(func(t *watched.Times) time.Duration { return t.Last })},
		{"AVG", 7, 1, timed((*watched.Times).Average)},
		{"BEST", 7, 4, timed(func(t *watched.Times) time.Duration { return t.Best })},
		{"WORST", 7, 3, timed(func(t *watched.Times) time.Duration { return t.Worst })},
		{"JITTER", 7, 5, timed((*watched.Times).Jitter)},
	}
}

// Widths of what is always there.
const (
	hopWidth   = 5 // the mark and the number of the hop
	lossWidth  = 9 // " 100.0 %~"
	leastSpark = 7
	leastAddr  = 13
	mostAddr   = 39 // of IPv6, without a zone
)

// table is the first page: the hops of one target.
func (v *View) table() []Line {
	t := v.target()
	path := t.Path()
	list := []Line{v.head(t)}
	if len(v.model().Targets) > 1 {
		list = append(list, v.tabs())
	}
	list = append(list, nil)
	addr, cols, spark := v.layout(path)
	head := Line{{right("HOP", hopWidth-1) + " " + left("ADDRESS", addr, v.ASCII) + right("LOSS ", lossWidth), Strong}}
	for _, c := range cols {
		head.add(Strong, right(c.name, c.width))
	}
	head.add(Strong, "  ROUND TRIPS"[:min(13, spark+2)])
	list = append(list, head)
	foot := v.foot(t)
	rows := v.Height - len(list) - len(foot) - 1
	if rows < 3 {
		foot = foot[:max(0, len(foot)-(3-rows))]
		rows = 3
	}
	selected := min(v.State.hop, max(0, len(path)-1))
	from := first(selected, rows, len(path))
	for i := from; i < min(len(path), from+rows); i++ {
		list = append(list, v.row(t, &path[i], i == selected, addr, cols, spark))
	}
	return append(list, foot...)
}

// first is the first of n rows that are shown, so that the selected one is among them.
func first(selected, rows, n int) int {
	return max(0, min(selected-rows/2, n-rows))
}

// layout decides how wide the addresses are, which columns there are, and how many round
// trips one by one.
func (v *View) layout(path []watched.Hop) (addr int, cols []column, spark int) {
	addr = leastAddr
	for i := range path {
		addr = max(addr, output.Columns(v.who(&path[i], mostAddr)))
	}
	addr++
	cols = columns()
	for {
		used, worst := hopWidth+addr+lossWidth+2, 0
		for i, c := range cols {
			used += c.width
			if c.rank > cols[worst].rank {
				worst = i
			}
		}
		spark = v.Width - used
		switch {
		case spark >= leastSpark:
			return addr, cols, min(spark, watched.HistoryLen)
		case cols[worst].rank > 0:
			cols = append(cols[:worst], cols[worst+1:]...)
		default:
			addr = max(8, addr+spark-leastSpark)
			return addr, cols, max(0, min(leastSpark, v.Width-(used-leastAddr-1)))
		}
	}
}

// who is who answers for a hop: the last, by name if it is known, and how many others do, in
// so many columns at most.
func (v *View) who(h *watched.Hop, width int) string {
	text, others := v.addr(h.From), ""
	if name := h.PTR(); name != "" {
		text = v.text(name)
	}
	if n := len(h.Who) - 1; n > 0 {
		others = fmt.Sprintf(" +%d", n)
	}
	return output.Ellipsis(text, max(1, width-len(others)), v.ASCII) + others
}

func (v *View) row(t *watched.Target, h *watched.Hop, selected bool, addr int, cols []column, spark int) Line {
	mark, look := " ", Plain
	if selected {
		mark, look = v.sign("▸", ">"), Selected
	}
	l := Line{{mark + right(strconv.Itoa(int(h.TTL)), hopWidth-2) + " " + left(v.who(h, addr-1), addr, v.ASCII), look}}
	loss, its := v.loss(t, h)
	l.add(its, right(loss, lossWidth))
	for _, c := range cols {
		l.add(Plain, right(c.cell(h), c.width))
	}
	l.add(Plain, "  ")
	return append(l, v.spark(h, spark)...)
}

// loss is the share of answers that are missing. A mark stands where it may be no loss.
func (v *View) loss(t *watched.Target, h *watched.Hop) (string, Look) {
	text := percent(h.Loss())
	if h.Reason == probe.ReasonLocalError && h.Asked == 0 {
		return "unasked ", Warn
	}
	switch t.Missing(h.TTL) {
	case report.MissingNone:
		return text + " ", Plain
	case report.MissingReplies:
		return text + "~", Faint
	case report.MissingUnsure:
		return text + "?", Faint
	}
	return text + " ", Bad
}

// tabs are the targets, the selected one in brackets.
func (v *View) tabs() Line {
	m := v.model()
	selected := min(v.State.target, len(m.Targets)-1)
	l := Line{{fmt.Sprintf("%d/%d ", selected+1, len(m.Targets)), Plain}}
	tab := func(i int) Span {
		t := m.Targets[i]
		text, look := v.addr(t.Addr), Plain
		switch {
		case t.Silent() >= 3:
			text, look = text+v.sign("×", "x"), Bad
		case t.Reached == 0:
			text, look = text+"?", Warn
		}
		if i == selected {
			return Span{"[" + text + "]", Selected}
		}
		return Span{" " + text + " ", look}
	}
	from, to, used := selected, selected+1, l.width()+output.Columns(tab(selected).Text)
	for grown := true; grown; {
		grown = false
		for _, i := range []int{to, from - 1} {
			if i < 0 || i >= len(m.Targets) || i >= from && i < to {
				continue
			}
			if w := output.Columns(tab(i).Text); used+w <= v.Width {
				used += w
				from, to, grown = min(from, i), max(to, i+1), true
			}
		}
	}
	for i := from; i < to; i++ {
		l = append(l, tab(i))
	}
	return l
}

// foot is below the table: what there is to say of the selected hop, of the ways, and of
// what happened last.
func (v *View) foot(t *watched.Target) []Line {
	list := []Line{nil}
	path := t.Path()
	if len(path) == 0 {
		return list
	}
	h := &path[min(v.State.hop, len(path)-1)]
	what := v.sentence(t, h)
	if h.PTR() != "" { // the table has the name
		what = v.addr(h.From) + ", " + what
	}
	list = append(list, Line{{fmt.Sprintf("Hop %d: %s", h.TTL, what), Plain}})
	if n := len(t.Ways.List); n > 1 {
		l := Line{{fmt.Sprintf("%s: ", count(uint64(n), "way")), Strong}}
		for i := range t.Ways.List {
			w := &t.Ways.List[i]
			text, look := fmt.Sprintf("%d (%s)", w.Number(), percent(t.Ways.Share(w))), Plain
			if w == t.Ways.Now() {
				text, look = text+" now", Strong
			}
			if i > 0 {
				l.add(Plain, ", ")
			}
			l.add(look, text)
		}
		list = append(list, l)
	}
	if all := t.Events.All(); len(all) > 0 {
		list = append(list, append(Line{{"Last event: ", Strong}}, v.event(&all[0])...))
	}
	return list
}

// sentence is what there is to say of a hop.
func (v *View) sentence(t *watched.Target, h *watched.Hop) string {
	switch {
	case h.Reason == probe.ReasonLocalError:
		return fmt.Sprintf("this machine could not ask %s of %d", count(h.Unasked, "time"), h.Unasked+h.Asked)
	case h.Asked == 0:
		return "it was not asked yet"
	}
	text := fmt.Sprintf("%d of %d answered", h.Answered, h.Asked)
	if why := missing[t.Missing(h.TTL)]; why != "" {
		text += "; " + why
	}
	if n := len(h.Who); n > 1 {
		text += fmt.Sprintf("; %d have answered here", n)
	}
	if h.Answered > 0 && !h.Reached && h.Reason != probe.TimeExceeded && h.Reason != probe.NoResponse {
		text += "; it says " + h.Reason.String()
	}
	return text
}
