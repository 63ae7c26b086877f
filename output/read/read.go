// Package read makes records again of what runs have written: of lines of JSON, and of XML
// as nmap and sonde write it. Begin with Records.
//
// What is read may be anybody's: nothing is held but the line or the element under way,
// whose size is bounded, and what is no record is an error that says where.
package read

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"sonde/output"
	"sonde/scan/report"
)

// maxLine is how long a line of JSON may be, and a piece of XML: more than any record.
const maxLine = 16 << 20

// Records reads all records of r, and hands them to put one by one, in their order, until
// put returns an error. A record is put's to keep. JSON is one object a line, of one run or
// of several one behind the other; anything that begins with "<" is XML. Lines of types that
// are not known, a newer sonde's perhaps, are passed over and counted. A file that ends in the
// middle, since whoever wrote it was killed, is read up to there: then a report.End is missing.
//
// Of XML that sonde has written, or nmap has, records have what it says: a report.Scan, then
// of each host a report.Host, report.Port, report.Service and report.Hop, and a report.End.
// How often was asked it does not say: Tries is 0. The system that nmap guesses stands in a
// report.Service without a port. An answer for which nmap has a reason of its own is told by
// From alone.
func Records(r io.Reader, put func(report.Record) error) (unknown uint64, err error) {
	b := bufio.NewReaderSize(r, 64<<10)
	first, err := firstByte(b)
	switch {
	case err == io.EOF:
		return 0, errors.New("it is empty")
	case err != nil:
		return 0, err
	case first == '<':
		return 0, readXML(b, put)
	case first == '{':
		return readJSON(b, put)
	}
	return 0, errors.New("neither lines of JSON (-o json) nor XML (-o xml) of a run")
}

// byteOrderMark stands at the start of some files that were edited.
var byteOrderMark = []byte("\ufeff")

// firstByte is the first byte of what b has that is no blank, which is left there.
func firstByte(b *bufio.Reader) (byte, error) {
	if mark, _ := b.Peek(len(byteOrderMark)); bytes.Equal(mark, byteOrderMark) {
		b.Discard(len(byteOrderMark))
	}
	for {
		c, err := b.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		}
		return c, b.UnreadByte()
	}
}

func readJSON(b *bufio.Reader, put func(report.Record) error) (unknown uint64, err error) {
	var line []byte
	any := false
	for number := 1; ; number++ {
		line, err = appendLine(line[:0], b)
		if err != nil && err != io.EOF {
			return unknown, fmt.Errorf("line %d: %w", number, err)
		}
		last := err == io.EOF
		if text := bytes.TrimSpace(line); len(text) > 0 {
			r, err := output.Decode(text)
			switch {
			case errors.Is(err, output.ErrType):
				unknown++
			case err != nil && last && any: // it has no end of line: it was cut
				return unknown, nil
			case err != nil:
				return unknown, fmt.Errorf("line %d: %w", number, err)
			default:
				any = true
				if err := put(r); err != nil {
					return unknown, err
				}
			}
		}
		if last {
			return unknown, nil
		}
	}
}

// appendLine reads a line; its error is io.EOF if that is the last one, without an end.
func appendLine(line []byte, b *bufio.Reader) ([]byte, error) {
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return line, fmt.Errorf("longer than %d MiB", maxLine>>20)
		case err != bufio.ErrBufferFull:
			return line, err
		}
	}
}
