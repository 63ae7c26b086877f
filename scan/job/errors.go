package job

import (
	"context"
	"errors"
	"fmt"
)

// Exit codes, as README has them.
const (
	ExitYes         = 0
	ExitNo          = 1
	ExitUsage       = 2
	ExitSilence     = 3
	ExitLocal       = 4
	ExitName        = 5
	ExitHungUp      = 129
	ExitInterrupted = 130
	ExitQuitted     = 131
	ExitTerminated  = 143
)

// Error is an error that knows the exit code that it stands for. What it says is
// one line for people.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns what happened.
func (e *Error) Unwrap() error { return e.Err }

// Usage is the error of a Spec, or of a command line, that cannot be meant.
func Usage(format string, args ...any) error {
	return &Error{ExitUsage, fmt.Errorf(format, args...)}
}

// Local is the error of a question that cannot be asked from here.
func Local(err error) error { return &Error{ExitLocal, err} }

// Causes for which the context of a run may end early, besides its deadline.
var (
	ErrInterrupted = errors.New("interrupted")
	ErrTerminated  = errors.New("terminated")
	ErrHungUp      = errors.New("hangup")            // the terminal, or the session, is gone
	ErrQuitted     = errors.New("quit")              // by a signal; for who does not want to wait, there is no core dump
	ErrQuit        = errors.New("ended by the user") // with what is known
	ErrNoReader    = errors.New("the output's reader has left")
)

// signals are the causes that are signals, their exit codes, and what the last
// record says.
var signals = []struct {
	cause error
	code  int
}{{ErrTerminated, ExitTerminated}, {ErrInterrupted, ExitInterrupted}, {ErrHungUp, ExitHungUp}, {ErrQuitted, ExitQuitted}}

// signalled is the exit code of a cause that is a signal, and its name; 0 if it is none.
func signalled(cause error) (code int, name string) {
	for _, s := range signals {
		if errors.Is(cause, s.cause) {
			return s.code, s.cause.Error()
		}
	}
	return 0, ""
}

// timedOut tells whether a deadline ended it.
func timedOut(cause error) bool { return errors.Is(cause, context.DeadlineExceeded) }
