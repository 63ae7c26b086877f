// Command bench measures whole jobs of sonde against other scanners, by turns, on
// networks that it makes for the purpose out of network namespaces. It needs the
// machine's root.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"sonde/scan/lab"
)

func main() { os.Exit(run()) }

func run() int {
	in := flag.String("in", "", "make the network of this job and run a command on its scanner")
	flag.Parse()
	exit, inside, err := lab.Enter()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	case !inside:
		return exit
	}
	for _, j := range jobs() {
		if j.name == *in {
			return runIn(&j, flag.Args())
		}
	}
	for _, j := range jobs() {
		fmt.Printf("%-14s %s: %v %s\n", j.name, j.title, j.where, j.ports)
	}
	return 0
}

// runIn runs a command on a job's scanner and says what was to be found.
func runIn(j *job, args []string) int {
	n := lab.New(fatal{})
	defer n.Close()
	scanner := j.build(n)
	fmt.Fprintf(os.Stderr, "%s: %v %s, %d to be found\n", j.title, j.where, j.ports, len(j.truth()))
	cmd := scanner.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

func portRange(s string) (first, last int) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	first, _ = strconv.Atoi(from)
	last, _ = strconv.Atoi(to)
	return first, last
}

// fatal ends the program where a network cannot be built.
type fatal struct{}

func (fatal) Helper() {}

func (fatal) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
	os.Exit(1)
}
