package job

import (
	"slices"
	"strings"

	"sonde/fingerprint"
	"sonde/probe"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// readPings reads -P: which ways of asking whether a host is there, nil for the
// default.
func (q *question) readPings(s *Spec) error {
	for _, p := range s.Ask.Ping {
		letter, rest := p[:min(1, len(p))], p[min(1, len(p)):]
		if letter == "N" || letter == "n" || letter == "0" {
			if rest != "" || len(s.Ask.Ping) > 1 {
				return Usage("-P%s: no ping at all goes with no other ping", p)
			}
			return nil
		}
		if err := q.readPing(p, letter, rest); err != nil {
			return err
		}
	}
	return nil
}

// readPing reads one -P: a letter, and ports where its kind has any.
func (q *question) readPing(p, letter, rest string) error {
	e, ok := probe.ByPing(letter)
	if !ok {
		return Usage("-P%s: unknown kind of ping: N not at all, %s", p, PingLetters())
	}
	if e.Ports == "" && rest != "" {
		return Usage("-P%s: a ping by %s has no ports", p, e.Kind.Name())
	}
	if e.Ports == "" {
		q.addPing(sweep.Ping{Kind: e.Kind})
		return nil
	}
	if rest == "" {
		rest = e.Ports
	}
	proto := target.TCP
	if e.Kind.Proto() == "udp" {
		proto = target.UDP
	}
	numbers, err := target.ParsePorts(rest, proto, fingerprint.PortsOf)
	if err != nil {
		return Usage("-P%s: %w", p, err)
	}
	mine, other := numbers.TCP, numbers.UDP
	if proto == target.UDP {
		mine, other = other, mine
	}
	if len(other) > 0 {
		return Usage("-P%s: a ping by %s asks ports of its own protocol only", p, e.Kind.Name())
	}
	for _, n := range mine {
		q.addPing(sweep.Ping{Kind: e.Kind, Port: n})
	}
	return nil
}

// addPing leaves out a ping that is asked already.
func (q *question) addPing(p sweep.Ping) {
	if !slices.Contains(q.pings, p) {
		q.pings = append(q.pings, p)
	}
}

// PingLetters lists what -P takes: "E echo request, S[ports] SYN".
func PingLetters() string {
	var l []string
	for _, e := range probe.Kinds() {
		switch {
		case e.Ping == "":
		case e.Ports == "":
			l = append(l, e.Ping+" "+e.Kind.Asks())
		default:
			l = append(l, e.Ping+"[ports] "+e.Kind.Asks())
		}
	}
	slices.Sort(l)
	return strings.Join(l, ", ")
}

// pingsLike names the pings whose kind is like that: "-PS or -PX".
func pingsLike(like func(probe.Kind) bool) string {
	var l []string
	for _, e := range probe.Kinds() {
		if e.Ping != "" && like(e.Kind) {
			l = append(l, "-P"+e.Ping)
		}
	}
	slices.Sort(l)
	return strings.Join(l, " or ")
}
