package output

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sonde/scan/report"
)

// TestAppend: an output of lines goes on behind what is in its file, but for a line
// that an earlier run did not write to its end; others begin anew.
func TestAppend(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for _, tt := range []struct{ name, before, kept string }{
		{"no file", "", ""},
		{"whole lines", "one\ntwo\n", "one\ntwo\n"},
		{"half a line", "one\ntwo\nthr", "one\ntwo\n"},
		{"half a first line", "on", ""},
		{"half a long line", "one\n" + long, "one\n"},
		{"a long line and half of one", long + "\n" + long, long + "\n"},
	} {
		path := filepath.Join(t.TempDir(), "out")
		if tt.before != "" {
			if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run(t, Spec{Format: "json", Path: path, Append: true}, true)
		got := read(t, path)
		if !strings.HasPrefix(got, tt.kept+`{"type":"scan"`) || strings.Count(got, "\n") < strings.Count(tt.kept, "\n")+2 {
			t.Errorf("%s: %.100q…", tt.name, got)
		}
	}
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, Spec{Format: "text", Path: path, Append: true}, true)
	if got := read(t, path); strings.Contains(got, "old") {
		t.Errorf("text is no format of lines, but went behind what was there: %q", got)
	}
}

// slowWriter lets a write go on when it is told to.
type slowWriter struct {
	began, goOn chan struct{}
	b           []byte
}

func (w *slowWriter) Write(b []byte) (int, error) {
	w.began <- struct{}{}
	<-w.goOn
	w.b = append(w.b, b...)
	return len(b), nil
}

// TestFlush: it returns when everything is written, not before, nor 10 ms later.
func TestFlush(t *testing.T) {
	w := &slowWriter{began: make(chan struct{}, 100), goOn: make(chan struct{})}
	s := NewStream(w)
	io.WriteString(s, "one ")
	<-w.began
	io.WriteString(s, "two")
	flushed := make(chan error)
	go func() { flushed <- s.Flush() }()
	w.goOn <- struct{}{}
	<-w.began // and flushes what came in between
	select {
	case <-flushed:
		t.Error("flushed, though something is not written")
	default:
	}
	w.goOn <- struct{}{}
	if err := <-flushed; err != nil || string(w.b) != "one two" {
		t.Errorf("%q, %v", w.b, err)
	}
	if err := s.Flush(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestFlushTellsErrors(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	s := NewStream(w)
	io.WriteString(s, "lost")
	for range 2 {
		if s.Flush() == nil {
			t.Error("what was not written is flushed")
		}
	}
	s.Close()
}

// TestShardAndResumed: both are said, in JSON and in the text.
func TestShardAndResumed(t *testing.T) {
	r := &report.Scan{Command: "tcp", Ports: 1, Shard: 2, Shards: 5, Resumed: true}
	if got := string(JSON{}.AppendRecord(nil, r)); !strings.Contains(got, `"shard":2,"shards":5,"resumed":true`) {
		t.Error(got)
	}
	got := string(format("text").New(Options{}).AppendRecord(nil, r))
	if want := "Shard 2 of 5\nResumed: what was decided before is in the output of earlier runs\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
