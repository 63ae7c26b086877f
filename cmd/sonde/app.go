package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"sonde/cmd/habit"
	"sonde/cmd/nagios"
	"sonde/cmd/screen"
	"sonde/cmd/terminal"
	"sonde/output"
	"sonde/scan/job"
	"sonde/scan/network"
	"sonde/scan/origin"
	"sonde/scan/report"
)

// app is one invocation: what main would take from the process, so that tests
// can give it something else.
type app struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	open           network.Opener
	resolver       job.Resolver
	hasRoute       func(netip.Addr) bool
	links          func() ([]network.Link, error)
	keyboard       terminal.Keyboard
	origins        *origin.Table                  // of --asn; nil: none
	outputs        atomic.Pointer[[]*output.Sink] // of the run under way; nil: none is
	view           atomic.Pointer[screen.Screen]  // has the terminal; nil: nothing does
	mute           atomic.Bool                    // nobody reads stderr, though it is open
	// inspect, in tests, is given the Spec of a command line that is then not carried
	// out.
	inspect func(*job.Spec)
	seen    func(report.Record) // in tests, is given each record before the outputs are
	nmap    *habit.Nmap         // the line of nmap's that this one stands for; nil: none
	tried   bool                // the line is only looked at: nothing is said about it
	check   *nagios.Check       // what --nagios tells; nil: it was not said
	trouble string              // that it tells, the first
	environ []string            // has defaults for flags, and leads to the file that has; nil: there are none
}

// result is how a command ended that reported its result itself.
type result int

func (r result) Error() string { return fmt.Sprintf("exit %d", int(r)) }

// execute carries out the command line until ctx ends, and returns the exit code. With
// --nagios the line is told that stands for all, however the run ended.
func (a *app) execute(ctx context.Context) int {
	if slices.Contains(a.args, "--nagios") && job.Has(a.args[0], "nagios") {
		a.check = new(nagios.Check) // also where the line cannot be meant
	}
	code := a.command(ctx)
	if a.check == nil || a.tried {
		return code
	}
	line, code := a.check.Result(code, a.trouble)
	fmt.Fprintln(a.stdout, line)
	return code
}

// command does what the command line says, and returns sonde's own exit code.
func (a *app) command(ctx context.Context) int {
	out := &outlet{Writer: a.stdout}
	args, err := repair(a.args)
	if err == nil {
		root := newRoot(a)
		root.SetOut(out)
		if args, err = undash(root, args); err == nil {
			root.SetArgs(args)
			err = root.ExecuteContext(ctx)
		}
	}
	if err == nil {
		err = out.lost()
	}
	var code result
	var exit *job.Error
	switch {
	case err == nil:
		return job.ExitYes
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &exit) && exit.Code != job.ExitUsage:
		if exit.Err != nil {
			a.complain(exit.Err)
		}
		return exit.Code
	case exit != nil:
		err = exit.Err
	}
	if err != nil && !a.tried { // cobra's own are all about usage
		a.complain(a.advised(err))
	}
	return job.ExitUsage
}

// outlet is what commands print to that ask nothing: it keeps the first error, since
// cobra does not.
type outlet struct {
	io.Writer
	err error
}

func (o *outlet) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// lost is what could not be printed, unless the reader has left.
func (o *outlet) lost() error {
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	return job.Local(o.err)
}

// complain prints one line, which with --nagios is part of the one that stands for all.
func (a *app) complain(err error) {
	line := strings.ReplaceAll(err.Error(), "\n", "; ")
	if a.check != nil {
		a.trouble = cmp.Or(a.trouble, line)
		return
	}
	a.note("%s", line)
}

// note tells the user something that is no result. Who does not read it, though it
// is there to be read, does not keep the run from going on.
func (a *app) note(format string, args ...any) {
	line := fmt.Sprintf("sonde: %s\n", output.Escape(fmt.Sprintf(format, args...)))
	if a.looks().ASCII() {
		line = string(output.AppendASCII(nil, line))
	}
	if v := a.view.Load(); v != nil {
		v.Keep(line)
		return
	}
	to, ok := a.stderr.(*os.File)
	if !ok {
		io.WriteString(a.stderr, line)
		return
	}
	if !a.mute.Load() && !briefly(grace, func() { io.WriteString(to, line) }) {
		a.mute.Store(true)
	}
}

// looks is what may be shown on the terminal.
func (a *app) looks() terminal.Looks { return terminal.LooksOf(a.environ) }

// briefly calls f and tells whether it returned within so long: what f waits for may
// never come. Then it is left where it is.
func briefly(most time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// isTerminal tells whether f is a terminal.
func isTerminal(f any) bool { return terminal.Of(f) != nil }
