package main

import (
	"context"
	"errors"
	"syscall"

	"sonde/probe"
	"sonde/scan/checkpoint"
)

// score adds up what the exit code is decided by (README, Exit codes).
type score struct {
	want *probe.State // --expect

	yes     int    // open, or up
	answer  string // and which of these
	no      int    // an answer that says otherwise
	silent  int    // no answer either way
	asWant  int    // has the expected state
	left    int    // sent with a foreign source
	unasked int    // local errors

	unresolved bool  // a name did not resolve
	failed     bool  // the link or an output failed
	gaveUp     bool  // a question was given up before its time
	idle       bool  // a shard without a question
	cut        error // why the run ended early; nil: it did not
}

// countsSilent tells whether hosts of a range that stay silent count: only
// where the expected state is one that silence shows.
func (s *score) countsSilent() bool {
	return s.want != nil && (*s.want == probe.Down || *s.want == probe.Unknown)
}

// add takes the final state of a port, or in a sweep of a host. yes is the
// state that is the answer to the command's question. It returns what it counted.
func (s *score) add(state probe.State, reason probe.Reason, yes probe.State) checkpoint.Counts {
	before := s.counts()
	s.count(state, reason, yes)
	n := s.counts()
	for i := range n {
		n[i] -= before[i]
	}
	return n
}

func (s *score) count(state probe.State, reason probe.Reason, yes probe.State) {
	s.gaveUp = s.gaveUp || reason == probe.ReasonDeadline
	matches := s.want != nil && state == *s.want
	switch {
	case reason == probe.ReasonLocalError:
		s.unasked++
		return
	case reason == probe.SpoofedSource:
		s.left++
		return
	case matches:
		s.asWant++
		return
	case state == yes:
		s.yes++
		s.answer = state.String()
	case reason == probe.NoResponse || reason == probe.ReasonDeadline || reason == probe.ReasonNoNeighbour && state != probe.Down:
		s.silent++
	default:
		s.no++
	}
}

// addSilent takes n ports that stayed silent, which is state.
func (s *score) addSilent(n uint64, state probe.State) {
	if s.want != nil && state == *s.want {
		s.asWant += int(n)
	} else {
		s.silent += int(n)
	}
}

// exit returns the exit code and the reason for it, one word or two.
func (s *score) exit() (int, string) {
	var sig errSignal
	switch {
	case errors.As(s.cut, &sig):
		if sig.Signal == syscall.SIGTERM {
			return exitTerminated, "terminated"
		}
		return exitInterrupted, "interrupted"
	case s.unresolved:
		return exitName, "name not resolved"
	case s.failed || s.unasked > 0:
		return exitLocal, "local-error"
	case s.cut != nil:
		return s.early()
	case s.idle && s.want != nil:
		return exitYes, "nothing to ask" // all of nothing is as expected
	case s.idle:
		return exitSilence, "nothing to ask"
	case s.want != nil:
		return s.expected()
	case s.yes > 0:
		return exitYes, s.answer
	case s.silent > 0:
		return exitSilence, "silence"
	case s.left > 0:
		return exitYes, "sent"
	case s.no > 0:
		return exitNo, "no"
	}
	return exitSilence, "silence" // nobody was there to be asked
}

// early is the exit of a run that q or a deadline ended.
func (s *score) early() (int, string) {
	why := "ended early"
	if errors.Is(s.cut, context.DeadlineExceeded) {
		why = "deadline"
	}
	if s.yes > 0 && s.want == nil {
		return exitYes, why
	}
	return exitSilence, why
}

func (s *score) expected() (int, string) {
	switch {
	case s.yes+s.no > 0:
		return exitNo, "unexpected"
	case s.silent+s.left > 0:
		return exitSilence, "silence"
	case s.asWant > 0:
		return exitYes, "expected"
	}
	return exitSilence, "silence"
}

// counts are what single hosts and ports add to the score, for a checkpoint.
func (s *score) counts() checkpoint.Counts {
	return checkpoint.Counts{uint64(s.yes), uint64(s.no), uint64(s.silent), uint64(s.asWant), uint64(s.left)}
}

// restore takes up what earlier runs counted. yes is the state that is the answer to
// the command's question.
func (s *score) restore(c checkpoint.Counts, yes probe.State) {
	s.yes, s.no, s.silent, s.asWant, s.left = int(c[0]), int(c[1]), int(c[2]), int(c[3]), int(c[4])
	s.answer = yes.String()
}
