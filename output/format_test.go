package output

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		{values: "yaml", err: `no output format "yaml"; there are text, json`},
		{values: "yaml=f", err: "there are text, json"},
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

func (lines) Name() string                         { return "lines" }
func (lines) AppendBegin(b []byte, _ *Meta) []byte { return b }
func (lines) AppendRecord(b []byte, r *Record) []byte {
	return append(append(b, r.Type.String()...), '\n')
}
func (lines) AppendEnd(b []byte, _ *End) []byte { return append(b, "end\n"...) }

func TestRegistryGrows(t *testing.T) {
	reg := append(Formats(), func() Format { return lines{} })
	if _, err := reg.ParseSpec("lines=f"); err != nil {
		t.Error(err)
	}
	if _, err := Formats().New("lines"); err == nil {
		t.Error("one registry's format is in another")
	}
	if names := reg.Names(); !slices.Equal(names, []string{"text", "json", "lines"}) {
		t.Error(names)
	}
}
