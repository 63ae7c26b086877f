package payload

import "strings"

// textServices holds answers of protocols that are text, or carry it.
var textServices = map[string]answer{
	"echo": {
		hex:  "8877665544332211",
		none: []change{longer},
	},
	"systat": {
		hex:   text("root     tty1\r\n"),
		needs: 1,
		none:  []change{set("a control character", 3, 0x1b)},
	},
	"daytime": {
		hex:   text("25 NOV 2026 14:39:20 UTC\r\n"),
		needs: 1,
		also:  []change{become("in other words", text("Wed Nov 25 14:39:20 2026\n"))},
		none: []change{
			set("a byte beyond ASCII", 3, 0xc3),
			become("text without a date", text("hello\r\n")),
			become("more than 512 bytes", strings.Repeat("31", 513)),
		},
	},
	"qotd": {
		hex:   text("Who's there?\r\n"),
		needs: 1,
		none: []change{
			set("a zero byte", 3, 0),
			become("more than 512 bytes", strings.Repeat("31", 513)),
		},
	},
	"chargen": {
		hex:   text("!\"#$%&'()*+,-./0123456789\r\n"),
		needs: 1,
		also:  []change{become("13 lines of 74 bytes", strings.Repeat("41", 13*74))},
		none: []change{
			set("delete", 3, 0x7f),
			become("more than 1024 bytes", strings.Repeat("41", 1025)),
		},
	},
	"memcached": {
		hex: "2211 0000 0001 0000" + text("VERSION 1.6.18\r\n"),
		also: []change{
			become("error", "2211000000010000"+text("ERROR\r\n")),
			become("server error", "2211000000010000"+text("SERVER_ERROR busy\r\n")),
		},
		none: []change{
			set("second datagram", 3, 1),
			set("of two datagrams", 5, 2),
			set("reserved", 7, 1),
			set("another word", 8, 'v'),
			longer,
		},
	},
	"ssdp": {
		hex: text("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: upnp:rootdevice\r\n" +
			"USN: uuid:1::upnp:rootdevice\r\nEXT:\r\nLOCATION: http://192.0.2.1/\r\n\r\n"),
		also: []change{
			become("header names in lower case", text("HTTP/1.1 200 OK\r\nst: upnp:rootdevice\r\nusn: uuid:1\r\n\r\n")),
		},
		none: []change{
			set("another status", 9, '4'),
			set("another version", 7, '0'),
			become("without USN", text("HTTP/1.1 200 OK\r\nSERVER: USN: 1\r\n\r\n")),
			become("a notification", text("NOTIFY * HTTP/1.1\r\nUSN: uuid:1\r\n\r\n")),
			longer,
		},
	},
	"mgcp": {
		hex:   text("500 170459921 unknown endpoint\r\n"),
		needs: 14,
		also: []change{
			become("success", text("200 170459921 OK\r\n")),
			become("without text", text("504 170459921\r\n")),
		},
		none: []change{
			set("no code", 2, 'x'),
			set("no space", 3, '-'),
			set("a longer transaction", 13, '0'),
			become("a command", text("RSIP 170459921 *@gw MGCP 1.0\r\n")),
		},
	},
	"ws-discovery": {
		hex: text(`<soap:Envelope><soap:Header><wsa:RelatesTo>urn:uuid:736f6e64-6500-4000-8000-665544332211</wsa:RelatesTo>` +
			`</soap:Header><soap:Body><wsd:ProbeMatches`),
		also: []change{longer},
		none: []change{
			become("somebody's hello", text(`<wsa:MessageID>urn:uuid:736f6e64-6500-4000-8000-665544332211</wsa:MessageID><wsd:Hello/>`)),
			become("related to nothing", text(`<wsd:ProbeMatches/>urn:uuid:736f6e64-6500-4000-8000-665544332211`)),
		},
	},
	"sip": {
		hex: text("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP sonde.invalid;branch=z9hG4bK8877665544332211"),
		also: []change{
			become("not allowed, compact form", text("SIP/2.0 405 Method Not Allowed\r\nv:SIP/2.0/UDP sonde.invalid;branch=z9hG4bK8877665544332211\r\n\r\n")),
			longer,
		},
		none: []change{
			set("another version", 4, '1'),
			set("no status", 9, 'x'),
			set("a branch that is none", 62, 'x'),
			become("a request", text("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK8877665544332211\r\n\r\n")),
		},
	},
	"bittorrent-dht": {
		hex: text("d1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t8:") + "8877665544332211" + text("1:y1:re"),
		also: []change{
			become("with our address and a version", text("d2:ip6:aaaaaa1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t8:")+"8877665544332211"+text("1:v4:TR001:y1:re")),
			become("an error", text("d1:eli201e7:unknowne1:t8:")+"8877665544332211"+text("1:y1:ee")),
		},
		none: []change{
			set("no dictionary", 0, 'l'),
			become("a query", text("d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t8:")+"8877665544332211"+text("1:y1:qe")),
			longer,
		},
	},
	"mssql-browser": {
		hex: "05 1800" + text("ServerName;A;IsCluster;;"),
		none: []change{
			set("another kind", 0, 4),
			set("length too small", 1, 0x17),
			set("length too large", 2, 1),
			set("other words", 3, 's'),
			longer,
		},
	},
	"quake3": {
		hex: "ffffffff" + text("infoResponse\n\\challenge\\8877665544332211"),
		also: []change{
			become("with more", "ffffffff"+text("infoResponse\n\\voip\\1\\challenge\\8877665544332211\\mapname\\q3dm17")),
			longer,
		},
		none: []change{
			set("within a game", 0, 0),
			become("a status", "ffffffff"+text("statusResponse\n\\challenge\\8877665544332211")),
			become("no challenge", "ffffffff"+text("infoResponse\n\\mapname\\8877665544332211")),
		},
	},
	"a2s": {
		hex:   "ffffffff 49 11" + text("a server") + "00",
		needs: 9,
		also: []change{
			become("challenge", "ffffffff4112345678"),
			set("of GoldSrc", 4, 'm'),
		},
		none: []change{
			set("split", 0, 0xfe),
			set("players", 4, 'D'),
			become("challenge too short", "ffffffff41123456"),
			become("challenge too long", "ffffffff411234567890"),
		},
	},
}
