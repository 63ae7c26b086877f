package job

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpenPatterns: what is wrong with a folder is said with the file and the line, and
// links in it lead nowhere else.
func TestOpenPatterns(t *testing.T) {
	const good = "<fingerprints matches='ssh.banner'>\n<fingerprint pattern='^x'/></fingerprints>"
	outside := filepath.Join(t.TempDir(), "x.xml")
	if err := os.WriteFile(outside, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		make func(dir string) error
		want string // "": it is read
	}{
		"good":   {func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.xml"), []byte(good), 0o600) }, ""},
		"empty":  {func(dir string) error { return nil }, "/empty: no file in it is named *.xml"},
		"none":   {os.Remove, "none: no such file or directory"},
		"broken": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.xml"), []byte("\n<x/>"), 0o600) }, "/broken/a.xml:2: <x> where <fingerprints> should be"},
		"folder": {func(dir string) error { return os.Mkdir(filepath.Join(dir, "a.xml"), 0o700) }, "/folder/a.xml: no regular file"},
		"link":   {func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "a.xml")) }, "/link/a.xml: path escapes from parent"},
	} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := tt.make(dir); err != nil {
			t.Fatal(err)
		}
		_, err := openPatterns(dir)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		spec := &Spec{Command: "fp"}
		spec.Ask.Fingerprints = dir
		f := &fpScan{job: &job{env: &Env{}, spec: spec}}
		if err := f.readPatterns(); (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), "--fingerprints: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
