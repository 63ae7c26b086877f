package output

import (
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"sonde/probe"
	"sonde/probe/wire"
)

// wayLines is what text shows of one or several OfWay records: stretches that go
// the same way stand together.
type wayLines struct {
	targets []string // stretches; a target named by itself is alone
	named   bool
	trouble string // why there is no way; "": there is one
	known   uint32 // neighbours on the link
	body    string
}

func (h *machine) addWay(r *Record) {
	w := r.Way
	l := wayLines{named: !w.Last.IsValid()}
	b := appendAddrName(nil, r.Addr, r.name())
	switch {
	case w.Spare:
		b = append(b, ", only with --all-addresses"...)
	case !l.named && w.Last != r.Addr:
		b = appendAddr(append(b, '-'), w.Last)
	}
	l.targets = []string{string(b)}
	if w.Errno != 0 {
		l.trouble = trouble(r.Addr, w)
	} else {
		l.known, l.body = w.Known, strings.Join(wayBody(r), "")
	}
	for i := range h.ways {
		o := &h.ways[i]
		if !l.named && !o.named && o.trouble == l.trouble && o.body == l.body {
			o.targets = append(o.targets, l.targets...)
			o.known += l.known
			return
		}
	}
	h.ways = append(h.ways, l)
}

func (f *Text) appendWays(b []byte) []byte {
	for i := range f.here.ways {
		l := &f.here.ways[i]
		if i == 0 || l.trouble == "" || f.here.ways[i-1].trouble == "" { // those of one line stand together
			b = f.gap(b)
		}
		b = appendList(b, l.targets)
		if l.trouble != "" {
			b = f.paint(append(b, "  "...), probe.Down, l.trouble)
		}
		b = append(append(b, '\n'), l.body...)
		if l.known > 0 {
			b = append(appendCount(append(b, "  known      "...), uint64(l.known), "MAC"), " on the link\n"...)
		}
	}
	return b
}

// trouble says why there is no way.
func trouble(addr netip.Addr, w *Way) string {
	switch noWay(addr, w) {
	case "no-route":
		if w.Iface != "" && w.State != "up" {
			return "no route: " + Escape(w.Iface) + " is " + downWord(w.State)
		}
		if w.Iface != "" {
			return "no route by " + Escape(w.Iface)
		}
		return "no route"
	case "unreachable":
		return "unreachable: a route says so"
	case "prohibited":
		return "prohibited: a route says so"
	case "blackhole":
		return "blackhole: a route drops what goes there"
	case "no-zone":
		return "on which link? Write it with a zone: " + addr.String() + "%eth0"
	case "no-interface":
		return "no such interface, or not the one of -e"
	case "no-source":
		return "no source address of ours for it"
	}
	return "no way: " + syscall.Errno(w.Errno).Error()
}

func downWord(state string) string {
	if state == "no-carrier" {
		return "without carrier"
	}
	return Escape(state)
}

// wayBody is the lines below the target.
func wayBody(r *Record) (lines []string) {
	w := r.Way
	add := func(key, text string) { lines = append(lines, string(padTo([]byte("  "), key, 9))+"  "+text+"\n") }
	face := Escape(w.Iface) + ", " + kindWord(w.Kind) + ", MTU " + strconv.FormatUint(uint64(w.MTU), 10)
	if w.State != "up" {
		face += ", but it is " + downWord(w.State)
	}
	add("interface", face)
	source := string(appendAddr(nil, w.Source))
	if w.Foreign {
		source += ", not ours: replies go there"
	}
	add("source", source)
	add("next hop", nextHop(r))
	tcp, udp := methodWord(w.TCP, "connect"), methodWord(w.UDP, "UDP sockets")
	if tcp == udp {
		add("tcp, udp", "by "+tcp)
	} else {
		add("tcp", "by "+tcp)
		add("udp", "by "+udp)
	}
	var pings []string
	for _, p := range w.Pings {
		pings = append(pings, Escape(p))
	}
	add("sweep", strings.Join(pings, ", ")+" by "+methodWord(w.Sweep, "sockets"))
	return lines
}

// nextHop says to whom the packets are handed first, and whether it is known
// where that is.
func nextHop(r *Record) string {
	w := r.Way
	hop := "on the link"
	resolver := resolves(r.Addr)
	switch {
	case w.Local:
		return "none: it is this machine"
	case w.Next.IsValid():
		next := w.Next
		if next.IsLinkLocalUnicast() && next.Is6() {
			next = next.WithZone(w.Iface)
		}
		hop, resolver = string(appendAddr(nil, next)), resolves(next)
	}
	switch w.Neighbour {
	case "known":
		if r.MAC != (wire.MAC{}) {
			return string(appendMAC(append([]byte(hop), " at "...), r.MAC))
		}
	case "unknown":
		return hop + ", its MAC not known yet: " + resolver + " would ask"
	case "failed":
		return hop + ", but " + resolver + " has no answer"
	case "each":
		return hop + ": " + resolver + " asks for the MAC of each"
	}
	return hop
}

func methodWord(method, socket string) string {
	switch method {
	case "raw-ip":
		return "raw IP sockets"
	case "frames":
		return "link-layer frames"
	}
	return "the kernel's " + socket
}
