package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// The measures of a plot, in pixels.
const (
	plotWidth  = 800
	plotMargin = 24
	plotHead   = 64 // title and legend
	groupSize  = 68 // of one contest: a line and two bars
	barSize    = 16
	barStep    = 20
	barLeft    = 96  // where bars begin
	barRight   = 530 // where the longest of each contest ends
)

// plotStyle has colours for light and dark pages. The plot brings its own
// background: not every page says which it is.
const plotStyle = `
  .page { fill: #ffffff; stroke: #d0d7de }
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .job { font-weight: 600 }
  .note { fill: #59636e }
  .fault { fill: #b3261e }
  .name { text-anchor: end }
  .sonde { fill: #0b7285 }
  .peer { fill: #b8c0c8 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d }
    text { fill: #e6edf3 }
    .note { fill: #9198a1 }
    .fault { fill: #ff8a80 }
    .sonde { fill: #3bc9db }
    .peer { fill: #57606a }
  }
`

// plot draws two bars for each contest, as long as the programs took. Each
// contest has a scale of its own, since they range from milliseconds to minutes.
func plot(title string, list []outcome) []byte {
	height := plotHead + len(list)*groupSize + plotMargin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">`+"\n", plotWidth, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s</style>\n", escape(title), plotStyle)
	fmt.Fprintf(&b, `<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", plotWidth-1, height-1)
	label(&b, "title", plotMargin, plotMargin+10, title)
	label(&b, "note", plotMargin, plotMargin+30, "Time from start to end of the process; each job has a scale of its own. Shorter is better.")
	for i, o := range list {
		y := plotHead + i*groupSize
		label(&b, "job", plotMargin, y+20, o.title)
		longest := max(o.us.wall, o.them.wall)
		bar(&b, "sonde", y+28, "sonde", o.us, longest, o.want, "")
		bar(&b, "peer", y+28+barStep, o.tool(), o.them, longest, o.want, times(o.ratio))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// bar draws one bar with its name before and its figures behind it.
func bar(b *bytes.Buffer, class string, y int, name string, f figures, longest time.Duration, want int, note string) {
	width := max(float64(barRight-barLeft)*float64(f.wall)/float64(longest), 1)
	base := y + barSize - 4
	fmt.Fprintf(b, `<text class="name" x="%d" y="%d">%s</text>`+"\n", barLeft-8, base, escape(name))
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", class, barLeft, y, width, barSize)
	fmt.Fprintf(b, `<text x="%.1f" y="%d">%s`, barLeft+width+8, base, escape(f.time()))
	if note != "" {
		fmt.Fprintf(b, `<tspan class="note" dx="10">%s</tspan>`, escape(note))
	}
	if s := faults(f, want); s != "" {
		fmt.Fprintf(b, `<tspan class="fault" dx="10">%s</tspan>`, escape(s))
	}
	b.WriteString("</text>\n")
}

func label(b *bytes.Buffer, class string, x, y int, s string) {
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x, y, escape(s))
}

// times says how much longer the peer takes. Where one had to be ended, in most
// rounds sooner than in the first, the bars say more.
func times(r ratio) string {
	switch {
	case r.unknown, r.atLeast:
		return ""
	case r.median >= 10:
		return fmt.Sprintf("%.0f×", r.median)
	}
	return fmt.Sprintf("%.1f×", r.median)
}

// faults says what a program got wrong, if anything.
func faults(f figures, want int) string {
	s := ""
	if f.missed > 0 && !f.ended {
		s = fmt.Sprintf("%d of %d missed", f.missed, want)
	}
	if f.wrong > 0 {
		s += fmt.Sprintf(" %d false", f.wrong)
	}
	return strings.TrimSpace(s)
}

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
