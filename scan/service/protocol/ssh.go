package protocol

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"strings"
)

// SSH servers state their program in the first line, which other lines may precede. They
// then list the algorithms that they take, and that list is all that is asked for.
var _ = register(Protocol{
	Name:   "ssh",
	Source: "RFC 4253 sections 4.2, 6, 7.1; hasshServer of github.com/salesforce/hassh",
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
		line, after, whole := CutLine(string(b))
		f.After = after
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
	Talk: func(c Conn, f *Facts) {
		b := []byte(f.After)
		if keyExchange(b) == nil {
			b = append(b, c.Await("SSH-2.0-sonde\r\n", func(more []byte) bool { return keyExchange(append([]byte(f.After), more...)) != nil })...)
		}
		if mark := hassh(b); mark != "" {
			f.Info, f.How = join(f.Info, "HASSH "+mark), "+kexinit"
		}
	},
})

// keyExchange returns the lists in the first message behind the line with the version:
// SSH_MSG_KEXINIT, in a packet in clear (RFC 4253 sections 6 and 7.1). nil: it is none, or
// not whole.
func keyExchange(b []byte) []byte {
	if len(b) < 6 || b[5] != 20 {
		return nil
	}
	size := int(be.Uint32(b))
	if size < 22 || size > 35000 || len(b) < 4+size || int(b[4])+1 > size-17 {
		return nil
	}
	return b[6+16 : 4+size-int(b[4])] // behind the type and the cookie
}

// hassh is the MD5 of the server's algorithms for key exchange, encryption, integrity and
// compression, as github.com/salesforce/hassh defines hasshServer; "": they are not told.
func hassh(b []byte) string {
	b = keyExchange(b)
	var lists [10]string
	for i := range lists {
		if len(b) < 4 || uint64(be.Uint32(b)) > uint64(len(b)-4) {
			return ""
		}
		size := int(be.Uint32(b))
		lists[i], b = string(b[4:4+size]), b[4+size:]
	}
	// Those from the server to the client are the odd ones.
	sum := md5.Sum([]byte(strings.Join([]string{lists[0], lists[3], lists[5], lists[7]}, ";")))
	return hex.EncodeToString(sum[:])
}
