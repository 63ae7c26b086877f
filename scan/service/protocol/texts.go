package protocol

import "strings"

// Services of one line of text over UDP.
var (
	_ = registerDatagram(Datagram{Name: "daytime", Payload: "daytime", Source: "RFC 867", Read: lineShown})
	_ = registerDatagram(Datagram{Name: "qotd", Payload: "qotd", Source: "RFC 865", Read: lineShown})
	_ = registerDatagram(Datagram{Name: "systat", Payload: "systat", Source: "RFC 866", Read: lineShown})
)

// lineShown shows the first line of a text.
func lineShown(b []byte) Facts {
	line, _ := firstLine(strings.TrimSpace(string(b[:min(len(b), maxText)])))
	return Facts{Banner: Clip(line)}
}
