package output

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sonde/scan/report"

	eastasian "golang.org/x/text/width"
)

// This file is how wide text is on a terminal, and how it is made no wider than that.

// width is how many columns b takes on a terminal. b has no escapes.
func width(b []byte) (n int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		n += runeWidth(r)
		b = b[size:]
	}
	return n
}

// Columns is how many columns s takes on a terminal. s has no escapes.
func Columns(s string) int { return width([]byte(s)) }

// Ellipsis returns s, which is escaped, if it takes no more than n columns, else its
// beginning with an ellipsis behind it; in ASCII that is a tilde.
func Ellipsis(s string, n int, ascii bool) string {
	if n <= 0 {
		return ""
	}
	s = ellipsis(s, n)
	if ascii && strings.HasSuffix(s, "…") {
		return strings.TrimSuffix(s, "…") + "~"
	}
	return s
}

// runeWidth is how many columns a character takes: two if it is wide or fullwidth (UAX
// #11), none if it combines with the one before it.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	}
	switch eastasian.LookupRune(r).Kind() {
	case eastasian.EastAsianWide, eastasian.EastAsianFullwidth:
		return 2
	}
	return 1
}

// ellipsis returns s if it takes no more than n columns, else its beginning with an ellipsis
// behind it. s is escaped, and no escape is cut into pieces.
func ellipsis(s string, n int) string {
	if width([]byte(s)) <= n {
		return s
	}
	used, end := 0, 0
	for end < len(s) {
		size := unit(s[end:])
		wide := width([]byte(s[end : end+size]))
		if used+wide > n-1 {
			break
		}
		used, end = used+wide, end+size
	}
	return s[:end] + "…"
}

// unit is how many bytes the first character of s has, or the escape that stands for one
// (AppendText).
func unit(s string) int {
	switch {
	case strings.HasPrefix(s, `\x`):
		return min(len(s), len(`\xNN`))
	case strings.HasPrefix(s, `\u{`):
		if end := strings.IndexByte(s, '}'); end > 0 {
			return end + 1
		}
	case strings.HasPrefix(s, `\\`):
		return 2
	}
	_, size := utf8.DecodeRuneInString(s)
	return size
}

// lineStreamer is a Streamer of text, which shows single repetitions, too.
type lineStreamer interface {
	Streamer
	AppendOnce(b []byte, o *report.Once) []byte
}

// folder is a Streamer that breaks lines which are wider than a terminal, where there are
// blanks. Tables have fitted themselves before (columns.fit).
type folder struct {
	lineStreamer
	limit int
}

func (f *folder) AppendRecord(b []byte, r report.Record) []byte {
	return foldLines(f.lineStreamer.AppendRecord(b, r), len(b), f.limit)
}

func (f *folder) AppendOnce(b []byte, o *report.Once) []byte {
	return foldLines(f.lineStreamer.AppendOnce(b, o), len(b), f.limit)
}

// foldLines breaks the lines of b from start on.
func foldLines(b []byte, start, limit int) []byte {
	text := string(b[start:])
	b = b[:start]
	for line := range strings.Lines(text) {
		b = foldLine(b, line, limit)
	}
	return b
}

// foldLine appends a line in pieces of no more than limit columns, if there are blanks to
// break it at. All but the first begin where what is said begins.
func foldLine(b []byte, line string, limit int) []byte {
	indent := hang(line)
	used, blank := 0, -1 // columns, and the last blank to break at
	for i := 0; i < len(line); {
		if size := colour(line[i:]); size > 0 {
			i += size
			continue
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		if r == '\n' {
			break
		}
		if r == ' ' && used > indent {
			blank = i
		}
		used += runeWidth(r)
		i += size
		if used <= limit || blank < 0 {
			continue
		}
		b = append(append(b, strings.TrimRight(line[:blank], " ")...), '\n')
		line = strings.Repeat(" ", indent) + strings.TrimLeft(line[blank:], " ")
		i, used, blank = 0, 0, -1
	}
	return append(b, line...)
}

// hangMax is how far to the right the rest of a line may begin.
const hangMax = 20

// hang is where the rest of a line begins: below what stands behind its first words, if
// several blanks part them, else two columns further in than the line.
func hang(line string) int {
	lead := len(line) - len(strings.TrimLeft(line, " "))
	gap := strings.Index(line[lead:], "  ")
	if gap > 0 {
		rest := strings.TrimLeft(line[lead+gap:], " ")
		if at := width([]byte(line[:len(line)-len(rest)])); at <= hangMax && !strings.Contains(line[:lead+gap], "\x1b") {
			return at
		}
	}
	return lead + 2
}

// colour is how many bytes the escape sequence of a colour has that s begins with, else 0.
func colour(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	return strings.IndexByte(s, 'm') + 1
}
