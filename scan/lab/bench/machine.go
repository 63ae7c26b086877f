package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine says what the figures were measured on.
func machine() (string, error) {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "", err
	}
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	model := "processors"
	for line := range strings.Lines(string(cpus)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("Linux %s, %d cores (%s), %s", strings.TrimSpace(string(kernel)), runtime.NumCPU(), model, runtime.Version()), nil
}

// packages are the Debian packages of programs that are not named like theirs.
var packages = map[string]string{"nc": "netcat-openbsd"}

// version returns the version of a program's Debian package, "" if it has none.
func version(program string) string {
	name := packages[program]
	if name == "" {
		name = program
	}
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// sondeVersion is what sonde says of itself.
func sondeVersion(sonde string) (string, error) {
	out, err := exec.Command(sonde, "--version").Output()
	return strings.TrimSpace(string(out)), err
}
