package output

import (
	"strings"
	"unicode/utf8"

	"sonde/scan/report"
)

// This file is about text for terminals that show ASCII only, as the locale "C" says.

// inASCII are the signs that sonde itself writes, with what stands for them.
var inASCII = map[rune]string{'…': "...", '→': "->", '×': "x", '≥': ">=", '≤': "<=", '–': "-", 'µ': "u", '§': "section "}

// AppendASCII appends text in ASCII: what sonde itself writes in words, and of all else
// each byte as AppendText has bytes that are no characters, so that none is lost.
func AppendASCII(b []byte, text string) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch sign, ok := inASCII[r]; {
		case ok:
			b = append(b, sign...)
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		default:
			for _, c := range []byte(text[:size]) {
				b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		text = text[size:]
	}
	return b
}

// plain is a Streamer of text in ASCII.
type plain struct{ *Assembler }

func (p plain) AppendRecord(b []byte, r report.Record) []byte {
	return inPlain(p.Assembler.AppendRecord(b, r), len(b))
}

func (p plain) AppendOnce(b []byte, o *report.Once) []byte {
	return inPlain(p.Assembler.AppendOnce(b, o), len(b))
}

// inPlain has b from start on in ASCII, which it mostly is.
func inPlain(b []byte, start int) []byte {
	if strings.IndexFunc(string(b[start:]), func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return b
	}
	return AppendASCII(b[:start], string(b[start:]))
}
