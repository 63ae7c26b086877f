package protocol

import (
	"bytes"
	"slices"
	"strings"
)

// routers are routing daemons that greet at their consoles.
var routers = grammar(`Hello, this is (FRRouting|Quagga) \(version ([\w.+~-]{1,40})\)`)

// Telnet servers are known by what they want to negotiate, which may stand behind text.
var _ = register(Protocol{
	Name:   "telnet",
	Source: "RFC 854",
	Ports:  []uint16{23, 2323},
	Secure: []uint16{992},
	Inside: "telnets",
	Greets: true,
	Read: func(said Said) (Facts, Match) {
		b := said.Bytes
		at := bytes.IndexByte(b, telnetEscape)
		if at < 0 || len(b) < at+3 || b[at+1] < telnetWill || b[at+1] > telnetDont || at > 0 && b[at+2] > 49 { // behind text, only the options that are common
			return Facts{}, No
		}
		if slices.ContainsFunc(b[:at], func(c byte) bool { return c < ' ' && c != '\r' && c != '\n' && c != '\t' && c != 0x1b || c >= 0x7f }) {
			return Facts{}, No
		}
		return Facts{Text: string(b)}, Some
	},
	// Talk refuses what a server wants to negotiate, and waits for what it says then.
	Talk: func(c Conn, f *Facts) {
		var n negotiation
		n.add([]byte(f.Text))
		for range maxRounds {
			if c.Ended() || n.prompts() {
				break
			}
			more := c.Hear(string(n.refusal), n.text)
			n.refusal = n.refusal[:0]
			if len(more) == 0 {
				break
			}
			n.add(more)
		}
		f.Banner = n.lines()
		f.Key, f.Text = "telnet_banners", string(n.text) // in recog's file of that name, which says no other
		if found := routers().FindStringSubmatch(f.Banner); found != nil {
			f.Product, f.Version = found[1], found[2]
		}
		if f.Banner == "" {
			f.Banner = "-"
		}
	},
})

// Commands of Telnet (RFC 854).
const (
	telnetEnd    = 240 // SE
	telnetBegin  = 250 // SB
	telnetWill   = 251
	telnetWont   = 252
	telnetDo     = 253
	telnetDont   = 254
	telnetEscape = 255 // IAC
)

// negotiation parts what a Telnet server says into text and commands, and refuses
// every option: many say who they are only when that is settled.
type negotiation struct {
	text    []byte // at most maxText bytes
	refusal []byte // to be sent
	command byte   // whose rest is missing; 0: none
	refused [2][256]bool
	options int // how many options were spoken of
}

// add takes what came next. Each option is refused once, so that two who answer each
// other's refusals come to an end (RFC 854, "Option negotiation").
func (n *negotiation) add(b []byte) {
	for _, c := range b {
		switch n.command {
		case 0:
			if c == telnetEscape {
				n.command = telnetEscape
			} else if len(n.text) < maxText {
				n.text = append(n.text, c)
			}
		case telnetEscape:
			n.command = 0
			if c >= telnetBegin && c < telnetEscape {
				n.command = c
			}
		case telnetBegin: // the rest of a subnegotiation is of no interest
			if c == telnetEscape {
				n.command = telnetEnd
			}
		case telnetEnd:
			n.command = telnetBegin
			if c == telnetEnd {
				n.command = 0
			}
		default:
			n.refuse(n.command, c)
			n.command = 0
		}
	}
}

func (n *negotiation) refuse(command, option byte) {
	n.options++
	which, answer := 0, byte(telnetDont)
	switch command {
	case telnetWill:
	case telnetDo:
		which, answer = 1, telnetWont
	default:
		return
	}
	if !n.refused[which][option] {
		n.refused[which][option] = true
		n.refusal = append(n.refusal, telnetEscape, answer, option)
	}
}

// prompts tells whether the text ends by asking for something.
func (n *negotiation) prompts() bool {
	text := bytes.TrimRight(n.text, " ")
	return len(text) > 0 && bytes.IndexByte([]byte(":>#$?%"), text[len(text)-1]) >= 0
}

// lines returns the text on one line, without what is blank.
func (n *negotiation) lines() string {
	var lines []string
	for line := range strings.FieldsFuncSeq(string(n.text), func(r rune) bool { return r == '\r' || r == '\n' || r == 0 }) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, " / ")
	return text[:min(len(text), maxLine)]
}

// maxRounds bounds how often a Telnet server is answered.
const maxRounds = 16
