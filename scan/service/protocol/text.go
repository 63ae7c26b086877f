package protocol

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// Bounds of what is kept of texts, in bytes, of what is read of one, and of the lines of
// a reply.
const maxField, maxLine, maxText, maxLines = 256, 512, 8 << 10, 200

// Clip cuts a string to what is kept of it, between characters.
func Clip(s string) string {
	if len(s) <= maxField {
		return s
	}
	for n := maxField; n > maxField-utf8.UTFMax; n-- {
		if utf8.RuneStart(s[n]) {
			return s[:n]
		}
	}
	return s[:maxField]
}

// CutLine returns the first line without its end, what follows, and whether the
// line is whole.
func CutLine(s string) (line, rest string, whole bool) {
	line, rest, whole = strings.Cut(s, "\n")
	return strings.TrimSuffix(line, "\r"), rest, whole
}

// grammar is a regular expression that is compiled when it is first asked for: most runs
// meet none of the protocols that have one, and are not to wait for it.
func grammar(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(form) })
}

// firstLine returns the first line of a text without its end, and whether it is whole.
func firstLine(text string) (line string, whole bool) {
	line, _, whole = CutLine(text[:min(len(text), 4*maxLine)])
	return line, whole
}

// when returns Whole if whole, else Begun.
func when(whole bool) Match {
	if whole {
		return Whole
	}
	return Begun
}

// unclear returns Unclear if whole, else Opening.
func unclear(whole bool) Match {
	if whole {
		return Unclear
	}
	return Opening
}

// join puts two pieces of Info together.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// splitVersion splits "Name-1.2" and "Name 1.2" before the number.
func splitVersion(s string) (product, version string) {
	for i := 1; i+1 < len(s); i++ {
		if strings.IndexByte(" -_/", s[i]) >= 0 && isDigit(s[i+1]) {
			version, _, _ = strings.Cut(s[i+1:], " ")
			return s[:i], version
		}
	}
	return s, ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// allDigits tells whether s is a number, of at least one digit.
func allDigits(s string) bool {
	return s != "" && strings.TrimLeft(s, "0123456789") == ""
}

// isPrintable tells whether b is text of one or several lines.
func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\r' && c != '\n' && c != '\t' && c != 0x1b || c == 0x7f {
			return false
		}
	}
	return true
}

// IsText tells whether what a server said is for people.
func IsText(b []byte) bool { return isPrintable(b) && utf8.Valid(b) }

// isHostName tells whether s can be the name of a host with a dot in it.
func isHostName(s string) bool {
	return len(s) <= 255 && strings.Contains(s, ".") && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
}

// lineEnds tells whether an answer of one line is whole.
func lineEnds(b []byte) bool { return len(b) > 0 && b[len(b)-1] == '\n' }

// cpeValue binds a value to the alphabet of a CPE name (NISTIR 7695 section 6.1.2.1).
func cpeValue(s string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(s)) {
		if 'a' <= c && c <= 'z' || isDigit(c) || c == '.' || c == '_' || c == '-' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte("0123456789abcdef"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}

// between returns what stands between two marks, "" where they are missing.
func between(s, before, after string) string {
	_, rest, ok := strings.Cut(s, before)
	if !ok {
		return ""
	}
	text, _, ok := strings.Cut(rest, after)
	if !ok {
		return ""
	}
	return Clip(text)
}
