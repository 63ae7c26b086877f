package main

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sonde/output"
	"sonde/probe"
	"sonde/probe/payload"
	"sonde/scan/job"
)

// folders are where the files of testdata/extend go, by their package.
var folders = map[string]string{"probe": "probe", "payload": "probe/payload", "output": "output", "main": "cmd/sonde"}

// TestOneFileEach adds a kind of probe, a protocol over UDP, an output format and a
// command to the program, one file each, and has the tests beside them use them.
func TestOneFileEach(t *testing.T) {
	t.Parallel()
	if _, ok := probe.ByScan("Z"); ok {
		t.Fatal("-sZ is there without the file that adds it")
	}
	if payload.For(4242) != nil {
		t.Fatal("hail is spoken without the file that adds it")
	}
	if _, err := output.Formats().Find("lines"); err == nil {
		t.Fatal("-o lines is there without the file that adds it")
	}
	if o := on("lan.net", "kinds").run(t); o.code != job.ExitUsage {
		t.Fatal("sonde kinds is there without the file that adds it")
	}
	root := repository(t)
	examples, err := filepath.Glob(filepath.Join(root, "testdata/extend/*.go"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	replace := map[string]string{}
	for _, name := range examples {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		folder, ok := folders[file.Name.Name]
		if !ok {
			t.Fatalf("%s: no folder for package %s", name, file.Name.Name)
		}
		replace[filepath.Join(root, folder, "zz_"+filepath.Base(name))] = name
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o666); err != nil {
		t.Fatal(err)
	}
	// TestTraits holds what the added kind states against what it sends.
	cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-count=1", "-v", "-run", "^(TestExtended.*|TestTraits)$", "./cmd/sonde", "./probe")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %v\n%s", cmd.Args, err, out)
	}
	for _, ran := range []string{"TestExtended", "TestExtendedSuspicion", "TestExtendedProtocol", "TestExtendedCommand", "TestTraits"} {
		if !strings.Contains(string(out), "--- PASS: "+ran+" (") {
			t.Errorf("%s was not run", ran)
		}
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
