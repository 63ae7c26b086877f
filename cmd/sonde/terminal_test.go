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
	var seen func(*os.File, *buffer)
	if user != nil {
		seen = func(master *os.File, _ *buffer) { user(master) }
	}
	return inTerminal(t, exec.Command(program(t), args...), env, seen)
}

// startAt starts a command that has the terminal, and is killed if it takes too long. shown
// is what the terminal shows; once the command is over, rest waits for the rest of that.
func startAt(t *testing.T, cmd *exec.Cmd, master, slave *os.File) (shown *buffer, killer *time.Timer, rest func()) {
	t.Helper()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer = time.AfterFunc(patience, func() { cmd.Process.Kill() })
	shown = &buffer{}
	const end = "\x00end"
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			shown.Write(b[:n])
			if err != nil || strings.Contains(shown.String(), end) {
				return
			}
		}
	}()
	return shown, killer, func() {
		slave.WriteString(end)
		<-done
	}
}

// inTerminal does the same for any command; user sees what the terminal shows.
func inTerminal(t *testing.T, cmd *exec.Cmd, env string, user func(master *os.File, shown *buffer)) (shown string, exit int) {
	t.Helper()
	master, slave := openTerminal(t)
	before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), env)
	out, killer, rest := startAt(t, cmd, master, slave)
	defer killer.Stop()
	for user != nil && !strings.Contains(out.String(), "packets/s") {
		time.Sleep(10 * time.Millisecond)
		if t.Context().Err() != nil || !killer.Stop() {
			t.Fatalf("no progress shown: %q", out.String())
		}
		killer.Reset(patience)
	}
	if user != nil {
		user(master, out)
	}
	cmd.Wait()
	after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("the terminal is not as it was: %+v, before %+v", after, before)
	}
	rest()
	shown, _, _ = strings.Cut(out.String(), "\x00end")
	return shown, cmd.ProcessState.ExitCode()
}

// TestTerminal: a key shows how far it is, q ends the run with what is known,
// and however it ends, the terminal is as it was.
func TestTerminal(t *testing.T) {
	t.Parallel()
	slow := []string{"tcp", "--via", "connect", "--rate", "100", "-p", "1-2000", "127.0.0.1"}
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

// raw tells whether the terminal hands over single keys.
func raw(t *testing.T, master *os.File) bool {
	t.Helper()
	now, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return now.Lflag&(unix.ICANON|unix.ECHO) == 0
}

// eventually fails unless it holds soon.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("not within 10 s: %s", what)
}

// TestTerminalAfterSignals: by whatever signal a run ends, the terminal is as it was
// (inTerminal looks), and results are shown.
func TestTerminalAfterSignals(t *testing.T) {
	t.Parallel()
	for s, exit := range map[syscall.Signal]int{syscall.SIGHUP: 129, syscall.SIGINT: 130, syscall.SIGQUIT: 131, syscall.SIGTERM: 143} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(program(t), "tcp", "--via", "connect", "--rate", "100", "-p", "1-2000", "127.0.0.1")
			shown, code := inTerminal(t, cmd, "X=", func(master *os.File, _ *buffer) {
				eventually(t, "single keys", func() bool { return raw(t, master) })
				cmd.Process.Signal(s)
			})
			if code != exit || !strings.Contains(shown, "Interrupted: incomplete") || strings.Contains(shown, "goroutine") {
				t.Errorf("exit %d, want %d: %q", code, exit, shown)
			}
		})
	}
}

// TestTerminalWhileStopped: Ctrl-Z gives the terminal back as it was; in the
// foreground again, keys work again.
func TestTerminalWhileStopped(t *testing.T) {
	t.Parallel()
	// The shell's own word for a job that stops is not the same everywhere.
	const script = `set -m; "$0" tcp --via connect --rate 100 -p 1-5000 127.0.0.1; echo IT STOPPED; read -r line; fg; exit 7`
	cmd := exec.Command("sh", "-c", script, program(t))
	shown, exit := inTerminal(t, cmd, "X=", func(master *os.File, shown *buffer) {
		eventually(t, "single keys", func() bool { return raw(t, master) })
		master.WriteString("\x1a")
		eventually(t, "being stopped", func() bool { return strings.Contains(shown.String(), "IT STOPPED") })
		if raw(t, master) {
			t.Error("the terminal is raw while the program is stopped")
		}
		master.WriteString("\n")
		eventually(t, "single keys again", func() bool { return raw(t, master) })
		master.WriteString("q")
	})
	if exit != 7 || !strings.Contains(shown, "Interrupted: incomplete") {
		t.Errorf("exit %d: %q", exit, shown)
	}
}

// TestTerminalGone: the end of a terminal ends the run, and nothing spins or hangs.
func TestTerminalGone(t *testing.T) {
	t.Parallel()
	master, slave := openTerminal(t)
	cmd := exec.Command(program(t), "tcp", "--via", "connect", "--rate", "100", "-p", "1-5000", "127.0.0.1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer killer.Stop()
	eventually(t, "single keys", func() bool { return raw(t, master) })
	master.Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 129 {
		t.Errorf("%v", cmd.ProcessState)
	}
}

// TestTerminalOfOthers: where results go through a pipe the terminal belongs to who reads
// them: no key is taken, no progress shown. To a file likewise.
func TestTerminalOfOthers(t *testing.T) {
	t.Parallel()
	slow := " tcp --via connect --rate 100 -p 1-150 127.0.0.1"
	for _, script := range []string{`"$0"` + slow + ` | cat`, `"$0"` + slow + ` | grep tcp`, `"$0"` + slow + ` >/dev/null`} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			// The reader waits for its terminal as a pager does: raw would be seen there.
			cmd := exec.Command("sh", "-c", script+`; stty -a | grep -o -e '-*icanon' -e '-*echo '`, program(t))
			master, slave := openTerminal(t)
			shown, killer, rest := startAt(t, cmd, master, slave)
			defer killer.Stop()
			over := make(chan struct{})
			go func() {
				cmd.Wait()
				close(over)
			}()
			for was := false; ; {
				select {
				case <-over:
					rest()
					text := shown.String()
					if was || strings.Contains(text, "\x1b") || strings.Contains(text, "packets/s") || !strings.Contains(text, "icanon") || strings.Contains(text, "-icanon") {
						t.Errorf("single keys: %v; %q", was, text)
					}
					return
				case <-time.After(5 * time.Millisecond):
					was = was || raw(t, master)
				}
			}
		})
	}
}

// TestProgressStays: the line stands behind what is written, too.
func TestProgressStays(t *testing.T) {
	t.Parallel()
	shown, _ := atTerminal(t, "X=", []string{"sweep", "--via", "connect", "--rate", "50", "127.0.0.0/26"}, nil)
	_, results, _ := strings.Cut(shown, "packets/s")
	written, redrawn := strings.Count(results, "conn-refused"), strings.Count(results, "\n\r\x1b[Ksweep: ")
	if written < 10 || redrawn < written/2 {
		t.Errorf("%d results, behind %d of which is progress: %q", written, redrawn, shown)
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
	for _, env := range []string{"TERM=dumb", "LANG=C"} { // the latter has colours, and no other signs
		shown, _ := atTerminal(t, env, args, nil)
		if strings.Contains(shown, "\x1b[31mclosed") != (env == "LANG=C") || env == "TERM=dumb" && strings.Contains(shown, "\x1b") {
			t.Errorf("%s: %q", env, shown)
		}
	}
	if shown, _ := atTerminal(t, "X=", append(args, "--color", "never"), nil); strings.Contains(shown, "\x1b[3") {
		t.Errorf("colour in spite of --color never: %q", shown)
	}
	if out, _ := exec.Command(program(t), append(args, "--color=always")...).Output(); !strings.Contains(string(out), "\x1b[31mclosed") {
		t.Errorf("no colour in a pipe in spite of --color=always: %q", out)
	}
	out, _ := exec.Command(program(t), args...).Output() // exit 1: it is closed
	if strings.Contains(string(out), "\x1b") || len(out) == 0 {
		t.Errorf("colour in a pipe: %q", out)
	}
}

// TestRepetitionsAtTerminal: on a terminal each repetition of a few questions has a line
// as it comes, before the summary; of more there is progress, and a pipe and a file get
// the summary alone.
func TestRepetitionsAtTerminal(t *testing.T) {
	t.Parallel()
	few := []string{"tcp", "--via", "connect", "-c", "3", "--interval", "400ms", "-p", "1,2", "127.0.0.1"}
	shown, exit := atTerminal(t, "NO_COLOR=1", few, nil)
	if exit != 1 || strings.Count(shown, " seq ") != 6 || !strings.Contains(shown, "127.0.0.1 2/tcp seq 3: closed, conn-refused, ") ||
		strings.Contains(shown, "packets/s") || strings.LastIndex(shown, " seq ") > strings.Index(shown, "PORT") {
		t.Errorf("exit %d, %q", exit, shown)
	}
	out, _ := exec.Command(program(t), few...).Output() // exit 1: they are closed
	if strings.Contains(string(out), " seq ") || strings.Count(string(out), "3 of 3 answered") != 2 {
		t.Errorf("in a pipe: %q", out)
	}
	many := []string{"tcp", "--via", "connect", "-c", "3", "--interval", "400ms", "-p", "1-17", "127.0.0.1"}
	if shown, _ := atTerminal(t, "NO_COLOR=1", many, nil); strings.Contains(shown, " seq ") || !strings.Contains(shown, "tcp: round ") {
		t.Errorf("many: %q", shown)
	}
	if shown, _ := atTerminal(t, "NO_COLOR=1", append(few, "-o", "json"), nil); strings.Contains(shown, " seq ") {
		t.Errorf("JSON: %q", shown)
	}
	wait := []string{"tcp", "--via", "connect", "-p", "1", "--wait-for", "open", "--interval", "100ms", "--deadline", "1500ms", "127.0.0.1"}
	if shown, exit := atTerminal(t, "NO_COLOR=1", wait, nil); exit != 3 || !strings.Contains(shown, ", waiting for open") {
		t.Errorf("--wait-for: exit %d, %q", exit, shown)
	}
}
