package output

import (
	"fmt"
	"time"
)

// Stamp is what a line of JSON says of itself, so that it stands by itself among those of
// other runs.
type Stamp struct {
	Time time.Time // when its record came, to the millisecond, in UTC; zero: not said
	Run  string    // of which run it is, by a word of letters and digits that no other run has; "": not said
}

// stampTime is RFC 3339 with milliseconds.
const stampTime = "2006-01-02T15:04:05.000Z07:00"

// stamp writes the stamp that the options give a record. The first one has a time of its
// own, which is that of the run.
func (l *line) stamp(o *Options, first bool) {
	if o.Now != nil && !first {
		if t := o.Now().UTC(); !t.IsZero() && 0 <= t.Year() && t.Year() <= 9999 {
			l.key("time")
			l.b = append(t.AppendFormat(append(l.b, '"'), stampTime), '"')
		}
	}
	if o.Run != "" {
		l.word("run", o.Run)
	}
}

// stamp reads it.
func (o *object) stamp(kind string) (s Stamp) {
	s.Run = o.str("run")
	v, ok := get[string](o, "time", "string")
	if !ok || kind == "scan" {
		return s
	}
	t, err := time.Parse(stampTime, v)
	if err != nil {
		o.fail("time", fmt.Sprintf("%q is no time (RFC 3339)", v))
	}
	s.Time = t.UTC()
	return s
}
