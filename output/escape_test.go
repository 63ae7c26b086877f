package output

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"nginx/1.22":       "nginx/1.22",
		"grüße 日本":         "grüße 日本",
		"a\x1b[2Jb":        `a\x1b[2Jb`,
		"a\nb\tc\x7f":      `a\x0ab\x09c\x7f`,
		"\xff\xc3(":        `\xff\xc3(`,
		"\u009b2J":         `\u{9b}2J`, // CSI in one character
		"a\u202eb":         `a\u{202e}b`,
		"\u2028\ufeff":     `\u{2028}\u{feff}`,
		`\x1b`:             `\\x1b`,
		"\U000e0041\ufffd": `\u{e0041}` + "\ufffd", // a sent U+FFFD is a character like others
	} {
		if got := Escape(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add(hostile)
	f.Add("\xed\xa0\x80\xf4\x90\x80\x80")
	f.Fuzz(func(t *testing.T, s string) {
		text := Escape(s)
		if !utf8.ValidString(text) {
			t.Errorf("%q: not UTF-8: %q", s, text)
		}
		if bad := harmless(strings.ReplaceAll(strings.ReplaceAll(text, "\ufffd", ""), "\x1b", "ESC")); bad != "" {
			t.Errorf("%q: %s", s, bad)
		}
		if strings.ContainsAny(text, "\x1b\n") {
			t.Errorf("%q: %q", s, text)
		}

		quoted := AppendJSON(nil, s)
		for _, c := range quoted {
			if c < ' ' || c == 0x7f {
				t.Fatalf("%q: control character in %q", s, quoted)
			}
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil {
			t.Fatalf("%q: %s: %v", s, quoted, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); utf8.ValidString(s) && back != want {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}
