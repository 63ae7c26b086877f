package protocol

import "strings"

// AMQP servers answer a header of another version by their own, and 0-9-1's by what they
// are: a table of properties.
var _ = register(Protocol{
	Name:      "amqp",
	Source:    "AMQP 0-9-1 sections 2.2.4, 4.2.2 and 4.2.5, AMQP 1.0 section 2.2",
	Ports:     []uint16{5672},
	Secure:    []uint16{5671},
	Inside:    "amqps",
	Ask:       always("AMQP\x00\x00\x09\x01"),
	Elsewhere: HungUp | Binary,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		f.Banner = "-"
		switch {
		case len(b) >= 8 && string(b[:4]) == "AMQP" && b[4] <= 3:
			f.Info = "protocol 0-9-1"
			if b[5] == 1 {
				f.Info = "protocol 1.0"
			}
			if said.To != ToAsk { // it may say more when asked in its version
				f.Info = ""
			}
			return f, Whole
		case len(b) < 12 || b[0] != 1 || b[1] != 0 || b[2] != 0 || string(b[7:11]) != "\x00\x0a\x00\x0a" || b[11] != 0: // method frame, Connection.Start
			return Facts{}, No
		}
		size := int(be.Uint32(b[3:]))
		if size > maxText || size < 10 {
			return Facts{}, No
		}
		if len(b) < 8+size {
			return f, Begun
		}
		p := amqpTable(b[13:])
		f.Product, f.Version = p["product"], p["version"]
		if strings.EqualFold(f.Product, "RabbitMQ") {
			f.CPE = []string{"cpe:/a:vmware:rabbitmq:" + cpeValue(f.Version)}
		}
		f.Info = p["platform"]
		return f, Whole
	},
})

// amqpTable reads the long strings of a field table.
func amqpTable(b []byte) map[string]string {
	p := map[string]string{}
	if len(b) < 4 {
		return p
	}
	b = b[4:min(len(b), 4+int(min(be.Uint32(b), maxText)))]
	for len(b) > 1 && len(p) < 50 {
		n := int(b[0])
		if len(b) < n+6 {
			break
		}
		name, kind := string(b[1:1+n]), b[1+n]
		b = b[2+n:]
		switch kind {
		case 'S', 'F', 'x':
			length := int(min(be.Uint32(b), maxText))
			if len(b) < 4+length {
				return p
			}
			if kind == 'S' {
				p[name] = Clip(string(b[4 : 4+length]))
			}
			b = b[4+length:]
		case 't':
			b = b[1:]
		case 'I', 'i':
			b = b[4:]
		default:
			return p
		}
	}
	return p
}
