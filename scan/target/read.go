package target

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// maxLine bounds a line of a list, in bytes, and maxWords the targets in it.
const (
	maxLine  = 1 << 20
	maxWords = 1 << 24
)

// Source is where words of targets stand that were read from a list.
type Source struct {
	Name  string   // of the file, for people
	First int      // which of all words is the first of the list
	Lines []uint32 // of each word
}

// Listed are the ports that stand in lists behind addresses.
type Listed struct{ ports [1 << 16]bool }

// Ports lists them in their order, each once.
func (l *Listed) Ports() (ports []uint16) {
	for p, there := range l.ports {
		if there {
			ports = append(ports, uint16(p))
		}
	}
	return ports
}

// take returns the address of a word that is an address with a port behind it
// ("10.0.0.1:80", "[2001:db8::1]:80"), whose port it notes; other words as they are.
func (l *Listed) take(word string) string {
	colon := strings.LastIndexByte(word, ':')
	if l == nil || colon < 0 {
		return word
	}
	pair, err := netip.ParseAddrPort(word)
	if err != nil || pair.Port() == 0 {
		return word
	}
	l.ports[pair.Port()] = true
	return strings.Trim(word[:colon], "[]")
}

// place is where the i-th of all words stands, "list.txt:7: "; "" if it was not read
// from a list.
func place(sources []Source, i int) string {
	for _, s := range sources {
		if n := i - s.First; n >= 0 && n < len(s.Lines) {
			return fmt.Sprintf("%s:%d: ", s.Name, s.Lines[n])
		}
	}
	return ""
}

// Place is where in a list a stands, "list.txt:7: "; "" if no list has it.
func Place(words []string, sources []Source, a netip.Addr) string {
	for _, s := range sources {
		for i := range s.Lines {
			for _, w := range splitList(words[s.First+i]) {
				it, _ := parseWord(w)
				in := slices.ContainsFunc(it.ranges, func(r netipx.IPRange) bool { return r.Contains(a) })
				if in || it.addr == a && it.addr.IsValid() {
					return place(sources, s.First+i)
				}
			}
		}
	}
	return ""
}

// ReadWords reads a list of targets: one or more on a line, separated by blanks or
// commas; # begins a comment. It returns the words, and the line of each. It ends at
// the first that cannot be a target, so that what is no list is not read to its end.
// opt says what its errors depend on: they name the list and the line, and call each
// word a target, or an exclusion. Read errors are returned as they are.
func ReadWords(name string, r io.Reader, what string, opt Options) (words []string, lines []uint32, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := in.Peek(3); bytes.HasPrefix(mark, []byte("\xff\xfe")) || bytes.HasPrefix(mark, []byte("\xfe\xff")) {
		return nil, nil, fmt.Errorf("%s: is UTF-16, as PowerShell's > writes it; save it as UTF-8", name)
	} else if bytes.Equal(mark, []byte("\ufeff")) { // some editors begin a file with it
		in.Discard(len(mark))
	}
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, maxLine)
	sc.Split(splitLine)
	line := uint32(0)
	kept := keeper{}
	for sc.Scan() {
		line++
		text, _, _ := bytes.Cut(sc.Bytes(), []byte("#"))
		if bytes.IndexByte(text, 0) >= 0 {
			return nil, nil, fmt.Errorf("%s:%d: has a NUL byte, so it is no text in UTF-8; is it UTF-16? Save it as UTF-8", name, line)
		}
		for _, word := range JoinRanges(strings.Fields(kept.keep(text))) {
			if len(words) == maxWords {
				return nil, nil, fmt.Errorf("%s:%d: more than %d targets; write them as networks and ranges", name, line, maxWords)
			}
			word = opt.Listed.take(word)
			if err := check(what, word, opt); err != nil {
				return nil, nil, fmt.Errorf("%s:%d: %w", name, line, err)
			}
			words, lines = append(words, word), append(lines, line)
		}
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return nil, nil, fmt.Errorf("%s:%d: is longer than %d bytes; is this a list of targets?", name, line+1, maxLine)
	}
	return words, lines, sc.Err()
}

// check tells what is wrong with a word of a list; nil if nothing is.
func check(what, word string, opt Options) error {
	for _, w := range splitList(word) {
		if _, err := parseWord(w); err != nil {
			return wordError(what, word, w, err, opt)
		}
	}
	return nil
}

// keeper makes strings of lines, many in one piece of memory.
type keeper struct{ piece strings.Builder }

func (k *keeper) keep(text []byte) string {
	const size = 64 << 10
	if k.piece.Len()+len(text) > k.piece.Cap() {
		k.piece.Reset()
		k.piece.Grow(max(size, len(text)))
	}
	from := k.piece.Len()
	k.piece.Write(text)
	return k.piece.String()[from:]
}

// splitLine is bufio.ScanLines, but a carriage return alone ends a line, too: a
// comment must not go on to the end of a file that was written so.
func splitLine(data []byte, atEOF bool) (advance int, token []byte, err error) {
	i := bytes.IndexAny(data, "\r\n")
	switch {
	case i < 0 && atEOF && len(data) > 0:
		return len(data), data, nil
	case i < 0:
		return 0, nil, nil
	case data[i] == '\r' && i+1 == len(data) && !atEOF:
		return 0, nil, nil // is there a line feed behind it?
	case data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n':
		return i + 2, data[:i], nil
	}
	return i + 1, data[:i], nil
}

// JoinRanges makes one word of "10.0.0.1 - 10.0.0.9", where a dash stands apart from
// one address or from both, as in tables.
func JoinRanges(words []string) []string {
	if !slices.ContainsFunc(words, dashed) {
		return words
	}
	var out []string
	for len(words) > 0 {
		n := 1
		for more := 2; more <= 3 && more <= len(words) && n == 1; more++ {
			joined := plainDashes(strings.Join(words[:more], ""))
			from, to, ok := strings.Cut(joined, "-")
			if ok && (dashed(words[0]) || dashed(words[1])) && wholeAddress(from) && wholeAddress(to) {
				out, n = append(out, joined), more
			}
		}
		if n == 1 {
			out = append(out, words[0])
		}
		words = words[n:]
	}
	return out
}

// dashed tells whether word begins or ends with a dash.
func dashed(word string) bool {
	if !strings.ContainsAny(word, "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212") {
		return false
	}
	word = plainDashes(word)
	return strings.HasPrefix(word, "-") || strings.HasSuffix(word, "-")
}

// wholeAddress tells whether word is an address by itself.
func wholeAddress(word string) bool {
	it, err := parseWord(word)
	_, single := it.single()
	return err == nil && single
}

// splitList cuts a word at the commas between targets and leaves those inside
// octet ranges alone: 10.0.0.1,5-9,10.0.1.0/24 is two targets. A comma at either end
// separates nothing: lists are often written so.
func splitList(word string) []string {
	word = plainDashes(word)
	if !strings.Contains(word, ",") {
		return []string{word}
	}
	if bare := strings.TrimSuffix(strings.TrimPrefix(word, ","), ","); bare != "" {
		word = bare
	}
	var out []string
	var last begun
	for at, end := 0, 0; at <= len(word); at = end + 1 {
		end = len(word)
		if i := strings.IndexByte(word[at:], ','); i >= 0 {
			end = at + i
		}
		part := word[at:end]
		if n := len(out); n > 0 && last.goesOn(part) {
			out[n-1] = word[last.at:end]
			last.numeric, last.dots = isNumeric(part), last.dots+strings.Count(part, ".")
			continue
		}
		out, last = append(out, part), begun{at, part != "" && isNumeric(part), strings.Count(part, ".")}
	}
	return out
}

// begun is a target that may be an octet range and go on behind the next comma.
type begun struct {
	at      int // where it begins
	numeric bool
	dots    int
}

// goesOn tells whether part belongs to the octet range: that is not complete yet, or
// part alone could not be a target.
func (b *begun) goesOn(part string) bool {
	if part == "" || !b.numeric {
		return false
	}
	complete := b.dots >= 3
	return !complete && strings.Trim(part, "0123456789.-*/") == "" ||
		complete && !strings.Contains(part, ".") && isNumeric(part)
}

// plainDashes replaces the dashes that web pages make of "-".
func plainDashes(s string) string {
	if !strings.ContainsAny(s, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= 0x2010 && r <= 0x2015 || r == 0x2212 {
			return '-'
		}
		return r
	}, s)
}
