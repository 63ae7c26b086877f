package target

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine bounds a line of a target file, in bytes.
const maxLine = 1 << 20

// ReadWords reads targets from a file: one or more on a line, separated by
// blanks; # begins a comment. It returns read errors as they are.
func ReadWords(r io.Reader) ([]string, error) {
	var words []string
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	line := 0
	for sc.Scan() {
		line++
		text := sc.Text()
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // some editors begin a file with it
		}
		text, _, _ = strings.Cut(text, "#")
		words = append(words, strings.Fields(text)...)
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d is longer than %d bytes; is this a list of targets?", line+1, maxLine)
	}
	return words, sc.Err()
}

// splitList cuts a word at the commas between targets and leaves those inside
// octet ranges alone: 10.0.0.1,5-9,10.0.1.0/24 is two targets.
func splitList(word string) []string {
	word = plainDashes(word)
	if !strings.Contains(word, ",") {
		return []string{word}
	}
	var out []string
	for part := range strings.SplitSeq(word, ",") {
		if n := len(out); n > 0 && continues(out[n-1], part) {
			out[n-1] += "," + part
			continue
		}
		out = append(out, part)
	}
	return out
}

// continues tells whether part belongs to the octet range that prev began: prev
// is not complete yet, or part alone could not be a target.
func continues(prev, part string) bool {
	if part == "" || !isNumeric(prev) || prev == "" {
		return false
	}
	complete := strings.Count(prev, ".") >= 3
	return !complete && strings.Trim(part, "0123456789.-*/") == "" ||
		complete && !strings.Contains(part, ".") && isNumeric(part)
}

// plainDashes replaces the dashes that web pages make of "-".
func plainDashes(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x2010 && r <= 0x2015 || r == 0x2212 {
			return '-'
		}
		return r
	}, s)
}
