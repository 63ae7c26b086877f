// Package labtest connects scan/lab to package testing.
package labtest

import (
	"fmt"
	"os"
	"testing"

	"sonde/scan/lab"
)

// Main is m.Run inside a lab: call it from TestMain and exit with what it
// returns. Where no namespaces can be made, the tests still run; those that ask
// for a network are skipped, with the errno as the excuse. With LAB=1 in the
// environment that is a failure.
func Main(m interface{ Run() int }) (exit int) {
	exit, inside, err := lab.Enter()
	switch {
	case inside && err != nil, err != nil && os.Getenv("LAB") == "1":
		fmt.Fprintln(os.Stderr, "lab:", err)
		return 1
	case err != nil:
		fmt.Fprintln(os.Stderr, "lab: tests that need a network of their own are skipped:", err)
		return m.Run()
	case !inside:
		return exit
	}
	return m.Run()
}

// Need skips the test where Main could make no namespaces.
func Need(t testing.TB) {
	t.Helper()
	if err := lab.Inside(); err != nil {
		skip(t, err)
	}
}

// New returns a network that is closed when the test ends. It skips the test
// where Main could make no namespaces.
func New(t testing.TB) *lab.Network {
	t.Helper()
	Need(t)
	n := lab.New(t)
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("closing the lab: %v", err)
		}
	})
	return n
}

// NeedTUN skips the test where no TUN device can be opened: often only root may.
func NeedTUN(t testing.TB) {
	t.Helper()
	if err := lab.CanTUN(); err != nil {
		t.Skipf("no TUN devices here: %v", err)
	}
}

// NeedXDP skips the test where no program can be loaded into the kernel: usually
// only the machine's root may.
func NeedXDP(t testing.TB) {
	t.Helper()
	if err := lab.CanAnswer(); err != nil {
		t.Skipf("no XDP programs here: %v", err)
	}
}

func skip(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("LAB") == "1" {
		t.Fatalf("LAB=1, but %v", err)
	}
	t.Skip(err)
}
