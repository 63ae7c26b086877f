package trial

import (
	"slices"
	"strings"
	"testing"
)

func TestDesign(t *testing.T) {
	d := design(options("none", "mss,sackok"), factor("tos", "0", "8", "184"))
	d.Factors[0].Values[0].Text = ""
	var names []string
	for v := range d.Variants() {
		names = append(names, d.Name(v))
		if l := d.Levels(v); l[0]*3+l[1] != v {
			t.Errorf("variant %d has the levels %v", v, l)
		}
	}
	if len(names) != 6 || names[0] != "tcp-options=none tos=0" || names[5] != "tcp-options=mss,sackok tos=184" {
		t.Errorf("%q", names)
	}
	if one := design(options("mss,ts")); one.Name(0) != "mss,ts" {
		t.Error(one.Name(0))
	}
}

// TestProperties: every way to part the variants has its names, the simplest first.
func TestProperties(t *testing.T) {
	for _, tt := range []struct {
		d    *Design
		want string // "a = b | c": a and b part variants alike, and c the other way round
	}{
		{design(factor("tos", "0", "184")), "tos=0 | tos=184"},
		{design(factor("tos", "0", "8", "184")), "tos=0 | tos other than 0; tos=184 | tos other than 184; tos=8 | tos other than 8"},
		{design(factor("size", "60", "600", "1400")), "size=1400 = size ≥ 1400 | size < 1400 = size other than 1400; " +
			"size=60 = size < 600 | size ≥ 600 = size other than 60; size=600 | size other than 600"},
		{design(options("none", "mss=1460", "mss=536")), "missing mss = tcp-options=none | mss; mss=1460 = tcp-options=mss=1460; mss=536 = tcp-options=mss=536"},
		{design(options("opt=253:ab", "opt=254")), "missing opt=253 = opt=254 = tcp-options=opt=254 | missing opt=254 = opt=253 = tcp-options=opt=253:ab"},
		{design(options("ts,mss", "mss,ts")), "mss before ts = tcp-options=mss,ts | ts before mss = tcp-options=ts,mss"},
		{square, "missing ts | ts; missing wscale | wscale; ts and wscale = tcp-options=mss,ts,wscale=7 = number of tcp-options ≥ 3 | number of tcp-options < 3; " +
			"tcp-options=mss = number of tcp-options < 2 | number of tcp-options ≥ 2; tcp-options=mss,ts; tcp-options=mss,wscale=7"},
		{design(options("mss", "mss,ts"), factor("tos", "0", "184")), "missing ts = tcp-options=mss | ts = tcp-options=mss,ts; tos=0 | tos=184; missing ts and tos=0; missing ts and tos=184; ts and tos=0; ts and tos=184"},
		{design(options("mss")), ""},
	} {
		var list []string
		for _, s := range tt.d.splits() {
			var sides []string
			for _, side := range s.sides {
				var names []string
				for _, p := range side {
					names = append(names, words(p.terms))
				}
				if len(names) > 0 {
					sides = append(sides, strings.Join(names, " = "))
				}
			}
			slices.Sort(sides)
			list = append(list, strings.Join(sides, " | "))
		}
		var want []string
		for _, one := range strings.Split(tt.want, "; ") {
			sides := strings.Split(one, " | ")
			slices.Sort(sides)
			want = append(want, strings.Join(sides, " | "))
		}
		if got := strings.Join(list, "; "); got != strings.Join(want, "; ") {
			t.Errorf("got  %s\nwant %s", got, strings.Join(want, "; "))
		}
	}
}
