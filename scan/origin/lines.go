package origin

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"sonde/scan/report"
)

// mostLine bounds a line, in bytes.
const mostLine = 1 << 16

// Read reads a file of prefixes and the numbers of those who announce them: lines of
// "PREFIX NUMBER [NAME]" with blanks, tabs or commas between, of "ADDRESS LENGTH NUMBER" as
// CAIDA's pfx2as has them, or a table dump of BGP routers (MRT, RFC 6396 §4.3), which may be
// packed by gzip or bzip2. A number is 64500 or AS64500; several are joined by "_" or "/".
// Errors tell the line.
func Read(r io.Reader) (*Table, error) {
	b := bufio.NewReaderSize(r, mostLine)
	head, _ := b.Peek(12)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReaderSize(z, mostLine)
	case bytes.HasPrefix(head, []byte("BZh")):
		b = bufio.NewReaderSize(bzip2.NewReader(b), mostLine)
	}
	t := &Table{known: map[string]uint32{}}
	head, _ = b.Peek(12)
	read := t.lines
	if isMRT(head) {
		read = t.dump
	}
	if err := read(b); err != nil {
		return nil, err
	}
	if t.index(); t.Len() == 0 {
		return nil, errors.New("no prefix is in it")
	}
	return t, nil
}

// lines reads text.
func (t *Table) lines(r *bufio.Reader) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, mostLine)
	n := 0
	for s.Scan() {
		n++
		line, _, _ := strings.Cut(s.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		p, numbers, name, err := parseLine(line)
		if err == nil && t.Len() == MostPrefixes {
			err = fmt.Errorf("more than %d prefixes", MostPrefixes)
		}
		if err != nil {
			if n == 1 && !strings.ContainsAny(line[:1], "0123456789abcdefABCDEF:") || n == 1 && isHead(line) {
				continue
			}
			return fmt.Errorf("line %d: %w", n, err)
		}
		t.add(p, numbers+" "+name, func() report.AS { return report.AS{Numbers: parseNumbers(numbers), Name: strings.Clone(name)} })
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}

// isHead tells whether a first line has the names of columns.
func isHead(line string) bool { return !strings.ContainsAny(line, "0123456789") }

// parseLine reads one line.
func parseLine(line string) (p netip.Prefix, numbers, name string, err error) {
	between := func(c rune) bool { return c == ' ' || c == '\t' || c == ',' || c == ';' }
	next := func() (word string) {
		line = strings.TrimLeftFunc(line, between)
		end := strings.IndexFunc(line, between)
		if end < 0 {
			end = len(line)
		}
		word, line = strings.Trim(line[:end], `"`), line[end:]
		return word
	}
	text := next()
	if !strings.Contains(text, "/") {
		text += "/" + next()
	}
	if p, err = netip.ParsePrefix(text); err != nil {
		return p, "", "", fmt.Errorf("%q is no prefix", text)
	}
	if p.Addr().Is4In6() {
		return p, "", "", fmt.Errorf("%q is no prefix of IPv4 or IPv6", text)
	}
	if numbers = next(); parseNumbers(numbers) == nil {
		return p, "", "", fmt.Errorf("%q is no number of an autonomous system", numbers)
	}
	return p.Masked(), numbers, strings.Trim(strings.TrimFunc(line, between), `"`), nil
}

// parseNumbers reads "64500", "AS64500" and, of several, "64500_64501" and "64500/64501".
// It returns nil where it is none of these.
func parseNumbers(text string) (list []uint32) {
	for _, one := range strings.FieldsFunc(strings.Trim(text, "{}"), func(c rune) bool { return c == '_' || c == '/' }) {
		if len(one) > 2 && strings.EqualFold(one[:2], "AS") {
			one = one[2:]
		}
		n, err := strconv.ParseUint(one, 10, 32)
		if err != nil {
			return nil
		}
		list = append(list, uint32(n))
	}
	return list
}
