package simnet

import (
	"fmt"
)

// newGroup returns what hosts are without options.
func newGroup() group {
	return group{alive: always, stack: linux, ttl: linux.ttl(), retries: 2, strict: true}
}

func (p *parser) hosts(w *words) error {
	g := newGroup()
	g.prefix = w.prefix()
	g.line = p.newLine()
	for w.more() && w.err == nil {
		switch {
		case w.is("alive"):
			g.alive = w.percent()
		case w.is("seed"):
			g.seed = w.number(64)
		default:
			if err := p.hostOption(&g, w); err != nil {
				return err
			}
		}
	}
	p.last = len(p.all)
	p.all = append(p.all, &g)
	return nil
}

// hostOption reads one option, with the word that names it.
func (p *parser) hostOption(g *group, w *words) error {
	switch option := w.next(); option {
	case "tcp":
		l, err := p.portLine(w, false, uint64(len(g.tcp)))
		g.tcp = append(g.tcp, l)
		return err
	case "udp":
		l, err := p.portLine(w, true, uint64(len(g.udp))+1<<32)
		g.udp = append(g.udp, l)
		return err
	case "os":
		name := w.next()
		s, ok := stackNamed(name)
		if !ok {
			return fmt.Errorf("no such os: %q", name)
		}
		g.stack, g.ttl = s, s.ttl()
	case "ttl":
		g.ttl = uint8(w.number(8))
	case "mac":
		g.mac, g.hasMAC = w.mac(), true
	case "no":
		switch what := w.next(); what {
		case "echo":
			g.noEcho = true
		case "timestamp":
			g.noStamp = true
		case "neighbour":
			g.noNeigh = true
		default:
			return noOption(what)
		}
	case "mask":
		g.mask = true
	case "sleeps":
		g.sleeps = w.duration()
	case "limit":
		g.limit = w.limit()
	case "synack-retries":
		g.retries = w.int()
	case "half-open":
		g.strict = w.flag("strict", "linux")
	default:
		return noOption(option)
	}
	return nil
}

// portLine reads a line about ports behind its protocol.
func (p *parser) portLine(w *words, udp bool, salt uint64) (portLine, error) {
	l := portLine{share: always, salt: salt}
	verb := w.next()
	switch {
	case verb == "open" && !udp, verb == "echo" && udp:
		l.verdict = echo
	case verb == "closed":
		l.verdict = reset
	case verb == "silent" && udp:
		l.verdict = silence
	case verb == "served" && udp:
		l.verdict = served
	case verb == "tftp" && udp:
		l.verdict = tftp
	default:
		a, ok := newAction(verb)
		if !ok || a.verdict == accept || udp && (a.verdict == reset || a.verdict == forge) {
			return l, noOption(verb)
		}
		l.action = a
	}
	l.router = -1
	for w.more() {
		switch {
		case w.is("by"):
			name := w.next()
			if l.router = p.routerNamed(name); l.router < 0 || l.verdict != refuse {
				return l, fmt.Errorf("no router %q above, or nothing that it could send", name)
			}
		case w.percents():
			l.share = w.percent()
		default:
			l.ports = w.ports()
		}
		if w.err != nil {
			return l, w.err
		}
	}
	return l, nil
}
