// Package fingerprint turns facts into names: ports into services, MAC
// addresses into vendors, answers into products. It is pure: no sockets, no
// clock. Its databases are embedded text, read once and checked on first use,
// so that a start that needs none pays for none. Begin with ServiceName, Vendor,
// or BuiltinPatterns and their Match.
package fingerprint

//go:generate sh -c "go run gen_services.go service-names-port-numbers.csv >services.txt"
//go:generate sh -c "go run gen_ranking.go service-names-port-numbers.csv >ranking.txt"
//go:generate go run gen_vendors.go 2024-07-22 oui.csv mam.csv oui36.csv iab.csv

import (
	_ "embed"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

//go:embed services.txt
var servicesText string

// services is the registry, read on first use. The file is part of the program
// and a test reads it, so an error in it is a bug, not an event.
var services = sync.OnceValue(func() *registry {
	r, err := parseServices(servicesText)
	if err != nil {
		panic(err)
	}
	return r
})

// registry is services.txt.
type registry struct {
	names []string // names[0] is ""
	tcp   [65536]uint16
	udp   [65536]uint16 // index into names by port
	// lines has, for each name, the text of its ports: "80/tcp 80/udp".
	lines []string
}

// ServiceName returns the name under which IANA registers port for proto, "tcp"
// or "udp"; "" if it registers none.
func ServiceName(proto string, port uint16) string {
	r := services()
	switch proto {
	case "tcp":
		return r.names[r.tcp[port]]
	case "udp":
		return r.names[r.udp[port]]
	}
	return ""
}

// ServiceNames returns the names of a few ports, as ServiceName would, without
// those that have none. It reads the registry only as far as it needs to, which is
// a good part of the time that a run for one port takes.
func ServiceNames(proto string, ports []uint16) map[uint16]string {
	names := make(map[uint16]string, len(ports))
	if len(ports) == 0 {
		return names
	}
	highest := int(slices.Max(ports))
	for _, line := range lines(servicesText) {
		name, list, _ := strings.Cut(line, " ")
		lowest := highest + 1
		for p := range strings.SplitSeq(list, " ") {
			lo, hi, of, err := parsePorts(p)
			if err != nil {
				continue // a test reads the whole file
			}
			lowest = min(lowest, lo)
			for _, port := range ports {
				if of == proto && lo <= int(port) && int(port) <= hi && names[port] == "" {
					names[port] = name
				}
			}
		}
		if lowest > highest { // lines are in the order of their lowest ports
			break
		}
	}
	return names
}

// NamesLike returns the names of services that match pattern, as PortsOf has it, and have a
// port of proto, sorted.
func NamesLike(pattern, proto string) (names []string) {
	r := services()
	for i, name := range r.names {
		if i > 0 && strings.Contains(r.lines[i], "/"+proto) && matchGlob(strings.ToLower(pattern), strings.ToLower(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// PortsOf returns the ports of all services whose name matches pattern: a name,
// or one with * (anything) and ? (one character). They are sorted and unique.
func PortsOf(pattern, proto string) []uint16 {
	r := services()
	var set [1024]uint64
	for i, name := range r.names {
		if i == 0 || !matchGlob(strings.ToLower(pattern), strings.ToLower(name)) {
			continue
		}
		for p := range strings.FieldsSeq(r.lines[i]) {
			if lo, hi, of, err := parsePorts(p); err == nil && of == proto {
				for n := lo; n <= hi; n++ {
					set[n/64] |= 1 << (n % 64)
				}
			}
		}
	}
	var out []uint16
	for i, w := range set {
		for ; w != 0; w &= w - 1 {
			out = append(out, uint16(i*64+bits.TrailingZeros64(w)))
		}
	}
	return out
}

// parseServices reads services.txt and refuses lines out of order and ports out
// of range. It is on the way of nearly every run, so it keeps no map.
func parseServices(text string) (*registry, error) {
	n := strings.Count(text, "\n") + 2
	r := &registry{names: make([]string, 1, n), lines: make([]string, 1, n)}
	before := 0
	for i, line := range lines(text) {
		name, ports, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("services.txt:%d: %q has no port", i, name)
		}
		number := uint16(len(r.names))
		r.names, r.lines = append(r.names, name), append(r.lines, ports)
		lowest := 65536
		for p := range strings.SplitSeq(ports, " ") {
			lo, hi, proto, err := parsePorts(p)
			if err != nil {
				return nil, fmt.Errorf("services.txt:%d: %w", i, err)
			}
			lowest = min(lowest, lo)
			table := &r.tcp
			if proto == "udp" {
				table = &r.udp
			}
			for n := lo; n <= hi; n++ {
				if table[n] == 0 {
					table[n] = number
				}
			}
		}
		if lowest < before {
			return nil, fmt.Errorf("services.txt:%d: port %d is behind %d", i, lowest, before)
		}
		before = lowest
	}
	return r, nil
}

// parsePorts reads "80/tcp" or "6000-6063/tcp". There are 12,000 of them, so it
// goes over the bytes once.
func parsePorts(s string) (lo, hi int, proto string, err error) {
	lo, rest := leadingNumber(s)
	hi = lo
	if strings.HasPrefix(rest, "-") {
		hi, rest = leadingNumber(rest[1:])
	}
	if lo < 1 || lo > hi || hi > 65535 || rest != "/tcp" && rest != "/udp" {
		return 0, 0, "", fmt.Errorf("%q is no port", s)
	}
	return lo, hi, rest[1:], nil
}

// leadingNumber cuts the digits off the front of s; the number is 0 if there are
// none, and what is left after six digits is no protocol.
func leadingNumber(s string) (n int, rest string) {
	i := 0
	for i < len(s) && i < 6 && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:]
}

// matchGlob matches name against pattern in which * is anything and ? one byte.
// It looks back to the last star only, so its time is at most the product of the
// lengths.
func matchGlob(pattern, name string) bool {
	star, mark := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// lines yields the lines of a database with their numbers, without comments and
// empty lines.
func lines(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		i := 0
		for line := range strings.Lines(text) {
			i++
			line = strings.TrimRight(line, "\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(i, line) {
				return
			}
		}
	}
}
