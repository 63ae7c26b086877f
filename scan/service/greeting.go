package service

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// greeting is what a server said first, taken apart.
type greeting struct {
	service string // "": not known
	text    string // what there is for patterns to match, see fingerprint
	proto   string // SSH: the protocol version
	code    string // of a reply with three digits
	whole   bool   // no more needs to be read
}

// identify tells which language b, from the start of a connection, is in. It
// knows a beginning as well as the whole. Only the grammar of the protocols
// counts, and for greetings with a code, which several share, their words.
func identify(b []byte) greeting {
	switch {
	case len(b) >= 2 && b[0] == 0x15 && b[1] == 3: // an alert (RFC 8446 section 5.1)
		return greeting{service: "tls", whole: len(b) >= 7}
	case len(b) >= 3 && b[0] == 0xff && b[1] >= 0xfb && b[1] <= 0xfe: // IAC WILL … DONT (RFC 854)
		return greeting{service: "telnet"}
	}
	if g, ok := identifyMySQL(b); ok {
		return g
	}
	line, rest, whole := cutLine(string(b))
	switch {
	case bytes.HasPrefix(b, []byte("SSH-")) || bytes.Contains(b[:min(len(b), maxGreeting)], []byte("\nSSH-")):
		return identifySSH(b)
	case strings.HasPrefix(line, "HTTP/1."):
		return greeting{service: "http", whole: whole}
	case line == "+OK" || strings.HasPrefix(line, "+OK "):
		return greeting{service: "pop3", text: strings.TrimPrefix(line[3:], " "), whole: whole}
	case strings.HasPrefix(line, "* OK "), strings.HasPrefix(line, "* PREAUTH "), strings.HasPrefix(line, "* BYE "):
		_, text, _ := strings.Cut(line[2:], " ")
		if code, after, ok := strings.Cut(text, "]"); ok && strings.HasPrefix(code, "[") {
			text = strings.TrimPrefix(after, " ")
		}
		return greeting{service: "imap", text: text, whole: whole}
	case strings.HasPrefix(line, "RFB ") && len(line) == 11 && line[7] == '.': // RFC 6143 section 7.1.1
		return greeting{service: "vnc", text: line[4:], whole: whole}
	case strings.HasPrefix(line, "@RSYNCD: "):
		return greeting{service: "rsync", text: line[9:min(len(line), 9+maxField)], whole: whole}
	case hasCode(line):
		return identifyCode(line, rest, whole)
	}
	return greeting{}
}

// identifySSH finds the version line, which other lines may precede (RFC 4253
// section 4.2): "SSH-2.0-OpenSSH_9.2p1 Debian-2", the text is after the second
// hyphen.
func identifySSH(b []byte) greeting {
	if i := bytes.Index(b, []byte("\nSSH-")); i >= 0 && !bytes.HasPrefix(b, []byte("SSH-")) {
		b = b[i+1:]
	}
	line, _, whole := cutLine(string(b))
	proto, text, _ := strings.Cut(line[4:], "-")
	return greeting{service: "ssh", proto: proto, text: text, whole: whole}
}

// identifyMySQL reads the first packet of a server: a length of three bytes, the
// sequence number 0, then the protocol version 10 and the server's version, or
// an error.
func identifyMySQL(b []byte) (greeting, bool) {
	if len(b) < 7 || b[3] != 0 || b[4] != 10 && b[4] != 0xff {
		return greeting{}, false
	}
	length := int(binary.LittleEndian.Uint32(b) & 0xffffff)
	if length < 7 || length > 1024 {
		return greeting{}, false
	}
	g := greeting{service: "mysql", whole: len(b) >= 4+length}
	if b[4] == 10 {
		version, _, ok := bytes.Cut(b[5:min(len(b), 5+maxField)], []byte{0})
		if !ok && g.whole || len(version) == 0 || version[0] < '0' || version[0] > '9' {
			return greeting{}, false
		}
		g.text = string(version)
	}
	return g, true
}

// identifyCode is for replies with a code of three digits: FTP (RFC 959 section
// 4.2), SMTP (RFC 5321 section 4.2), NNTP (RFC 3977 section 3.2). A hyphen after
// the code says that more lines come, the last of which has a space there.
func identifyCode(line, rest string, whole bool) greeting {
	g := greeting{code: line[:3]}
	text := []string{line[min(4, len(line)):]}
	for whole && len(line) > 3 && line[3] == '-' && len(text) < maxLines {
		line, rest, whole = cutLine(rest)
		switch same := hasCode(line) && line[:3] == g.code; {
		case same:
			text = append(text, line[min(4, len(line)):])
		case whole || line != "": // free text, as FTP allows
			text = append(text, line)
			line = g.code + "-"
		}
	}
	g.whole = whole
	g.text = strings.Join(text, "\n")
	upper := strings.ToUpper(g.text)
	switch g.code {
	case "220", "421", "554", "530", "520", "450", "521":
		switch ftp, smtp := strings.Contains(upper, "FTP"), strings.Contains(upper, "SMTP") || strings.Contains(upper, "LMTP"); {
		case smtp:
			g.service = "smtp"
		case ftp:
			g.service = "ftp"
		}
	case "200", "201", "400", "502":
		for _, word := range []string{"NNTP", "NEWS", "INN ", "LEAFNODE", "POSTING"} {
			if strings.Contains(upper, word) {
				g.service = "nntp"
			}
		}
	}
	return g
}

// maxLines bounds the lines of a greeting.
const maxLines = 200

// hasCode tells whether a line begins with a reply code.
func hasCode(line string) bool {
	return len(line) >= 3 && '1' <= line[0] && line[0] <= '5' && '0' <= line[1] && line[1] <= '9' &&
		'0' <= line[2] && line[2] <= '9' && (len(line) == 3 || line[3] == ' ' || line[3] == '-')
}

// cutLine returns the first line without its end, what follows, and whether the
// line is whole.
func cutLine(s string) (line, rest string, whole bool) {
	line, rest, whole = strings.Cut(s, "\n")
	return strings.TrimSuffix(line, "\r"), rest, whole
}
