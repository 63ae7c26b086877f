package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"sonde/scan/lab/labtest"
)

// TestMain runs the tests inside a lab, where one can be made.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sonde-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("XDG_CONFIG_HOME", dir) // where nobody has put defaults, and other users may not look
	built = sync.OnceValues(func() (string, error) { return buildProgram(dir) })
	exit := labtest.Main(m)
	os.RemoveAll(dir)
	os.Exit(exit)
}

// built is the path of the real program, made when a test first asks for it.
var built func() (string, error)

// buildFlags and buildEnv are how the program is made: as the Makefile does, but see race_test.go.
var buildFlags, buildEnv = entryFlags(), "CGO_ENABLED=0"

func entryFlags() []string {
	if runtime.GOARCH != "amd64" {
		return nil
	}
	return []string{"-ldflags=-E main.entry"}
}

// buildProgram makes the program.
func buildProgram(dir string) (string, error) {
	path := filepath.Join(dir, "sonde")
	cmd := exec.Command("go", slices.Concat([]string{"build"}, buildFlags, []string{"-o", path, "sonde/cmd/sonde"})...)
	cmd.Env = append(os.Environ(), buildEnv)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// program returns the path of the real program.
func program(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
