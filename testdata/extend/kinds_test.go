package main

import (
	"sonde/scan/job"
	"strings"
	"testing"
)

// TestExtendedCommand: help lists the added command, which says what it has to.
func TestExtendedCommand(t *testing.T) {
	if code, stdout, _ := asked("--help", nil); code != job.ExitYes || !strings.Contains(stdout, "\n  kinds       List the ways of asking") {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
	code, stdout, stderr := asked("kinds", nil)
	for _, want := range []string{"syn        -sS -PS  TCP SYN: ", "echo       -PE      ICMP echo", "knock      -sZ -PZ  TCP SYN that offers ECN"} {
		if code != job.ExitYes || !strings.Contains(stdout, want) {
			t.Errorf("exit %d, want %q\n%s%s", code, want, stdout, stderr)
		}
	}
	if code, _, stderr := asked("kinds 10.0.0.1", nil); code != job.ExitUsage {
		t.Errorf("a target for a command that takes none: exit %d\n%s", code, stderr)
	}
}
