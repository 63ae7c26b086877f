package output

import (
	"encoding/xml"
	"testing"
)

func TestAppendXML(t *testing.T) {
	for in, want := range map[string]string{
		"nginx/1.22":            "nginx/1.22",
		`a&b <c> "d" 'e' ]]>`:   "a&amp;b &lt;c&gt; &quot;d&quot; &apos;e&apos; ]]&gt;",
		"\x00\x1b[2J\xff\ufffe": `\x00\x1b[2J\xff\u{fffe}`,
		`C:\>`:                  `C:\\&gt;`,
		"grüße":                 "grüße",
		"":                      "",
	} {
		if got := string(AppendXML([]byte("<"), in)); got != "<"+want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// FuzzXML: whatever the network says is character data, and the value of an attribute,
// that a parser takes; its text is that of AppendText, from which every byte comes back.
func FuzzXML(f *testing.F) {
	f.Add(hostile)
	f.Add("]]>&lt;<!--\x00\x1f\ufffe\uffff\xed\xa0\x80\\x41\\u{41}")
	f.Fuzz(func(t *testing.T, s string) {
		b := append([]byte(`<a b="`), AppendXML(nil, s)...)
		b = append(append(b, `">`...), AppendXML(nil, s)...)
		var got struct {
			Value string `xml:"b,attr"`
			Text  string `xml:",chardata"`
		}
		if err := xml.Unmarshal(append(b, "</a>"...), &got); err != nil {
			t.Fatalf("%q: %s: %v", s, b, err)
		}
		if got.Value != Escape(s) || got.Text != Escape(s) {
			t.Errorf("%q came back as %q and %q", s, got.Value, got.Text)
		}
		if back := unescape(t, got.Text); back != s {
			t.Errorf("%q was %q", got.Text, back)
		}
	})
}
