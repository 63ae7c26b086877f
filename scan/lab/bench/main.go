// Command bench measures whole jobs of sonde against other scanners, by turns in
// one run, on networks that it makes for the purpose out of network namespaces.
// What each program reports is held against what is there. It needs the machine's
// root, and the programs.
//
//	bench [-sonde FILE] [-rounds N] [-jobs PATTERN] [-write]
//	bench -against FILE [-jobs PATTERN]    another sonde in place of its peers
//	bench -list
//	bench -in JOB COMMAND...     run one command where a job is done
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"sonde/scan/lab"
)

func main() { os.Exit(run()) }

// options are the command line.
type options struct {
	sonde   string
	rounds  int
	jobs    string
	timeout time.Duration
	write   bool
	list    bool
	in      string
	against string
}

func run() int {
	var o options
	flag.StringVar(&o.sonde, "sonde", "bin/sonde", "the `FILE` that is measured")
	flag.IntVar(&o.rounds, "rounds", 9, "run each command `N` times")
	flag.StringVar(&o.jobs, "jobs", "", "only jobs whose name matches this regular expression")
	flag.DurationVar(&o.timeout, "timeout", 60*time.Second, "end a command after this `DURATION`")
	flag.BoolVar(&o.write, "write", false, "write BENCHMARKS.md and the plots")
	flag.StringVar(&o.against, "against", "", "measure against another sonde, `FILE`, doing the same, and not against its peers")
	flag.BoolVar(&o.list, "list", false, "list the jobs and their command lines")
	flag.StringVar(&o.in, "in", "", "run one command, with {targets} and the like, where `JOB` is done")
	flag.Parse()

	exit, err := 0, o.check()
	if err == nil {
		var inside bool
		if exit, inside, err = lab.Enter(); !inside && err == nil {
			return exit
		}
	}
	if err == nil {
		exit, err = o.do()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return exit
}

func (o *options) check() (err error) {
	if o.rounds < 1 {
		return errors.New("-rounds: one at least")
	}
	if o.against != "" {
		if o.write {
			return errors.New("-write: the page is about peers, not about -against")
		}
		if o.against, err = filepath.Abs(o.against); err != nil {
			return err
		}
	}
	o.sonde, err = filepath.Abs(o.sonde)
	return err
}

func (o *options) do() (exit int, err error) {
	which, err := regexp.Compile(o.jobs)
	if err != nil {
		return 0, err
	}
	list := jobs()
	if o.in != "" {
		i := slices.IndexFunc(list, func(j job) bool { return j.name == o.in })
		if i < 0 {
			return 0, fmt.Errorf("-in %s: there is no such job", o.in)
		}
		return o.visit(&list[i], flag.Args())
	}
	list = slices.DeleteFunc(list, func(j job) bool { return !which.MatchString(j.name) })
	if o.against != "" {
		list = against(list)
	}
	if o.list {
		for _, j := range list {
			for _, c := range j.contests {
				fmt.Printf("%-13s  %-9s  %s\n%26s%s\n", j.name, c.as, c.sonde, "", c.peer)
			}
		}
		return 0, nil
	}
	if err := programs(list, o.sonde, o.against); err != nil {
		return 0, err
	}
	return 0, o.measure(list)
}

// measure does all jobs.
func (o *options) measure(list []job) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	// A program that was just linked is read in smaller pieces than one that was
	// installed, as its peers are.
	sonde := *o
	if sonde.sonde, err = install(o.sonde, filepath.Join(folder, "sonde")); err != nil {
		return err
	}
	if o.against != "" {
		if sonde.against, err = install(o.against, filepath.Join(folder, other)); err != nil {
			return err
		}
	}
	var results [][]outcome
	for i := range list {
		outcomes, err := sonde.one(&list[i], folder)
		if err != nil {
			return err
		}
		fmt.Println(text(outcomes))
		results = append(results, outcomes)
	}
	if !o.write {
		return nil
	}
	return write(results, o.sonde)
}

// again is after how long a run is ended of a command whose first run was; the page
// says so.
const again = 10 * time.Second

// install copies a program.
func install(program, to string) (string, error) {
	b, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	return to, os.WriteFile(to, b, 0o755)
}

// one does one job, on a network of its own.
func (o *options) one(j *job, folder string) ([]outcome, error) {
	n := lab.New(fatal{})
	c := &course{
		job: j, site: j.build(n), want: j.truth(), programs: map[string]string{"sonde": o.sonde, other: o.against}, folder: folder, timeout: o.timeout, again: min(again, o.timeout),
	}
	samples, err := c.rounds(o.rounds * max(j.often, 1))
	if err := errors.Join(err, n.Close()); err != nil {
		return nil, err
	}
	return c.outcomes(samples), nil
}

// visit runs one command where a job is done.
func (o *options) visit(j *job, args []string) (exit int, err error) {
	if len(args) == 0 {
		return 0, errors.New("-in JOB: which command?")
	}
	n := lab.New(fatal{})
	s := j.build(n)
	words := j.words(strings.Join(args, "\n"), s, "/dev/stderr")
	fmt.Fprintf(os.Stderr, "%s: %d to be found. %s\n", j.title, len(j.truth()), strings.Join(words, " "))
	cmd := s.scanner.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		exit, err = failed.ExitCode(), nil
	}
	return exit, errors.Join(err, n.Close())
}

// programs looks for all that is to be run.
func programs(list []job, sonde, against string) error {
	var missing []string
	for _, p := range peers(list) {
		if p == other {
			p = against
		}
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	if _, err := exec.LookPath(sonde); err != nil {
		return err
	}
	if missing != nil {
		return fmt.Errorf("missing programs: %s", strings.Join(missing, " "))
	}
	return lab.CanAnswer()
}

// peers are the programs that sonde is compared with.
func peers(list []job) (names []string) {
	for _, j := range list {
		for _, c := range j.contests {
			names = append(names, strings.Fields(c.peer)[0])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fatal ends the program where a network cannot be built: with it ends the
// network.
type fatal struct{}

func (fatal) Helper() {}

func (fatal) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
	os.Exit(1)
}
