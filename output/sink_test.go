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
		s := NewSink(&device{err: test.device}, new(JSON))
		s.Begin(&Meta{})
		if test.device != nil {
			<-s.Failed()
		}
		for range 100 {
			s.Record(&Record{Addr: web, State: probe.Up})
		}
		s.End(&End{})
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

func run(t *testing.T, s Spec, end bool) {
	t.Helper()
	sink, err := Formats().Open(s, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	sink.Begin(&Meta{Color: true})
	sink.Record(&Record{Type: Host, Addr: web, State: probe.Up, Reason: probe.SynAck})
	if end {
		sink.End(&End{})
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
	sink, err := Formats().Open(Spec{Format: "json", Path: path}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	sink.Begin(&Meta{})
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
			if s, err := Formats().Open(Spec{Format: name, Path: path}, io.Discard); err == nil {
				s.Close()
				t.Errorf("%s: %s could be opened", name, path)
			}
		}
	}
	s, err := Formats().Open(Spec{Format: "json", Path: "/dev/full"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.Begin(&Meta{})
	s.End(&End{})
	if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full disk: %v", err)
	}
}

// Records from several goroutines stay whole lines.
func TestSinkIsSafeForConcurrentUse(t *testing.T) {
	var d device
	s := NewSink(&d, new(JSON))
	s.Begin(&Meta{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				s.Record(&Record{Addr: web, State: probe.Up})
			}
		})
	}
	wg.Wait()
	s.End(&End{})
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
