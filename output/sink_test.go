package output

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sonde/probe"
	"sonde/scan/files"
	"sonde/scan/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// device is a writer that notes when each write came and can fail or hang.
type device struct {
	mu     sync.Mutex
	at     []time.Time
	got    bytes.Buffer
	err    error
	resume chan struct{} // nil: never hangs
}

func (d *device) Write(b []byte) (int, error) {
	if d.resume != nil {
		<-d.resume
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, d.err
	}
	d.at = append(d.at, time.Now())
	return d.got.Write(b)
}

// Every record is out within 20 ms at any rate, and at once where records are
// more than 10 ms apart; at a high rate they share writes.
func TestStreamLatency(t *testing.T) {
	for _, gap := range []time.Duration{time.Second, 11 * time.Millisecond, time.Millisecond, 10 * time.Microsecond} {
		t.Run(gap.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d device
				s := NewStream(&d)
				var put []time.Time
				for range 1000 {
					put = append(put, time.Now())
					s.Write([]byte{'x'})
					synctest.Wait()
					time.Sleep(gap)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				// The i-th byte left with the first write that ends behind it.
				d.mu.Lock()
				defer d.mu.Unlock()
				if d.got.Len() != len(put) {
					t.Fatalf("%d of %d bytes", d.got.Len(), len(put))
				}
				for i, at := range d.at {
					if len(d.at) < len(put) {
						break
					}
					if late := at.Sub(put[i]); late != 0 {
						t.Fatalf("byte %d is %v late", i, late)
					}
				}
				if gap > pause && len(d.at) != len(put) {
					t.Errorf("%d writes of %d", len(d.at), len(put))
				}
				if want := int(1000*gap/pause) + 2; len(d.at) > want && gap < pause {
					t.Errorf("%d writes, at most %d wanted", len(d.at), want)
				}
				for i := 1; i < len(d.at) && gap < pause; i++ {
					if d.at[i].Sub(d.at[i-1]) > 20*time.Millisecond {
						t.Errorf("%v between writes", d.at[i].Sub(d.at[i-1]))
					}
				}
			})
		})
	}
}

// A device that hangs does not stop the caller before much is waiting, and
// then nothing is lost.
func TestStreamBlocksOnlyWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device{resume: make(chan struct{})}
		s := NewStream(&d)
		block := make([]byte, 1<<20)
		const n = bounds>>20 + 1 // one is on its way, the others wait
		for range n {
			s.Write(block)
			synctest.Wait()
		}
		done := false
		go func() { s.Write(block); done = true }()
		synctest.Wait()
		if done {
			t.Error("more than the bound is waiting")
		}
		close(d.resume)
		synctest.Wait()
		if !done {
			t.Error("Write still waits")
		}
		if err := s.Close(); err != nil || d.got.Len() != (n+1)<<20 {
			t.Error(err, d.got.Len())
		}
	})
}

func TestSinkErrors(t *testing.T) {
	for _, test := range []struct{ device, want error }{
		{nil, nil},
		{syscall.ENOSPC, syscall.ENOSPC},
		{&os.PathError{Op: "write", Path: "|", Err: syscall.EPIPE}, nil}, // head has read enough
	} {
		s := NewSink(&device{err: test.device}, JSON{})
		s.Put(&report.Scan{})
		if test.device != nil {
			<-s.Failed()
		}
		for range 100 {
			s.Put(up)
		}
		s.Put(&report.End{})
		for range 2 {
			if err := s.Close(); !errors.Is(err, test.want) {
				t.Errorf("%v: %v", test.device, err)
			}
		}
	}
}

// A writer blocked on a full Stream gets its error when the device fails.
func TestStreamFailsWaitingWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device{resume: make(chan struct{}), err: syscall.ENOSPC}
		s := NewStream(&d)
		s.Write([]byte("x"))
		synctest.Wait()
		s.Write(make([]byte, bounds))
		var err error
		go func() { _, err = s.Write([]byte("y")) }()
		synctest.Wait()
		close(d.resume)
		synctest.Wait()
		if err != syscall.ENOSPC {
			t.Error(err)
		}
		s.Close()
	})
}

// up is a host.
var up = &report.Host{Addr: web, Verdict: report.Verdict{State: probe.Up, Reason: probe.SynAck, From: web}}

func run(t *testing.T, s Spec, end bool) {
	t.Helper()
	sink, err := Formats().Open(s, io.Discard, Options{Color: true})
	if err != nil {
		t.Fatal(err)
	}
	sink.Put(&report.Scan{})
	sink.Put(up)
	if end {
		sink.Put(&report.End{})
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFileWrittenBeside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.txt")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	alias := filepath.Join(dir, "alias")
	if err := os.Symlink("out.txt", alias); err != nil {
		t.Fatal(err)
	}

	run(t, Spec{Format: "text", Path: path}, false) // killed half-way
	if got := read(t, path); got != "old" {
		t.Errorf("half a run replaced the file: %q", got)
	}
	run(t, Spec{Format: "text", Path: alias}, true)
	if got := read(t, path); !strings.Contains(got, "10.77.2.10       up, syn-ack") || strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
		t.Error(info.Mode(), err)
	}
	if info, err := os.Lstat(alias); err != nil || info.Mode().IsRegular() {
		t.Error("the symbolic link was replaced")
	}
	if names, _ := os.ReadDir(dir); len(names) != 2 {
		t.Errorf("left behind: %v", names)
	}
}

func TestFileStreamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	sink, err := Formats().Open(Spec{Format: "json", Path: path}, io.Discard, Options{Color: true})
	if err != nil {
		t.Fatal(err)
	}
	sink.Put(&report.Scan{})
	for i := 0; !strings.Contains(read(t, path), `"scan"`); i++ { // before the end
		if i == 1000 {
			t.Fatal("not written")
		}
		time.Sleep(time.Millisecond)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFileGrows: a format of whole hosts may be written in place, too.
func TestFileGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.gnmap")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, Spec{Format: "grep", Path: path}, false) // killed half-way
	if got := read(t, path); !strings.HasPrefix(got, "# sonde") || !strings.HasSuffix(got, "Status: Up\n") {
		t.Errorf("%q", got)
	}
}

func TestFileInPlace(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		b, err := os.ReadFile(fifo)
		if err != nil {
			t.Error(err)
		}
		got <- string(b)
	}()
	run(t, Spec{Format: "text", Path: fifo}, true)
	if out := <-got; !strings.Contains(out, "up, syn-ack") {
		t.Errorf("%q", out)
	}
	if info, err := os.Stat(fifo); err != nil || info.Mode().IsRegular() {
		t.Error("the FIFO was replaced")
	}
	run(t, Spec{Format: "text", Path: "/dev/null"}, true)
}

// A regular file behind /dev/fd is open already: it gets the bytes at its end,
// and keeps its identity.
func TestFileBehindDescriptor(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString("before\n")
	fd := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	run(t, Spec{Format: "text", Path: fd}, true)
	if got := read(t, f.Name()); !strings.HasPrefix(got, "before\n10.77.2.10") {
		t.Errorf("%q", got)
	}
}

func TestFileCannotBeWritten(t *testing.T) {
	for _, path := range []string{t.TempDir(), "/nowhere/at/all", "/dev/nothing-like-this"} {
		for _, name := range Formats().Names() {
			if s, err := Formats().Open(Spec{Format: name, Path: path}, io.Discard, Options{Color: true}); err == nil {
				s.Close()
				t.Errorf("%s: %s could be opened", name, path)
			}
		}
	}
	s, err := Formats().Open(Spec{Format: "json", Path: "/dev/full"}, io.Discard, Options{Color: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Put(&report.Scan{})
	s.Put(&report.End{})
	if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full disk: %v", err)
	}
}

// Records from several goroutines stay whole lines.
func TestSinkIsSafeForConcurrentUse(t *testing.T) {
	var d device
	s := NewSink(&d, JSON{})
	s.Put(&report.Scan{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				s.Put(up)
			}
		})
	}
	wg.Wait()
	s.Put(&report.End{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	valid := validator(t)
	n := 0
	for line := range strings.Lines(d.got.String()) {
		if err := valid(line); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 402 {
		t.Errorf("%d lines", n)
	}
}

// A device that stands still is given up after Hasten, and one that moves is not.
func TestStreamHasten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device{resume: make(chan struct{})}
		s := NewStream(&d)
		s.Write(make([]byte, 20*piece))
		s.Hasten(time.Second)
		s.Hasten(time.Second)
		for range 10 { // slow, but alive
			time.Sleep(900 * time.Millisecond)
			d.resume <- struct{}{}
		}
		began := time.Now()
		flushed := s.Flush()
		if took := time.Since(began); !errors.Is(flushed, ErrStill) || took < 800*time.Millisecond || took > 1200*time.Millisecond {
			t.Errorf("%v after %v", flushed, took)
		}
		if _, err := s.Write([]byte("x")); !errors.Is(err, ErrStill) {
			t.Error(err)
		}
		if err := s.Close(); !errors.Is(err, ErrStill) {
			t.Error(err)
		}
		close(d.resume) // a real device never returns, and the program ends
		synctest.Wait()
	})
	synctest.Test(t, func(t *testing.T) { // where nothing waits nothing is wrong
		var d device
		s := NewStream(&d)
		s.Hasten(time.Second)
		time.Sleep(time.Minute)
		s.Write([]byte("x"))
		if err := s.Close(); err != nil || d.got.Len() != 1 {
			t.Error(err, d.got.Len())
		}
	})
}

// TestCut: a file of lines goes on behind what a checkpoint knows of, if that can be
// true of this file.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name   string
		change func(w *files.Written)
		want   string
	}{
		{"known", func(*files.Written) {}, "one\ntwo\n"},
		{"nothing known", func(w *files.Written) { w.Path = "" }, "one\ntwo\nthree\n"},
		{"another file", func(w *files.Written) { w.Inode++ }, "one\ntwo\nthree\n"},
		{"in the middle of a line", func(w *files.Written) { w.Length-- }, "one\ntwo\nthree\n"},
		{"more than there is", func(w *files.Written) { w.Length = 100 }, "one\ntwo\nthree\n"},
		{"nothing written", func(w *files.Written) { w.Length = 0 }, ""},
	} {
		path, err := files.Resolve(filepath.Join(dir, tt.name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("one\ntwo\nthree\nfou"), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		w := files.Written{Path: path, Inode: info.Sys().(*syscall.Stat_t).Ino, Length: 8}
		tt.change(&w)
		sink, err := Formats().Open(Spec{Format: "json", Path: path, Append: true, Written: []files.Written{w}}, io.Discard, Options{})
		if err != nil {
			t.Fatal(err)
		}
		before := read(t, path)
		sink.Put(&report.Scan{})
		told, ok := sink.Written()
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		after := read(t, path)
		if before != tt.want || !strings.HasPrefix(after, tt.want+"{") || !ok || told.Path != path || told.Length != uint64(len(after)) {
			t.Errorf("%s: %q, then %q; it is told %+v", tt.name, before, after, told)
		}
	}
}
