package fingerprint

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed ranking.txt
var rankingText string

// ranking has all ports of each protocol, likeliest first. See services on why
// it panics.
var ranking = sync.OnceValue(func() map[string][]uint16 {
	r, err := parseRanking(rankingText)
	if err != nil {
		panic(err)
	}
	for proto, ports := range r {
		r[proto] = appendRest(ports)
	}
	return r
})

// TopPorts returns the n ports most likely to be open for proto, "tcp" or
// "udp", likeliest first: fewer than n only if there are no more. What the order
// rests on is told in ranking.txt; ports that are not in it follow by number.
// The caller owns the result.
func TopPorts(proto string, n int) []uint16 {
	ports := ranking()[proto]
	return slices.Clone(ports[:min(max(n, 0), len(ports))])
}

// tiers are the names that ranking.txt explains.
var tiers = []string{"counted", "surveyed", "reported", "server", "web", "dynamic", "rfc", "round", "system"}

// parseRanking reads ranking.txt and refuses ports that stand twice and tiers
// out of order.
func parseRanking(text string) (map[string][]uint16, error) {
	out := map[string][]uint16{"tcp": nil, "udp": nil}
	seen := map[string]bool{}
	tier := map[string]int{}
	for i, line := range lines(text) {
		key, name := line, ""
		if cut := strings.LastIndexByte(line, ' '); cut >= 0 {
			key, name = line[:cut], line[cut+1:]
		}
		proto, number, _ := strings.Cut(key, " ")
		port, err := strconv.ParseUint(number, 10, 16)
		t := slices.Index(tiers, name)
		switch _, known := out[proto]; {
		case err != nil || port == 0 || !known || t < 0:
			return nil, fmt.Errorf("ranking.txt:%d: %q is not protocol, port and tier", i, line)
		case seen[key]:
			return nil, fmt.Errorf("ranking.txt:%d: %s stands twice", i, key)
		case t < tier[proto]:
			return nil, fmt.Errorf("ranking.txt:%d: tier %s is behind %s", i, name, tiers[tier[proto]])
		}
		seen[key], tier[proto] = true, t
		out[proto] = append(out[proto], uint16(port))
	}
	return out, nil
}

// appendRest appends the ports that are not in ports, by number.
func appendRest(ports []uint16) []uint16 {
	var seen [65536]bool
	for _, p := range ports {
		seen[p] = true
	}
	for p := 1; p < len(seen); p++ {
		if !seen[p] {
			ports = append(ports, uint16(p))
		}
	}
	return ports
}
