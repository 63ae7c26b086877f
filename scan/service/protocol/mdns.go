package protocol

import "strings"

// A responder of multicast DNS lists the types of services of its machine, and calls the
// machine by its name where it announces it as a workstation.
var _ = registerDatagram(Datagram{
	Name:    "mdns",
	Payload: "mdns",
	Source:  "RFC 6762 section 6.7, RFC 6763 section 9",
	Read: func(b []byte) (f Facts) {
		var list []string
		for _, name := range dnsPointers(b) {
			if kind, ok := strings.CutSuffix(name, ".local"); ok && len(list) < 16 {
				list = append(list, kind)
			}
		}
		if len(list) > 0 {
			f.Info = "services " + Clip(strings.Join(list, " "))
		}
		return f
	},
	More: []Question{dnsQuestion("\x0c_workstation\x04_tcp\x05local\x00"+"\x00\x0c\x80\x01", func(b []byte) (f Facts) {
		for _, name := range dnsPointers(b) {
			if host, _, ok := strings.Cut(name, " ["); ok && f.Host == "" { // "box [52:54:00:12:34:56]._workstation._tcp.local"
				f.Host = Clip(host)
			}
		}
		return f
	})},
})

// dnsPointers returns the names that PTR records among the answers point to (RFC 1035
// sections 3.3.12 and 4.1.3).
func dnsPointers(b []byte) (list []string) {
	if len(b) < 12 {
		return nil
	}
	at := 12
	for range min(int(be.Uint16(b[4:])), 4) {
		if at = skipName(b, at); at < 0 {
			return nil
		}
		at += 4
	}
	for range min(int(be.Uint16(b[6:])), 64) {
		if at = skipName(b, at); at < 0 || at+10 > len(b) {
			return list
		}
		size := int(be.Uint16(b[at+8:]))
		if at+10+size > len(b) {
			return list
		}
		if be.Uint16(b[at:]) == 12 {
			if name := dnsName(b, at+10); name != "" {
				list = append(list, name)
			}
		}
		at += 10 + size
	}
	return list
}

// dnsName reads the name at a place, with what it points to (RFC 1035 section 4.1.4); "":
// there is none.
func dnsName(b []byte, at int) string {
	var labels []string
	for steps := 0; steps < 64 && at < len(b); steps++ {
		switch n := int(b[at]); {
		case n == 0:
			return strings.Join(labels, ".")
		case n >= 0xc0 && at+1 < len(b):
			at = int(be.Uint16(b[at:]) & 0x3fff)
		case n >= 0x40 || at+1+n > len(b):
			return ""
		default:
			labels = append(labels, string(b[at+1:at+1+n]))
			at += 1 + n
		}
	}
	return ""
}
