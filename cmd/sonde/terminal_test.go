package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sonde/scan"
)

// openTerminal returns both ends of a new pseudo-terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// atTerminal runs the program in a terminal and calls user, unless nil, when
// progress shows. It returns what the terminal showed and the exit code.
func atTerminal(t *testing.T, env string, args []string, user func(master *os.File)) (shown string, exit int) {
	t.Helper()
	master, slave := openTerminal(t)
	before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t), args...)
	cmd.Env = append(os.Environ(), env)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer killer.Stop()
	var out buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			out.Write(b[:n])
			if err != nil || strings.Contains(out.String(), "\x00end") {
				return
			}
		}
	}()
	for user != nil && !strings.Contains(out.String(), "packets/s") {
		time.Sleep(10 * time.Millisecond)
		if t.Context().Err() != nil || !killer.Stop() {
			t.Fatalf("no progress shown: %q", out.String())
		}
		killer.Reset(10 * time.Second)
	}
	if user != nil {
		user(master)
	}
	cmd.Wait()
	after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("the terminal is not as it was: %+v, before %+v", after, before)
	}
	slave.WriteString("\x00end")
	<-done
	shown, _, _ = strings.Cut(out.String(), "\x00end")
	return shown, cmd.ProcessState.ExitCode()
}

// TestTerminal: a key shows how far it is, q ends the run with what is known,
// and however it ends, the terminal is as it was.
func TestTerminal(t *testing.T) {
	slow := []string{"tcp", "--via", "connect", "--rate", "200", "-p", "1-2000", "127.0.0.1"}
	press := func(key string) func(*os.File) { return func(m *os.File) { m.WriteString(key) } }
	for _, tt := range []struct {
		name  string
		args  []string
		user  func(*os.File)
		exit  int
		parts []string
	}{
		{"q", slow, press("xq"), 3, []string{"tcp: pass 1, ", " s left", "Undecided: ", "\x1b[32mup\x1b[0m", "Interrupted: incomplete"}},
		{"q of a run that knows a yes", []string{"sweep", "--via", "connect", "--rate", "50", "127.0.0.0/24"}, press("q"), 0, []string{"up", "Interrupted: incomplete"}},
		{"Ctrl-C", slow, press("\x03"), 130, []string{"Interrupted: incomplete"}},
		{"the end", []string{"tcp", "--via", "connect", "--rate", "200", "-p", "1-200", "127.0.0.1"}, nil, 1, []string{"200 ports: 200 closed."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shown, exit := atTerminal(t, "X=", tt.args, tt.user)
			if exit != tt.exit {
				t.Errorf("exit %d, want %d", exit, tt.exit)
			}
			for _, p := range tt.parts {
				if !strings.Contains(shown, p) {
					t.Errorf("no %q in %q", p, shown)
				}
			}
			before, _, _ := strings.Cut(shown, "127.0.0.1") // the first result
			if before != "" && !strings.HasSuffix(before, "\r\x1b[K") && !strings.HasSuffix(before, "\n") {
				t.Errorf("the first result stands behind something: %q", before)
			}
		})
	}
}

// TestColor: only on a terminal, and never with NO_COLOR.
func TestColor(t *testing.T) {
	args := []string{"tcp", "--via", "connect", "-p", "1", "127.0.0.1"}
	if shown, _ := atTerminal(t, "X=", args, nil); !strings.Contains(shown, "\x1b[31mclosed") {
		t.Errorf("no colour on a terminal: %q", shown)
	}
	if shown, _ := atTerminal(t, "NO_COLOR=1", args, nil); strings.Contains(shown, "\x1b") {
		t.Errorf("colour in spite of NO_COLOR: %q", shown)
	}
	out, _ := exec.Command(program(t), args...).Output() // exit 1: it is closed
	if strings.Contains(string(out), "\x1b") || len(out) == 0 {
		t.Errorf("colour in a pipe: %q", out)
	}
}

// TestProgressLine: what the line says.
func TestProgressLine(t *testing.T) {
	start := time.Unix(0, 0)
	c := pace{began: start, at: start}
	for _, tt := range []struct {
		after time.Duration
		p     scan.Progress
		want  string
	}{
		{time.Second, scan.Progress{Asked: 100, Questions: 400, Sent: 100, Received: 90, Loss: -1}, "tcp: pass 1, 25 %, 100 packets/s, 90 answers, 3 s left"},
		{1100 * time.Millisecond, scan.Progress{Asked: 110, Questions: 400, Sent: 110, Received: 99, Loss: 0.1}, "tcp: pass 1, 28 %, 100 packets/s, 99 answers, loss 10.0 %, 3 s left"},
		{2 * time.Second, scan.Progress{Asked: 400, Questions: 400, Sent: 400, Received: 380, Loss: 0.05, Pass: 1}, "tcp: pass 2, 100 %, 300 packets/s, 380 answers, loss 5.0 %"},
		{3 * time.Second, scan.Progress{Loss: -1}, "tcp: pass 1, 0 %, 0 packets/s, 0 answers"},
	} {
		if got := c.line("tcp", start.Add(tt.after), tt.p); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
