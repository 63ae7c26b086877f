package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sonde/output"
	"sonde/probe"
)

// TestOneFileEach adds a kind of probe and an output format to the program, one
// file each, and has testdata/extend/extend_test.go use them.
func TestOneFileEach(t *testing.T) {
	if _, ok := probe.ByScan("Z"); ok {
		t.Fatal("-sZ is there without the file that adds it")
	}
	if _, err := output.Formats().New("lines"); err == nil {
		t.Fatal("-o lines is there without the file that adds it")
	}
	root := repository(t)
	replace := map[string]string{}
	for added, file := range map[string]string{
		"probe/zz_knock.go":           "knock.go",
		"output/zz_lines.go":          "lines.go",
		"cmd/sonde/zz_extend_test.go": "extend_test.go",
	} {
		replace[filepath.Join(root, added)] = filepath.Join(root, "testdata/extend", file)
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-count=1", "-v", "-run", "^TestExtended$", "./cmd/sonde")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestExtended") {
		t.Errorf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// repository is the top of the tree: tests run in their package's directory.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}
