package protocol

import (
	"strings"
)

var _ = register(Protocol{
	Name:   "sip",
	Source: "RFC 3261 sections 7.2, 11, 20.35 and 20.41",
	Ports:  []uint16{5060, 5080},
	Secure: []uint16{5061},
	Inside: "sips",
	Ask: always("OPTIONS sip:sonde.invalid SIP/2.0\r\nVia: SIP/2.0/TCP sonde.invalid;branch=z9hG4bKsonde;rport\r\nMax-Forwards: 0\r\n" +
		"From: <sip:sonde@sonde.invalid>;tag=sonde\r\nTo: <sip:sonde.invalid>\r\nCall-ID: sonde\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"),
	Elsewhere: Silent | HungUp | Text,
	Read:      func(said Said) (Facts, Match) { return readStatus(said, "SIP/2.0 ", "sip_header.") },
})

var _ = registerDatagram(Datagram{
	Name:      "sip",
	Payload:   "sip",
	Source:    "RFC 3261 sections 7.2, 20.35 and 20.41",
	Elsewhere: true,
	Read: func(b []byte) Facts {
		f, _ := readStatus(Said{Bytes: b}, "SIP/2.0 ", "sip_header.")
		f.Banner = "-"
		return f
	},
})

// readStatus reads a response with a status line and fields, as HTTP, SIP and RTSP have
// it: who it is stands in Server, or of telephones in User-Agent. The lists of patterns for
// these begin with list.
func readStatus(said Said, version, list string) (f Facts, m Match) {
	text := said.Text()
	rest, ok := strings.CutPrefix(text, version)
	if !ok || len(rest) < 3 || !allDigits(rest[:3]) {
		return f, No
	}
	head, _, whole := strings.Cut(text, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name = strings.ToLower(strings.TrimSpace(name)); {
		case value == "":
		case name == "server" || name == "user-agent" && f.Product == "":
			f.Product, f.Version, f.Info = productTokens(value)
			f.Key, f.Text = list+strings.ReplaceAll(name, "-", "_"), value
		}
	}
	return f, when(whole)
}

// nestedVersion is what Kamailio and its kin say: "kamailio (5.6.3 (x86_64/linux))".
var nestedVersion = grammar(`^(\S+) \((\d[\w.+~-]*) \((.*)\)\)$`)

// productTokens splits product *( RWS ( product / comment ) ), product = token ["/"
// version] (RFC 9110 section 10.2.4).
func productTokens(s string) (product, version, rest string) {
	s = Clip(s)
	if found := nestedVersion().FindStringSubmatch(s); found != nil {
		return found[1], found[2], found[3]
	}
	if open := strings.IndexByte(s, '('); open > 1 && s[open-1] == ' ' && !strings.Contains(s[:open-1], " ") || open < 0 {
		if name, number := splitVersion(s); open < 0 && number != "" && strings.Contains(name, " ") && !strings.Contains(name, "/") {
			return name, number, "" // "Asterisk PBX 18.10.0"
		}
		first, rest, _ := strings.Cut(s, " ")
		product, version, _ = strings.Cut(first, "/")
		return product, version, strings.Trim(rest, " ()")
	}
	product, version = splitVersion(s)
	return product, version, ""
}
