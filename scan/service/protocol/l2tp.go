package protocol

import "strings"

// L2TP peers name their host and who made them.
var _ = registerDatagram(Datagram{
	Name:    "l2tp",
	Payload: "l2tp",
	Source:  "RFC 2661 sections 4.1 and 4.4.3",
	Read: func(b []byte) (f Facts) {
		if len(b) < 12 {
			return f
		}
		for rest := b[12:]; len(rest) >= 6; {
			size := int(be.Uint16(rest) & 0x3ff)
			if size < 6 || size > len(rest) {
				break
			}
			if value := strings.TrimRight(string(rest[6:size]), "\x00"); rest[0]&0x40 == 0 && be.Uint16(rest[2:]) == 0 && IsText([]byte(value)) {
				switch be.Uint16(rest[4:]) {
				case 7:
					f.Host = Clip(value)
				case 8:
					f.Product = l2tpVendors[value]
					if f.Product == "" && value != "" {
						f.Info = "vendor " + Clip(value)
					}
				}
			}
			rest = rest[size:]
		}
		return f
	},
})

// l2tpVendors are those whose name for themselves is of one program.
var l2tpVendors = map[string]string{"xelerance.com": "xl2tpd", "MikroTik": "MikroTik RouterOS", "Cisco Systems, Inc.": "Cisco IOS", "accel-ppp": "accel-ppp", "l2tpns": "l2tpns"}
