package diff

import (
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sonde/probe/field"
)

// line is what a command line says of how and whom a run asks.
type line struct {
	targets []string // words that are no flags, in order
	left    []string // what is left out of them
	lists   bool     // there are lists of targets, of which nothing is known
	pings   []string // flags by which hosts are looked for
	shape   []string // flags by which packets are made, or leave, each with its value
	tries   uint8    // of silence, at least
	open    bool     // what is not open is not listed
	program bool     // it begins with the program, as in XML
}

// switches are the long flags of sonde and of nmap that take no value.
var switches = strings.Fields(`confirm numeric resolve ipv4 ipv6 all-addresses dry-run quiet verbose open packet-trace rst-guard
	until-sure locate help traceroute reason badsum df no-df allports system-dns version-all version-light osscan-limit osscan-guess
	disable-arp-ping send-ip send-eth unprivileged privileged no-stylesheet webxml append-output`)

// shorts are the flags of one letter that take a value, by their long names.
var shorts = map[byte]string{'P': "ping", 'S': "source", 'e': "interface", 'g': "source-port", 's': "scan", 'T': "timing",
	'p': "ports", 'i': "input", 'o': "output", 'c': "count", 'D': "decoys"}

// readLine reads a command line of sonde's, or of nmap's, which begins with that word. By
// what README says the one asks three times at least, the other twice.
func readLine(args []string) line {
	l := line{tries: 3}
	nmap := len(args) > 0 && strings.HasSuffix(args[0], "nmap")
	switch {
	case nmap:
		l.program, l.tries = true, 2
	case len(args) > 0 && args[0] == "sonde":
		l.program, args = true, args[1:]
	}
	if len(args) > 0 {
		args = args[1:] // the command
	}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' {
			l.targets = append(l.targets, arg)
			continue
		}
		name, value, valued := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		alone := slices.Contains(switches, name)
		if arg[1] != '-' && !alone && !shaping(name) { // one dash before a long name is two
			if name = shorts[arg[1]]; name == "" {
				continue // it takes none
			}
			value, valued = arg[2:], len(arg) > 2
			if nmap && (name == "output" || name == "input") {
				valued = false // -oX FILE
			} else if nmap && (name == "scan" || name == "ping") {
				valued = true // -sn
			}
		}
		if !valued && !alone {
			if i++; i < len(args) {
				value = args[i]
			}
		}
		l.flag(name, value)
	}
	for _, list := range []*[]string{&l.targets, &l.left, &l.pings, &l.shape} {
		slices.Sort(*list)
	}
	return l
}

// flag takes a flag that is known by its long name.
func (l *line) flag(name, value string) {
	switch name {
	case "open":
		l.open = true
	case "input", "iL":
		l.lists = true
	case "ping":
		l.pings = append(l.pings, "-P"+value)
	case "exclude", "exclude-file", "excludefile":
		l.left = append(l.left, value)
	case "max-retries":
		if n, err := strconv.ParseUint(value, 10, 7); err == nil {
			l.tries = uint8(n) + 1
		}
	case "timing":
		if value == "5" || value == "insane" {
			l.tries = min(l.tries, 2)
		}
	}
	if shaping(name) {
		l.shape = append(l.shape, strings.TrimSuffix("--"+name+" "+value, " "))
	}
}

// shaping tells whether a flag says how packets look, or by which way they leave.
func shaping(name string) bool {
	return slices.Contains([]string{"source", "interface", "via", "decoys", "spoof-mac", "mtu"}, name) ||
		slices.ContainsFunc(field.All(), func(f *field.Field) bool { return f.Name == name })
}

// sameTargets tells whether two command lines mean the same targets.
func (l *line) sameTargets(m *line) bool {
	return slices.Equal(l.targets, m.targets) && slices.Equal(l.left, m.left) && !l.lists && !m.lists
}

// covers tells whether a word of the targets surely means an address.
func (l *line) covers(addr netip.Addr) bool {
	addr = addr.WithZone("")
	return len(l.left) == 0 && slices.ContainsFunc(l.targets, func(word string) bool {
		if p, err := netip.ParsePrefix(word); err == nil {
			return p.Contains(addr)
		}
		first, last, ranged := strings.Cut(word, "-")
		from, err := netip.ParseAddr(first)
		if err != nil || !ranged {
			return err == nil && from.WithZone("") == addr
		}
		to, err := netip.ParseAddr(last)
		return err == nil && from.BitLen() == addr.BitLen() && to.BitLen() == addr.BitLen() && from.Compare(addr) <= 0 && addr.Compare(to) <= 0
	})
}

// portsOf are the ports of a list as report.PortRanges writes it.
func portsOf(text string) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		for part := range strings.SplitSeq(text, ",") {
			first, last, ranged := strings.Cut(part, "-")
			if !ranged {
				last = first
			}
			from, err := strconv.ParseUint(first, 10, 16)
			to, err2 := strconv.ParseUint(last, 10, 16)
			for p := from; err == nil && err2 == nil && p <= to; p++ {
				if !yield(uint16(p)) {
					return
				}
			}
		}
	}
}
