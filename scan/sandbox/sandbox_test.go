package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// child names the environment variable that makes a test the one who is locked in: what
// it gives up is gone for good, so that it runs in a process of its own. Its value is
// where it may do what.
const child = "SONDE_SANDBOX_TEST"

// lockedIn runs body in a process that has entered the sandbox, with three folders:
// Rename and Rewrite of the policy, and one that it does not know.
func lockedIn(t *testing.T, body func(t *testing.T, rename, rewrite, other string)) {
	t.Helper()
	if dir := os.Getenv(child); dir != "" {
		rename, rewrite, other := filepath.Join(dir, "rename"), filepath.Join(dir, "rewrite"), filepath.Join(dir, "other")
		state, err := Enter(Policy{Files: Files{Rename: []string{rename}, Rewrite: []string{rewrite}}})
		if err != nil || state.Calls != nil || state.Files != nil || state.ABI < 1 {
			t.Fatalf("%+v, %v", state, err)
		}
		body(t, rename, rewrite, other)
		return
	}
	if _, err := version(); errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skip("this kernel has no Landlock: ", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"rename", "rewrite", "other"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "there"), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), child+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFiles: what may be done with files, and where. Landlock refuses by EACCES.
func TestFiles(t *testing.T) {
	lockedIn(t, func(t *testing.T, rename, rewrite, other string) {
		read := func(path string) error { _, err := os.ReadFile(path); return err }
		write := func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				f.Close()
			}
			return err
		}
		create := func(path string) error { return os.WriteFile(path, []byte("new"), 0o666) }
		for _, tt := range []struct {
			what string
			err  error
			may  bool
		}{
			{"read in other", read(other + "/there"), false},
			{"write in other", write(other + "/there"), false},
			{"create in other", create(other + "/new"), false},
			{"remove in other", os.Remove(other + "/there"), false},
			{"make a folder in other", os.Mkdir(other+"/folder", 0o777), false},
			{"list other", func() error { _, err := os.ReadDir(other); return err }(), false},
			{"read in rename", read(rename + "/there"), false},
			{"write in rename", write(rename + "/there"), false},
			{"link in rename", os.Symlink("/etc/passwd", rename+"/link"), false},
			{"rename from rename to other", os.Rename(rename+"/there", other+"/there"), false},
			{"rename in rename", os.Rename(rename+"/there", rename+"/renamed"), true},
			{"remove in rename", os.Remove(rename + "/renamed"), true},
			{"create in rewrite", create(rewrite + "/new"), true},
			{"write in rewrite", write(rewrite + "/there"), true},
			{"read in rewrite", read(rewrite + "/there"), true},
			{"rename in rewrite", os.Rename(rewrite+"/new", rewrite+"/there"), true},
			{"remove in rewrite", os.Remove(rewrite + "/there"), true},
			{"make a folder in rewrite", os.Mkdir(rewrite+"/folder", 0o777), false},
			{"the resolver's files", ifThere(read(resolver)), true},
			{"hosts", ifThere(read("/etc/hosts")), true},
			{"locks", read("/proc/locks"), true},
			{"a process's state", read("/proc/1/stat"), true},
			{"a sysctl", write("/proc/sys/kernel/hostname"), false},
			{"passwords", ifThere(read("/etc/shadow")), !exists("/etc/shadow")},
			{"our own program", read("/proc/self/exe"), false},
		} {
			if may := tt.err == nil; may != tt.may {
				t.Errorf("%s: %v", tt.what, tt.err)
			} else if !may && !errors.Is(tt.err, fs.ErrPermission) && !errors.Is(tt.err, syscall.EXDEV) {
				t.Errorf("%s: %v, which is no refusal", tt.what, tt.err)
			}
		}
	})
}

// ifThere is the error of something that a machine may do without.
func ifThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// TestCalls: what the filter refuses, in each thread; and what goes on.
func TestCalls(t *testing.T) {
	lockedIn(t, func(t *testing.T, _, _, _ string) {
		call := func(nr uintptr, args ...uintptr) error {
			var a [6]uintptr
			copy(a[:], args)
			if _, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
				return errno
			}
			return nil
		}
		inEachThread(t, func() error {
			for _, nr := range append(slices.Clone(refused), refusedHere...) {
				if err := call(nr); err != syscall.EPERM {
					return fmt.Errorf("call %d: %v", nr, err)
				}
			}
			for _, family := range []int{unix.AF_UNIX, unix.AF_PACKET, unix.AF_VSOCK, unix.AF_ALG} {
				if fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0); err != syscall.EPERM {
					return fmt.Errorf("a socket of family %d: %d, %v", family, fd, err)
				}
			}
			for _, family := range []int{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK} {
				fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
				if err != nil && err != syscall.EAFNOSUPPORT {
					return fmt.Errorf("a socket of family %d: %v", family, err)
				}
				unix.Close(fd)
			}
			if err := call(unix.SYS_IOCTL, 0, unix.TIOCSTI, 0); err != syscall.EPERM {
				return fmt.Errorf("typing into the terminal: %v", err)
			}
			if err := call(unix.SYS_CLONE, uintptr(unix.SIGCHLD)); err != syscall.EPERM {
				return fmt.Errorf("another process: %v", err)
			}
			if err := call(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD)); err != syscall.EPERM {
				return fmt.Errorf("another user namespace: %v", err)
			}
			if err := call(unix.SYS_CLONE3); err != syscall.ENOSYS {
				return fmt.Errorf("clone3: %v", err)
			}
			return nil
		})
		if _, err := syscall.ForkExec("/proc/self/exe", []string{"program"}, nil); err != syscall.EPERM {
			t.Errorf("a program: %v", err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatalf("a connection: %v", err)
		}
		c.Close()
	})
}

// inEachThread has f tried in some threads that are there at the same time.
func inEachThread(t *testing.T, f func() error) {
	t.Helper()
	const threads = 8
	var all, wg sync.WaitGroup
	all.Add(threads)
	for range threads {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			all.Wait()
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestThreads: after Enter each thread has the filter, no_new_privs and no capability,
// those that were there and new ones.
func TestThreads(t *testing.T) {
	lockedIn(t, func(t *testing.T, _, _, _ string) {
		inEachThread(t, func() error { return nil }) // new ones
		tasks, err := filepath.Glob("/proc/self/task/*/status")
		if err != nil || len(tasks) < 8 {
			t.Fatalf("%d threads, %v", len(tasks), err)
		}
		for _, task := range tasks {
			b, err := os.ReadFile(task)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"Seccomp:\t2\n", "NoNewPrivs:\t1\n", "CapEff:\t0000000000000000\n", "CapPrm:\t0000000000000000\n"} {
				if !strings.Contains(string(b), want) {
					t.Errorf("%s: not %q", task, want)
				}
			}
		}
	})
}

// TestProgram: the filter of each processor decides about each number of a call as the
// lists say, and refuses calls by another convention.
func TestProgram(t *testing.T) {
	special := []uint32{unix.SYS_SOCKET, unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_IOCTL}
	for arch, audit := range audited {
		raw, err := program(arch, false)
		if err != nil {
			t.Fatal(err)
		}
		prog, ok := bpf.Disassemble(raw)
		if !ok {
			t.Fatalf("%s: not understood", arch)
		}
		vm, err := bpf.NewVM(prog)
		if err != nil {
			t.Fatalf("%s: %v", arch, err)
		}
		for nr := range uint32(600) {
			want := uint32(allow)
			if slices.Contains(refused, uintptr(nr)) || slices.Contains(refusedHere, uintptr(nr)) {
				want = refuse
			}
			if got := run(t, vm, audit, nr); !slices.Contains(special, nr) && got != want {
				t.Errorf("%s: call %d is %#x, want %#x", arch, nr, got, want)
			}
			if got := run(t, vm, audit+1, nr); got != refuse {
				t.Errorf("%s: call %d by another convention is %#x", arch, nr, got)
			}
		}
		if got := run(t, vm, audit, x32|1); arch == "amd64" && got != refuse {
			t.Errorf("x32 is %#x", got)
		}
	}
	if _, err := program("mips", false); !errors.Is(err, ErrArch) {
		t.Errorf("an unknown processor: %v", err)
	}
}

// TestRunsPrograms: who runs programs of BPF may do that, and nothing else by that call.
func TestRunsPrograms(t *testing.T) {
	for arch, audit := range audited {
		for _, programs := range []bool{false, true} {
			raw, err := program(arch, programs)
			if err != nil {
				t.Fatal(err)
			}
			prog, _ := bpf.Disassemble(raw)
			vm, err := bpf.NewVM(prog)
			if err != nil {
				t.Fatalf("%s: %v", arch, err)
			}
			for command := range uint32(40) {
				want := uint32(refuse)
				if programs && command == unix.BPF_PROG_TEST_RUN {
					want = allow
				}
				if got := run(t, vm, audit, unix.SYS_BPF, command); got != want {
					t.Errorf("%s, runs %v: command %d of bpf is %#x, want %#x", arch, programs, command, got, want)
				}
			}
			if got := run(t, vm, audit, unix.SYS_EXECVE); got != refuse {
				t.Errorf("%s: execve is %#x", arch, got)
			}
		}
	}
}

// run has the filter decide about a call, without arguments or with a first one. The VM reads in the order of
// the network, the kernel in that of the processor.
func run(t *testing.T, vm *bpf.VM, audit, nr uint32, first ...uint32) uint32 {
	t.Helper()
	data := make([]byte, 64) // struct seccomp_data
	for i, v := range []uint32{nr, audit} {
		data[4*i], data[4*i+1], data[4*i+2], data[4*i+3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	for _, v := range first {
		binary.BigEndian.PutUint32(data[atFirst:], v)
	}
	got, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(got)
}
