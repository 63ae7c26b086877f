package fingerprint

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"time"
)

// recogFiles is the folder with recog's files, xml/ of github.com/rapid7/recog. None of
// them is part of this repository: where RECOG does not name it, the test says so.
func recogFiles(tb testing.TB) fs.FS {
	tb.Helper()
	dir := os.Getenv("RECOG")
	if dir == "" {
		dir = "../../shared/recog"
	}
	if _, err := os.Stat(path.Join(dir, "ssh_banners.xml")); err != nil {
		tb.Skip("recog's files are not here: RECOG names their folder")
	}
	return os.DirFS(dir)
}

// recogFails are the examples of recog's that do not come out as recog has them, by file
// and description, and why.
var recogFails = map[string]string{
	"http_servers.xml: Oracle Application Server": "a field is cut at 128 bytes",
}

// TestRecog: all files load in a moment, every pattern compiles, and the examples come out.
func TestRecog(t *testing.T) {
	dir := recogFiles(t)
	least := time.Hour
	var p *Patterns
	for range 5 { // the machine may do something else meanwhile
		start := time.Now()
		var err error
		if p, err = ReadPatterns(dir); err != nil {
			t.Fatal(err)
		}
		least = min(least, time.Since(start))
	}
	files := 0
	for _, l := range p.lists {
		files += len(l.files)
	}
	t.Logf("%d files, %d bytes, loaded in %v", files, p.Size(), least)
	left, err := p.Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range left {
		t.Log(text)
	}
	patterns, examples, failed := 0, 0, map[string]bool{}
	for key, l := range p.lists {
		for _, f := range l.files {
			list, err := f.parse(true)
			if err != nil {
				t.Fatal(err)
			}
			patterns += len(list)
			for _, q := range list {
				for _, e := range q.examples {
					examples++
					if wrong := q.wrong(dir, f, e); wrong != "" {
						name := f.name + ": " + q.about
						failed[name] = true
						if recogFails[name] == "" {
							t.Errorf("%s %s: %s", key, q.source, wrong)
						}
					}
				}
			}
		}
	}
	for name, why := range recogFails {
		if !failed[name] {
			t.Errorf("%s comes out, though %s", name, why)
		}
	}
	t.Logf("%d patterns, %d left out; %d examples, %d patterns with one that does not come out", patterns, len(left), examples, len(failed))
}

// wrong says what does not come out of an example; "": nothing.
func (p *pattern) wrong(dir fs.FS, f *patternFile, e example) string {
	if e.file != "" {
		text, err := fs.ReadFile(dir, path.Join(strings.TrimSuffix(f.name, ".xml"), e.file))
		if err != nil {
			return err.Error()
		}
		e.text = string(text)
	}
	fields := p.match(e.text)
	if fields == nil {
		return fmt.Sprintf("%s does not match %q", p.text, e.text)
	}
	for name, want := range e.fields {
		if fields[name] != want {
			return fmt.Sprintf("%q: %s is %q, want %q", e.text, name, fields[name], want)
		}
	}
	return ""
}

func BenchmarkReadRecog(b *testing.B) {
	dir := recogFiles(b)
	for b.Loop() {
		if _, err := ReadPatterns(dir); err != nil {
			b.Fatal(err)
		}
	}
}
