package stack

import (
	"slices"
	"testing"
)

func TestNamed(t *testing.T) {
	d := Builtin()
	for text, want := range map[string]string{"Debian 12": "linux", "Ubuntu": "linux", "Windows Server 2022": "windows", "FreeBSD 14": "freebsd", "Plan 9": "", "": ""} {
		if got := d.Named(text); got != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
	for _, c := range []struct {
		named, key string
		want       bool
	}{{"windows", "linux", true}, {"linux", "linux", false}, {"", "linux", false}, {"linux", "gvisor", false}, {"linux", "nobody", false}} {
		if got := d.Contradicts(c.named, c.key); got != c.want {
			t.Errorf("%q against %q: %v", c.named, c.key, got)
		}
	}
}

func TestFits(t *testing.T) {
	d := Builtin()
	for _, c := range []struct {
		seen Features
		want bool
	}{
		{Features{SynOptions: "MSTNW", SynWindow: "fill", IPTTL: "64", IPDF: "yes"}, true},
		{Features{SynOptions: "MSTNW", SynWindow: "4711", IPTTL: "64", IPDF: "yes"}, true},
		{Features{SynOptions: "none", SynWindow: "0", IPTTL: "255", IPDF: "yes"}, false},
		{Features{SynOptions: "M", SynWindow: "65535", IPTTL: "64", IPDF: "no"}, false},
	} {
		if got := d.Fits("linux", c.seen); got != c.want {
			t.Errorf("%v fits Linux: %v", c.seen, got)
		}
	}
	if d.Fits("nobody", full()) {
		t.Error("something fits a family that is not there")
	}
}

// TestSample: a sample is a row by which the same answers are known again.
func TestSample(t *testing.T) {
	d, err := Read([]byte(Sample(full())))
	if err != nil {
		t.Fatal(err)
	}
	if v := d.Judge(full()); v.Match == nil || v.Match.Name != "NAME" || v.Match.Confidence < 0.9 {
		t.Errorf("%+v", v)
	}
	if list := List(full()); len(list) != len(full()) || list[0] != "options=MSTNW" || !slices.Contains(list, "isn=15.6M") {
		t.Errorf("%q", list)
	}
}
