package report

import "slices"

// Clone returns a copy of r that shares nothing with it, for those who keep a
// record longer than Put lasts.
func Clone(r Record) Record {
	switch r := r.(type) {
	case *Scan:
		return r.clone()
	case *Host:
		c := *r
		c.Verdict.own()
		c.Names.own()
		c.Local = slices.Clone(r.Local)
		return &c
	case *Port:
		c := *r
		c.Verdict.own()
		return &c
	case *Service:
		return r.clone()
	case *OS:
		return r.clone()
	case *Hop:
		return r.clone()
	case *Rewrite:
		c := *r
		c.Between = slices.Clone(r.Between)
		return &c
	case *Edge:
		return r.clone()
	case *Round:
		return copied(r)
	case *Reroute:
		return r.clone()
	case *PathMTU:
		return r.clone()
	case *Finding:
		c := *r
		c.Ports, c.MACs, c.Routers = slices.Clone(r.Ports), slices.Clone(r.MACs), slices.Clone(r.Routers)
		return &c
	case *Privilege:
		return copied(r)
	case *Limit:
		return copied(r)
	case *Interface:
		c := *r
		c.Addrs = slices.Clone(r.Addrs)
		return &c
	case *Route:
		return copied(r)
	case *Way:
		c := *r
		c.Pings = slices.Clone(r.Pings)
		return &c
	case *Pair:
		c := *r
		c.Changes, c.Back, c.Flow = slices.Clone(r.Changes), slices.Clone(r.Back), copied(r.Flow)
		return &c
	case *Comparison:
		c := *r
		c.Questions = slices.Clone(r.Questions)
		c.There.Changes, c.Back.Changes = slices.Clone(r.There.Changes), slices.Clone(r.Back.Changes)
		return &c
	case *Unmet:
		return r.clone()
	case *Then:
		return r.clone()
	case *Difference:
		return copied(r)
	case *Differences:
		return r.clone()
	case *Trial:
		return r.clone()
	case *Effect:
		c := *r
		c.Properties, c.Alike, c.Rivals = slices.Clone(r.Properties), slices.Clone(r.Alike), slices.Clone(r.Rivals)
		return &c
	case *Conclusion:
		return r.clone()
	case *End:
		return copied(r)
	}
	return r
}

func (e *Edge) clone() *Edge {
	c := *e
	c.Hashed, c.Idle = slices.Clone(e.Hashed), slices.Clone(e.Idle)
	return &c
}

func (s *Service) clone() *Service {
	c := *s
	c.CPE, c.HTTP, c.TLS = slices.Clone(s.CPE), copied(s.HTTP), copied(s.TLS)
	if c.TLS != nil {
		c.TLS.Names = slices.Clone(s.TLS.Names)
	}
	return &c
}

func (o *OS) clone() *OS {
	c := *o
	c.Matches, c.For, c.Against = slices.Clone(o.Matches), slices.Clone(o.For), slices.Clone(o.Against)
	for i := range c.Matches {
		c.Matches[i].Hints = slices.Clone(c.Matches[i].Hints)
	}
	c.Said, c.Apart, c.Features = slices.Clone(o.Said), slices.Clone(o.Apart), slices.Clone(o.Features)
	return &c
}

func (h *Hop) clone() *Hop {
	c := *h
	c.Others, c.Changes, c.Reply = slices.Clone(h.Others), slices.Clone(h.Changes), copied(h.Reply)
	c.Labels, c.Interfaces, c.Objects = slices.Clone(h.Labels), slices.Clone(h.Interfaces), slices.Clone(h.Objects)
	c.Unseen, c.Came, c.Unanswered = slices.Clone(h.Unseen), slices.Clone(h.Came), slices.Clone(h.Unanswered)
	if c.AS = copied(h.AS); c.AS != nil {
		c.AS.Numbers = slices.Clone(h.AS.Numbers)
	}
	if c.Counted = copied(h.Counted); c.Counted != nil {
		c.Counted.Begins = copied(h.Counted.Begins)
	}
	c.Names.own()
	return &c
}

// own replaces what v borrows by copies.
func (v *Verdict) own() {
	if v.Reply, v.Repeat = copied(v.Reply), copied(v.Repeat); v.Repeat != nil {
		v.Repeat.Answers = slices.Clone(v.Repeat.Answers)
	}
}

func (n *Names) own() { n.Forward = slices.Clone(n.Forward) }

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

func (m *PathMTU) clone() *PathMTU {
	c := *m
	c.Limits, c.Hole = slices.Clone(m.Limits), copied(m.Hole)
	return &c
}

func (d *Differences) clone() *Differences {
	c := *d
	c.Old.Flags, c.New.Flags = slices.Clone(d.Old.Flags), slices.Clone(d.New.Flags)
	return &c
}

func (s *Scan) clone() *Scan {
	c := *s
	c.Args, c.Methods, c.Notes = slices.Clone(s.Args), slices.Clone(s.Methods), slices.Clone(s.Notes)
	c.Asked, c.AlsoAsked, c.Defaults = copied(s.Asked), copied(s.AlsoAsked), slices.Clone(s.Defaults)
	if c.Trace, c.Trials = copied(s.Trace), copied(s.Trials); c.Trials != nil {
		c.Trials.Factors = slices.Clone(s.Trials.Factors)
	}
	return &c
}

func (t *Trial) clone() *Trial {
	c := *t
	c.Kinds = slices.Clone(t.Kinds)
	return &c
}

func (c *Conclusion) clone() *Conclusion {
	d := *c
	d.Rest, d.Untold = slices.Clone(c.Rest), slices.Clone(c.Untold)
	d.Flows, d.Place = copied(c.Flows), copied(c.Place)
	return &d
}

func (t *Then) clone() *Then {
	c := *t
	c.Argv = slices.Clone(t.Argv)
	return &c
}

func (u *Unmet) clone() *Unmet {
	c := *u
	c.Want = slices.Clone(u.Want)
	return &c
}
