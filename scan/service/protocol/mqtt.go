package protocol

import "strings"

// MQTT brokers tell about themselves in a topic, to who may read it.
var _ = register(Protocol{
	Name:      "mqtt",
	Source:    "MQTT 3.1.1 sections 3.1, 3.2 and 3.8; the topics $SYS/broker of mosquitto(8)",
	Ports:     []uint16{1883},
	Secure:    []uint16{8883},
	Inside:    "mqtts",
	Ask:       always("\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		f.Banner = "-"
		switch {
		case said.To != ToAsk || len(b) < 4 || len(b) > 64:
			return Facts{}, No
		case b[0] == 0x20 && b[1] == 2 && b[2] <= 1 && b[3] <= 5:
			if b[3] != 0 {
				f.Info = mqttRefusals[b[3]]
			}
			f.Code = string('0' + b[3])
			return f, Whole
		case b[0] == 0x20 && int(b[1]) == len(b)-2 && b[1] >= 3 && b[3] >= 0x80: // as version 5 has it
			return f, Whole
		}
		return Facts{}, No
	},
	Talk: func(c Conn, f *Facts) {
		if f.Code != "0" {
			return
		}
		const topic = "$SYS/broker/version"
		b := c.Say("\x82\x18\x00\x01\x00\x13"+topic+"\x00", func(b []byte) bool { return strings.Contains(string(b), topic) })
		_, text, ok := strings.Cut(string(b), topic)
		if ok && isPrintable([]byte(text)) && len(text) < maxField {
			f.How = "+$SYS"
			product, version, _ := strings.Cut(text, " version ")
			if version != "" {
				f.Product, f.Version = product, version
			} else {
				f.Info = text
			}
			if f.Product == "mosquitto" {
				f.Product, f.CPE = "Mosquitto", []string{"cpe:/a:eclipse:mosquitto:" + cpeValue(version)}
			}
		}
	},
	Bye: "\xe0\x00",
})

var mqttRefusals = [6]string{"", "refuses this version", "refuses this client", "not available", "wants a password", "wants authorization"}
