package manual

import (
	"strings"
	"unicode/utf8"
)

// narrowest is how few columns a text still gets beside what it explains.
const narrowest = 24

// appendWrapped appends paragraphs with lines of at most width columns, each after indent
// spaces; the first line is begun already, and at column at.
func appendWrapped(b []byte, text string, width, indent, at int) []byte {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			b, at = append(b, "\n\n"...), 0
		}
		for _, word := range strings.Fields(paragraph) {
			n := utf8.RuneCountInString(word)
			switch {
			case at > indent && at+1+n > width:
				b, at = append(b, '\n'), 0
			case at > indent:
				b, at = append(b, ' '), at+1
			}
			if at < indent {
				b, at = append(b, strings.Repeat(" ", indent-at)...), indent
			}
			b, at = append(b, word...), at+n
		}
	}
	return append(b, '\n')
}

// appendTerms appends words and beside them what they mean. A word that is too long has a
// line of its own.
func appendTerms(b []byte, terms []Term, width int) []byte {
	column := 0
	for _, t := range terms {
		if n := 2 + utf8.RuneCountInString(t.Word) + 2; n <= 28 {
			column = max(column, n)
		}
	}
	if column == 0 || width-column < narrowest {
		column = 6
	}
	for _, t := range terms {
		b = append(append(b, "  "...), t.Word...)
		at := 2 + utf8.RuneCountInString(t.Word)
		if t.Means == "" {
			b = append(b, '\n')
			continue
		}
		if at+2 > column {
			b, at = append(b, '\n'), 0
		} else {
			b, at = append(b, strings.Repeat(" ", column-at)...), column
		}
		b = appendWrapped(b, t.Means, width, column, at)
	}
	return b
}
