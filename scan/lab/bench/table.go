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
	wall := duration(f.wall)
	if f.ended {
		wall = "> " + wall
	}
	return fmt.Sprintf("%s\t%s\t%d\t%d\t%d", wall, duration(f.cpu), f.missed, f.wrong, f.runs)
}

// String says how much longer, and in brackets how much longer it is at least.
func (r ratio) String() string {
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
