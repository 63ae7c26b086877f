package screen

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"sonde/output"
	"sonde/scan/watched"
)

// detail is the page of one hop: who answers, how long it takes, what came of the last
// questions.
func (v *View) detail() []Line {
	t := v.target()
	path := t.Path()
	list := []Line{v.head(t), nil}
	if len(path) == 0 {
		return list
	}
	h := &path[min(v.State.hop, len(path)-1)]
	who := v.called(h.From, h.PTR())
	if h.Reached {
		who += ", the target"
	}
	list = append(list, Line{{fmt.Sprintf("HOP %d of %d  ", h.TTL, len(path)), Strong}, {who, Strong}},
		Line{{v.sentence(t, h), Plain}, {", loss " + percent(h.Loss()), Plain}}, nil)
	list = append(list, v.answerers(h)...)
	if x := &h.Times; x.Count > 0 {
		list = append(list, nil, Line{{"ROUND TRIPS (ms)", Strong}},
			Line{{fmt.Sprintf("last %s  best %s  average %s  worst %s  jitter %s", ms(x.Last), ms(x.Best), ms(x.Average()), ms(x.Worst), zero(ms(x.Jitter()))), Plain}},
			Line{{fmt.Sprintf("half within %s, 9 of 10 within %s, 99 of 100 within %s", ms(x.Quantile(.5)), ms(x.Quantile(.9)), ms(x.Quantile(.99))), Plain}})
	}
	last := []Line{nil, {{"THE LAST ONES", Strong}, {"  the latest on the right", Faint}}, v.spark(h, v.Width)}
	list = append(list, v.histogram(h, v.Height-len(list)-len(last)-1)...)
	return append(list, last...)
}

// zero is what a time is called that is none.
func zero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// answerers list who answered for the hop.
func (v *View) answerers(h *watched.Hop) []Line {
	if len(h.Who) == 0 {
		return []Line{{{"Nobody has answered.", Plain}}}
	}
	width := len("WHO ANSWERED")
	for i := range h.Who {
		width = max(width, output.Columns(v.called(h.Who[i].Addr, h.Who[i].PTR)))
	}
	width = min(width, max(12, v.Width-30))
	list := []Line{{{left("WHO ANSWERED", width, v.ASCII) + right("ANSWERS", 9) + right("SHARE", 9) + right("LAST", 10), Strong}}}
	row := func(who string, n uint64, last string) {
		list = append(list, Line{{left(who, width, v.ASCII) + right(strconv.FormatUint(n, 10), 9) + right(percent(float64(n)/float64(h.Answered)), 9) + right(last, 10), Plain}})
	}
	for i := range h.Who {
		w := &h.Who[i]
		row(v.called(w.Addr, w.PTR), w.Count, v.when(w.At))
	}
	if h.More > 0 {
		row("others", h.More, "")
	}
	return list
}

// histogram draws how many round trips took how long, in no more than n lines: ranges are
// joined where there are too many.
func (v *View) histogram(h *watched.Hop, n int) (list []Line) {
	start, counts := h.Times.Histogram()
	if len(counts) == 0 || n < 1 {
		return nil
	}
	n = min(n, 16)
	per := (len(counts) + n - 1) / n
	most := uint64(0)
	var sums []uint64
	for i := 0; i < len(counts); i += per {
		sum := uint64(0)
		for _, c := range counts[i:min(i+per, len(counts))] {
			sum += uint64(c)
		}
		sums = append(sums, sum)
		most = max(most, sum)
	}
	room := max(v.Width-34, 4)
	for i, sum := range sums {
		bounds := fmt.Sprintf("%s to %s", ms(watched.Bound(start+i*per)), ms(watched.Bound(start+(i+1)*per)))
		bar := int(math.Round(float64(room) * float64(sum) / float64(most)))
		if sum > 0 {
			bar = max(bar, 1)
		}
		list = append(list, Line{{left(bounds, 21, v.ASCII) + " ", Plain}, {strings.Repeat(v.sign("█", "#"), bar), Good}, {" " + strconv.FormatUint(sum, 10), Plain}})
	}
	return list
}

// events is the page of the ways that packets took, and of what happened.
func (v *View) events() []Line {
	t := v.target()
	list := []Line{v.head(t)}
	if len(v.model().Targets) > 1 {
		list = append(list, v.tabs())
	}
	var body []Line
	body = append(body, Line{{"WAYS", Strong}, {fmt.Sprintf("  %d in %s", len(t.Ways.List), count(t.Ways.Rounds, "round")), Faint}})
	for i := range t.Ways.List {
		body = append(body, v.way(t, &t.Ways.List[i])...)
	}
	if t.Ways.More > 0 {
		body = append(body, Line{{fmt.Sprintf("and %s on ways that are not kept", count(t.Ways.More, "round")), Plain}})
	}
	all := t.Events.All()
	head := Line{{"EVENTS", Strong}, {"  the latest first", Faint}}
	if more := t.Events.Count() - uint64(len(all)); more > 0 {
		head.add(Faint, fmt.Sprintf(", and %d before these", more))
	}
	body = append(body, nil, head)
	if len(all) == 0 {
		body = append(body, Line{{"none", Plain}})
	}
	for i := range all {
		body = append(body, v.event(&all[i]))
	}
	room := v.Height - len(list) - 2
	v.State.scroll = max(0, min(v.State.scroll, len(body)-room))
	return append(append(list, nil), body[v.State.scroll:min(len(body), v.State.scroll+max(room, 0))]...)
}

// way is a way with its share, and its hops in as many lines as they take.
func (v *View) way(t *watched.Target, w *watched.Way) (list []Line) {
	l := Line{{fmt.Sprintf("%3d  ", w.Number()), Strong}, {fmt.Sprintf("%s, %s, last at %s", percent(t.Ways.Share(w)), count(w.Rounds, "round"), v.when(w.At)), Plain}}
	if w == t.Ways.Now() {
		l.add(Good, ", now")
	}
	list = append(list, l)
	text := "    "
	for i, a := range w.Hops {
		hop := " " + v.addr(a)
		if !a.IsValid() && t.Balanced[i+1] {
			hop = " (several)"
		}
		if output.Columns(text)+output.Columns(hop) > v.Width {
			list = append(list, Line{{text, Plain}})
			text = "    "
		}
		text += hop
	}
	return append(list, Line{{text, Plain}})
}

// event is one line about what happened.
func (v *View) event(e *watched.Event) Line {
	l := Line{{v.when(e.At) + " ", Plain}}
	switch e.Kind {
	case watched.Gone:
		l.add(Bad, fmt.Sprintf("no answer of the target, for %s now", count(uint64(e.Missed), "round")))
		return l
	case watched.Back:
		l.add(Good, fmt.Sprintf("the target answers again, after %s", count(uint64(e.Missed), "round")))
		return l
	}
	if len(e.Steps) > 0 {
		what := "another way: "
		if e.Known {
			what = "a way seen before: "
		}
		l.add(Warn, what)
	}
	for i, s := range e.Steps {
		if i > 0 {
			l.add(Plain, ", ")
		}
		l.add(Plain, fmt.Sprintf("hop %d %s %s %s", s.TTL, v.hopOf(s.Was, s.TTL, e.Was), v.sign("→", "->"), v.hopOf(s.Now, s.TTL, e.Now)))
	}
	if e.More > 0 {
		l.add(Plain, fmt.Sprintf(" and %d more", e.More))
	}
	if len(e.Balanced) > 0 {
		if len(e.Steps) > 0 {
			l.add(Plain, "; ")
		}
		var hops []string
		for _, ttl := range e.Balanced {
			hops = append(hops, strconv.Itoa(int(ttl)))
		}
		l.add(Plain, "several answer by turns at hop "+strings.Join(hops, ", "))
	}
	return l
}

// overview is the page of all targets.
func (v *View) overview() []Line {
	m := v.model()
	list := []Line{v.beside(Line{{"sonde trace, " + count(uint64(len(m.Targets)), "target") + ", " + clock(m.At), Strong}}, v.doing()), nil}
	width := len("TARGET")
	for _, t := range m.Targets {
		width = max(width, output.Columns(v.addr(t.Addr)))
	}
	width = min(width, mostAddr, max(15, v.Width-50))
	list = append(list, Line{{" " + left("TARGET", width, v.ASCII) + right("HOPS", 6) + right("LOSS ", lossWidth) + right("LAST", 8) + right("AVG", 8) + right("WAYS", 6) + "  ROUND TRIPS", Strong}})
	selected := min(v.State.target, len(m.Targets)-1)
	rows := v.Height - len(list) - 1
	from := first(selected, rows, len(m.Targets))
	for i := from; i < min(len(m.Targets), from+rows); i++ {
		list = append(list, v.summary(m.Targets[i], i == selected, width))
	}
	return list
}

// summary is one target in a line.
func (v *View) summary(t *watched.Target, selected bool, width int) Line {
	mark, look := " ", Plain
	if selected {
		mark, look = v.sign("▸", ">"), Selected
	}
	l := Line{{mark + left(v.addr(t.Addr), width, v.ASCII), look}}
	l.add(Plain, right(strconv.Itoa(int(t.Last)), 6))
	path := t.Path()
	if len(path) == 0 {
		return l
	}
	h := &path[len(path)-1]
	loss, its := v.loss(t, h)
	l.add(its, right(loss, lossWidth))
	l.add(Plain, right(ms(h.Times.Last), 8)+right(ms(h.Times.Average()), 8)+right(strconv.Itoa(len(t.Ways.List)), 6)+"  ")
	switch {
	case t.Reached == 0:
		l.add(Warn, "not reached ")
	case t.Silent() > 0:
		l.add(Bad, fmt.Sprintf("silent for %s ", count(uint64(t.Silent()), "round")))
	}
	return append(l, v.spark(h, max(0, v.Width-l.width()))...)
}

// hopOf is who answered at a TTL of a way with so many hops.
func (v *View) hopOf(a netip.Addr, ttl uint8, hops int) string {
	if int(ttl) > hops {
		return "none"
	}
	return v.addr(a)
}
