package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sonde/output"
	"sonde/scan/job"
	"sonde/scan/lab/labtest"
)

// ending is one way in which a run is ended from outside.
type ending struct {
	name  string
	send  []syscall.Signal // at once
	flags string
	code  int // where everything is read
}

var endings = []ending{
	{"SIGINT", []syscall.Signal{syscall.SIGINT}, "", job.ExitInterrupted},
	{"SIGTERM", []syscall.Signal{syscall.SIGTERM}, "", job.ExitTerminated},
	{"SIGHUP", []syscall.Signal{syscall.SIGHUP}, "", job.ExitHungUp},
	{"SIGQUIT", []syscall.Signal{syscall.SIGQUIT}, "", job.ExitQuitted},
	{"SIGTERM twice", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, "", job.ExitTerminated},
	{"SIGTERM and SIGHUP", []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP}, "", 0}, // whichever comes first
	{"--deadline", nil, "--deadline 1s", job.ExitSilence},
}

// fate is what becomes of an output.
type fate struct {
	name string
	// prepare makes the output: its -o, and what is stdout (nil: a pipe that is read).
	prepare func(t *testing.T) (format string, stdout *os.File)
	// written reads what the run has written, after its end.
	written func(t *testing.T, format string, piped []byte) []byte
	codes   []int // nil: that of the ending
	quiet   bool  // nothing is said on stderr
}

// unread is a pipe that nobody reads before the end.
func unread(t *testing.T) (near, far *os.File) {
	t.Helper()
	near, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	return near, far
}

func fates() []fate {
	var readers sync.Map // by test: the near end of its pipe
	return []fate{
		{name: "read", prepare: func(*testing.T) (string, *os.File) { return "json", nil },
			written: func(_ *testing.T, _ string, piped []byte) []byte { return piped }},
		{name: "the reader stands still", codes: []int{job.ExitLocal},
			prepare: func(t *testing.T) (string, *os.File) {
				near, far := unread(t)
				readers.Store(t.Name(), near)
				return "json", far
			},
			written: func(t *testing.T, _ string, _ []byte) []byte {
				near, _ := readers.Load(t.Name())
				b, err := io.ReadAll(near.(*os.File))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}},
		{name: "the reader has gone", quiet: true, codes: []int{job.ExitYes, job.ExitSilence},
			prepare: func(t *testing.T) (string, *os.File) {
				near, far := unread(t)
				near.Close()
				return "json", far
			}},
		{name: "the disk is full", codes: []int{job.ExitLocal},
			prepare: func(t *testing.T) (string, *os.File) { return "json=" + filepath.Join(smallDisk(t), "out"), nil },
			written: func(t *testing.T, format string, _ []byte) []byte {
				b, err := os.ReadFile(strings.TrimPrefix(format, "json="))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}},
		{name: "a FIFO that nobody opens",
			prepare: func(t *testing.T) (string, *os.File) {
				fifo := filepath.Join(t.TempDir(), "fifo")
				if err := syscall.Mkfifo(fifo, 0o600); err != nil {
					t.Fatal(err)
				}
				return "json=" + fifo, nil
			}},
	}
}

// smallDisk is a file system of 16 kB.
func smallDisk(t *testing.T) string {
	t.Helper()
	labtest.Need(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// task is a run that takes longer than it is given.
type task struct {
	line, format string
	// few: it writes so little that what becomes of its output may not show before it ends.
	few bool
}

// tasks are all commands that ask. The first writes most, and is what make test has.
var tasks = []task{
	{"tcp --via connect -p 1-60000 --rate 3000 127.0.0.1", "json", false},
	{"tcp --via connect -p 1-60000 --rate 3000 127.0.0.1", "text", true},
	{"tcp -PN -p 1-60000 --rate 3000 127.0.0.1", "json", true},
	{"tcp -PN -p 1-60000 --rate 3000 127.0.0.1", "text", true},
	{"udp -PN -p 1-60000 --rate 3000 127.0.0.1", "json", true},
	{"udp -PN --via connect -p 1-60000 --rate 3000 127.0.0.1", "text", true},
	{"sweep --rate 3000 127.0.0.0/16", "json", true},
	{"sweep --rate 3000 127.0.0.0/16", "text", true},
	{"fp -p 1-60000 --rate 3000 127.0.0.1", "json", true},
	{"fp -p 1-60000 --rate 3000 127.0.0.1", "text", true},
	{"trace --rate 5 127.0.0.0/28", "json", true},
	{"trace --rate 5 127.0.0.0/28", "text", true},
}

// TestEndings: by whatever a run is ended and whatever becomes of its output, it ends
// within its time, by a code of the contract, and what it has written is whole lines.
func TestEndings(t *testing.T) {
	t.Parallel()
	some, runs := tasks[:1], 1
	if n, err := strconv.Atoi(os.Getenv("FAULTS")); err == nil {
		some, runs = tasks, n
	}
	for _, k := range some {
		for _, f := range fates() {
			for _, e := range endings {
				t.Run(strings.Join([]string{strings.ReplaceAll(k.line, "/", "|"), k.format, f.name, e.name}, ", "), func(t *testing.T) {
					t.Parallel()
					for range runs {
						k.end(t, &f, &e)
					}
				})
			}
		}
	}
}

// end carries out a task, and ends it.
func (k *task) end(t *testing.T, f *fate, e *ending) {
	t.Helper()
	format, stdout := f.prepare(t)
	args := slices.Concat(strings.Fields(k.line), []string{"-o", strings.Replace(format, "json", k.format, 1)}, strings.Fields(e.flags))
	cmd := exec.Command(program(t), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if stdout != nil {
		cmd.Stdout = stdout
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if stdout != nil {
		stdout.Close()
	}
	killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer killer.Stop()
	most := patience / 2
	if strings.Contains(f.name, "FIFO") { // its outputs may never be open
		most = 3 * time.Second
	}
	underWay(t, cmd.Process.Pid, most)
	const running = time.Second // long enough to fill a pipe, or a small disk
	time.Sleep(running)
	told := time.Now()
	for _, s := range e.send {
		cmd.Process.Signal(s)
	}
	cmd.Wait()
	if took := time.Since(told); took > grace+3*time.Second {
		t.Errorf("it ended only after %v", took)
	}
	code, want := cmd.ProcessState.ExitCode(), k.codes(f, e)
	if !slices.Contains(want, code) {
		t.Errorf("%v, want %v: %s", cmd.ProcessState, want, errs.String())
	}
	if said := strings.Count(errs.String(), "\n"); said > 1 || !k.few && f.quiet != (said == 0) && f.name != "read" {
		t.Errorf("it says %q", errs.String())
	}
	if f.written != nil && k.format == "json" {
		wholeLines(t, f.written(t, format, out.Bytes()), f.name == "read", k.few)
	}
}

// underWay waits until a run has given up its privileges, which it does when its outputs
// are open, or has ended, and for so long at most. Before main has begun, which on a busy
// machine may take longer than any fixed time, a signal just ends the process.
func underWay(t *testing.T, pid int, most time.Duration) {
	t.Helper()
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil || bytes.Contains(b, []byte("NoNewPrivs:\t1")) || bytes.Contains(b, []byte("State:\tZ")) {
			return
		}
	}
}

// codes are the exit codes by which a task may end.
func (k *task) codes(f *fate, e *ending) []int {
	want := f.codes
	if want == nil && e.code != 0 {
		want = []int{e.code}
	}
	if f.name == "a FIFO that nobody opens" && e.send == nil {
		want = []int{job.ExitLocal}
	}
	if want == nil || k.few && e.code == 0 {
		want = append(slices.Clone(want), job.ExitTerminated, job.ExitHungUp)
	}
	if k.few { // it may end before anybody notices; with --deadline something may be open
		want = append(slices.Clone(want), e.code)
		if e.send == nil {
			want = append(want, job.ExitYes)
		}
	}
	return want
}

// startUnread starts a run with JSON whose reader stands still. It is killed if it does
// not end within patience.
func startUnread(t *testing.T, line string) (cmd *exec.Cmd, near *os.File) {
	t.Helper()
	cmd = exec.Command(program(t), strings.Fields(line+" -o json")...)
	near, far := unread(t)
	cmd.Stdout = far
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	t.Cleanup(func() { killer.Stop() })
	return cmd, near
}

// waitUntilFull waits until what nobody reads takes no more: its length stays the same.
func waitUntilFull(t *testing.T, near *os.File) {
	t.Helper()
	raw, err := near.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	waiting, same := 0, 0
	for end := time.Now().Add(patience); same < 10 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		n := 0
		if e := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }); e != nil || err != nil {
			t.Fatal(e, err)
		}
		if same++; n != waiting || n == 0 {
			waiting, same = n, 0
		}
	}
}

// wholeLines fails unless b is records, at least ten if they are not to be few. The last
// may be cut if the output was.
func wholeLines(t *testing.T, b []byte, whole, few bool) {
	t.Helper()
	n := 0
	for line := range bytes.Lines(b) {
		if n++; !bytes.HasSuffix(line, []byte("\n")) && !whole {
			continue
		}
		if _, err := output.Decode(line); err != nil {
			t.Fatalf("line %d: %v: %.200s", n, err, line)
		}
	}
	if n < 10 && !few {
		t.Errorf("only %d lines", n)
	}
	if whole && !bytes.Contains(b, []byte(`"complete":false`)) {
		t.Error("the last record does not say that it is not complete")
	}
}

// TestStillReaderIsWaitedFor: who reads slowly, in a pager for one, gets everything
// of a run that nobody ends.
func TestStillReaderIsWaitedFor(t *testing.T) {
	t.Parallel()
	cmd, near := startUnread(t, "tcp --via connect -p 1-2000 127.0.0.1")
	time.Sleep(2*grace + time.Second)
	b, err := io.ReadAll(near)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != job.ExitNo && code != job.ExitYes || !bytes.Contains(b, []byte(`"complete":true`)) {
		t.Errorf("%v, %d bytes", cmd.ProcessState, len(b))
	}
}

// TestSecondSignalLater: whoever signals again when the first one takes too long does
// not wait for the rest of the grace.
func TestSecondSignalLater(t *testing.T) {
	t.Parallel()
	cmd, near := startUnread(t, "tcp --via connect -p 1-60000 --rate 3000 127.0.0.1")
	waitUntilFull(t, near)
	cmd.Process.Signal(syscall.SIGINT)
	time.Sleep(impatience + 200*time.Millisecond)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != job.ExitTerminated {
		t.Errorf("%v", cmd.ProcessState)
	}
}

// TestSignalsUntilTheEnd: a signal that comes when all is written is none of Go's own,
// which for SIGQUIT would be exit 2 and a page of stacks.
func TestSignalsUntilTheEnd(t *testing.T) {
	t.Parallel()
	for range 10 {
		cmd := exec.Command(program(t), strings.Fields("tcp --via connect -p 1-40000 --rate 20000 127.0.0.1 -o json")...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		underWay(t, cmd.Process.Pid, patience/2)
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		for over, end := false, time.Now().Add(impatience/2); !over && time.Now().Before(end); {
			cmd.Process.Signal(syscall.SIGQUIT)
			select {
			case <-ended:
				over = true
			case <-time.After(100 * time.Microsecond):
			}
		}
		<-ended
		if code := cmd.ProcessState.ExitCode(); code != job.ExitQuitted || errs.Len() > 0 {
			t.Fatalf("%v: %.300s", cmd.ProcessState, errs.String())
		}
		wholeLines(t, out.Bytes(), true, true)
	}
}

// TestStdoutShut: results that nobody can take are no success; where there are none,
// nobody minds, and what stands in place of a standard stream is no output.
func TestStdoutShut(t *testing.T) {
	t.Parallel()
	if len(buildFlags) == 0 || buildFlags[0] == "-race" {
		t.Skip("built without -E main.entry, the program cannot tell: see stdoutWas", buildFlags)
	}
	path := program(t)
	dir := t.TempDir()
	for _, tt := range []struct {
		shut string // of the shell
		args string
		code int
		said string
	}{
		{">&-", "tcp --via connect -p 1 127.0.0.1", job.ExitLocal, errShut.Error()},
		{">&-", "tcp --via connect -p 1 127.0.0.1 -o json", job.ExitLocal, errShut.Error()},
		{">&-", "tcp -p 1 --dry-run 127.0.0.1", job.ExitLocal, errShut.Error()},
		{">&-", "version", job.ExitLocal, errShut.Error()},
		{">&-", "doctor", job.ExitLocal, errShut.Error()},
		{">&-", "tcp --via connect -q -p 1 127.0.0.1", job.ExitNo, ""},
		{">&-", "tcp --via connect -q -p 1 127.0.0.1 -o json=" + dir + "/out", job.ExitNo, ""},
		{">&- 2>&-", "tcp --via connect -p 1 127.0.0.1", job.ExitLocal, ""},
		{"<&- >&- 2>&-", "tcp -q --via connect -p 1 127.0.0.1", job.ExitNo, ""},
		{"2>&-", "tcp --via connect -p 1 127.0.0.1 nowhere.invalid", job.ExitName, ""},
		{">/dev/full", "version", job.ExitLocal, "no space left"},
		{">/dev/full", "tcp -p 1 --dry-run 127.0.0.1", job.ExitLocal, "no space left"},
		{">/dev/null", "tcp --via connect -p 1 127.0.0.1", job.ExitNo, ""},
		{"1<>/dev/null", "tcp --via connect -p 1 127.0.0.1", job.ExitNo, ""},
	} {
		cmd := exec.Command("sh", "-c", fmt.Sprintf("exec %s %s %s", path, tt.args, tt.shut))
		var errs bytes.Buffer
		cmd.Stderr = &errs
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(errs.String(), tt.said) || tt.said == "" && errs.Len() > 0 {
			t.Errorf("%s %s: exit %d, want %d: %q", tt.args, tt.shut, code, tt.code, errs.String())
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || !bytes.HasPrefix(b, []byte(`{"type":"scan"`)) {
		t.Errorf("%q, %v", b, err)
	}
}
