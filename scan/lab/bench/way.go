package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"sonde/scan/lab"
)

// This file has the routes that traces are measured on.

// way is a route of routers in a row to a host that has port 80 open. Its first link takes
// its time, so that every hop answers after the same round trip.
type way struct {
	rtt  time.Duration
	hops []netip.Addr // who answers, from the nearest to the host itself
	nets []string     // of each link, its two addresses, ours first, with prefix lengths
	back string       // the network of the first link
}

// tenHops is a way of ten, 50 ms long.
func tenHops(v6 bool) *way {
	const hops = 10
	format, bits := "10.200.%d.%d", 24
	if v6 {
		format, bits = "fd00:200:0:%d::%d", 64
	}
	w := &way{rtt: farDelay}
	for i := range hops {
		near, far := netip.MustParseAddr(fmt.Sprintf(format, i, 1)), netip.MustParseAddr(fmt.Sprintf(format, i, 2))
		w.hops = append(w.hops, far)
		w.nets = append(w.nets, fmt.Sprintf("%v/%d", near, bits), fmt.Sprintf("%v/%d", far, bits))
	}
	w.back = netip.PrefixFrom(w.hops[0], bits).Masked().String()
	return w
}

// build makes the network of a way.
func (w *way) build(n *lab.Network) site {
	scanner := n.Host("scanner")
	before, mac := scanner, ""
	for i, hop := range w.hops {
		next := n.Router(fmt.Sprint("hop ", i+1))
		next.NoICMPLimit()
		ends := w.nets[2*i : 2*i+2]
		if i == 0 {
			iface, far := n.SlowLink(before, next, w.rtt/2, ends...)
			mac = next.MAC(far).String()
			scanner.Neighbour(iface, hop.String(), next.MAC(far))
		} else {
			n.Link(before, next, ends...)
			next.Route(w.back, address(ends[0]))
		}
		before.Default(hop.String())
		before = next
	}
	before.TCP(80)
	return site{scanner: scanner, mac: mac}
}

func address(prefix string) string { return netip.MustParsePrefix(prefix).Addr().String() }

// truth is who is to be found at which hop.
func (w *way) truth() map[string]bool {
	want := make(map[string]bool)
	for i, a := range w.hops {
		want[hopFound(fmt.Sprint(i+1), a)] = true
	}
	return want
}

// hopFound is how somebody found at a hop is written.
func hopFound(hop string, a netip.Addr) string { return found(a.String(), "at hop "+hop) }

// readHops reads what prints a line for each hop, its number first, and somewhere in it who
// answered: traceroute, mtr, nmap, scamper.
//
//	 3  10.200.2.2  50.721 ms  50.655 ms  50.623 ms
//	  3.|-- 10.200.2.2                 0.0%     3   50.4  50.4  50.4  50.5   0.0
//	3   50.53 ms 10.200.2.2
func readHops(output string, got map[string]bool) {
	for line := range strings.Lines(output) {
		words := strings.Fields(line)
		if len(words) < 2 || strings.Trim(words[0], "0123456789") != "" && !strings.HasSuffix(words[0], ".|--") {
			continue
		}
		for _, word := range words[1:] {
			if a, err := netip.ParseAddr(word); err == nil {
				got[hopFound(strings.TrimSuffix(words[0], ".|--"), a)] = true
				break
			}
		}
	}
}

// readSondeHops reads JSON of a trace.
func readSondeHops(output string, got map[string]bool) error {
	for line := range strings.Lines(output) {
		var r struct {
			Type string
			TTL  int
			From netip.Addr
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		if r.Type == "hop" && r.From.IsValid() {
			got[hopFound(fmt.Sprint(r.TTL), r.From)] = true
		}
	}
	return nil
}
