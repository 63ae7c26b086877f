package output

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sonde/scan/report"
)

func TestParseSpecs(t *testing.T) {
	reg := Formats()
	for _, test := range []struct {
		values string // separated by blanks
		want   []Spec
		err    string // a part of it
	}{
		{values: "", want: []Spec{{Format: "text"}}},
		{values: "json", want: []Spec{{Format: "json"}}},
		{values: "text", want: []Spec{{Format: "text"}}},
		{values: "json=out.jsonl", want: []Spec{{Format: "text"}, {Format: "json", Path: "out.jsonl"}}},
		{values: "json=-", want: []Spec{{Format: "json"}}},
		{values: "J=a=b N=c json", want: []Spec{{Format: "json", Path: "a=b"}, {Format: "text", Path: "c"}, {Format: "json"}}},
		{values: "X", err: "-oX FILE in two words belongs to `sonde nmap`; here it is -o X=FILE"},
		{values: "A", err: "in two words"},
		{values: "N", err: "in two words"},
		{values: "yaml", err: `no output format "yaml"; there are text, csv, dot, grep, html, json, list, nmap, prom, xml`},
		{values: "yaml=f", err: "there are text, "},
		{values: "json=", err: "no file"},
		{values: "json text", err: "both go to stdout"},
		{values: "json=a text=a", err: "both go to a"},
		{values: "=a", err: "no output format"},
	} {
		got, err := reg.ParseSpecs(strings.Fields(test.values))
		switch {
		case test.err == "" && err != nil:
			t.Errorf("%q: %v", test.values, err)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%q: error %v, want %q", test.values, err, test.err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: -want +got:\n%s", test.values, diff)
		}
	}
}

// lines is a format that is not one of the package's.
type lines struct{}

func (lines) AppendRecord(b []byte, r report.Record) []byte { return append(b, "line\n"...) }

func TestRegistryGrows(t *testing.T) {
	reg := append(Formats(), Format{Name: "lines", New: func(Options) Streamer { return lines{} }})
	if _, err := reg.ParseSpec("lines=f"); err != nil {
		t.Error(err)
	}
	if _, err := Formats().Find("lines"); err == nil {
		t.Error("one registry's format is in another")
	}
	if names := reg.Names(); !slices.Equal(names, []string{"text", "csv", "dot", "grep", "html", "json", "list", "nmap", "prom", "xml", "lines"}) {
		t.Error(names)
	}
	if reg.Streams("lines") || reg.Streams("text") || !reg.Streams("json") || reg.Streams("none") {
		t.Error("the wrong formats are streamed")
	}
	for _, f := range Formats() {
		if f.Doc == "" {
			t.Errorf("%s: nobody knows what it is", f.Name)
		}
	}
}

// TestFits: a format that names commands has a place for what these find out, one that
// names none for everything.
func TestFits(t *testing.T) {
	some, every := Format{Commands: []string{"tcp"}}, Format{}
	if !some.Fits("tcp") || some.Fits("trial") || !every.Fits("trial") {
		t.Error("formats are for the wrong commands")
	}
	reg := Registry{{Name: "a"}, {Name: "b", Commands: []string{"tcp"}}}
	if got := reg.For("trial").Names(); !slices.Equal(got, []string{"a"}) || len(reg.For("tcp")) != 2 {
		t.Error(got)
	}
}
