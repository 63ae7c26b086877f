// Package screen is what a terminal shows of a watched trace while it goes on, or is played
// again: a table of hops, the details of one, ways and events, and the keys that lead there.
// What is shown is made by a View, of a model and of where the user is, and touches nothing;
// Screen has it on a real terminal. Begin with Screen.
package screen

import (
	"strings"

	"sonde/output"
)

// Look is how a piece of text looks, where the terminal has colours. It is never the only
// thing that tells something.
type Look uint8

const (
	Plain    Look = iota
	Strong        // heads and names
	Faint         // what is there for completeness
	Good          // as it should be
	Warn          // worth a look
	Bad           // lost, gone
	Selected      // where the user is
)

// sequences switch looks on (ECMA-48, SGR).
var sequences = [...]string{Strong: "\x1b[1m", Faint: "\x1b[2m", Good: "\x1b[32m", Warn: "\x1b[33m", Bad: "\x1b[31m", Selected: "\x1b[7m"}

// Span is text that looks the same. It has no control characters.
type Span struct {
	Text string
	Look Look
}

// Line is one line of the screen.
type Line []Span

// Text is the line without looks and without blanks at its end.
func (l Line) Text() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return strings.TrimRight(b.String(), " ")
}

// add appends text that is sonde's own, or escaped.
func (l *Line) add(look Look, text string) {
	if text != "" {
		*l = append(*l, Span{text, look})
	}
}

// width is how many columns the line takes.
func (l Line) width() (n int) {
	for _, s := range l {
		n += output.Columns(s.Text)
	}
	return n
}

// fit is the line with no more than n columns.
func (l Line) fit(n int, ascii bool) Line {
	used := 0
	for i, s := range l {
		w := output.Columns(s.Text)
		if used+w > n {
			cut := append(Line(nil), l[:i]...)
			return append(cut, Span{output.Ellipsis(s.Text, n-used, ascii), s.Look})
		}
		used += w
	}
	return l
}

// AppendTo appends the line as a terminal shows it, with escape sequences only if it has
// colours.
func (l Line) AppendTo(b []byte, colours bool) []byte {
	for _, s := range l {
		if !colours || s.Look == Plain {
			b = append(b, s.Text...)
			continue
		}
		b = append(b, sequences[s.Look]...)
		b = append(append(b, s.Text...), "\x1b[0m"...)
	}
	return b
}

// left is text with blanks behind it up to n columns, right with blanks before it.
func left(text string, n int, ascii bool) string {
	text = output.Ellipsis(text, n, ascii)
	return text + strings.Repeat(" ", max(n-output.Columns(text), 0))
}

func right(text string, n int) string {
	return strings.Repeat(" ", max(n-output.Columns(text), 0)) + text
}
