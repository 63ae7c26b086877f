// Command stress runs tests again and again while every processor of the machine
// is kept busy beside them, and prints a table of which runs passed. A test that
// fails here measures the machine, or shows what a quiet machine hides.
//
//	stress -runs 10 make -s test TESTFLAGS=-json
//
// The command is one that prints what go test -json prints.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

func main() {
	runs := flag.Int("runs", 10, "how often")
	loops := flag.Int("loops", runtime.NumCPU(), "how many loops keep processors busy")
	limit := flag.Duration("limit", 30*time.Minute, "end a run that takes longer")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "stress: a command is missing")
		os.Exit(2)
	}
	if !repeat(os.Stdout, *runs, *loops, *limit, flag.Args()) {
		os.Exit(1)
	}
}

// repeat does all the runs, writes what comes of them, and tells whether all passed.
func repeat(w io.Writer, runs, loops int, limit time.Duration, command []string) bool {
	var all []outcome
	for number := range runs {
		o := once(loops, limit, command)
		all = append(all, o)
		fmt.Fprintf(w, "run %d of %d: %s\n", number+1, runs, o.result())
		for _, f := range o.failed {
			fmt.Fprintf(w, "--- %s\n%s", f.name, f.said)
		}
	}
	return table(w, all)
}

// table writes a line for each run, and tells whether all passed.
func table(w io.Writer, all []outcome) bool {
	passed := 0
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tTOOK\tTESTS\tSKIPPED\tRESULT")
	for i, o := range all {
		if o.passed() {
			passed++
		}
		fmt.Fprintf(t, "%d\t%v\t%d\t%d\t%s\n", i+1, o.took.Round(time.Second), o.tests, o.skipped, o.result())
	}
	t.Flush()
	fmt.Fprintf(w, "%d of %d runs passed\n", passed, len(all))
	return passed == len(all)
}

// outcome is what came of a run.
type outcome struct {
	took           time.Duration
	tests, skipped int
	failed         []failure
	err            error // of the command
}

// failure is a test, or a package, that failed, and what it said.
type failure struct{ name, said string }

func (o *outcome) passed() bool { return o.err == nil && len(o.failed) == 0 }

// result is "pass", or what failed.
func (o *outcome) result() string {
	if o.passed() {
		return "pass"
	}
	var names []string
	for _, f := range o.failed {
		names = append(names, f.name)
	}
	if len(names) == 0 {
		names = append(names, o.err.Error())
	}
	return "FAIL " + strings.Join(names, ", ")
}

// once runs the command beside the loops.
func once(loops int, limit time.Duration, command []string) (o outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // make passes it on
	cmd.WaitDelay = time.Minute
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		o.err = err
		return o
	}
	end := keepBusy(loops)
	defer end()
	began := time.Now()
	o.read(out)
	o.err = cmd.Wait()
	if ctx.Err() != nil {
		o.err = errors.Join(fmt.Errorf("ended after %v", limit), o.err)
	}
	o.took = time.Since(began)
	return o
}

// keepBusy starts loops that do nothing but take time, until end is called.
func keepBusy(loops int) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range loops {
		wg.Go(func() {
			for ctx.Err() == nil {
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// read takes in what go test -json prints; what else is printed is passed over.
func (o *outcome) read(r io.Reader) {
	said := map[string]*strings.Builder{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var e struct{ Action, Package, Test, Output string }
		if json.Unmarshal(line, &e) == nil && e.Package != "" {
			name := strings.TrimSuffix(e.Package+" "+e.Test, " ")
			switch e.Action {
			case "output":
				if said[name] == nil {
					said[name] = &strings.Builder{}
				}
				said[name].WriteString(e.Output)
			case "pass", "skip":
				o.count(e.Test, e.Action)
				delete(said, name)
			case "fail":
				o.count(e.Test, e.Action)
				o.fail(name, e.Test, said[name])
				delete(said, name)
			}
		}
		if err != nil {
			return
		}
	}
}

func (o *outcome) count(test, action string) {
	if test == "" {
		return
	}
	o.tests++
	if action == "skip" {
		o.skipped++
	}
}

// fail notes what failed. A test whose part failed, and a package of such a test,
// need no mention of their own: they end after it.
func (o *outcome) fail(name, test string, said *strings.Builder) {
	if slices.ContainsFunc(o.failed, func(f failure) bool {
		return strings.HasPrefix(f.name, name+"/") || test == "" && strings.HasPrefix(f.name, name+" ")
	}) {
		return
	}
	f := failure{name: name}
	if said != nil {
		f.said = said.String()
	}
	o.failed = append(o.failed, f)
}
