package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"sonde/output"
	"sonde/scan/target"
)

// app is one invocation: what main would take from the process, so that tests
// can give it something else.
type app struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	open           opener
	resolver       resolver
	hasRoute       func(netip.Addr) bool
	keyboard       keyboard
}

// resolver looks names up both ways; *net.Resolver is one.
type resolver interface {
	target.Resolver
	LookupAddr(ctx context.Context, addr string) (names []string, err error)
}

// Exit codes, as README has them.
const (
	exitYes         = 0
	exitNo          = 1
	exitUsage       = 2
	exitSilence     = 3
	exitLocal       = 4
	exitName        = 5
	exitInterrupted = 130
	exitTerminated  = 143
)

// exitError is an error that knows the exit code that it stands for.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usage is the error of a command line that cannot be meant.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// local is the error of a question that cannot be asked from here.
func local(err error) error { return &exitError{exitLocal, err} }

// result is how a command ended that reported its result itself.
type result int

func (r result) Error() string { return fmt.Sprintf("exit %d", int(r)) }

// errSignal is the cause of a context that a signal ended.
type errSignal struct{ syscall.Signal }

func (e errSignal) Error() string { return e.Signal.String() }

// run carries out the command line and returns the exit code. Signals end it.
func (a *app) run() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	// Go ends a program at the first write to a closed pipe; sonde notices by
	// the error, and ends as usual.
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE)
	defer signal.Stop(signals)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for n := 0; ; {
			select {
			case s := <-signals:
				if s == syscall.SIGPIPE {
					continue
				}
				if n++; n > 1 { // the first one takes too long: enough
					a.keyboard.restore()
					os.Exit(128 + int(s.(syscall.Signal)))
				}
				cancel(errSignal{s.(syscall.Signal)})
			case <-done:
				return
			}
		}
	}()
	return a.execute(ctx)
}

// execute carries out the command line until ctx ends, and returns the exit
// code.
func (a *app) execute(ctx context.Context) int {
	args, err := repair(a.args)
	if err == nil {
		root := newRoot(a)
		root.SetArgs(undash(root, args))
		err = root.ExecuteContext(ctx)
	}
	var code result
	var exit *exitError
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &exit):
		a.complain(exit.err)
		return exit.code
	}
	a.complain(err) // cobra's own are all about usage
	return exitUsage
}

// complain prints one line.
func (a *app) complain(err error) {
	fmt.Fprintf(a.stderr, "sonde: %s\n", output.Escape(strings.ReplaceAll(err.Error(), "\n", "; ")))
}

// note tells the user something that is no result.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, "sonde: %s\n", output.Escape(fmt.Sprintf(format, args...)))
}

// isTerminal tells whether f is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
