package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// text is the table of one job.
func text(list []outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s (%d)\n", list[0].name, list[0].title, list[0].want)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  CONTEST\tTIME\tCPU\tMISSED\tFALSE\tRUNS\tTIMES AS LONG\tCOMMAND")
	for _, o := range list {
		fmt.Fprintf(w, "  %s\t%s\t\t%s\n", o.as, o.us, shown(o, o.sonde))
		fmt.Fprintf(w, "  \t%s\t%s\t%s\n", o.them, o.ratio, shown(o, o.peer))
	}
	w.Flush()
	return b.String()
}

// blank stands for the site in command lines that are shown.
var blank = site{iface: "IFACE", mac: "MAC"}

// String is the cells from TIME to RUNS.
func (f figures) String() string {
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%d", f.time(), duration(f.cpu), f.misses(), f.wrong, f.runs)
}

// time is how long a run took, or after how long it was ended.
func (f figures) time() string {
	if f.ended {
		return "> " + duration(f.wall)
	}
	return duration(f.wall)
}

// misses is how much was missed. Most programs that are ended have not printed
// yet what they have found: nobody knows what they would have missed.
func (f figures) misses() string {
	if f.ended {
		return "?"
	}
	return fmt.Sprint(f.missed)
}

// String says how much longer, and in brackets how much longer it is at least.
func (r ratio) String() string {
	if r.unknown {
		return "?"
	}
	s := fmt.Sprintf("%.2f", r.median)
	if r.median >= 10 {
		s = fmt.Sprintf("%.0f", r.median)
	}
	if r.atLeast {
		s = "> " + s
	}
	if r.bounded {
		s += fmt.Sprintf(" (≥ %.2f)", r.low)
	}
	return s
}

// duration writes three digits, as one reads times.
func duration(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// shown is a command line as one reads it.
func shown(o outcome, command string) string {
	return strings.Join(o.words(command, blank, "FILE"), " ")
}
