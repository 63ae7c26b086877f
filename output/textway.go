package output

import (
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// wayLines is what text shows of one or several ways: stretches that go the same
// way stand together.
type wayLines struct {
	targets []string // stretches; a target named by itself is alone
	named   bool
	trouble string // why there is no way; "": there is one
	known   uint32 // neighbours on the link
	body    string
}

// together puts stretches that go the same way together.
func together(ways []report.Way) (list []wayLines) {
next:
	for i := range ways {
		l := linesOf(&ways[i])
		for j := range list {
			o := &list[j]
			if !l.named && !o.named && o.trouble == l.trouble && o.body == l.body {
				o.targets = append(o.targets, l.targets...)
				o.known += l.known
				continue next
			}
		}
		list = append(list, l)
	}
	return list
}

func linesOf(w *report.Way) wayLines {
	l := wayLines{named: !w.Last.IsValid()}
	b := appendAddrName(nil, w.Addr, w.Name)
	switch {
	case w.Spare:
		b = append(b, ", only with --all-addresses"...)
	case !l.named && w.Last != w.Addr:
		b = appendAddr(append(b, '-'), w.Last)
	}
	l.targets = []string{string(b)}
	if w.Errno != 0 {
		l.trouble = trouble(w)
	} else {
		l.known, l.body = w.Known, strings.Join(wayBody(w), "")
	}
	return l
}

func (f *text) appendWays(b []byte, ways []report.Way) []byte {
	list := together(ways)
	for i := range list {
		l := &list[i]
		if i == 0 || l.trouble == "" || list[i-1].trouble == "" { // those of one line stand together
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

// noWay is a word for why there is no way.
func noWay(w *report.Way) string {
	switch probe.Trouble(w.Errno) {
	case probe.Trouble(syscall.ENETUNREACH):
		return "no-route"
	case probe.RouteUnreachable:
		return "unreachable"
	case probe.RouteProhibited:
		return "prohibited"
	case probe.RouteBlackhole:
		return "blackhole"
	case probe.NoZone:
		return "no-zone"
	case probe.Broadcast:
		return "broadcast"
	case probe.NoCarrier, probe.Trouble(syscall.ENETDOWN):
		return "no-carrier"
	case probe.Trouble(syscall.ENODEV):
		return "no-interface"
	case probe.Trouble(syscall.EADDRNOTAVAIL):
		return "no-source"
	}
	return "error"
}

// trouble says why there is no way.
func trouble(w *report.Way) string {
	switch noWay(w) {
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
		return "on which link? Write it with a zone: " + string(appendAddr(nil, w.Addr)) + "%eth0"
	case "broadcast":
		return "a broadcast address: everybody's on that link, and no host's"
	case "no-carrier":
		if w.Iface != "" {
			return Escape(w.Iface) + " is " + downWord(w.State)
		}
		return "the interface that its route leads to is down"
	case "no-interface":
		return "no such interface, or not the one of -e"
	case "no-source":
		return "no source address of ours for it"
	}
	return "no way: " + probe.Trouble(w.Errno).Error()
}

func downWord(state string) string {
	if state == "no-carrier" {
		return "without carrier"
	}
	return Escape(state)
}

// wayBody is the lines below the target.
func wayBody(w *report.Way) (lines []string) {
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
	add("next hop", nextHop(w))
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
func nextHop(w *report.Way) string {
	hop := "on the link"
	resolver := resolves(w.Addr)
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
		if w.MAC != (wire.MAC{}) {
			return string(appendMAC(append([]byte(hop), " at "...), w.MAC))
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

// resolves is how the MAC of a neighbour is found.
func resolves(addr netip.Addr) string {
	if addr.Is4() {
		return "ARP"
	}
	return "ND"
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
