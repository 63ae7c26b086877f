package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sonde/scan/lab/labtest"
)

// asRefused starts the program under a filter of system calls, which refusedVar names
// with the errno they fail with: "recvmmsg EPERM". A family or a socket option may
// follow the name: "socket:17 ENOSYS".
const (
	asRefused  = "root in a sandbox"
	refusedVar = "SONDE_TEST_REFUSED"
)

// refusable are the system calls that tests have refused.
var refusable = map[string]uint32{
	"capget": unix.SYS_CAPGET, "capset": unix.SYS_CAPSET, "recvmmsg": unix.SYS_RECVMMSG, "sendmmsg": unix.SYS_SENDMMSG,
	"recvmsg": unix.SYS_RECVMSG, "epoll_create1": unix.SYS_EPOLL_CREATE1, "setsockopt": unix.SYS_SETSOCKOPT, "prctl": unix.SYS_PRCTL,
	"socket": unix.SYS_SOCKET, "membarrier": unix.SYS_MEMBARRIER, "sched_setaffinity": unix.SYS_SCHED_SETAFFINITY,
	"landlock_create_ruleset": unix.SYS_LANDLOCK_CREATE_RULESET, "landlock_restrict_self": unix.SYS_LANDLOCK_RESTRICT_SELF,
	"seccomp": unix.SYS_SECCOMP, "setresuid": unix.SYS_SETRESUID, "setgroups": unix.SYS_SETGROUPS, "connect": unix.SYS_CONNECT,
	"io_uring_setup": unix.SYS_IO_URING_SETUP,
}

// refuseCalls installs the filter for this thread and the program that it becomes.
func refuseCalls(words string) error {
	name, as, _ := strings.Cut(words, " ")
	name, arg, some := strings.Cut(name, ":")
	errno := map[string]unix.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS, "EACCES": unix.EACCES}[as]
	value, err := strconv.ParseUint("0"+arg, 10, 32)
	if err != nil || errno == 0 || refusable[name] == 0 {
		return fmt.Errorf("%q: %v", words, err)
	}
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: 0, Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: refusable[name], SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}}
	if some { // the first argument
		prog = append(prog, bpf.LoadAbsolute{Off: 16, Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(value), SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	}
	raw, err := bpf.Assemble(append(prog, bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)}))
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&fprog))); errno != 0 {
		return errno
	}
	return nil
}

// TestRefused: what a sandbox around the program refuses is said in one line, with what to
// do about it, and exit 4; or the program does without. It neither panics nor spins.
func TestRefused(t *testing.T) {
	t.Parallel()
	labtest.Need(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	lines := []string{
		"tcp -p " + port + " 127.0.0.1", "tcp -p " + port + " ::1", "tcp --via connect -p " + port + " 127.0.0.1",
		"udp -p 9 127.0.0.1", "udp --via connect -p 9 ::1", "sweep 127.0.0.1/32", "fp -p " + port + " 127.0.0.1",
		"trace 127.0.0.1", "doctor", "doctor 127.0.0.1",
	}
	for name := range refusable {
		for _, errno := range []string{"EPERM", "ENOSYS"} {
			for _, arg := range map[string][]string{"socket": {":2", ":10", ":16", ":17"}}[name] {
				refusal(t, name+arg+" "+errno, lines)
			}
			refusal(t, name+" "+errno, lines)
		}
	}
}

// refusal runs the command lines under one refusal.
func refusal(t *testing.T, words string, lines []string) {
	t.Run(words, func(t *testing.T) {
		t.Parallel()
		for _, line := range lines {
			args := append([]string{"-test.run=^TestStart$", "--", program(t)}, strings.Fields(line)...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
			cmd.Env = append(os.Environ(), startVar+"="+asRefused, filesVar+"=0", refusedVar+"="+words)
			var out, errs buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			err := cmd.Run()
			ended := ctx.Err() == nil
			cancel()
			code, said, state := cmd.ProcessState.ExitCode(), errs.String(), cmd.ProcessState
			switch {
			case !ended:
				t.Errorf("%s does not end", line)
			case code != 0 && code != 1 && code != 3 && code != 4:
				t.Errorf("%s: %v, exit %d", line, err, code)
			case state.UserTime()+state.SystemTime() > 2*time.Second:
				t.Errorf("%s: a processor was busy for %v", line, state.UserTime()+state.SystemTime())
			case strings.Contains(said, "goroutine ") || strings.Count(said, "\n") > 2:
				t.Errorf("%s: more than is to be said", line)
			case code == 4 && !strings.Contains(said, "sandbox") && !strings.Contains(said+out.String(), "function not implemented") &&
				!strings.Contains(said+out.String(), "not permitted"):
				t.Errorf("%s: it does not say what was refused", line)
			default:
				continue
			}
			t.Logf("%s%s", said, out.String())
		}
	})
}
