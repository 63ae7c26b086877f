package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sonde/scan/job"
	"sonde/scan/report"
)

// thenOn is a simulation of a line on the lan, with a command for what is found.
func thenOn(line, command string) *simulation {
	s := on("lan.net", line+" -o json --then")
	s.args = append(s.args, command)
	return s
}

// TestThen: the command runs once for each host of which something is found, with what is
// known of it, and changes no exit code.
func TestThen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line, command string
		code          int
		want          []string // what the commands say, by address
	}{
		{"tcp -p 22,80,81,443 10.0.0.2 10.0.0.5 2001:db8::2", "echo {addr} {ports}", 0, []string{"10.0.0.2 22,80,443", "2001:db8::2 22,80,443"}},
		{"tcp -p 80 10.0.0.2", "sh -c 'echo {addr} failed; exit 9'", 0, []string{"10.0.0.2 failed"}},
		{"tcp -p 81 10.0.0.2", "echo {addr}", 1, nil},
		{"tcp -p 135 10.0.0.2", "echo {addr}", 3, nil},
		{"tcp --open -p 80,81 10.0.0.2", "echo {ports}", 0, []string{"80"}},
		{"tcp --services -p 81 10.0.0.2", "echo {ports}", 1, nil},
		{"tcp -c 3 -p 80,81 10.0.0.2", "echo {ports}", 0, []string{"80"}},
		{"tcp --wait-for open --deadline 30s -p 80 10.0.0.2", "echo {ports}", 0, []string{"80"}},
		{"tcp -PN -p 80,443 10.0.0.2", "echo {addr} {ports}", 0, []string{"10.0.0.2 80,443"}},
		{"udp -p 53,514 10.0.0.2", "echo {addr} {ports}", 0, []string{"10.0.0.2 53"}},
		{"sweep 10.0.0.2-10.0.0.5 2001:db8::5", "echo {addr}", 0, []string{"10.0.0.2", "10.0.0.3", "10.0.0.5", "2001:db8::5"}},
		{"sweep 10.0.0.4", "echo {addr}", 1, nil},
	} {
		o := thenOn(tt.line, tt.command).run(t)
		var got []string
		for _, r := range recordsOf[*report.Then](o.records) {
			got = append(got, strings.TrimSuffix(r.Output, "\n"))
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) || o.code != tt.code || o.stderr != "" {
			t.Errorf("%s: %q, want %q; exit %d, want %d; %s", tt.line, got, tt.want, o.code, tt.code, o.stderr)
		}
	}
}

// TestThenNames: a name that the user wrote is used, and one that somebody else chose only if
// it can mean nothing else.
func TestThenNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"tcp -p 80 web.example", "web.example\n"},
		{"tcp -R -p 80 10.0.0.2", "10.0.0.2\n"},
	} {
		s := thenOn(tt.line, "echo {host}")
		s.names = phoneBook{"web.example": {"10.0.0.2"}, "10.0.0.2": {"-e$(id).example."}}
		o := s.run(t)
		list := recordsOf[*report.Then](o.records)
		if len(list) != 1 || list[0].Output != tt.want {
			t.Errorf("%s: %+v\n%s", tt.line, list, o.stdout)
		}
	}
}

// TestThenIsBeneathInText: what a command says stands beneath its host, and what cannot be run
// is said before anything is sent.
func TestThenIsBeneathInText(t *testing.T) {
	t.Parallel()
	s := on("lan.net", "tcp -p 80 10.0.0.2 10.0.0.5 --then")
	s.args = append(s.args, "printf '{ports}\\n\\033[31m'")
	o := s.run(t)
	if want := regexp.MustCompile(`(?s)10\.0\.0\.2  up.*80/tcp  open   http     syn-ack\n  \$ printf '80\\\\n\\\\033\[31m'\n  \| 80\n  \| \\x1b\[31m\n  exit 0\n\n`); !want.MatchString(o.stdout) {
		t.Errorf("%s", o.stdout)
	}
	for _, tt := range []struct {
		line, command string
		code          int
		says          string
	}{
		{"tcp -p 80 10.0.0.2", "no-such-command {addr}", 4, "sonde: --then: no such command: no-such-command (executable file not found in $PATH)\n"},
		{"sweep 10.0.0.2", "echo {ports}", 2, "sonde: --then: a sweep has no {ports}\n"},
		{"tcp -p 80 10.0.0.2", "echo {port}", 2, "sonde: --then: {port} stands for nothing; there are {addr}, {host}, {ports}\n"},
		{"tcp -p 80 10.0.0.2", "echo 'x", 2, "sonde: --then: a ' has no end\n"},
		{"tcp --dry-run -p 80 10.0.0.2", "echo", 2, "sonde: --then and --dry-run exclude each other: nothing is found\n"},
		{"fp 10.0.0.2", "echo", 2, "sonde: --then: fp has none\n"},
	} {
		s := on("lan.net", tt.line+" --then")
		s.args = append(s.args, tt.command)
		if o := s.run(t); o.code != tt.code || o.stderr != tt.says || len(o.sent) > 0 {
			t.Errorf("%s %q: exit %d, %d packets, %s", tt.line, tt.command, o.code, len(o.sent), o.stderr)
		}
	}
}

// TestThenEndsWithTheRun: who interrupts a run waits for no command.
func TestThenEndsWithTheRun(t *testing.T) {
	t.Parallel()
	s := thenOn("tcp -p 22,135 10.0.0.2 10.0.0.3", "sleep 1000") // silence has virtual time go on
	s.cancel, s.cause = 1, job.ErrInterrupted
	o := s.run(t)
	if o.code != 130 {
		t.Errorf("exit %d", o.code)
	}
	for _, r := range recordsOf[*report.Then](o.records) {
		if r.Signal != "terminated" && r.Error == "" {
			t.Errorf("%+v", r)
		}
	}
}

// TestThenOfMany: a command runs for each of many hosts, once.
func TestThenOfMany(t *testing.T) {
	t.Parallel()
	o := thenOn("tcp -PN -p 80,81 10.0.0.64/28", "echo {addr}").run(t)
	open := map[netip.Addr]bool{}
	for _, r := range recordsOf[*report.Port](o.records) {
		if r.State.String() == "open" {
			open[r.Addr] = true
		}
	}
	ran := map[netip.Addr]int{}
	for _, r := range recordsOf[*report.Then](o.records) {
		ran[r.Addr]++
		if r.Output != fmt.Sprintln(r.Addr) || !open[r.Addr] {
			t.Errorf("%+v", r)
		}
	}
	if len(ran) != len(open) || len(open) < 2 {
		t.Errorf("%d hosts have open ports, and for %d a command ran", len(open), len(ran))
	}
}
