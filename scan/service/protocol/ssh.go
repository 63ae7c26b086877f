package protocol

import (
	"bytes"
	"strings"
)

// SSH servers state their program in the first line, which other lines may precede.
// Nothing is asked: the next thing to say would be a key exchange.
var _ = register(Protocol{
	Name:   "ssh",
	Source: "RFC 4253 section 4.2",
	Ports:  []uint16{22, 2200, 2222, 22222},
	Greets: true,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if !bytes.HasPrefix(b, []byte("SSH-")) {
			i := bytes.Index(b, []byte("\nSSH-"))
			if i < 0 {
				return f, No
			}
			b = b[i+1:]
		}
		line, _, whole := CutLine(string(b))
		proto, text, _ := strings.Cut(line[4:], "-")
		f.Key, f.Text = "ssh.banner", text
		f.Banner = line[:min(len(line), maxLine)] // without the lines before it
		if proto != "2.0" {
			f.Info = "protocol " + proto[:min(len(proto), maxField)]
		}
		// softwareversion SP comments; within the first, most put an underscore or
		// hyphen before the number.
		software, comments, _ := strings.Cut(Clip(text), " ")
		f.Product, f.Rest = software, comments
		if i := strings.IndexAny(software, "_-"); i > 0 && i+1 < len(software) && isDigit(software[i+1]) {
			f.Product, f.Version = software[:i], software[i+1:]
		}
		return f, when(whole)
	},
})
