package output

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendText appends s so that a terminal shows it and does nothing else: as
// it is where it is printable, control characters and bytes that are not UTF-8
// as \xNN, other characters that do not print (bidirectional and C1 controls,
// zero widths, line separators) as \u{N}, and the backslash doubled, so that
// the result is unambiguous.
func AppendText(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\\':
			b = append(b, '\\', '\\')
			i++
			continue
		case c >= ' ' && c < 0x7f:
			b = append(b, c)
			i++
			continue
		case c < utf8.RuneSelf:
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		case unicode.IsPrint(r):
			b = append(b, s[i:i+n]...)
		default:
			b = fmt.Appendf(b, `\u{%x}`, r)
		}
		i += n
	}
	return b
}

// Escape returns s as AppendText writes it.
func Escape(s string) string { return string(AppendText(nil, s)) }

// AppendJSON appends s as a JSON string (RFC 8259 section 7). What JSON must
// escape is escaped, and so is what does something when a page or a terminal
// shows the line: DEL, C1 and bidirectional controls, line separators. Bytes
// that are not UTF-8 become U+FFFD.
func AppendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0 // what of s is not written yet
	for i := 0; i < len(s); {
		c := s[i]
		if ' ' <= c && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		n := 1
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < utf8.RuneSelf:
			b = appendU16(b, uint16(c))
		default:
			b, n = appendJSONRune(b, s[i:])
		}
		i += n
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

// appendJSONRune appends the first character of s, which is not ASCII, and returns
// how many bytes of s that is.
func appendJSONRune(b []byte, s string) ([]byte, int) {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && n == 1:
		b = append(b, `\ufffd`...)
	case r > 0xffff && !unicode.IsPrint(r):
		r -= 0x10000 // a surrogate pair (RFC 8259 section 7)
		b = appendU16(b, uint16(0xd800+r>>10))
		b = appendU16(b, uint16(0xdc00+r&0x3ff))
	case !unicode.IsPrint(r):
		b = appendU16(b, uint16(r))
	default:
		b = append(b, s[:n]...)
	}
	return b, n
}

func appendU16(b []byte, c uint16) []byte {
	return append(b, '\\', 'u', hexDigits[c>>12], hexDigits[c>>8&15], hexDigits[c>>4&15], hexDigits[c&15])
}
