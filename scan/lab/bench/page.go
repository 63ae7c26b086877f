package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Where the results go, from the top of the repository.
const (
	pageFile   = "BENCHMARKS.md"
	plotFolder = "testdata/bench"
)

// write writes the page and the plots.
func write(results [][]outcome, sonde string) error {
	about, err := machine()
	if err != nil {
		return err
	}
	us, err := sondeVersion(sonde)
	if err != nil {
		return err
	}
	versions := []string{us}
	var list []job
	for _, outcomes := range results {
		list = append(list, *outcomes[0].job)
	}
	for _, p := range peers(list) {
		versions = append(versions, strings.TrimSpace(p+" "+version(p)))
	}
	if err := os.MkdirAll(plotFolder, 0o755); err != nil {
		return err
	}
	for as, title := range plots {
		svg := plot(title, pick(results, as))
		if err := os.WriteFile(plotFile(as), svg, 0o644); err != nil {
			return err
		}
	}
	text := page(results, time.Now(), about, versions)
	return os.WriteFile(pageFile, []byte(text), 0o644)
}

// plots are the contests that there is a plot of, with its title.
var plots = map[string]string{
	asUsual: "What people usually type, and sonde alike",
	asBest:  "Flags as fast as each can go while it misses nothing, or next to nothing",
}

func plotFile(as string) string {
	return filepath.Join(plotFolder, strings.ReplaceAll(as, " ", "-")+".svg")
}

// pick returns one kind of contest of all jobs.
func pick(results [][]outcome, as string) (list []outcome) {
	for _, outcomes := range results {
		for _, o := range outcomes {
			if o.as == as {
				list = append(list, o)
			}
		}
	}
	return list
}

func page(results [][]outcome, now time.Time, about string, versions []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, now.UTC().Format(time.DateOnly), about, strings.Join(versions, ", "), duration(again))
	for _, as := range []string{asUsual, asBest} {
		fmt.Fprintf(&b, "\n![%s](%s)\n", plots[as], plotFile(as))
	}
	b.WriteString("\n## Summary\n\n| job | contest | sonde | peer | times as long | missed by sonde, peer |\n|---|---|---|---|---|---|\n")
	for _, outcomes := range results {
		for _, o := range outcomes {
			fmt.Fprintf(&b, "| %s | %s | %s | %s %s | %s | %s, %s of %d |\n", o.title, o.as, o.us.time(),
				o.tool(), o.them.time(), o.ratio, o.us.misses(), o.them.misses(), o.want)
		}
	}
	b.WriteString("\n## All figures, with the command lines\n")
	for _, outcomes := range results {
		fmt.Fprintf(&b, "\n```\n%s```\n", text(outcomes))
	}
	return b.String()
}

const pageHead = `# How fast sonde is

Written by ` + "`make bench-peers`" + ` on %s; that is how to measure again.

%s. %s.

Each job is done on a network of namespaces on one machine, by sonde and by others
in turn, every other round in the opposite order. TIME is the median from the start
of a process to its end, CPU that of what the process used of the processors, in
the kernel too. TIMES AS LONG is the median, over the rounds, of the peer's time
divided by sonde's in the same round; in brackets the lower end of its confidence
interval, which assumes no distribution (order statistics, 95 %% or more; none for
fewer than six rounds); RUNS is how many rounds there were. A time with > in front is
one after which the program was ended, and what it would have missed is not known; in
the other rounds it was ended after %s, so that it may well take more times as long
than is said.

MISSED is what is there and was not reported, FALSE what was reported and is not
there: the most of all runs. What is there is known, as a hash decides it.

Of whole ranges, the kernel answers right where a packet arrives (XDP), in no time;
its work is counted to whoever sends, the same for all. Where it is 50 ms away, an
answer comes 50 ms after the question, and 2.53 %% of the packets get lost in each
direction, by chance, so that 5 %% of single questions stay unanswered. UDP, the
single port and connect are answered by an ordinary kernel. "As usual" is what
people usually type, and sonde with default flags, or with -T4 where they type that;
"at best" is each with flags as fast as it can go while it misses nothing, or next to
nothing, and with like concessions. Times depend on the machine; that is why only ratios are compared.
`

// tool is the name of the peer.
func (o outcome) tool() string { return strings.Fields(o.peer)[0] }
