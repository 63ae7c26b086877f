package target

import (
	"errors"
	"fmt"
	"net"
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
	addr   netip.Addr       // an address by itself, with its zone
	ranges []netipx.IPRange // a network or range; of one address, where it was written so
	name   string           // a host name to look up
	bits   int              // of name/bits; -1: none
}

// single returns the address that the item names by itself, if it names one.
func (it *item) single() (netip.Addr, bool) {
	if it.addr.IsValid() {
		return it.addr, true
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
	if len(word) <= len("255.255.255.255") && strings.Trim(word, "0123456789.") == "" { // most words of long lists
		if a, err := netip.ParseAddr(word); err == nil {
			it.addr = a
			return it, nil
		}
	}
	if err := odd(word); err != nil {
		return it, err
	}
	bare := undress(word)
	host, length, isPrefix := strings.Cut(bare, "/")
	switch {
	case isPrefix:
		return parsePrefix(it, host, length)
	case strings.Contains(bare, ":"):
		return parseIPv6(it, bare)
	case isNumeric(bare):
		return parseIPv4(it, bare)
	}
	if err := hexNumber(bare); err != nil {
		return it, err
	}
	it.name = bare
	return it, checkName(bare)
}

// isNumeric tells whether word can only be an IPv4 address or range: digits and
// dots are never a name.
func isNumeric(word string) bool { return strings.Trim(word, "0123456789.,-*") == "" }

// parseIPv4 reads an address, a range of two addresses or an octet range.
func parseIPv4(it item, word string) (item, error) {
	from, to, isRange := strings.Cut(word, "-")
	if isRange && strings.Count(from, ".") == 3 && strings.Contains(to, ".") &&
		!strings.ContainsAny(word, ",*") && strings.Count(word, "-") == 1 {
		a, err := parseIPv4Address(from)
		if err != nil {
			return it, atFault(word, from, err)
		}
		b, err := parseIPv4Address(to)
		if err != nil {
			return it, atFault(word, to, err)
		}
		return between(it, a, b)
	}
	var err error
	if it.ranges, err = parseOctets(word); err != nil {
		return it, atFault(word, word, err)
	}
	return it, nil
}

// parseIPv4Address reads four octets. It differs from netip.ParseAddr in its
// errors.
func parseIPv4Address(s string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Is4() {
		return a, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return netip.Addr{}, errOctets(len(parts))
	}
	var b [4]byte
	for i, part := range parts {
		if part == "" {
			return netip.Addr{}, errNoOctet
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
func parseIPv6(it item, word string) (item, error) {
	if a, err := netip.ParseAddr(word); err == nil {
		if a = a.Unmap(); a.Zone() != "" {
			it.addr = a
			return it, checkZone(a.Zone())
		}
		it.addr = a
		return it, nil
	}
	// A zone may contain dashes (br-lan), so only addresses tell where to cut.
	if from, to, ok := strings.Cut(word, "-"); ok {
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
	if e := cutPort(word); e != nil {
		return it, e
	}
	if _, err := net.ParseMAC(word); err == nil {
		return it, errors.New("is a hardware address; a target is an IP address or a name")
	}
	if strings.Contains(word, "*") || strings.Contains(word, ",") {
		return it, errors.New("octet ranges are for IPv4; IPv6 has prefixes, and ranges of two addresses")
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

// parsePrefix reads address/bits, address/mask or name/bits. Host bits may be set.
func parsePrefix(it item, host, length string) (item, error) {
	if host == "" {
		return it, errors.New("has no address before the slash")
	}
	n, err := prefixLength(it.word, host, length)
	if err != nil {
		return it, err
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
		return it, advise("an octet range has no prefix length", host)
	case isNumeric(host):
		if a, err = parseIPv4Address(host); err != nil {
			return it, atFault(it.word, host, err)
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

// prefixLength reads what stands behind the slash: a number, or a mask.
func prefixLength(word, host, length string) (int, error) {
	if strings.Count(length, ".") == 3 && isNumeric(host) {
		return maskLength(host, length)
	}
	if e := cutPort(word); e != nil {
		return 0, e
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || length[0] == '+' || length[0] == '-' || len(length) > 1 && length[0] == '0' {
		text := fmt.Sprintf("the prefix length %q is no number from 0 to 32 (IPv6: 128)", length)
		return 0, advise(text, host+"/"+strings.TrimLeft(length, "0"), host)
	}
	return n, nil
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
		return it, advise("the range runs backwards", fmt.Sprintf("%v-%v", b, a))
	}
	if n, ok := count(a, b); a.Is6() && (!ok || n > 1<<maxIPv6Bits) {
		return it, fmt.Errorf("the range holds more than 2^%d IPv6 addresses, too many to ask one by one", maxIPv6Bits)
	}
	it.ranges = []netipx.IPRange{netipx.IPRangeFrom(a, b)}
	return it, nil
}
