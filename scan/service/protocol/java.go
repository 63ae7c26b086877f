package protocol

import "strings"

// Java's own protocols: RMI acknowledges our version and tells who it thinks we are, JDWP
// says our handshake back, AJP pings, and serialized objects begin by a mark.
var (
	_ = register(Protocol{
		Name:      "java-rmi",
		Source:    "Java RMI specification section 10.2",
		Ports:     []uint16{1099, 1098, 1090},
		Ask:       always("JRMI\x00\x02\x4b"),
		Elsewhere: HungUp | Silent,
		Read: func(said Said) (f Facts, m Match) {
			b := said.Bytes
			if said.To != ToAsk || len(b) < 8 || b[0] != 0x4e || b[1] != 0 || len(b) != 7+int(b[2]) || !isPrintable(b[3:3+int(b[2])]) {
				return f, No
			}
			return Facts{Banner: "-"}, Whole
		},
	})
	_ = register(Protocol{
		Name:   "jdwp",
		Source: "Java Debug Wire Protocol: handshake",
		Ports:  []uint16{5005},
		Ask:    always("JDWP-Handshake"),
		Read: func(said Said) (f Facts, m Match) {
			if text := said.Text(); said.To == Unasked || text != "JDWP-Handshake" || strings.HasPrefix(said.Sent, "GET") {
				return f, No
			}
			return f, Whole
		},
	})
	_ = register(Protocol{
		Name:      "ajp13",
		Source:    "Apache Tomcat: AJPv13, CPing and CPong",
		Ports:     []uint16{8009},
		Ask:       always("\x12\x34\x00\x01\x0a"),
		Elsewhere: HungUp | Silent,
		Read: func(said Said) (f Facts, m Match) {
			if b := said.Bytes; said.To == Unasked || len(b) < 5 || string(b[:2]) != "AB" || b[2] != 0 || b[4] != 9 {
				return f, No
			}
			return Facts{Banner: "-"}, Whole
		},
	})
	_ = register(Protocol{
		Name:   "java-object",
		Source: "Java Object Serialization Specification section 6.4.2",
		Read: func(said Said) (f Facts, m Match) {
			if b := said.Bytes; len(b) < 4 || string(b[:4]) != "\xac\xed\x00\x05" {
				return f, No
			}
			return Facts{Banner: "-"}, Some
		},
	})
)
