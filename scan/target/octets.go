package target

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go4.org/netipx"
)

// maxPieces bounds how many separate ranges one octet range may stand for:
// 10.*.*.1 is 65,536 of them, each with a gap to the next.
const maxPieces = 1 << 16

// interval is the octet values from lo to hi, both included.
type interval struct{ lo, hi int }

// parseOctets reads an octet range: four parts, each a list of numbers and
// ranges or a star, as in 10.0.0-3.1,5-9.
func parseOctets(word string) ([]netipx.IPRange, error) {
	parts := strings.Split(word, ".")
	if len(parts) != 4 {
		return nil, errOctets(len(parts))
	}
	var lists [4][]interval
	for i, part := range parts {
		list, err := parseOctet(part)
		if err != nil {
			return nil, err
		}
		lists[i] = list
	}
	// Octets behind which everything is asked for need no ranges of their own:
	// 10.0-3.*.* is one range.
	last := 3
	for last > 0 && slices.Equal(lists[last], []interval{{0, 255}}) {
		last--
	}
	pieces := len(lists[last])
	for _, list := range lists[:last] {
		n := 0
		for _, v := range list {
			n += v.hi - v.lo + 1
		}
		pieces *= n
	}
	if pieces > maxPieces {
		return nil, fmt.Errorf("stands for %d separate ranges, more than %d; split it into several targets", pieces, maxPieces)
	}
	out := make([]netipx.IPRange, 0, pieces)
	var walk func(i int, prefix [4]byte)
	walk = func(i int, prefix [4]byte) {
		for _, v := range lists[i] {
			if i == last {
				from, to := prefix, prefix
				from[i], to[i] = byte(v.lo), byte(v.hi)
				for j := i + 1; j < 4; j++ {
					to[j] = 255
				}
				out = append(out, netipx.IPRangeFrom(netip.AddrFrom4(from), netip.AddrFrom4(to)))
				continue
			}
			for n := v.lo; n <= v.hi; n++ {
				prefix[i] = byte(n)
				walk(i+1, prefix)
			}
		}
	}
	walk(0, [4]byte{})
	return out, nil
}

// parseOctet reads one part of an octet range into sorted, disjoint intervals.
func parseOctet(part string) ([]interval, error) {
	if part == "" {
		return nil, errNoOctet
	}
	var seen [4]uint64
	for item := range strings.SplitSeq(part, ",") {
		if item == "*" {
			item = "0-255"
		}
		lo, hi, isRange := strings.Cut(item, "-")
		if !isRange {
			hi = lo
		}
		if isRange && (lo == "" || hi == "") {
			return nil, fmt.Errorf("the range %q lacks an end; a range is like 1-254, and * is all", item)
		}
		from, err := parseOctetNumber(lo)
		if err != nil {
			return nil, err
		}
		to, err := parseOctetNumber(hi)
		if err != nil {
			return nil, err
		}
		if from > to {
			return nil, &errInstead{fmt.Sprintf("the range %q runs backwards", item), item, fmt.Sprintf("%d-%d", to, from)}
		}
		for n := from; n <= to; n++ {
			seen[n/64] |= 1 << (n % 64)
		}
	}
	var out []interval
	for i, w := range seen {
		for w != 0 {
			n := i*64 + bits.TrailingZeros64(w)
			w &= w - 1
			if len(out) > 0 && out[len(out)-1].hi == n-1 {
				out[len(out)-1].hi = n
			} else {
				out = append(out, interval{n, n})
			}
		}
	}
	return out, nil
}

func parseOctetNumber(s string) (int, error) {
	if s == "" {
		return 0, errors.New("a number is missing beside a comma")
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil && strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no octet; it is a number from 0 to 255, a range like 1-9, or *", s)
	}
	if err != nil || n > 255 {
		return 0, fmt.Errorf("the octet %s is above 255", s)
	}
	if len(s) > 1 && s[0] == '0' {
		return 0, errPadded(s)
	}
	return int(n), nil
}

// What can be wrong with octets, where what to write instead depends on the word
// around them: see atFault.
type (
	errOctets  int    // so many, not four
	errPadded  string // an octet that begins with a zero
	errInstead struct {
		text, part, instead string // instead of a part of the word
	}
)

var errNoOctet = errors.New("an octet is missing between two dots")

func (e errOctets) Error() string {
	return fmt.Sprintf("an IPv4 address has four octets, this has %d", int(e))
}
func (e errPadded) Error() string {
	return fmt.Sprintf("the octet %s has a leading zero, which some read as octal", string(e))
}
func (e *errInstead) Error() string { return e.text }

// atFault adds to an error in addr, which is an IPv4 address or octet range in word,
// what to write instead of the word.
func atFault(word, addr string, err error) error {
	var padded errPadded
	var part *errInstead
	var count errOctets
	switch {
	case errors.As(err, &padded):
		return advise(err.Error(), unpadded(word))
	case errors.As(err, &part):
		return advise(err.Error(), strings.Replace(word, part.part, part.instead, 1))
	case errors.As(err, &count) && count == 1 && word == addr && strings.Trim(word, "0123456789") == "":
		return numberError(word)
	case errors.As(err, &count) && count > 1 && count < 4 && !slices.Contains(strings.Split(addr, "."), ""):
		zeros := addr + strings.Repeat(".0", 4-int(count))
		if _, length, ok := strings.Cut(word, "/"); ok {
			return advise(err.Error(), zeros+"/"+length)
		}
		if word == addr {
			return &errAdvice{err.Error(), "for the network ", []string{zeros + "/" + strconv.Itoa(8*int(count)), addr + strings.Repeat(".*", 4-int(count))}}
		}
	}
	return err
}
