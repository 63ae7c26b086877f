// Package nagios says what a run found out as a plugin of Nagios, Icinga and others does: in
// one line with performance data, and an exit code that they know (the Monitoring Plugins
// Development Guidelines). Check is what to fill and to ask.
package nagios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/report"
)

// The exit codes of plugins.
const (
	OK = iota
	Warning
	Critical
	Unknown
)

var words = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// mostNamed is how many hosts or ports the line names that are not as they should be.
const mostNamed = 3

// Check gathers what is to be said of one run. The zero value has heard nothing.
type Check struct {
	Want string // the state that everything is to have; "": up or open
	File bool   // what is to be so is told by report.Unmet alone

	what   string // that is counted: "port", "host"
	states []string
	counts map[string]int
	first  string   // the first that is as it should be, in words
	bad    []string // the first that are not, in words
	wrong  int      // how many are not
	rtts   time.Duration
	timed  int
	sent   uint64 // repetitions (-c)
	came   uint64
	end    *report.End
}

// Take takes a record of the run.
func (c *Check) Take(r report.Record) {
	switch r := r.(type) {
	case *report.Scan:
		if c.what = "port"; r.Ports == 0 {
			c.what = "host"
		}
	case *report.Host:
		if c.what == "host" {
			c.add(r.Addr.String(), &r.Verdict)
		}
	case *report.Port:
		c.add(fmt.Sprintf("%v %d/%s", r.Addr, r.Port, r.Proto), &r.Verdict)
	case *report.Unmet:
		c.wrong++
		c.name(fmt.Sprintf("%s is not %s", place(r), strings.Join(stateNames(r.Want), " or ")))
	case *report.End:
		c.end = report.Clone(r).(*report.End)
	}
}

// add counts a host or a port.
func (c *Check) add(name string, v *report.Verdict) {
	state := v.State.String()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	if c.counts[state]++; c.counts[state] == 1 {
		c.states = append(c.states, state)
	}
	said := fmt.Sprintf("%s %s (%s)", name, state, v.Reason)
	switch n := v.Repeat; {
	case n != nil:
		c.sent, c.came = c.sent+uint64(n.Sent), c.came+uint64(n.Answered)
		if n.Timed() {
			c.rtts, c.timed = c.rtts+n.Avg, c.timed+1
		}
	case v.HasRTT:
		c.rtts, c.timed = c.rtts+v.RTT, c.timed+1
	}
	switch {
	case c.File, state == c.Want, c.Want == "" && (v.State == probe.Open || v.State == probe.Up):
		if c.first == "" {
			c.first = said
		}
	default:
		c.wrong++
		c.name(said)
	}
}

func (c *Check) name(text string) {
	if len(c.bad) < mostNamed {
		c.bad = append(c.bad, text)
	}
}

// Result is the line, without its end, and the exit code of a run that ended with code, and
// with this trouble, if there was any.
func (c *Check) Result(code int, trouble string) (line string, exit int) {
	exit = c.exit(code)
	b := output.AppendText(append([]byte("SONDE "), words[exit]...), " - "+c.summary(code, trouble))
	b = []byte(strings.ReplaceAll(string(b), "|", "/")) // behind the first one stand the figures
	if c.end == nil {
		return string(b), exit
	}
	b = fmt.Appendf(b, " | time=%.3fs;;;0", c.end.Elapsed.Seconds())
	if c.timed > 0 {
		b = fmt.Appendf(b, " rtt=%.6fs;;;0", (c.rtts / time.Duration(c.timed)).Seconds())
	}
	if c.sent > 0 {
		b = fmt.Appendf(b, " loss=%.1f%%;;;0;100", 100*(1-float64(c.came)/float64(c.sent)))
	}
	slices.Sort(c.states)
	for _, state := range c.states {
		b = fmt.Appendf(b, " '%s'=%d;;;0", strings.ReplaceAll(state, "|", "/"), c.counts[state])
	}
	return string(b), exit
}

// exit makes a plugin's exit code of sonde's. Who should answer and does not is critical;
// only what could not be asked, or not to its end, is unknown.
func (c *Check) exit(code int) int {
	switch {
	case code == job.ExitNo, code == job.ExitSilence && c.end != nil && c.end.Complete:
		return Critical
	case code != job.ExitYes || c.end == nil:
		return Unknown
	case c.wrong > 0 || c.came < c.sent:
		return Warning
	}
	return OK
}

// summary is what there is to be said, in words.
func (c *Check) summary(code int, trouble string) string {
	total := 0
	for _, n := range c.counts {
		total += n
	}
	var text string
	switch {
	case trouble != "" && code != job.ExitYes && code != job.ExitNo:
		return trouble
	case c.wrong == 0 && total == 1:
		text = c.first
	case c.wrong == 0:
		text = fmt.Sprintf("%d %ss as they should be", total, c.what)
	default:
		text = strings.Join(c.bad, ", ")
		if more := c.wrong - len(c.bad); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
	}
	if c.end != nil && !c.end.Complete {
		text += ", ended early: " + c.end.ExitReason
	}
	if total == 0 && c.wrong == 0 {
		text = "nobody answered"
	}
	return text
}

// place is what an expectation is about.
func place(u *report.Unmet) string {
	name := u.Addr.String()
	if !u.Addr.IsValid() {
		name = u.Name
	}
	if u.Port == 0 {
		return name
	}
	return fmt.Sprintf("%s %d/%s", name, u.Port, u.Proto)
}

func stateNames(states []probe.State) (names []string) {
	for _, s := range states {
		names = append(names, s.String())
	}
	return names
}
