package output

import (
	"sonde/probe"
	"sonde/scan/report"
)

func (l *line) difference(d *report.Difference) {
	l.addr("addr", d.Addr)
	l.word("what", d.What.String())
	l.said("proto", d.Proto)
	l.some("port", uint64(d.Port))
	l.some("ttl", uint64(d.TTL))
	l.said("old", d.Old)
	l.said("new", d.New)
	l.because("old_reason", d.OldReason)
	l.because("new_reason", d.NewReason)
	l.said("open", d.Open)
	if d.Weak != report.Proven {
		l.bool("weak", true)
		l.word("why", d.Weak.String())
	}
}

// because writes a reason that is an answer.
func (l *line) because(key string, r probe.Reason) {
	if r != probe.NoResponse {
		l.word(key, r.String())
	}
}

func (l *line) differences(d *report.Differences) {
	l.side("old", &d.Old)
	l.side("new", &d.New)
	l.open("strong")
	for i, n := range d.Strong {
		l.some(report.Aspect(i).String(), n)
	}
	l.shut()
	l.open("weak")
	for i, n := range d.Weak {
		if i > 0 {
			l.some(report.Weakness(i).String(), n)
		}
	}
	l.shut()
	l.num("same", d.Same)
	l.some("one_sided", d.OneSided)
	l.some("undecided", d.Undecided)
	l.some("other_kind", d.OtherKind)
}

func (l *line) side(key string, s *report.Side) {
	l.open(key)
	l.str("file", s.File)
	l.said("command", s.Command)
	l.time("begun", s.Time)
	l.num("runs", uint64(s.Runs))
	l.bool("complete", s.Complete)
	l.num("records", s.Records)
	l.some("unread", s.Unread)
	l.words("flags", s.Flags)
	l.shut()
}
