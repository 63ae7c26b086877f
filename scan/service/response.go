package service

import (
	"bytes"
	"html"
	"strconv"
	"strings"

	"sonde/scan/service/protocol"
)

// response reads an HTTP/1 response piece by piece (RFC 9112), as far as it
// tells something: the header and the title.
type response struct {
	status   int               // 0: no status line, only a page (HTTP/0.9)
	fields   map[string]string // the first of each in kept, cut at maxValue
	title    string
	foreign  bool // it is no HTTP
	whole    bool // no more needs to be read
	read     int  // bytes of the input that are understood
	searched int  // where to look for the end of the header or the title
	header   bool // the header is read
	body     []byte
	page     pageText
	text     int // where in the page the title begins; 0: not known
	closed   int // where it ends; 0: not known
	length   int // of the body; negative: to the end
	chunks   *chunks
}

// kept are the fields that are read, in lower case.
var kept = [...]string{"server", "location", "content-length", "content-type", "content-encoding", "transfer-encoding", "www-authenticate",
	"set-cookie", "x-powered-by",
	"docker-distribution-api-version", "x-influxdb-version", "x-jenkins"}

const maxValue = 2048

// add takes all that was read so far, of which it has seen the beginning before,
// and tells whether that is enough.
func (r *response) add(b []byte) bool {
	for !r.whole && !r.foreign && !r.header {
		if !r.begin(b) {
			return r.whole || r.foreign
		}
	}
	if r.whole || r.foreign {
		return true
	}
	piece := b[r.read:]
	r.read = len(b)
	if r.chunks == nil {
		if r.length >= 0 {
			piece = piece[:min(len(piece), r.length-len(r.body))]
		}
		r.body = append(r.body, piece...)
		r.whole = len(r.body) == r.length
	} else {
		r.body, r.whole = r.chunks.add(r.body, piece)
	}
	r.findTitle(r.whole)
	return r.whole
}

// begin reads a header; false: it is not there yet.
func (r *response) begin(b []byte) bool {
	rest := b[r.read:]
	if status := []byte("HTTP/"); !bytes.HasPrefix(rest, status[:min(len(rest), len(status))]) {
		if len(rest) > 0 && rest[0] != '<' && rest[0] != ' ' && rest[0] != '\r' && rest[0] != '\n' {
			r.foreign = true
			return false
		}
		// Maybe a page without a header. That is known when it says so.
		start := strings.ToLower(string(bytes.TrimLeft(rest[:min(len(rest), 512)], " \t\r\n")))
		if strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html") || strings.HasPrefix(start, "<head") {
			r.header, r.length = true, -1
			return true
		}
		r.foreign = len(rest) >= 512
		return false
	}
	end := endOfHeader(rest, r.searched)
	if end < 0 {
		r.searched = max(0, len(rest)-3)
		return false
	}
	r.parseHeader(rest[:end])
	r.read += end
	r.searched = 0
	switch {
	case r.status >= 100 && r.status < 200 && r.status != 101:
		return true // an interim response: the next one follows
	case r.status == 101, r.status == 204, r.status == 304, r.status >= 300 && r.status < 400 && r.fields["location"] != "":
		r.whole = true // no body, or none that anybody reads
	}
	r.header = true
	r.length = -1
	if strings.Contains(strings.ToLower(r.fields["transfer-encoding"]), "chunked") {
		r.chunks = &chunks{}
	} else if n, err := strconv.Atoi(r.fields["content-length"]); err == nil && n >= 0 {
		r.length = n
		r.whole = r.whole || n == 0
	}
	return true
}

// endOfHeader returns the length of a header with the empty line after it; -1:
// it is not there. from is where to start looking.
func endOfHeader(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		if b[i] != '\n' {
			continue
		}
		if rest := b[i+1:]; bytes.HasPrefix(rest, []byte("\n")) {
			return i + 2
		} else if bytes.HasPrefix(rest, []byte("\r\n")) {
			return i + 3
		}
	}
	return -1
}

// parseHeader reads a status line and fields (RFC 9112 sections 4 and 5), also
// of a header whose end is missing.
func (r *response) parseHeader(b []byte) {
	r.fields = map[string]string{}
	line, rest, _ := protocol.CutLine(string(b))
	_, after, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimLeft(after, " "), " ")
	r.status = 0
	if n, err := strconv.Atoi(code); err == nil && len(code) == 3 && n >= 100 {
		r.status = n
	}
	for rest != "" {
		line, rest, _ = protocol.CutLine(rest)
		name, value, ok := strings.Cut(line, ":")
		if !ok || len(name) > 32 {
			continue
		}
		name = strings.ToLower(strings.TrimSpace(name))
		for _, k := range kept {
			if _, seen := r.fields[name]; name == k && !seen {
				value = strings.TrimSpace(value)
				r.fields[name] = value[:min(len(value), maxValue)]
			}
		}
	}
}

// end is told that nothing more comes after b.
func (r *response) end(b []byte) {
	if !r.header && !r.foreign && bytes.HasPrefix(b[r.read:], []byte("HTTP/")) {
		r.parseHeader(b[r.read:]) // cut short, but a header
		r.header = true
	}
	if r.foreign = r.foreign || !r.header; !r.foreign {
		r.findTitle(true)
	}
}

// findTitle looks for a title in what was not searched yet; final: nothing more will
// come. A title that is not in ASCII waits for the charset that the page may name.
func (r *response) findTitle(final bool) {
	label := labelOf(r.fields["content-type"])
	page := r.page.read(r.body, r.fields["content-encoding"], label, final)
	if r.closed == 0 && !r.searchTitle(page) {
		return
	}
	text := page[r.text:r.closed]
	head, enough := headOf(page)
	if !final && !enough && !plain(text) && label == "" {
		return
	}
	title := html.UnescapeString(decode(text, head, label))
	r.title = protocol.Clip(strings.Join(strings.Fields(title), " "))
	r.whole = true
}

// searchTitle finds where the title begins and ends, and tells whether it has.
func (r *response) searchTitle(page []byte) bool {
	const open, close = "<title", "</title"
	for r.text == 0 {
		start := indexFold(page, open, r.searched)
		if start < 0 {
			r.searched = max(r.searched, len(page)-len(open)+1)
			return false
		}
		tag := bytes.IndexByte(page[start:], '>')
		if tag < 0 {
			r.searched = start
			return false
		}
		r.searched = start + tag + 1
		if c := page[start+len(open)]; c == '>' || c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			r.text = r.searched
		}
	}
	end := indexFold(page, close, r.searched)
	if end < 0 {
		r.searched = max(r.searched, len(page)-len(close)+1)
		return false
	}
	r.closed = min(end, r.text+maxTitle)
	return true
}

// indexFold is bytes.Index from a position on, for a lower-case ASCII word in
// either case.
func indexFold(b []byte, word string, from int) int {
	for i := from; i+len(word) <= len(b); i++ {
		if b[i] == word[0] && bytes.EqualFold(b[i:i+len(word)], []byte(word)) {
			return i
		}
	}
	return -1
}

// chunks reads the chunked transfer coding (RFC 9112 section 7.1) piece by piece.
type chunks struct {
	left int    // bytes of the current chunk
	size []byte // the line being read
	data bool   // within a chunk
}

// maxSizeLine bounds a chunk's size with its extensions.
const maxSizeLine = 256

// add appends what b holds of the body; done: the last chunk was read, or what
// came is not in this coding.
func (c *chunks) add(body, b []byte) (_ []byte, done bool) {
	for len(b) > 0 {
		if c.data {
			n := min(c.left, len(b))
			body, b = append(body, b[:n]...), b[n:]
			c.left -= n
			c.data = c.left > 0
			continue
		}
		piece, rest, ended := bytes.Cut(b, []byte{'\n'})
		c.size, b = append(c.size, piece...), rest
		if len(c.size) > maxSizeLine {
			return body, true // however it comes in pieces
		}
		if !ended {
			return body, false
		}
		line, _, _ := strings.Cut(strings.TrimSpace(string(c.size)), ";")
		c.size = c.size[:0]
		if line == "" { // the end of the chunk before
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(line), 16, 31)
		if err != nil || n == 0 {
			return body, true
		}
		c.left, c.data = int(n), true
	}
	return body, false
}
