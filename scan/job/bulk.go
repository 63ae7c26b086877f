package job

import (
	"sonde/probe"
	"sonde/scan/network"
	"sonde/scan/target"
)

// bulkRules refuse what a program in the kernel does not ask, or not so (--via xdp).
func (q *question) bulkRules(s *Spec) []rule {
	if s.Way.Via != "xdp" {
		return nil
	}
	kind := q.kind
	if kind == nil {
		kind = probe.SYN
	}
	_, computed := probe.ComputedKindOf(kind)
	craft := s.first("ip-id", "df", "no-df", "ecn", "flow-label", "ip-options", "fragment", "flags", "seq", "ack", "urg", "data", "data-string", "data-length", "badsum")
	const via = "--via xdp: "
	rules := []rule{
		{s.Command != "tcp", via + "only tcp asks by it"},
		{s.Command == "tcp" && !computed, via + "it asks by SYNs, and " + q.scan + " is none"},
		{!s.Ask.noPing() && s.Command == "tcp" && q.pings != nil, via + "it sends no pings: leave out -P"},
		{craft != "", via + "it does not write what --" + craft + " chooses"},
		{!plainCraft(q, kind), via + "it does not write these --tcp-options: the timestamp stands at an odd place"},
	}
	for _, f := range []string{"source", "source-port", "count", "interval", "wait-for", "host-timeout", "packet-trace", "pcap"} {
		rules = append(rules, rule{s.first(f) != "", via + "--" + f + " takes packets that sonde makes itself"})
	}
	return rules
}

// plainCraft tells whether the kernel can write packets of the shapes of q.
func plainCraft(q *question, kind probe.Kind) bool {
	for i := range q.crafts {
		if c := &q.crafts[i]; c.Given == 0 {
			if _, ok := probe.Computed(kind, c); !ok && len(c.Data) == 0 && c.Timestamp%2 != 0 {
				return false
			}
		}
	}
	return true
}

// checkBulk refuses targets that a program in the kernel does not ask.
func (q *question) checkBulk(s *Spec, t *target.Result) error {
	if q.via != "xdp" {
		return nil
	}
	four, six := false, false
	for r := range t.All.Each {
		four, six = four || r.From().Is4(), six || r.From().Is6()
	}
	switch {
	case four && six:
		return Usage("--via xdp: IPv4 or IPv6 in one run, not both")
	case !s.Ask.noPing() && t.Swept.Len() > 0:
		return Usage("--via xdp: it sends no pings, and a range is swept first unless -PN says otherwise")
	}
	return nil
}

// requestBulk adds what a program in the kernel needs to know of what is asked.
func (q *question) requestBulk(s *Spec, r *network.Request) {
	if q.via != "xdp" {
		return
	}
	r.Crafts = q.crafts
	if s.Show.DryRun {
		r.Via, r.Frames = "raw", true // the same packets, and nothing is to be sent
	}
}

// methods are the words for how j asks.
func (j *job) methods() []string {
	switch {
	case !j.network.Raw():
		return []string{"connect"}
	case j.network.Bulk:
		return []string{"xdp"}
	}
	return []string{"raw"}
}
