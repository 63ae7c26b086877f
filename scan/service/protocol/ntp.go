package protocol

import (
	"fmt"
	"net/netip"
	"strings"
)

// NTP says how near to a clock a server is. Which program it is tells only one that
// answers control messages of mode 6, which reads its variables and changes nothing.
var _ = registerDatagram(Datagram{
	Name:      "ntp",
	Payload:   "ntp",
	Source:    "RFC 5905 section 7.3, RFC 9327 section 2",
	Elsewhere: true,
	Read:      ntpClock,
	More: []Question{{
		Append: func(b []byte, id uint64) []byte {
			b = append(b, 2<<3|6, 2) // version 2, mode 6; read variables
			return append(be.AppendUint16(b, uint16(id)), 0, 0, 0, 0, 0, 0, 0, 0)
		},
		Match: func(id uint64, b []byte) bool {
			return len(b) >= 12 && b[0]&7 == 6 && b[1]&0x9f == 0x82 && be.Uint16(b[2:]) == uint16(id)
		},
		Read: ntpVariables,
	}},
})

// ntpClock reads an answer in mode 4.
func ntpClock(b []byte) (f Facts) {
	if len(b) < 48 {
		return f
	}
	stratum, ref := b[1], b[12:16]
	name := strings.TrimRight(string(ref), "\x00")
	switch {
	case stratum == 0:
		f.Info = "kiss-o'-death"
		if isToken(name) {
			f.Info += " " + name
		}
	case stratum == 1:
		f.Info = "stratum 1"
		if isToken(name) {
			f.Info += ", reference " + name
		}
	case b[0]>>6 == 3:
		f.Info = fmt.Sprintf("stratum %d, not synchronized", stratum)
	default: // of a server by IPv6 it is a part of a hash, so that it need not be an address
		f.Info = fmt.Sprintf("stratum %d, reference ID %v", stratum, netip.AddrFrom4([4]byte(ref)))
	}
	return f
}

// isToken tells whether s is one word of letters and digits.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '_' || r == '-')
	})
}

// ntpVariables reads the list of name="value" of mode 6: version="ntpd 4.2.8p15@1.3728-o ...".
func ntpVariables(b []byte) (f Facts) {
	if len(b) < 12 || b[1]&0x40 != 0 { // an error
		return f
	}
	text := string(b[12:min(len(b), 12+int(be.Uint16(b[10:])))])
	f.Key, f.Text = "ntp.readvar", text
	if words := strings.Fields(between(text, `version="`, `"`)); len(words) >= 2 {
		f.Product = words[0]
		f.Version, _, _ = strings.Cut(words[1], "@")
	}
	if system := between(text, `system="`, `"`); system != "" {
		f.OS = strings.ReplaceAll(system, "/", " ")
	}
	return f
}
