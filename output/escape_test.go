package output

import (
	"encoding/json"
	"strconv"
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
		if back := unescape(t, text); back != s {
			t.Errorf("%q came back as %q", s, back)
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

// unescape is the inverse of Escape.
func unescape(t *testing.T, s string) string {
	var b strings.Builder
	for s != "" {
		before, after, found := strings.Cut(s, `\`)
		b.WriteString(before)
		if !found {
			break
		}
		var digits string
		switch {
		case strings.HasPrefix(after, `\`):
			b.WriteByte('\\')
			s = after[1:]
			continue
		case strings.HasPrefix(after, "x") && len(after) > 2:
			n, err := strconv.ParseUint(after[1:3], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteByte(byte(n))
			s = after[3:]
			continue
		case strings.HasPrefix(after, "u{"):
			digits, s, found = strings.Cut(after[2:], "}")
		}
		n, err := strconv.ParseUint(digits, 16, 32)
		if err != nil || !found {
			t.Fatalf("%q is not escaped", after)
		}
		b.WriteRune(rune(n))
	}
	return b.String()
}
