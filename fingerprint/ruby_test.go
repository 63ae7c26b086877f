package fingerprint

import (
	"regexp"
	"testing"
)

// TestFromRuby: what an expression of Ruby's means stays, or is refused.
func TestFromRuby(t *testing.T) {
	for _, tt := range []struct {
		pattern, flags, text string
		match                bool
	}{
		{`^b$`, "", "a\nb\nc", true}, // ends of lines, always
		{`\Ab$`, "", "a\nb", false},
		{`a.b`, "", "a\nb", false},
		{`a.b`, "REG_MULTILINE", "a\nb", true},
		{`a.b`, "REG_ICASE, REG_DOT_NEWLINE", "A\nB", true},
		{`(?m:a.b)c.d`, "", "a\nbc\nd", false},
		{`(?mi)a.B`, "", "A\nb", true},
		{`(?-i:a)b`, "REG_ICASE", "Ab", false},
		{`b\Z`, "", "b\n", true},
		{`b\z`, "", "b\n", false},
		{`^\h{4}[\h:]\H$`, "", "00fF:g", true},
		{`a\Rb`, "", "a\r\nb", true},
		{`[\b\e]`, "", "\x08", true},
		{`a(?#said (twice)+b`, "", "ab", true}, // a comment ends at the first parenthesis
		{`a(?#said)+b`, "", "aab", true},
		{`(?<v>\d+)`, "", "7", true},
		{`[]+(?=]+`, "", "]+(?=", true}, // in a set nothing is special
		{`a+?b??\++`, "", "a++", true},
		{`[[:digit:]&]+x`, "", "1&x", true},
		{`\/\-\ \"`, "", `/- "`, true},
	} {
		text, err := fromRuby(tt.pattern, tt.flags)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		re, err := regexp.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
		} else if re.MatchString(tt.text) != tt.match {
			t.Errorf("%s with %q and %q: %v", tt.pattern, tt.flags, tt.text, !tt.match)
		}
	}
	for pattern, want := range map[string]string{
		`a(?=b)`: "a lookahead", `(?!b)`: "a lookahead", `(?<=a)b`: "a lookbehind", `(?<!a)b`: "a lookbehind", `(?>a)`: "an atomic group",
		`a++`: "a possessive quantifier", `a*+b`: "a possessive quantifier", `a?+`: "a possessive quantifier", `(a)\1`: "a reference to a group",
		`[a-z&&[^b]]`: "an intersection of sets", `(?x) a`: "the option x", `\Ga`: `\G`, `a[\R]`: `\R in a set`, `(?(1)a)`: "a condition",
	} {
		if _, err := fromRuby(pattern, ""); !isLeftOut(err) || err.Error() != "left out: "+want {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
	if _, err := fromRuby("a", "REG_ODD"); err == nil || isLeftOut(err) {
		t.Errorf("a flag that there is not: %v", err)
	}
	p := &pattern{text: "a{2000}"}
	if err := p.problem(); !isLeftOut(err) {
		t.Errorf("what is longer than Go allows: %v", err)
	}
}

func FuzzFromRuby(f *testing.F) {
	f.Add(`(?mi-x:[\h&&a]\Z)(?#`, "REG_ICASE")
	f.Fuzz(func(t *testing.T, pattern, flags string) {
		if text, err := fromRuby(pattern, flags); err == nil && len(pattern) < 200 {
			regexp.Compile(text)
		}
	})
}
