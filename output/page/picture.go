package page

import (
	"strconv"
	"strings"
)

// Bar is one of the bars of a histogram.
type Bar struct {
	From, To string // its bounds, as people read them
	N        uint64
}

// The room that a histogram takes, in units of its own: the page makes it wide.
const (
	chartWidth  = 640
	chartHeight = 120
	chartFoot   = 18 // for the words below
	labelWidth  = 56 // that a word there takes
)

// Histogram appends a picture of how often what came. Every bar says its bounds and its
// number where it is pointed at.
func Histogram(b []byte, label string, bars []Bar) []byte {
	most := uint64(1)
	for _, bar := range bars {
		most = max(most, bar.N)
	}
	b = picture(b, "histogram", label, chartWidth, chartHeight+chartFoot)
	step := float64(chartWidth) / float64(max(len(bars), 1))
	every := int(labelWidth/step) + 1 // bar has a word below it
	for i, bar := range bars {
		x := float64(i) * step
		if bar.N > 0 {
			high := max(1.5, float64(bar.N)/float64(most)*(chartHeight-4))
			b = attribute(append(b, "<rect"...), "x", x+0.5)
			b = attribute(b, "y", chartHeight-high)
			b = attribute(b, "width", max(step-1, 0.5))
			b = append(attribute(b, "height", high), "><title>"...)
			b = Text(b, bar.From+" to "+bar.To+": "+strconv.FormatUint(bar.N, 10))
			b = append(b, "</title></rect>"...)
		}
		if i%every == 0 {
			b = attribute(append(b, "<text"...), "x", x)
			b = Close(Text(append(attribute(b, "y", chartHeight+chartFoot-4), '>'), bar.From), "text")
		}
	}
	b = append(b, `<path d="M0 `...)
	b = strconv.AppendInt(b, chartHeight, 10)
	b = strconv.AppendInt(append(b, 'h'), chartWidth, 10)
	return append(b, "\"/></svg>\n"...)
}

// The room that an interval takes.
const intervalWidth, intervalHeight = 200, 16

// Interval appends a picture of a value with its interval; all three are between 0, its
// left end, and 1. text is what it says.
func Interval(b []byte, text string, low, value, high float64) []byte {
	at := func(v float64) float64 { return 4 + max(0, min(v, 1))*(intervalWidth-8) }
	coordinate := func(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'f', 1, 64) }
	b = picture(b, "interval", text, intervalWidth, intervalHeight)
	b = append(b, `<path d="M`...)
	b = coordinate(b, at(low))
	b = append(b, " 3v10m0-5H"...)
	b = coordinate(b, at(high))
	b = append(b, "m0-5v10\"/><circle"...)
	b = attribute(b, "cx", at(value))
	return append(b, " cy=\"8\" r=\"4\"/></svg>"...)
}

// picture begins a picture.
func picture(b []byte, class, label string, width, height int) []byte {
	b = append(append(append(b, `<svg class="`...), class...), `" viewBox="0 0 `...)
	b = strconv.AppendInt(append(strconv.AppendInt(b, int64(width), 10), ' '), int64(height), 10)
	b = append(b, `" role="img" aria-label="`...)
	return append(Text(b, label), `">`...)
}

func attribute(b []byte, name string, v float64) []byte {
	b = append(append(append(b, ' '), name...), `="`...)
	return append(strconv.AppendFloat(b, v, 'f', -1, 32), '"')
}

// Map is a picture of many hosts: a row for each, and a square for the state of each of
// its ports.
type Map struct {
	Label   string
	Columns []string
	Rows    []MapRow
}

// MapRow is a host of a Map.
type MapRow struct {
	Name   string
	Link   string   // the ID of what the page says of it
	States []string // by column; "": nothing is known
}

// signs tell states apart also where colours do not.
var signs = map[string]string{"open": "■", "closed": "×", "filtered": "▒", "open|filtered": "◪", "unfiltered": "□", "closed|filtered": "▧", "unknown": "?"}

// Append appends the picture, which is a table, and below it what its signs mean.
func (m *Map) Append(b []byte) []byte {
	b = append(Text(append(b, `<div class="wide"><table class="map" aria-label="`...), m.Label), "\">\n<thead><tr><td></td>"...)
	for _, c := range m.Columns {
		b = append(Text(append(b, `<th scope="col"><span>`...), c), "</span></th>"...)
	}
	b = append(b, "</tr></thead>\n<tbody>"...)
	var seen []string
	for _, row := range m.Rows {
		b = append(Text(append(b, "\n<tr><th scope=\"row\"><a href=\"#"...), row.Link), `">`...)
		b = append(Text(b, row.Name), "</a>"...)
		for _, s := range row.States {
			sign := signs[s]
			b = append(Open(b, "td", stateClass(s)), sign...)
			if sign != "" && !strings.Contains(strings.Join(seen, " "), sign) {
				seen = append(seen, sign+" "+s)
			}
		}
	}
	b = EndTable(append(b, '\n'))
	return Element(b, "p", "legend", strings.Join(seen, " · "))
}
