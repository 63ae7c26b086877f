package service

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// maxPage bounds what a compressed page may become, in bytes.
const maxPage = 256 << 10

// pageText is the body of a response as text: unpacked, and of UTF-16 made UTF-8.
type pageText struct {
	text []byte
	next int // length of the body from which on it is worth to do that again
}

// read returns the text of a body, of which it has seen the beginning before. Where
// that takes work, it is done each time the body has doubled, and at its end: pieces
// may be small. What was the text of a beginning is a beginning of the text.
func (p *pageText) read(body []byte, coding, label string, final bool) []byte {
	packed := packedBy(body, coding)
	order := utf16Order(body, label)
	if packed == nil && order == noOrder {
		return body
	}
	if len(body) < p.next && !final {
		return p.text
	}
	p.next = max(2*len(body), 1024)
	p.text = body
	if packed != nil {
		p.text = unpack(body, packed)
		order = utf16Order(p.text, label)
	}
	if order != noOrder {
		p.text = []byte(utf16Text(p.text[:len(p.text)&^1], order == littleEndian))
	}
	return p.text
}

// unpacker undoes a content coding.
type unpacker func(io.Reader) (io.Reader, error)

func unzip(r io.Reader) (io.Reader, error)      { return gzip.NewReader(r) }
func inflateZ(r io.Reader) (io.Reader, error)   { return zlib.NewReader(r) }
func inflateRaw(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }

// packedBy tells how a body is compressed (RFC 9110 section 8.4.1); nil: it is not,
// or in a way that nobody may use unasked. What is gzip is seen without being told,
// and "deflate" is without the frame of zlib as often as with it.
func packedBy(body []byte, coding string) unpacker {
	switch {
	case len(body) >= 3 && body[0] == 0x1f && body[1] == 0x8b && body[2] == 8:
		return unzip
	case !strings.EqualFold(coding, "deflate") || len(body) < 2:
		return nil
	case body[0]&15 == 8 && (int(body[0])<<8|int(body[1]))%31 == 0:
		return inflateZ
	case body[0] == '<':
		return nil
	}
	return inflateRaw
}

// unpack returns what can be unpacked, also of a beginning, at most maxPage bytes.
func unpack(body []byte, how unpacker) []byte {
	r, err := how(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(r, maxPage))
	return text
}

// byteOrder is that of UTF-16, or none.
type byteOrder uint8

const (
	noOrder byteOrder = iota
	littleEndian
	bigEndian
)

// utf16Order tells whether a text is UTF-16: by its byte order mark, by the zeros
// beside its first character, or by its label.
func utf16Order(b []byte, label string) byteOrder {
	if len(b) < 2 {
		return noOrder
	}
	switch label = strings.ToLower(label); {
	case b[0] == 0xff && b[1] == 0xfe, b[0] == '<' && b[1] == 0:
		return littleEndian
	case b[0] == 0xfe && b[1] == 0xff, b[0] == 0 && b[1] == '<':
		return bigEndian
	case b[0] == '<': // whatever the label says
		return noOrder
	case label == "utf-16le" || label == "utf-16":
		return littleEndian
	case label == "utf-16be":
		return bigEndian
	}
	return noOrder
}

// labelOf returns the charset that a field Content-Type names, "" if it names none.
func labelOf(contentType string) string {
	at := indexFold([]byte(contentType), "charset=", 0)
	if at < 0 {
		return ""
	}
	label := strings.TrimLeft(contentType[at+len("charset="):], ` "'`)
	if i := strings.IndexAny(label, `;, "'`); i >= 0 {
		label = label[:i]
	}
	return label
}

// prescanned is how much of a page may name its charset (HTML section 4.2.5.4).
const prescanned = 1024 - 2 // and what namedIn puts before it

// headOf returns what of a page may name its charset; ok: no more of that will come.
func headOf(page []byte) (head []byte, ok bool) {
	head = page[:min(len(page), prescanned)]
	if i := indexFold(head, "</head", 0); i >= 0 {
		return head[:i], true
	}
	return head, len(head) == prescanned
}

// maxTitle bounds what is decoded of a title, in bytes.
const maxTitle = 16 * maxField

// decode turns the text of a title into UTF-8: by the charset that the header or the
// page names, or else where it is evident. What is not stays as it is: a text in a
// charset that was guessed wrongly tells nobody which bytes it was.
func decode(text, head []byte, label string) string {
	if !bytes.ContainsRune(text, 0x1b) && plain(text) {
		return string(text)
	}
	for _, label := range []string{label, namedIn(head), "utf-8"} {
		if s, ok := decodeBy(text, label); ok {
			return s
		}
	}
	if s, ok := decodeBy(text, "windows-1252"); ok && isLatin(text) {
		return s
	}
	return string(text)
}

// namedIn returns the charset that the head of a page names, "utf-8" if it names none.
func namedIn(head []byte) string {
	// What names none is taken for UTF-8 where it looks like that, which this does.
	b := []byte("é")
	for _, c := range head {
		if c >= utf8.RuneSelf {
			c = ' '
		}
		b = append(b, c)
	}
	_, name, _ := charset.DetermineEncoding(b, "")
	return name
}

// decodeBy decodes text from a charset; ok is false where there is none of that name,
// or the text is not in it. Of a text that was cut, the last character may be missing.
func decodeBy(text []byte, label string) (s string, ok bool) {
	encoding, name := charset.Lookup(label)
	if encoding == nil || strings.HasPrefix(name, "utf-16") {
		return "", false
	}
	missing := 0
	if len(text) >= maxTitle {
		missing = utf8.UTFMax - 1
	}
	for n := range missing + 1 {
		part := text[:len(text)-n]
		if name == "utf-8" && utf8.Valid(part) {
			return string(part), true
		}
		b, err := encoding.NewDecoder().Bytes(part)
		if name != "utf-8" && err == nil && !bytes.ContainsRune(b, utf8.RuneError) {
			return string(b), true
		}
	}
	return "", false
}

// plain tells whether text is ASCII, without the escapes of ISO 2022.
func plain(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf || c == 0x1b {
			return false
		}
	}
	return true
}

// isLatin tells whether text is evidently of a language that is written in Latin
// letters: bytes above ASCII stand alone, or two together, between others.
func isLatin(text []byte) bool {
	run, above := 0, 0
	for _, c := range text {
		if c < utf8.RuneSelf {
			run = 0
			continue
		}
		if run++; run > 2 || c < 0xa0 {
			return false
		}
		above++
	}
	return 3*above <= len(text)
}
