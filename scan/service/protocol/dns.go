package protocol

import "strings"

// DNS is asked for the name of the program (version.bind in class CH), over TCP behind a
// length.
var _ = register(Protocol{
	Name:      "domain",
	Source:    "RFC 1035 sections 4.1 and 4.2.2, RFC 4892",
	Ports:     []uint16{53},
	Secure:    []uint16{853},
	Ask:       always("\x00\x1e" + "\x73\x64\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00" + "\x07version\x04bind\x00" + "\x00\x10\x00\x03"),
	Elsewhere: Any,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 4 || b[2] != 0x73 || b[3] != 0x64 {
			return f, No
		}
		size := int(be.Uint16(b))
		if len(b) < 2+size {
			return f, Begun
		}
		b = b[2 : 2+size]
		if len(b) < 12 || b[2]&0x80 == 0 || be.Uint16(b[4:]) > 1 {
			return Facts{}, No
		}
		return dnsFacts(b), Whole
	},
})

// Over UDP it is asked for its own name (id.server) as well.
var _ = registerDatagram(Datagram{
	Name:      "domain",
	Payload:   "dns",
	Source:    "RFC 1035 sections 4.1 and 3.3.14, RFC 4892",
	Elsewhere: true,
	Read:      dnsFacts,
	More: []Question{dnsQuestion("\x02id\x06server\x00"+"\x00\x10\x00\x03", func(b []byte) (f Facts) {
		if text := dnsText(b); text != "" {
			f.Host = Clip(text)
		}
		return f
	})},
})

// dnsQuestion asks a question (RFC 1035 section 4.1.2), whose answer repeats it.
func dnsQuestion(question string, read func([]byte) Facts) Question {
	return Question{
		Append: func(b []byte, id uint64) []byte {
			b = be.AppendUint16(b, uint16(id))
			return append(append(b, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), question...)
		},
		Match: func(id uint64, b []byte) bool {
			return len(b) >= 12+len(question) && be.Uint16(b) == uint16(id) && b[2]&0xf8 == 0x80 && be.Uint16(b[4:]) == 1 &&
				strings.EqualFold(string(b[12:12+len(question)-4]), question[:len(question)-4]) && string(b[12+len(question)-4:12+len(question)-2]) == question[len(question)-4:len(question)-2]
		},
		Read: read,
	}
}

// dnsFacts reads the answer to version.bind.
func dnsFacts(b []byte) (f Facts) {
	f.Banner = "-"
	if len(b) < 12 {
		return f
	}
	if text := dnsText(b); text != "" {
		f.Key, f.Text = "dns.versionbind", text
		f.Product, f.Version = dnsProduct(text)
		if f.Product == "" {
			f.Info = "says \"" + Clip(text) + "\""
		}
	} else if code := b[3] & 15; code != 0 {
		f.Info = "says " + dnsCodes[code]
	}
	return f
}

var dnsCodes = [16]string{"no error", "format error", "server failure", "no such name", "not implemented", "refused",
	"6", "7", "8", "not authoritative", "10", "11", "12", "13", "14", "15"}

// dnsText returns the first string of a TXT record in the answer.
func dnsText(b []byte) string {
	if len(b) < 12 || be.Uint16(b[6:]) == 0 {
		return ""
	}
	at := skipName(b, 12)
	if be.Uint16(b[4:]) == 0 {
		at = 12 - 4
	}
	at = skipName(b, at+4)
	if at < 0 || at+11 > len(b) || be.Uint16(b[at:]) != 16 {
		return ""
	}
	size := int(b[at+10])
	if at+11+size > len(b) {
		return ""
	}
	return string(b[at+11 : at+11+size])
}

// skipName returns where a name ends that begins at; -1: it does not.
func skipName(b []byte, at int) int {
	for at >= 0 && at < len(b) {
		switch n := int(b[at]); {
		case n == 0:
			return at + 1
		case n >= 0xc0:
			return at + 2
		default:
			at += 1 + n
		}
	}
	return -1
}

// dnsProduct names those who say their own name there. BIND says its version alone: that
// it is BIND shows by nothing but the form.
func dnsProduct(text string) (product, version string) {
	for _, known := range []struct{ prefix, product string }{
		{"unbound ", "Unbound"}, {"dnsmasq-", "dnsmasq"}, {"NSD ", "NSD"}, {"Knot DNS ", "Knot DNS"}, {"PowerDNS Authoritative Server ", "PowerDNS Authoritative Server"},
		{"PowerDNS Recursor ", "PowerDNS Recursor"}, {"CoreDNS-", "CoreDNS"}, {"BIND ", "BIND"}, {"Yadifa ", "YADIFA"}, {"Knot Resolver ", "Knot Resolver"},
	} {
		if rest, ok := strings.CutPrefix(text, known.prefix); ok {
			version, _, _ = strings.Cut(Clip(rest), " ")
			return known.product, version
		}
	}
	if strings.HasPrefix(text, "9.") && isBIND(text) {
		version, _, _ = strings.Cut(Clip(text), "-")
		return "BIND", version
	}
	return "", ""
}

// isBIND tells whether a text is a version of BIND as its default has it: "9.18.33-1~deb12u2-Debian",
// "9.16.1".
func isBIND(text string) bool {
	head, _, _ := strings.Cut(text, "-")
	parts := strings.Split(head, ".")
	return len(parts) == 3 && allDigits(parts[1]) && allDigits(parts[2])
}
