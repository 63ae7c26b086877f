package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// watchedFile is the recording of a watched trace to 10.9.0.9: so many rounds, one each
// second.
func watchedFile(t *testing.T, rounds int, end bool) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`{"type":"scan","schema":1,"version":"0.1.0","command":"trace","args":[],"time":"2026-11-23T01:30:00Z","method":["raw"],"seed":0,"probes":0,"trace":{"proto":"icmp","max_ttl":30,"dscp":"cs0","ecn":0},"addresses":1}` + "\n")
	for n := range rounds {
		if n == 30 {
			b.WriteString(`{"type":"reroute","addr":"10.9.0.9","round":31,"at_s":30.0,"was":["10.1.0.1","10.9.0.9"],"now":["10.2.0.1","10.9.0.9"]}` + "\n")
		}
		first := map[bool]string{false: "10.1.0.1", true: "10.2.0.1"}[n >= 30]
		fmt.Fprintf(&b, `{"type":"round","addr":"10.9.0.9","round":%d,"at_s":%d.0,"ttl":1,"last":2,"from":"%s","rtt_ms":1.5}`+"\n", n+1, n, first)
		fmt.Fprintf(&b, `{"type":"round","addr":"10.9.0.9","round":%d,"at_s":%d.0,"ttl":2,"last":2,"from":"10.9.0.9","rtt_ms":2.5,"reached":true,"reason":"echo-reply"}`+"\n", n+1, n)
	}
	if end {
		b.WriteString(`{"type":"hop","addr":"10.9.0.9","ttl":1,"from":"10.2.0.1","sent":60,"received":60,"rtt_ms":{"min":1.5,"avg":1.5,"max":1.5}}` + "\n")
		b.WriteString(`{"type":"hop","addr":"10.9.0.9","ttl":2,"from":"10.9.0.9","sent":60,"received":60,"rtt_ms":{"min":2.5,"avg":2.5,"max":2.5},"reached":true,"reason":"echo-reply"}` + "\n")
		b.WriteString(`{"type":"end","complete":true,"exit":0,"exit_reason":"reached","elapsed_s":60.0,"sent":120,"received":120,"duplicates":0,"unsolicited":0,"send_errors":0,"receive_drops":0}` + "\n")
	}
	path := filepath.Join(t.TempDir(), "rounds.json")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReplay: without a terminal --replay prints what the run would have, and what is no
// watched trace is told in one line.
func TestReplay(t *testing.T) {
	t.Parallel()
	whole := watchedFile(t, 60, true)
	out, err := exec.Command(program(t), "trace", "--replay", whole).Output()
	for _, want := range []string{"2026-11-23T01:30:30Z 10.9.0.9: another way since round 31: hop 1 10.2.0.1 (was 10.1.0.1)", "trace to 10.9.0.9 by icmp", "2 hops, reached"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, no %q in\n%s", err, want, out)
		}
	}
	for file, want := range map[string]string{
		watchedFile(t, 3, false): ": the run did not come to its end behind line 7; what it found until then was shown\n",
		"/dev/null":              ": /dev/null is no regular file",
		"/nowhere/rounds.json":   "no such file",
		"replay_test.go":         "neither lines of JSON",
	} {
		cmd := exec.Command(program(t), "trace", "--replay", file)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		cmd.Run()
		if cmd.ProcessState.ExitCode() != 2 || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), want) || !strings.HasPrefix(stderr.String(), "sonde: --replay: ") {
			t.Errorf("%s: exit %d, %q, want %q", file, cmd.ProcessState.ExitCode(), stderr.String(), want)
		}
	}
	for _, args := range [][]string{{"10.0.0.1"}, {"--hops", "3"}, {"-c", "3"}, {"--pcap", "x"}} {
		cmd := exec.Command(program(t), append([]string{"trace", "--replay", whole}, args...)...)
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 2 || strings.Count(string(out), "\n") != 1 {
			t.Errorf("%v: exit %d, %s", args, cmd.ProcessState.ExitCode(), out)
		}
	}
}

// here runs something where the test runs.
func here(f func() error) error { return f() }

// onScreen runs the program in a terminal of 80 columns, within a network. user waits, by see, for what is to be
// shown, and presses keys. It returns what the terminal was sent.
func onScreen(t *testing.T, within func(func() error) error, args []string, user func(see, press func(string), process *os.Process)) (shown string, exit int) {
	t.Helper()
	master, slave := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t), args...)
	cmd.Env = append(os.Environ(), "TERM=xterm", "LC_ALL=C.UTF-8", "NO_COLOR=1", "TZ=UTC")
	var out *buffer
	var killer *time.Timer
	var rest func()
	if err := within(func() error { out, killer, rest = startAt(t, cmd, master, slave); return nil }); err != nil {
		t.Fatal(err)
	}
	defer killer.Stop()
	from := 0
	user(func(text string) {
		t.Helper()
		until := time.Now().Add(patience)
		for !strings.Contains(out.String()[from:], text) {
			time.Sleep(10 * time.Millisecond)
			if time.Now().After(until) {
				t.Fatalf("%q is not shown: %q", text, out.String()[from:])
			}
		}
		from += strings.Index(out.String()[from:], text) + len(text)
	}, func(keys string) { master.WriteString(keys) }, cmd.Process)
	cmd.Wait()
	after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("the terminal is not as it was: %+v, before %+v", after, before)
	}
	rest()
	shown, _, _ = strings.Cut(out.String(), "\x00end")
	return shown, cmd.ProcessState.ExitCode()
}

const (
	entersScreen = "\x1b[?1049h"
	leavesScreen = "\x1b[?25h\x1b[?1049l"
)

// TestReplayOnScreen: a recording is shown on the alternate screen, keys lead through it, and
// however that ends, the terminal is as it was.
func TestReplayOnScreen(t *testing.T) {
	t.Parallel()
	file := watchedFile(t, 60, true)
	for _, tt := range []struct {
		name string
		user func(see, press func(string), process *os.Process)
		exit int
	}{
		{"q", func(see, press func(string), _ *os.Process) {
			see("10.1.0.1")
			press(">")
			see("played to its end, 0:00:59")
			press("e")
			see("another way: hop 1 10.1.0.1 → 10.2.0.1")
			press("\x1b[Z\x1b") // a single Escape is known by that nothing follows
			see("2 ways: ")
			press("\r")
			see("WHO ANSWERED")
			press("?")
			see("MARKS")
			press("\x1b[Bw")
			see("no file can be made from here")
			press("q")
		}, 0},
		{"Ctrl-C", func(see, press func(string), _ *os.Process) { see("10.1.0.1"); press("\x03") }, 130},
		{"SIGTERM", func(see, _ func(string), p *os.Process) { see("10.1.0.1"); p.Signal(syscall.SIGTERM) }, 143},
		{"SIGHUP", func(see, _ func(string), p *os.Process) { see("10.1.0.1"); p.Signal(syscall.SIGHUP) }, 129},
	} {
		shown, exit := onScreen(t, here, []string{"trace", "--replay", file}, tt.user)
		if exit != tt.exit || strings.Count(shown, entersScreen) != 1 || strings.Count(shown, leavesScreen) != 1 || !strings.HasSuffix(strings.TrimRight(shown, "\r\n"), leavesScreen) {
			t.Errorf("%s: exit %d, %q", tt.name, exit, shown[max(0, len(shown)-300):])
		}
	}
	for name, args := range map[string][]string{"JSON": {"-o", "json"}, "text, asked for": {"-o", "text"}} {
		if shown, exit := onScreen(t, here, append([]string{"trace", "--replay", file}, args...), func(_, _ func(string), _ *os.Process) {}); exit != 0 || strings.Contains(shown, "\x1b") {
			t.Errorf("%s: exit %d, %q", name, exit, shown)
		}
	}
}
