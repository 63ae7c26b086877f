package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"sonde/scan/lab/labtest"
	"sonde/scan/then"
)

// TestMain runs the tests inside a lab, where one can be made.
func TestMain(m *testing.M) {
	if os.Args[0] == then.Name { // as main has it
		os.Exit(then.Serve(os.Stdin, os.Stdout))
	}
	os.Exit(labtest.Main(tests{m}))
}

// tests runs the tests in a directory of their own, which it removes. It is made where they
// run, and not in each process that becomes another one.
type tests struct{ *testing.M }

func (m tests) Run() int {
	hearSignals()
	if os.Getenv(startVar) != "" { // of TestStart, which becomes the program
		return m.M.Run()
	}
	dir, err := os.MkdirTemp("", "sonde-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Unsetenv("LC_ALL")
	os.Unsetenv("LC_CTYPE")
	os.Setenv("LANG", "C.UTF-8")
	os.Setenv("XDG_CONFIG_HOME", dir) // where nobody has put defaults, and other users may not look
	built = sync.OnceValues(func() (string, error) { return buildProgram(dir) })
	return m.M.Run()
}

// hearSignals has programs that tests start end by the signals that end programs, also where
// these are ignored here, as nohup and the background of a shell have it: who is started
// inherits what is ignored, but not what is caught.
func hearSignals() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
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
