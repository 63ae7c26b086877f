package payload

// specialServices holds answers of what is found in mobile networks, in buildings
// and plants, and where people play or talk.
var specialServices = map[string]answer{
	"pfcp": {
		hex: "20 02 000c 332211 00 0060 0004 e1b65f80",
		none: []change{
			set("a request", 1, 1),
			set("version 2", 0, 0x40),
			set("of a session", 0, 0x21),
			set("length too small", 3, 11),
			longer,
		},
	},
	"gtp": {
		hex:  "32 02 0006 00000000 2211 0000 0e 07",
		also: []change{set("with a tunnel endpoint", 7, 1), set("with the other flags", 0, 0x37)},
		none: []change{
			set("a request", 1, 1),
			set("version 2", 0, 0x52),
			set("of GTP'", 0, 0x22),
			set("without sequence number", 0, 0x30),
			set("length too small", 3, 5),
			longer,
		},
	},
	"teamspeak3": {
		hex: text("TS3INIT1") + "0065 88 01 000102030405060708090a0b0c0d0e0f 11223344",
		none: []change{
			set("signed", 0, 't'),
			set("another packet", 9, 0x66),
			set("another type", 10, 0x82),
			set("another step", 11, 3),
			longer,
		},
	},
	"raknet": {
		needs: 33, // the text may be missing
		hex:   "1c 8877665544332211 0000000000000001 00ffff00fefefefefdfdfdfd12345678 0004" + text("MCPE"),
		also:  []change{become("without text", "1c8877665544332211"+"0000000000000001"+"00ffff00fefefefefdfdfdfd12345678")},
		none: []change{
			set("a ping", 0, 1),
			set("another magic", 20, 1),
			set("length too small", 34, 3),
			longer,
		},
	},
	"ethernet-ip": {
		hex: "6300 0600 00000000 00000000 0000665544332211 00000000 0100 0c00 0000",
		none: []change{
			set("list of services", 0, 4),
			set("an error", 8, 1),
			set("length too small", 2, 5),
			set("another context", 12, 1),
			become("of no item", "6300"+"0000"+"00000000"+"00000000"+"0000665544332211"+"00000000"),
			longer,
		},
	},
	"bacnet": {
		hex: "81 0a 0013 01 00 30 11 0c 0c 023fffff 19 4b 3e c4 3f",
		also: []change{
			become("error", "810a000d"+"0100"+"50110c"+"9101"+"911f"),
			become("reject", "810a0009"+"0100"+"601109"),
			become("abort", "810a0009"+"0100"+"711104"),
		},
		none: []change{
			set("broadcast", 1, 0x0b),
			set("length too small", 3, 0x12),
			set("version 2", 4, 2),
			set("from another network", 5, 0x08),
			set("a request", 6, 0),
			set("of another service", 8, 0x0e),
			longer,
		},
	},
	"mumble": {
		hex:  "00010304 8877665544332211 00000001 00000064 00011940",
		none: []change{set("not a version", 0, 1), longer},
	},
}
