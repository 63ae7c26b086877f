package output

import "sonde/scan/report"

func (l *line) os(o *report.OS) {
	l.addr("addr", o.Addr)
	for i := range l.objects("matches", len(o.Matches)) {
		m := &o.Matches[i]
		l.str("name", m.Name)
		l.str("family", m.Family)
		l.said("generation", m.Generation)
		l.float("confidence", m.Confidence, 6)
		l.float("family_confidence", m.InFamily, 6)
		l.said("cpe", m.CPE)
		l.said("device", m.Device)
		l.yes("unverified", m.Unverified)
		for j := range l.objects("hints", len(m.Hints)) {
			l.str("name", m.Hints[j].Name)
			l.float("confidence", m.Hints[j].Confidence, 6)
		}
	}
	l.float("unknown", o.Unknown, 6)
	l.said("why", o.Why)
	l.lines("for", o.For)
	l.lines("against", o.Against)
	l.yes("passive", o.Passive)
	l.some("seen", uint64(o.Seen))
	l.some("hops", uint64(o.Hops))
	for i := range l.objects("said", len(o.Said)) {
		s := &o.Said[i]
		l.num("port", uint64(s.Port))
		l.str("os", s.Text)
		if s.Agrees || s.Differs {
			l.bool("agrees", s.Agrees)
		}
	}
	for i := range l.objects("apart", len(o.Apart)) {
		a := &o.Apart[i]
		l.str("ports", a.Ports)
		l.said("name", a.Name)
		l.float("confidence", a.Confidence, 6)
		l.said("evidence", a.Evidence)
	}
	l.lines("features", o.Features)
	l.said("sample", o.Sample)
}

// lines writes strings unless there are none.
func (l *line) lines(key string, v []string) {
	if len(v) > 0 {
		l.list(key, v)
	}
}
