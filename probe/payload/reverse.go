package payload

import (
	"encoding/binary"
	"net/netip"
)

// NameService is a protocol in which a host on the link tells its own name to who asks
// for the name of its address. What is said is the host's own word.
type NameService struct {
	Name string // "mdns"
	Port uint16
	// Group is whom the question about an address is sent to; zero: the address itself.
	Group func(addr netip.Addr) netip.Addr
	// V6: it is spoken over IPv6, too.
	V6     bool
	append func(b []byte, id uint16, addr netip.Addr) []byte
	read   func(answer []byte, addr netip.Addr) (name string, ok bool)
}

// The name services of a link.
//
// MDNS asks the host itself, by unicast, as RFC 6762 §5.5 lets who is on its link; from
// another port than 5353, so that it answers as to a legacy resolver (§6.7), with our ID
// and question. LLMNR answers over UDP only what is sent to its group (RFC 4795 §2.4).
// NetBIOS asks for the status of the node (RFC 1002 §4.2.17).
var (
	MDNS = &NameService{Name: "mdns", Port: 5353, V6: true, append: appendReverse, read: readReverse}

	LLMNR = &NameService{Name: "llmnr", Port: 5355, V6: true, Group: llmnrGroup, append: appendReverse, read: readReverse}

	NetBIOS = &NameService{Name: "netbios", Port: 137, append: func(b []byte, id uint16, _ netip.Addr) []byte {
		return appendDNSQuery(b, id, 0, netbiosAny+netbiosStatus)
	}, read: readNetBIOS}
)

// llmnrGroup is whom LLMNR asks (RFC 4795 §2).
func llmnrGroup(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return netip.AddrFrom4([4]byte{224, 0, 0, 252})
	}
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 13: 0x01, 15: 0x03})
}

// AppendQuestion writes what asks for the name of addr, which has no zone. It does not
// allocate as far as the capacity of b allows.
func (s *NameService) AppendQuestion(b []byte, id uint16, addr netip.Addr) []byte {
	return s.append(b, id, addr)
}

// ReadAnswer returns the name that answer, the payload of a datagram, says addr has. ok is
// false where it is no answer to what AppendQuestion wrote for id and addr; a name
// that is "" was not told. Its bytes are the sender's.
func (s *NameService) ReadAnswer(answer []byte, id uint16, addr netip.Addr) (name string, ok bool) {
	const (
		response = 0x8000
		opcode   = 0x7800
	)
	if len(answer) < dnsHeaderLen || binary.BigEndian.Uint16(answer) != id ||
		binary.BigEndian.Uint16(answer[2:])&(response|opcode) != response {
		return "", false
	}
	return s.read(answer, addr)
}

// reverseQuestion is PTR of the reverse name of an address, class IN (RFC 1035 §3.5, RFC
// 3596 §2.5), in the form of the wire. QU is left out: a legacy resolver gets unicast.
func reverseQuestion(b []byte, addr netip.Addr) []byte {
	const digits = "0123456789abcdef"
	if addr.Is4() {
		a := addr.As4()
		for i := 3; i >= 0; i-- {
			at := len(b)
			b = append(b, 0)
			for _, of := range [...]byte{100, 10, 1} {
				if a[i] >= of || of == 1 {
					b = append(b, digits[a[i]/of%10])
				}
			}
			b[at] = byte(len(b) - at - 1)
		}
		b = append(b, "\x07in-addr"...)
	} else {
		a := addr.As16()
		for i := 15; i >= 0; i-- {
			b = append(b, 1, digits[a[i]&15], 1, digits[a[i]>>4])
		}
		b = append(b, "\x03ip6"...)
	}
	return append(b, "\x04arpa\x00\x00\x0c\x00\x01"...)
}

func appendReverse(b []byte, id uint16, addr netip.Addr) []byte {
	return reverseQuestion(appendDNSQuery(b, id, 0, ""), addr)
}

// readReverse reads the first PTR of the address itself among the answers.
func readReverse(b []byte, addr netip.Addr) (string, bool) {
	const classIN, cacheFlush, typePTR = 1, 0x8000, 12 // RFC 6762 §10.2
	question := string(reverseQuestion(nil, addr))
	if binary.BigEndian.Uint16(b[4:]) != 1 || !hasDNSQuestion(b[dnsHeaderLen:], question, 0x7fff) {
		return "", false
	}
	want, at := question[:len(question)-4], dnsHeaderLen+len(question)
	for range min(int(binary.BigEndian.Uint16(b[6:])), mostAnswers) {
		owner, next, ok := readDNSName(b, at)
		if !ok || len(b)-next < 10 {
			return "", false
		}
		typ, class, size := binary.BigEndian.Uint16(b[next:]), binary.BigEndian.Uint16(b[next+2:]), int(binary.BigEndian.Uint16(b[next+8:]))
		if at = next + 10 + size; at > len(b) {
			return "", false
		}
		if typ != typePTR || class&^cacheFlush != classIN || !sameDNSName(owner, want) {
			continue
		}
		name, _, ok := readDNSName(b[:at], next+10)
		return dottedName(name), ok
	}
	return "", true
}

// mostAnswers is among how many records the one that was asked for is looked for.
const mostAnswers = 16

// readDNSName reads the name at offset at, and returns its labels as a name without
// pointers has them, and where it ends. Pointers lead backwards only, so that there is an
// end (RFC 1035 §4.1.4); a name has at most 255 bytes (§2.3.4).
func readDNSName(b []byte, at int) (name string, next int, ok bool) {
	var labels []byte
	lowest := at
	for at < len(b) {
		n := int(b[at])
		switch {
		case n&0xc0 == 0xc0:
			if at+2 > len(b) {
				return "", 0, false
			}
			if next == 0 {
				next = at + 2
			}
			if at = int(binary.BigEndian.Uint16(b[at:])) & 0x3fff; at >= lowest || at < dnsHeaderLen {
				return "", 0, false
			}
			lowest = at
			continue
		case n&0xc0 != 0 || at+1+n > len(b) || len(labels)+1+n > 254:
			return "", 0, false
		}
		labels = append(labels, b[at:at+1+n]...)
		at += 1 + n
		if n == 0 {
			if next == 0 {
				next = at
			}
			return string(labels), next, true
		}
	}
	return "", 0, false
}

// sameDNSName compares without case (RFC 1035 §2.3.3); lengths of labels are no letters.
func sameDNSName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// dottedName is a name for people: "printer.local". A dot or a backslash in a label has a
// backslash before it (RFC 1035 §5.1).
func dottedName(labels string) string {
	var text []byte
	for len(labels) > 1 {
		n := int(labels[0])
		if len(text) > 0 {
			text = append(text, '.')
		}
		for _, c := range []byte(labels[1 : 1+n]) {
			if c == '.' || c == '\\' {
				text = append(text, '\\')
			}
			text = append(text, c)
		}
		labels = labels[1+n:]
	}
	return string(text)
}

// readNetBIOS reads the first unique name of a workstation or, if there is none, of a
// server from a node status (RFC 1002 §4.2.18): 16 bytes, the last of which says what
// it is the name of, and flags.
func readNetBIOS(b []byte, _ netip.Addr) (string, bool) {
	const (
		question    = netbiosAny + netbiosStatus
		rdata       = dnsHeaderLen + len(question) + 6 // behind TTL and RDLENGTH
		each        = 18
		group       = 0x8000
		workstation = 0x00
		server      = 0x20
	)
	if len(b) < rdata+1 || binary.BigEndian.Uint16(b[6:]) != 1 || string(b[dnsHeaderLen:rdata-6]) != question {
		return "", false
	}
	names := b[rdata+1:]
	if len(names) < each*int(b[rdata]) {
		return "", false
	}
	found := ""
	for i := range int(b[rdata]) {
		n := names[i*each:][:each]
		if binary.BigEndian.Uint16(n[16:])&group != 0 {
			continue
		}
		name := string(n[:15])
		for len(name) > 0 && (name[len(name)-1] == ' ' || name[len(name)-1] == 0) {
			name = name[:len(name)-1]
		}
		switch {
		case n[15] == workstation && name != "":
			return name, true
		case n[15] == server && found == "":
			found = name
		}
	}
	return found, true
}
