package screen

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"sonde/output"
	"sonde/scan/report"
	"sonde/scan/watched"
)

// The smallest terminal that is of use.
const (
	leastWidth  = 40
	leastHeight = 10
)

// View is what is shown at one moment. It only reads what it is given, but for how far State
// is scrolled, which it bounds.
type View struct {
	Model         *watched.Model
	State         *State
	Width, Height int // of the terminal
	ASCII         bool
	Zone          *time.Location // of times of day; nil: UTC
	Doing         string         // what goes on: "watching"
}

// Lines are the lines of the screen, Height of them, none wider than Width.
func (v *View) Lines() []Line {
	var list []Line
	switch {
	case v.Width < leastWidth || v.Height < leastHeight:
		list = v.tooSmall()
	case v.State.page == Help:
		list = v.help()
	case v.target() == nil:
		list = v.nobody()
	case v.State.page == Detail:
		list = v.detail()
	case v.State.page == Events:
		list = v.events()
	case v.State.page == Targets:
		list = v.overview()
	default:
		list = v.table()
	}
	for len(list) < v.Height {
		list = append(list, nil)
	}
	list = list[:max(v.Height, 0)]
	if keys := v.keys(); v.Height >= leastHeight && v.Width >= leastWidth {
		list[v.Height-1] = keys
	}
	for i := range list {
		list[i] = list[i].fit(v.Width, v.ASCII)
	}
	return list
}

// tooSmall says so, in as few columns as it takes.
func (v *View) tooSmall() []Line {
	return []Line{{{"terminal too small", Strong}}, {{fmt.Sprintf("%d%s%d, not %d%s%d", v.Width, v.sign("×", "x"), v.Height, leastWidth, v.sign("×", "x"), leastHeight), Plain}},
		{{"q quits", Plain}}}
}

// nobody is before the first record of a round.
func (v *View) nobody() []Line {
	head := Line{{"sonde trace", Strong}}
	return []Line{v.beside(head, v.doing()), nil, {{"No round is over yet: waiting for the first answers.", Plain}}}
}

// model is what is shown: while paused, that of when the pause began.
func (v *View) model() *watched.Model {
	if v.State.frozen != nil {
		return v.State.frozen
	}
	return v.Model
}

// target is the one that is looked at; nil: there is none yet.
func (v *View) target() *watched.Target {
	m := v.model()
	if len(m.Targets) == 0 {
		return nil
	}
	return m.Targets[min(v.State.target, len(m.Targets)-1)]
}

// sign is a character, or what stands for it where the terminal has ASCII only.
func (v *View) sign(utf8, ascii string) string {
	if v.ASCII {
		return ascii
	}
	return utf8
}

// addr is an address; "*" stands for nobody. What a zone is called is somebody's choice.
func (v *View) addr(a netip.Addr) string {
	if !a.IsValid() {
		return "*"
	}
	return v.text(a.String())
}

// called is an address with its reverse name, if that is known.
func (v *View) called(a netip.Addr, name string) string {
	if name == "" {
		return v.addr(a)
	}
	return v.addr(a) + " (" + v.text(name) + ")"
}

// text is what others wrote, so that a terminal shows it and does nothing else.
func (v *View) text(s string) string {
	s = output.Escape(s)
	if v.ASCII {
		s = string(output.AppendASCII(nil, s))
	}
	return s
}

// doing says what goes on.
func (v *View) doing() Span {
	m := v.model()
	switch {
	case v.State.frozen != nil:
		return Span{"PAUSED", Warn}
	case m.End != nil && v.Doing == "":
		return Span{"over: " + v.text(m.End.ExitReason), Warn}
	}
	return Span{v.Doing, Plain}
}

// beside is a line with a piece at its right end.
func (v *View) beside(l Line, s Span) Line {
	room := v.Width - output.Columns(s.Text)
	if s.Text == "" || room <= 1 {
		return l
	}
	l = l.fit(room-1, v.ASCII)
	l.add(Plain, right("", room-l.width()))
	l.add(s.Look, s.Text)
	return l
}

// head is the first line: what is watched, how long, and how it stands.
func (v *View) head(t *watched.Target) Line {
	l := Line{{"sonde trace ", Plain}, {v.addr(t.Addr), Strong}}
	if s := v.model().Scan; s != nil && s.Trace != nil {
		by := " by " + v.text(s.Trace.Proto)
		if s.Trace.Port != 0 {
			by += " " + strconv.Itoa(int(s.Trace.Port))
		}
		l.add(Plain, by)
	}
	l.add(Plain, fmt.Sprintf(", round %d, %s", t.Number, clock(t.At)))
	switch {
	case t.Silent() > 0:
		l.add(Bad, fmt.Sprintf(", silent for %s", count(uint64(t.Silent()), "round")))
	case t.Reached == 0:
		l.add(Warn, ", not reached")
	}
	return v.beside(l, v.doing())
}

// clock is a duration as a clock shows it: 1:02:03.
func clock(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// when is the time of day, where it is known when the run began, else since then.
func (v *View) when(at time.Duration) string {
	s := v.model().Scan
	if s == nil || s.Time.IsZero() {
		return "+" + clock(at)
	}
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	return s.Time.Add(at).In(zone).Format(time.TimeOnly)
}

// count is "1 round", "2 rounds".
func count(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatUint(n, 10) + " " + what
}

// ms is a time in milliseconds, in six columns or fewer; "" where there is none.
func ms(d time.Duration) string {
	f := float64(d) / float64(time.Millisecond)
	switch {
	case d <= 0:
		return ""
	case f < 99.995:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 9999.95:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// percent is a share with a digit behind the point, and never 0.0 or 100.0 of what is not
// quite that.
func percent(share float64) string {
	p := 100 * share
	switch {
	case share < 0:
		return "-"
	case p > 0 && p < 0.1:
		p = 0.1
	case p < 100 && p > 99.9:
		p = 99.9
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// missing are the words for why answers are missing.
var missing = map[report.Missing]string{
	report.MissingReplies: "its replies are missing, not packets: hops beyond answer more",
	report.MissingWay:     "packets are lost on the way there or back",
	report.MissingUnsure:  "nobody beyond answers, so it may be no loss",
}

// keys is the last line: what was just said, or which keys there are.
func (v *View) keys() Line {
	if v.State.message != "" {
		return Line{{v.text(v.State.message), Warn}}
	}
	var l Line
	for _, k := range v.State.hints(len(v.model().Targets) > 1) {
		l.add(Strong, k.key)
		l.add(Plain, " "+k.what+"  ")
	}
	return l
}
