package output

import (
	"net/netip"
	"slices"
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// foldAbove is how many ports of one host in the same unremarkable state are
// listed; more are folded into a count.
const foldAbove = 25

// fromMax is how many answering addresses the Folds of a host tell apart; the
// network could send one for each port.
const fromMax = 8

// addPort lists a port, or counts it.
func (k *block) addPort(r *report.Port, a *Assembler) {
	h := &k.host.Heard
	switch {
	case r.Reason == probe.SpoofedSource:
		h.Elsewhere++
	case r.Reason == probe.ReasonLocalError:
		h.Local++
	case r.Elsewhere():
		h.Others++
	default:
		h.Host++
	}
	if k.folded[r.State] || !a.options.Lists(r) {
		k.fold(r, a.keep)
		return
	}
	row := Port{Port: *r}
	if !a.options.Verbose {
		row.Reply = nil
	}
	if row.Reply != nil || row.Repeat != nil {
		row.Port = *report.Clone(&row.Port).(*report.Port)
	}
	if k.host.Listed == nil { // there are many hosts with as many ports
		k.host.Listed = make([]Port, 0, min(a.scan.Ports, foldAbove+1))
	}
	k.host.Listed = append(k.host.Listed, row)
	k.listed[r.State]++
	if a.keep.Fold && k.listed[r.State] > foldAbove && r.State != probe.Open {
		k.foldState(r.State, a.keep)
	}
}

// foldState counts the listed ports of a state instead.
func (k *block) foldState(s probe.State, keep Keep) {
	k.folded[s] = true
	for i := range k.host.Listed {
		if p := &k.host.Listed[i].Port; p.State == s {
			k.fold(p, keep)
		}
	}
	k.host.Listed = slices.DeleteFunc(k.host.Listed, func(p Port) bool { return p.State == s })
}

func (k *block) fold(r *report.Port, keep Keep) {
	var from netip.Addr
	proto := ""
	if keep.Numbers {
		proto = r.Proto
	}
	if r.Elsewhere() {
		from = r.From
	}
	for i := range k.host.Folds {
		d := &k.host.Folds[i]
		if d.Weak != r.Weak || d.Unproven != (r.Unproven > 0) || d.State != r.State || d.Reason != r.Reason || d.Errno != r.Errno || d.From.IsValid() != from.IsValid() || d.Proto != proto {
			continue
		}
		if d.From != from {
			if !d.Many && len(k.host.Folds) < fromMax {
				continue
			}
			d.Many = true
		}
		d.count(r, keep)
		return
	}
	d := Fold{State: r.State, Reason: r.Reason, Errno: r.Errno, From: from, Weak: r.Weak, Unproven: r.Unproven > 0, Proto: proto}
	d.count(r, keep)
	k.host.Folds = append(k.host.Folds, d)
}

// count adds a port.
func (d *Fold) count(r *report.Port, keep Keep) {
	d.N++
	if keep.Numbers {
		d.Ports = append(d.Ports, r.Port)
	}
}

// What Keep.Brief leaves of what a service says.
const (
	briefText  = 64            // characters
	briefNames = 4             // of a certificate
	briefCause = 4 * briefText // of why a handshake failed, where the end says most
)

// addService keeps what a service says until its port is there.
func (k *block) addService(r *report.Service, keep Keep) {
	more := 0
	s := report.Clone(r).(*report.Service)
	if keep.Brief {
		more = brief(s)
	}
	k.services = append(k.services, *s)
	k.names = append(k.names, more)
}

// brief cuts s down, and returns how many names of its certificate are left out.
func brief(s *report.Service) (more int) {
	texts := []*string{&s.Service, &s.Product, &s.Version, &s.Info, &s.OS, &s.Hostname, &s.Banner, &s.How, &s.Cut}
	if h := s.HTTP; h != nil {
		texts = append(texts, &h.Title, &h.Server, &h.Location, &h.Redirect, &h.Auth)
	}
	if t := s.TLS; t != nil {
		texts = append(texts, &t.ALPN, &t.Subject, &t.Issuer)
		if short := start(t.Error, briefCause); len(short) < len(t.Error) {
			t.Error = strings.Clone(short)
		}
		if more = len(t.Names) - briefNames; more > 0 {
			t.Names = slices.Clone(t.Names[:briefNames])
		}
		for i := range t.Names {
			texts = append(texts, &t.Names[i])
		}
	}
	for _, text := range texts {
		if short := start(*text, briefText); len(short) < len(*text) {
			*text = strings.Clone(short) // so that the rest is not held
		}
	}
	return max(more, 0)
}

// join gives the listed ports what their services say.
func (k *block) join() {
	for i := range k.services {
		s := &k.services[i]
		at, ok := slices.BinarySearchFunc(k.host.Listed, s, func(p Port, s *report.Service) int {
			return order(p.Proto, p.Port.Port, s.Proto, s.Port)
		})
		if ok {
			p := &k.host.Listed[at]
			p.Service, p.MoreNames = s, k.names[i]
		}
	}
}
