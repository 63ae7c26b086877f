package job

import (
	"cmp"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/checkpoint"
	"sonde/scan/report"
)

// Outcome is what a run, or the parts of one, came to: everything that the exit
// code is decided by (README, Exit codes), and what the end record counts.
type Outcome struct {
	Stats scan.Stats
	Tally report.Tally
	Score Score

	Unresolved bool  // a name did not resolve
	Failed     bool  // the link or an output failed
	Unwritten  bool  // an output does not have all that is known
	GaveUp     bool  // a question was given up before its time
	Idle       bool  // a shard without a question
	Cut        error // why it ended early; nil: it did not
	Unwatched  error // why losses of our own were not all known; nil: they were, as far as the scan record says
}

// Score counts hosts or ports by what they mean for the exit code.
type Score struct {
	Want   *probe.State // --expect; nil: nothing is expected
	Answer string       // what Yes counts: "open", "up", "reached", "identified"
	// Denied and Unanswered are the words for No and Silent, where they are not the usual.
	Denied, Unanswered string
	Yes                int // open, or up
	No                 int // an answer that says otherwise
	Silent             int // no answer either way
	AsWant             int // has the expected state
	Spoofed            int // sent with a foreign source
	Unasked            int // local errors
}

// Plus is the outcome of two parts of one job: shards, or a run and the one that
// went on from it. It ended early if one of them did. A host whose ports are dealt
// out among several shards is counted by each.
func (o Outcome) Plus(p Outcome) Outcome {
	o.Stats, o.Tally = o.Stats.Plus(p.Stats), o.Tally.Plus(p.Tally)
	s, t := &o.Score, &p.Score
	if s.Want == nil {
		s.Want = t.Want
	}
	if s.Answer == "" {
		s.Answer = t.Answer
	}
	s.Denied, s.Unanswered = cmp.Or(s.Denied, t.Denied), cmp.Or(s.Unanswered, t.Unanswered)
	s.Yes, s.No, s.Silent = s.Yes+t.Yes, s.No+t.No, s.Silent+t.Silent
	s.AsWant, s.Spoofed, s.Unasked = s.AsWant+t.AsWant, s.Spoofed+t.Spoofed, s.Unasked+t.Unasked
	o.Unresolved, o.Failed = o.Unresolved || p.Unresolved, o.Failed || p.Failed
	o.Unwritten = o.Unwritten || p.Unwritten
	o.GaveUp, o.Idle = o.GaveUp || p.GaveUp, o.Idle && p.Idle
	if o.Cut == nil {
		o.Cut = p.Cut
	}
	return o
}

// Exit returns the exit code and the reason for it, one word or two.
func (o Outcome) Exit() (code int, reason string) {
	s := &o.Score
	switch code, name := signalled(o.Cut); {
	case o.Unwritten:
		return ExitLocal, "local-error" // what is known was not reported
	case code != 0:
		return code, name
	case o.Unresolved:
		return ExitName, "name not resolved"
	case o.Failed || s.Unasked > 0:
		return ExitLocal, "local-error"
	case o.Cut != nil:
		return o.early()
	case o.Idle && s.Want != nil:
		return ExitYes, "nothing to ask" // all of nothing is as expected
	case o.Idle:
		return ExitSilence, "nothing to ask"
	case s.Want != nil:
		return s.expected()
	case s.Yes > 0:
		return ExitYes, s.Answer
	case s.Silent > 0:
		return ExitSilence, cmp.Or(s.Unanswered, "silence")
	case s.Spoofed > 0:
		return ExitYes, "sent"
	case s.No > 0:
		return ExitNo, cmp.Or(s.Denied, "no")
	}
	return ExitSilence, "silence" // nobody was there to be asked
}

// early is the exit of a run that the user or a deadline ended.
func (o *Outcome) early() (int, string) {
	why := "ended early"
	if timedOut(o.Cut) {
		why = "deadline"
	}
	if o.Score.Yes > 0 && o.Score.Want == nil {
		return ExitYes, why
	}
	return ExitSilence, why
}

func (s *Score) expected() (int, string) {
	switch {
	case s.Yes+s.No > 0:
		return ExitNo, "unexpected"
	case s.Silent+s.Spoofed > 0:
		return ExitSilence, "silence"
	case s.AsWant > 0:
		return ExitYes, "expected"
	}
	return ExitSilence, "silence"
}

// Conclude tells env of err, if there is one, and of what could not be written, takes
// both into account, and what ended the run early, and returns the last record.
func (o *Outcome) Conclude(env *Env, err error) *report.End {
	if o.Cut != nil {
		o.Stats.Complete, o.Stats.Interrupted = false, !timedOut(o.Cut)
	}
	o.Stats.Complete = o.Stats.Complete && !o.GaveUp
	lost := error(nil)
	if env.Lost != nil { // first, so that what can be written tells the right exit code
		lost = env.Lost()
	}
	for _, err := range []error{err, lost} {
		if err != nil {
			env.warn(err)
			o.Failed, o.Stats.Complete = true, false
		}
	}
	o.Unwritten = lost != nil
	return o.End()
}

// End is the last record of the run.
func (o *Outcome) End() *report.End {
	s := &o.Stats
	e := &report.End{Complete: s.Complete, Interrupted: s.Interrupted, PortsReused: s.PortsReused, Elapsed: s.Elapsed.Round(millisecond), Sent: s.Sent, Neighbours: s.Neighbours, Received: s.Received, Resolved: s.Resolved,
		Duplicates: s.Duplicates, Unsolicited: s.Unsolicited, SendErrors: s.SendErrors, ReceiveDrops: s.ReceiveDrops, Unasked: s.Unasked,
		Loss: report.Loss(s.Loss), ExpectedMissed: report.Missed(s.ExpectedMissed), Tally: o.Tally}
	if o.Unwatched != nil {
		e.Unwatched = o.Unwatched.Error()
	}
	e.Exit, e.ExitReason = o.Exit()
	return e
}

// countsSilent tells whether hosts of a range that stay silent count: only
// where the expected state is one that silence shows.
func (s *Score) countsSilent() bool {
	return s.Want != nil && (*s.Want == probe.Down || *s.Want == probe.Unknown)
}

// add takes the final state of a port, or in a sweep of a host. yes is the
// state that is the answer to the command's question. It returns what it counted.
func (o *Outcome) add(state probe.State, reason probe.Reason, yes probe.State) checkpoint.Counts {
	o.GaveUp = o.GaveUp || reason == probe.ReasonDeadline
	before := o.Score.counts()
	o.Score.count(state, reason, yes)
	n := o.Score.counts()
	for i := range n {
		n[i] -= before[i]
	}
	return n
}

func (s *Score) count(state probe.State, reason probe.Reason, yes probe.State) {
	matches := s.Want != nil && state == *s.Want
	switch {
	case reason == probe.ReasonLocalError:
		s.Unasked++
	case reason == probe.SpoofedSource:
		s.Spoofed++
	case matches:
		s.AsWant++
	case state == yes:
		s.Yes++
		s.Answer = state.String()
	case reason == probe.NoResponse || reason == probe.ReasonDeadline || reason == probe.ReasonNoNeighbour && state != probe.Down:
		s.Silent++
	default:
		s.No++
	}
}

// addSilent takes n ports that stayed silent, which is state.
func (s *Score) addSilent(n uint64, state probe.State) {
	if s.Want != nil && state == *s.Want {
		s.AsWant += int(n)
	} else {
		s.Silent += int(n)
	}
}

// counts are what single hosts and ports add to the score, for a checkpoint.
func (s *Score) counts() checkpoint.Counts {
	return checkpoint.Counts{uint64(s.Yes), uint64(s.No), uint64(s.Silent), uint64(s.AsWant), uint64(s.Spoofed)}
}

// restore takes up what earlier runs counted. yes is the state that is the answer to
// the command's question.
func (s *Score) restore(c checkpoint.Counts, yes probe.State) {
	s.Yes, s.No, s.Silent, s.AsWant, s.Spoofed = int(c[0]), int(c[1]), int(c[2]), int(c[3]), int(c[4])
	s.Answer = yes.String()
}
