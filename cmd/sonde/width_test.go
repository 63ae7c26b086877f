package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// TestWidthOfTerminal: lines fit into the terminal, and are as long as they are elsewhere.
func TestWidthOfTerminal(t *testing.T) {
	const columns = 50
	master, slave := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t), "doctor")
	shown, killer, rest := startAt(t, cmd, master, slave)
	defer killer.Stop()
	cmd.Wait() // which privileges there are does not matter
	rest()
	colours := regexp.MustCompile("\x1b\\[\\d*m")
	for line := range strings.Lines(shown.String()) {
		line = strings.TrimRight(colours.ReplaceAllString(line, ""), "\r\n")
		n := utf8.RuneCountInString(line)
		if n > columns && strings.Contains(line[columns/2:columns], " ") { // but for a long word, as the program's path may be
			t.Errorf("%d columns: %q", n, line)
		}
	}
	out, _ := exec.Command(program(t), "doctor").Output()
	longest := 0
	for line := range strings.Lines(string(out)) {
		longest = max(longest, utf8.RuneCountInString(line))
	}
	if longest <= columns {
		t.Errorf("a pipe has no line of more than %d columns", longest)
	}
}
