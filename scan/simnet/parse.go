package simnet

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"

	"sonde/scan"
)

// Load reads the network in a file.
func Load(file string) (*Network, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, string(text))
}

// Parse reads a network. Errors begin with name and the line's number.
func Parse(name, text string) (*Network, error) {
	p := parser{
		n: &Network{
			Seed:        1,
			kernelRST:   true,
			local:       make(map[netip.Addr]int),
			single:      make(map[netip.Addr]*group),
			routerAddrs: make(map[netip.Addr]bool),
			routerHost:  newGroup(),
		},
	}
	p.n.routerHost.line = p.newLine()
	for i, s := range strings.Split(text, "\n") {
		s, _, _ = strings.Cut(s, "#")
		inner := s != "" && strings.ContainsRune(" \t", rune(s[0]))
		for _, s := range strings.Split(s, ";") {
			if w := strings.Fields(s); len(w) > 0 {
				if err := p.statement(inner, w); err != nil {
					return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
				}
			}
			inner = true
		}
	}
	p.finish()
	return p.n, nil
}

// parser holds what later statements add to.
type parser struct {
	n *Network

	// What the last statement that was not indented began; the others are nil.
	// Indices, since the slices grow.
	head string
	last int // index into ifaces, routers or groups
	all  []*group

	sources []netip.Addr // to ask with, instead of our own
}

// statement reads one statement. An inner one belongs to the last head.
func (p *parser) statement(inner bool, w []string) error {
	args := &words{w: w, i: 1}
	var err error
	if inner {
		err = p.inner(w[0], args)
	} else {
		p.head = w[0]
		err = p.outer(w[0], args)
	}
	if err == nil || args.err != nil { // what went wrong first
		err = args.end()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w[0], err)
	}
	return nil
}

func (p *parser) outer(head string, w *words) error {
	switch head {
	case "seed":
		p.n.Seed = w.number(64)
	case "kernel-rst":
		p.n.kernelRST = w.flag("on", "off")
	case "sendbuf":
		p.n.sendbuf = w.int()
		p.n.drain = w.rate()
	case "rcvbuf":
		p.n.rcvbuf = w.int()
	case "coalesce":
		p.n.coalesce = w.duration()
	case "source":
		p.sources = append(p.sources, w.addr())
	case "send-error":
		return p.fault(w)
	case "iface":
		return p.iface(w)
	case "route":
		return p.route(w)
	case "router":
		return p.router(w)
	case "path":
		return p.path(w)
	case "hosts":
		return p.hosts(w)
	default:
		return fmt.Errorf("no such statement")
	}
	return nil
}

func (p *parser) inner(head string, w *words) error {
	switch {
	case p.head == "iface" && head == "line":
		return p.line(p.n.ifaces[p.last].line, w)
	case p.head == "router" && head == "line":
		return p.line(p.n.routers[p.last].line, w)
	case p.head == "router" && head == "rule":
		return p.rule(w)
	case p.head == "router" && head == "split":
		return p.split(w)
	case p.head == "hosts" && head == "line":
		return p.line(p.all[p.last].line, w)
	case p.head == "hosts":
		w.i = 0 // with the word itself
		return p.hostOption(p.all[p.last], w)
	case p.head == "":
		return fmt.Errorf("indented, but nothing is above")
	}
	return fmt.Errorf("no such statement under %s", p.head)
}

// errnos are the errors that send-error knows.
var errnos = [...]struct {
	name  string
	errno syscall.Errno
}{
	{"ENOBUFS", syscall.ENOBUFS},
	{"EPERM", syscall.EPERM},
	{"EACCES", syscall.EACCES},
	{"EINVAL", syscall.EINVAL},
	{"ENETDOWN", syscall.ENETDOWN},
	{"ENETUNREACH", syscall.ENETUNREACH},
	{"EHOSTUNREACH", syscall.EHOSTUNREACH},
	{"EMSGSIZE", syscall.EMSGSIZE},
}

func (p *parser) fault(w *words) error {
	name := w.next()
	for _, e := range errnos {
		if e.name == name {
			f := fault{errno: e.errno, share: w.percent(), when: span{0, 1<<63 - 1}}
			if w.more() {
				f.when = w.span()
			}
			p.n.faults = append(p.n.faults, f)
			return nil
		}
	}
	return fmt.Errorf("no such error: %q", name)
}

// newLine adds a line without faults and returns its index.
func (p *parser) newLine() int {
	p.n.lines = append(p.n.lines, [2]line{})
	return len(p.n.lines) - 1
}

func (p *parser) line(index int, w *words) error {
	l := &p.n.lines[index]
	dirs := l[:]
	switch {
	case w.is("there"):
		dirs = l[:1]
	case w.is("back"):
		dirs = l[1:]
	}
	for w.more() {
		var set func(*line)
		switch option := w.next(); option {
		case "loss":
			v := w.percent()
			set = func(l *line) { l.loss = v }
		case "dup":
			v := w.percent()
			set = func(l *line) { l.dup = v }
		case "delay":
			v := w.duration()
			set = func(l *line) { l.delay = v }
		case "spread":
			v := w.duration()
			set = func(l *line) { l.spread = v }
		case "jitter":
			v := w.duration()
			set = func(l *line) { l.jitter = v }
		case "rate":
			v := w.rate()
			set = func(l *line) { l.interval = v }
		case "queue":
			v := w.int()
			set = func(l *line) { l.queue = v }
		case "down":
			v := w.span()
			set = func(l *line) { l.down = append(l.down, v) }
		default:
			return noOption(option)
		}
		for i := range dirs {
			set(&dirs[i])
		}
	}
	return nil
}

// finish sorts prefixes by length, so that the first that fits is the most
// specific, and adds the ways to ourselves and to nowhere.
func (p *parser) finish() {
	n := p.n
	for _, i := range n.ifaces {
		for _, prefix := range i.addrs {
			addr := prefix.Addr()
			own := netip.PrefixFrom(addr, addr.BitLen())
			if lo := slices.IndexFunc(n.ifaces, func(i iface) bool { return i.name == "lo" }); lo >= 0 {
				p.addRoute(own, p.way(lo, addr, netip.Addr{}))
			}
		}
	}
	for i := range n.ifaces {
		// The first link: addresses have no zone here.
		if src := n.ifaces[i].addr(true); src.IsValid() && n.ifaces[i].name != "lo" {
			p.addRoute(netip.MustParsePrefix("fe80::/64"), p.way(i, src, netip.Addr{}))
			break
		}
	}
	n.noWay = p.addWay(scan.Way{Err: syscall.ENETUNREACH})
	for _, g := range p.all {
		if g.prefix.IsSingleIP() {
			n.single[g.prefix.Addr()] = g
		} else {
			n.groups = append(n.groups, g)
		}
	}
	for i := range n.ways {
		for _, src := range p.sources {
			if w := &n.ways[i]; w.Err == nil && w.Src.Is6() == src.Is6() {
				_, own := n.local[src]
				w.Src, w.Frames = src, w.Frames || !own
			}
		}
	}
	slices.SortStableFunc(n.routes, func(a, b route) int { return cmp.Compare(b.prefix.Bits(), a.prefix.Bits()) })
	slices.SortStableFunc(n.paths, func(a, b path) int { return cmp.Compare(b.prefix.Bits(), a.prefix.Bits()) })
	slices.SortStableFunc(n.groups, func(a, b *group) int { return cmp.Compare(b.prefix.Bits(), a.prefix.Bits()) })
	for i := range n.routers {
		for _, addr := range n.routers[i].addrs {
			n.routerAddrs[addr] = true
		}
	}
}
