package target

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Proto is a set of transport protocols.
type Proto uint8

const (
	TCP Proto = 1 << iota
	UDP
)

// Ports are the ports to ask, sorted and unique.
type Ports struct{ TCP, UDP []uint16 }

// LookupPorts returns the ports of the services whose name matches pattern (a
// name, or one with * and ?), for proto "tcp" or "udp".
type LookupPorts func(pattern, proto string) []uint16

// TopPorts returns the n ports most often found open, for proto "tcp" or "udp".
type TopPorts func(proto string, n int) []uint16

// ParsePorts reads a port list: numbers, ranges, - for all, service names,
// separated by commas. T: and U: say for which protocol what follows is, up to
// the next of them; what stands before the first is for each protocol of def.
func ParsePorts(text string, def Proto, names LookupPorts) (Ports, error) {
	var tcp, udp portSet
	cur := def
	for element := range strings.SplitSeq(plainDashes(text), ",") {
		element = strings.TrimSpace(element)
		item := element
		if letter, rest, ok := strings.Cut(item, ":"); ok {
			switch letter {
			case "T", "t":
				cur = TCP
			case "U", "u":
				cur = UDP
			default:
				return Ports{}, portError(element, "the letter before the colon is T for TCP or U for UDP")
			}
			item = strings.TrimSpace(rest)
		}
		var sets []*portSet
		var protos []string
		if cur&TCP != 0 {
			sets, protos = append(sets, &tcp), append(protos, "tcp")
		}
		if cur&UDP != 0 {
			sets, protos = append(sets, &udp), append(protos, "udp")
		}
		if strings.Trim(item, "0123456789-") == "" {
			lo, hi, err := parsePortRange(item)
			if err != nil {
				return Ports{}, portError(element, err.Error())
			}
			for _, s := range sets {
				s.add(lo, hi)
			}
			continue
		}
		if err := checkService(item); err != nil {
			return Ports{}, portError(element, err.Error())
		}
		found := false
		for i, s := range sets {
			for _, p := range names(strings.ToLower(item), protos[i]) {
				s.add(int(p), int(p))
				found = true
			}
		}
		if !found {
			return Ports{}, portError(element, "no "+strings.Join(protos, " or ")+" service of that name is registered; give its number")
		}
	}
	return Ports{tcp.list(), udp.list()}, nil
}

// Top returns the n ports of each protocol of def that are most often open.
func Top(n int, def Proto, top TopPorts) (Ports, error) {
	if n < 1 || n > 65535 {
		return Ports{}, fmt.Errorf("there are 1 to 65535 top ports, not %d", n)
	}
	var p Ports
	for _, e := range []struct {
		proto Proto
		name  string
		into  *[]uint16
	}{{TCP, "tcp", &p.TCP}, {UDP, "udp", &p.UDP}} {
		if def&e.proto != 0 {
			var s portSet
			for _, port := range top(e.name, n) {
				s.add(int(port), int(port))
			}
			*e.into = s.list()
		}
	}
	return p, nil
}

// Without returns p without the ports in ex.
func (p Ports) Without(ex Ports) Ports {
	return Ports{minus(p.TCP, ex.TCP), minus(p.UDP, ex.UDP)}
}

func minus(ports, ex []uint16) []uint16 {
	var s portSet
	for _, p := range ports {
		s.add(int(p), int(p))
	}
	for _, p := range ex {
		s[p/64] &^= 1 << (p % 64)
	}
	return s.list()
}

// parsePortRange reads a number, a range of two, or - for all. Digits and
// dashes are all that s has.
func parsePortRange(s string) (lo, hi int, err error) {
	if s == "-" {
		return 1, 65535, nil
	}
	if s == "" {
		return 0, 0, errors.New("a port is missing; ports are like 22,80,8000-8100, and - is all")
	}
	a, b, isRange := strings.Cut(s, "-")
	switch {
	case !isRange:
		b = a
	case strings.Contains(b, "-") || a == "" && b == "":
		return 0, 0, errors.New("a range has two ends, as in 1-1024")
	}
	lo, hi = 1, 65535
	if a != "" {
		if lo, err = parsePort(a); err != nil {
			return 0, 0, err
		}
	}
	if b != "" {
		if hi, err = parsePort(b); err != nil {
			return 0, 0, err
		}
	}
	switch {
	case a == "" || b == "": // an end that is meant is not guessed
		return 0, 0, fmt.Errorf("a range has two ends; write %d-%d", lo, hi)
	case lo > hi:
		return 0, 0, fmt.Errorf("the range runs backwards; write %d-%d", hi, lo)
	}
	return lo, hi, nil
}

func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("ports are 1 to 65535, not %s", s)
	}
	return int(n), nil
}

// checkService refuses what cannot be a service name or a pattern of one
// (RFC 6335 5.1, with the characters of older entries of the registry).
func checkService(s string) error {
	if s == "" {
		return errors.New("a port is missing after the colon")
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case strings.ContainsRune("-_.+/*?", r):
		default:
			return fmt.Errorf("is neither a port nor a service name: %q cannot be in one", r)
		}
	}
	return nil
}

func portError(element, text string) error { return fmt.Errorf("port %q: %s", element, text) }

// portSet has one bit for each port.
type portSet [1024]uint64

func (s *portSet) add(lo, hi int) {
	for p := lo; p <= hi; p++ {
		s[p/64] |= 1 << (p % 64)
	}
}

func (s *portSet) list() []uint16 {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	if n == 0 {
		return nil
	}
	out := make([]uint16, 0, n)
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			out = append(out, uint16(i*64+bits.TrailingZeros64(w)))
		}
	}
	return out
}
