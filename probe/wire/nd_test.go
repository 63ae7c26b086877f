package wire

import (
	"net/netip"
	"testing"
)

// ndPacket returns an IPv6 packet with the ICMPv6 message written in hex.
func ndPacket(t *testing.T, message string) []byte {
	m := unhex(t, message)
	return append(AppendIP(nil, &IP{Src: a6, Dst: b6, Proto: ProtoICMPv6, TTL: 255}, len(m)), m...)
}

func TestParseND(t *testing.T) {
	const (
		target    = "20010db8000000000000000000000009 "
		solicit   = "87000000 00000000" + target
		advertise = "88000000 e0000000" + target
		source    = "01 01 020000000001"
		link      = "02 01 020000000002"
		nonce     = "0e 01 010203040506"
		long      = "02 02 0102030405060708 000000000000"
	)
	addr := netip.MustParseAddr("2001:db8::9")
	tests := []struct {
		name, message string
		want          ND
		ok            bool
	}{
		{"solicitation", solicit + source, ND{Target: addr, MAC: MAC{2, 0, 0, 0, 0, 1}, HasMAC: true}, true},
		{"solicitation without option", solicit, ND{Target: addr}, true},
		{"solicitation with the target's option", solicit + link, ND{Target: addr}, true},
		{"advertisement", advertise + nonce + link,
			ND{Target: addr, MAC: MAC{2, 0, 0, 0, 0, 2}, HasMAC: true, Router: true, Solicited: true, Override: true}, true},
		{"advertisement with the source's option", advertise + source,
			ND{Target: addr, Router: true, Solicited: true, Override: true}, true},
		{"two addresses: the first", advertise + link + "02 01 020000000003",
			ND{Target: addr, MAC: MAC{2, 0, 0, 0, 0, 2}, HasMAC: true, Router: true, Solicited: true, Override: true}, true},
		{"address of another kind of link", advertise + long,
			ND{Target: addr, Router: true, Solicited: true, Override: true}, true},
		{"option of length 0", solicit + "01 00 020000000001", ND{}, false},
		{"option of length 0 behind a good one", advertise + link + "01 00", ND{}, false},
		{"option behind the end", solicit + "01 02 020000000001", ND{}, false},
		{"half an option", solicit + "01", ND{}, false},
		{"no target", "87000000 00000000", ND{}, false},
		{"multicast target", "88000000 e0000000 ff020000000000000000000000000001" + link, ND{}, false},
		{"mapped target", "88000000 e0000000 00000000000000000000ffff0a000001" + link, ND{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := used(t)
			if ok := p.Parse(ndPacket(t, test.message), TypeIPv6); ok != test.ok || p.ND != test.want {
				t.Errorf("parsed %v: %+v, want %+v", ok, p.ND, test.want)
			}
		})
	}
}

func TestSolicitedNode(t *testing.T) {
	group, mac := SolicitedNode(netip.MustParseAddr("2001:db8::abcd:ef12:3456"))
	if want := netip.MustParseAddr("ff02::1:ff12:3456"); group != want {
		t.Errorf("group %v, want %v", group, want)
	}
	if want := (MAC{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}); mac != want {
		t.Errorf("MAC %x, want %x", mac, want)
	}
}
