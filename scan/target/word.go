package target

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"go4.org/netipx"
)

// maxIPv6Bits bounds how many IPv6 addresses one target may stand for: 2^20 of
// them, a /108.
const maxIPv6Bits = 20

// item is what one word of the command line says.
type item struct {
	word   string
	ranges []netipx.IPRange // empty for names and for a zoned address
	zoned  netip.Addr       // an address with a zone
	name   string           // a host name to look up
	bits   int              // of name/bits; -1: none
}

// single returns the address that the item names by itself, if it names one.
func (it *item) single() (netip.Addr, bool) {
	if it.zoned.IsValid() {
		return it.zoned, true
	}
	if len(it.ranges) == 1 && it.ranges[0].From() == it.ranges[0].To() {
		return it.ranges[0].From(), true
	}
	return netip.Addr{}, false
}

// parseWord reads one target. It looks nothing up. Its errors do not repeat the
// word.
func parseWord(word string) (item, error) {
	it := item{word: word, bits: -1}
	host, length, isPrefix := strings.Cut(word, "/")
	switch {
	case word == "":
		return it, errors.New("is empty")
	case strings.Contains(word, "://"):
		return it, errors.New("is a URL; write only the host in it")
	case isPrefix:
		return parsePrefix(it, host, length)
	case strings.Contains(word, ":"):
		return parseIPv6(it)
	case isNumeric(word):
		return parseIPv4(it)
	}
	if a, err := netip.ParseAddr(word); err == nil { // cannot be, but never look an address up
		it.ranges = []netipx.IPRange{netipx.IPRangeFrom(a, a)}
		return it, nil
	}
	it.name = word
	return it, checkName(word)
}

// isNumeric tells whether word can only be an IPv4 address or range: digits and
// dots are never a name.
func isNumeric(word string) bool { return strings.Trim(word, "0123456789.,-*") == "" }

// parseIPv4 reads an address, a range of two addresses or an octet range.
func parseIPv4(it item) (item, error) {
	from, to, isRange := strings.Cut(it.word, "-")
	if isRange && strings.Count(from, ".") == 3 && strings.Contains(to, ".") &&
		!strings.ContainsAny(it.word, ",*") && strings.Count(it.word, "-") == 1 {
		a, err := parseIPv4Address(from)
		if err != nil {
			return it, err
		}
		b, err := parseIPv4Address(to)
		if err != nil {
			return it, err
		}
		return between(it, a, b)
	}
	var err error
	it.ranges, err = parseOctets(it.word)
	return it, err
}

// parseIPv4Address reads four octets. It differs from netip.ParseAddr in its
// errors.
func parseIPv4Address(s string) (netip.Addr, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return netip.Addr{}, errOctetCount(parts)
	}
	var b [4]byte
	for i, part := range parts {
		if part == "" {
			return netip.Addr{}, errors.New("an octet is missing between two dots")
		}
		n, err := parseOctetNumber(part)
		if err != nil {
			return netip.Addr{}, err
		}
		b[i] = byte(n)
	}
	return netip.AddrFrom4(b), nil
}

// parseIPv6 reads an address, with or without a zone, or a range of two.
func parseIPv6(it item) (item, error) {
	if a, err := netip.ParseAddr(it.word); err == nil {
		if a = a.Unmap(); a.Zone() != "" {
			it.zoned = a
			return it, checkZone(a.Zone())
		}
		return between(it, a, a)
	}
	// A zone may contain dashes (br-lan), so only addresses tell where to cut.
	if from, to, ok := strings.Cut(it.word, "-"); ok {
		a, errA := netip.ParseAddr(from)
		b, errB := netip.ParseAddr(to)
		switch {
		case errA == nil && errB == nil && a.Zone()+b.Zone() != "":
			return it, errors.New("a range cannot have a zone; only a single address can")
		case errA == nil && errB == nil:
			return between(it, a.Unmap(), b.Unmap())
		case errA == nil:
			return it, fmt.Errorf("the end of the range, %q, is no IPv6 address", to)
		}
	}
	if host, port, ok := cutPort(it.word); ok {
		return it, fmt.Errorf("a target has no port; write %s -p %s", host, port)
	}
	if strings.Contains(it.word, "*") || strings.Contains(it.word, ",") {
		return it, errors.New("octet ranges are for IPv4; for IPv6 write a prefix or a range of two addresses")
	}
	return it, errors.New("is no IPv6 address")
}

// checkZone refuses what cannot be the name of an interface: Linux allows 15
// bytes without blanks and slashes.
func checkZone(zone string) error {
	if strings.ContainsAny(zone, ":%") {
		return errors.New("a range cannot have a zone; only a single address can")
	}
	for _, b := range []byte(zone) {
		if b <= ' ' || b >= 0x7f || b == '/' {
			return fmt.Errorf("the zone %q is no name of an interface", zone)
		}
	}
	if len(zone) > 15 {
		return fmt.Errorf("the zone %q is longer than the name of an interface can be, 15 characters", zone)
	}
	return nil
}

// cutPort recognises host:port and [host]:port, which people paste.
func cutPort(word string) (host, port string, ok bool) {
	i := strings.LastIndexByte(word, ':')
	if i < 0 {
		return "", "", false
	}
	host, port = word[:i], word[i+1:]
	if port == "" || strings.Trim(port, "0123456789") != "" {
		return "", "", false
	}
	if inner, found := strings.CutPrefix(host, "["); found {
		host = strings.TrimSuffix(inner, "]")
		_, err := netip.ParseAddr(host)
		return host, port, err == nil && !strings.Contains(host, "%")
	}
	return host, port, checkName(host) == nil
}

// parsePrefix reads address/bits or name/bits. Host bits may be set.
func parsePrefix(it item, host, length string) (item, error) {
	if host == "" {
		return it, errors.New("has no address before the slash")
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || length[0] == '+' || length[0] == '-' || len(length) > 1 && length[0] == '0' {
		if _, err := netip.ParseAddr(length); err == nil {
			return it, fmt.Errorf("a network has a prefix length, not the mask %s; write for example /24", length)
		}
		return it, fmt.Errorf("the prefix length %q is no number from 0 to 32 (IPv6: 128)", length)
	}
	var a netip.Addr
	switch {
	case strings.Contains(host, ":"):
		if a, err = netip.ParseAddr(host); err != nil {
			return it, fmt.Errorf("%q is no IPv6 address", host)
		}
		if a.Zone() != "" {
			return it, errors.New("a prefix cannot have a zone; only a single address can")
		}
		if mapped := a.Is4In6(); mapped && n >= 96 {
			a, n = a.Unmap(), n-96
		}
	case isNumeric(host) && strings.ContainsAny(host, ",-*"):
		return it, errors.New("an octet range has no prefix length; write one or the other")
	case isNumeric(host):
		if a, err = parseIPv4Address(host); err != nil {
			return it, err
		}
	default:
		it.name, it.bits = host, n
		if err := checkName(host); err != nil {
			return it, err
		}
		return it, checkNamePrefix(n)
	}
	if n > a.BitLen() {
		return it, fmt.Errorf("the prefix length %d is above %d", n, a.BitLen())
	}
	it.ranges, err = prefixRange(a, n)
	return it, err
}

// checkNamePrefix checks the length in name/length before the name is looked
// up. Up to 32 it can only be meant for IPv4.
func checkNamePrefix(n int) error {
	if n > 128 {
		return fmt.Errorf("the prefix length %d is above 128", n)
	}
	if n > 32 && 128-n > maxIPv6Bits {
		return errTooWide(n)
	}
	return nil
}

// prefixRange returns the range of the prefix of n bits around a.
func prefixRange(a netip.Addr, n int) ([]netipx.IPRange, error) {
	if a.Is6() && 128-n > maxIPv6Bits {
		return nil, errTooWide(n)
	}
	return []netipx.IPRange{netipx.RangeOfPrefix(netip.PrefixFrom(a, n).Masked())}, nil
}

func errTooWide(bits int) error {
	return fmt.Errorf("a /%d holds 2^%d IPv6 addresses, too many to ask one by one; give a /%d or longer, or single addresses",
		bits, 128-bits, 128-maxIPv6Bits)
}

// between fills in the range from a to b.
func between(it item, a, b netip.Addr) (item, error) {
	if a.BitLen() != b.BitLen() {
		return it, errors.New("the ends of the range are of different families")
	}
	if b.Less(a) {
		return it, fmt.Errorf("the range runs backwards; write %v-%v", b, a)
	}
	if n, ok := count(a, b); a.Is6() && (!ok || n > 1<<maxIPv6Bits) {
		return it, fmt.Errorf("the range holds more than 2^%d IPv6 addresses, too many to ask one by one", maxIPv6Bits)
	}
	it.ranges = []netipx.IPRange{netipx.IPRangeFrom(a, b)}
	return it, nil
}

// checkName refuses what cannot be a host name, so that nobody is asked for it
// (RFC 1123 2.1, with the underscore that people use).
func checkName(name string) error {
	if strings.HasPrefix(name, "-") {
		return errors.New("is neither a flag nor a target; a host name does not begin with a dash")
	}
	bare := strings.TrimSuffix(name, ".")
	if len(bare) > 253 {
		return errors.New("is longer than a host name can be, 253 characters")
	}
	for label := range strings.SplitSeq(bare, ".") {
		switch {
		case label == "":
			return errors.New("has an empty label; a host name has something between the dots")
		case len(label) > 63:
			return fmt.Errorf("has a label of %d characters; a host name has at most 63 between dots", len(label))
		}
	}
	for _, r := range bare {
		switch {
		case r >= 0x80:
			return errors.New("has letters outside ASCII; write the name in its xn-- form")
		case r == '%':
			return errors.New("a zone belongs to an IPv6 address, as in fe80::1%eth0")
		case !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'):
			return fmt.Errorf("is neither an address nor a host name: %q cannot be in one", r)
		}
	}
	return nil
}
