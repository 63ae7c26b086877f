package protocol

import "fmt"

// X servers tell vendor and release to who may open them, and the reason to who may not.
var _ = register(Protocol{
	Name:      "x11",
	Source:    "X Window System Protocol, release 6.8, section 8",
	Ports:     []uint16{6000, 6001, 6002, 6003, 6010, 6011},
	Ask:       always("l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	Elsewhere: HungUp | Silent,
	Read: func(said Said) (f Facts, m Match) {
		b := said.Bytes
		if said.To != ToAsk || len(b) < 8 || b[0] > 2 || le.Uint16(b[2:]) != 11 || le.Uint16(b[4:]) > 0 {
			return f, No
		}
		size := 8 + 4*int(le.Uint16(b[6:]))
		if size > 1<<16 {
			return f, No
		}
		f.Banner = "-"
		if b[0] != 1 {
			if f.Info = "refuses us"; b[0] == 0 && len(b) >= 8+int(b[1]) {
				if !isPrintable(b[8 : 8+int(b[1])]) {
					return Facts{}, No
				}
			}
			if len(b) < size {
				return f, Begun
			}
			return f, Whole
		}
		if len(b) < 40 || len(b) < 40+int(le.Uint16(b[24:])) {
			return f, Begun
		}
		vendor := string(b[40 : 40+int(le.Uint16(b[24:]))])
		f.Info = "open to everybody; vendor " + Clip(vendor)
		f.Key, f.Text = "x11.vendor", vendor
		if release := le.Uint32(b[8:]); vendor == "The X.Org Foundation" {
			f.Product, f.Version = "X.Org", fmt.Sprintf("%d.%d.%d", release/10000000, release/100000%100, release/1000%100)
			if release >= 12100000 { // from 1.21 on it is counted 21.1
				f.Version = fmt.Sprintf("%d.%d.%d", release/100000%100, release/1000%100, release%1000)
			}
		}
		return f, Whole
	},
})
