package main

import (
	"strings"
	"testing"
	"time"
)

// TestTable: what failed is named once, by its innermost name, and shown; what
// passed is counted.
func TestTable(t *testing.T) {
	const events = `make: something else
{"Action":"output","Package":"p","Test":"TestA","Output":"fine\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC/x","Output":"wrong\n"}
{"Action":"fail","Package":"p","Test":"TestC/x"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p"}
{"Action":"fail","Package":"q"}
`
	var out strings.Builder
	if repeat(&out, 1, 1, time.Minute, []string{"sh", "-c", "cat <<'X'\n" + events + "X\nexit 1"}) {
		t.Error("it passed")
	}
	for _, want := range []string{"--- p TestC/x\nwrong\n", "4      1        FAIL p TestC/x, q\n", "\n0 of 1 runs passed\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	out.Reset()
	if !repeat(&out, 2, 2, time.Minute, []string{"echo", `{"Action":"pass","Package":"p","Test":"TestA"}`}) {
		t.Errorf("it failed:\n%s", out.String())
	}
	if !strings.HasSuffix(out.String(), "\n2 of 2 runs passed\n") {
		t.Errorf("it says:\n%s", out.String())
	}
	if repeat(&out, 1, 1, time.Minute, []string{"false"}) || repeat(&out, 1, 1, time.Minute, []string{"/nowhere/program"}) {
		t.Errorf("a command that failed passed:\n%s", out.String())
	}
	if repeat(&out, 1, 1, 50*time.Millisecond, []string{"sleep", "30"}) {
		t.Errorf("a command that takes too long passed:\n%s", out.String())
	}
}
