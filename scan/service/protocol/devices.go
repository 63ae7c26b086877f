package protocol

import (
	"fmt"
	"net/netip"
	"strings"
)

// What else says over UDP who made it.
var (
	_ = registerDatagram(Datagram{Name: "nat-pmp", Payload: "nat-pmp", Source: "RFC 6886 section 3.2, RFC 6887 section 9", Read: func(b []byte) (f Facts) {
		switch {
		case len(b) == 12 && b[0] == 0 && be.Uint16(b[2:]) == 0:
			f.Info = fmt.Sprintf("external address %v", netip.AddrFrom4([4]byte(b[8:12])))
		case len(b) >= 24 && b[0] == 2:
			f.Service = "pcp"
		}
		return f
	}})
	_ = registerDatagram(Datagram{Name: "afs", Payload: "rx", Source: "Rx, packet type 13 (version)", Read: func(b []byte) (f Facts) {
		words := strings.Fields(cString(b[min(28, len(b)):]))
		if len(words) >= 2 && words[0] == "OpenAFS" {
			f.Product, f.Version = words[0], Clip(words[1])
		} else if len(words) > 0 {
			f.Info = "says \"" + Clip(strings.Join(words, " ")) + "\""
		}
		return f
	}})
	_ = registerDatagram(Datagram{Name: "ethernet-ip", Payload: "ethernet-ip", Source: "The CIP Networks Library, volume 2, section 2-4.2", Read: func(b []byte) (f Facts) {
		// Header, count, type and length, version, socket address; then vendor, device,
		// product, revision, status and serial number before the name.
		const revision, name = 24 + 2 + 4 + 2 + 16 + 6, 24 + 2 + 4 + 2 + 16 + 14
		if len(b) <= name || len(b) < name+1+int(b[name]) {
			return f
		}
		f.Product, f.Version = Clip(string(b[name+1:name+1+int(b[name])])), fmt.Sprintf("%d.%03d", b[revision], b[revision+1])
		return f
	}})
	_ = registerDatagram(Datagram{Name: "ws-discovery", Payload: "ws-discovery", Source: "OASIS WS-Discovery 1.1 section 5.3", Read: func(b []byte) (f Facts) {
		text := string(b[:min(len(b), maxText)])
		if _, rest, ok := strings.Cut(text, "Types>"); ok {
			if types, _, ok := strings.Cut(rest, "</"); ok {
				f.Info = "types " + Clip(strings.Join(strings.Fields(types), " "))
			}
		}
		return f
	}})
	_ = registerDatagram(Datagram{Name: "bittorrent-dht", Payload: "bittorrent-dht", Source: "BEP 5, BEP 20", Read: func(b []byte) (f Facts) {
		_, rest, ok := strings.Cut(string(b[:min(len(b), maxText)]), "1:v4:")
		if !ok || len(rest) < 4 {
			return f
		}
		f.Product = map[string]string{"UT": "µTorrent", "LT": "libtorrent", "TR": "Transmission", "lt": "libTorrent"}[rest[:2]]
		return f
	}})
)
