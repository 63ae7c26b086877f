package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// enterVar is the environment variable by which a program finds out that it has
// been here before: the network namespace that it left, or why it could not.
const enterVar = "SONDE_LAB"

// ErrRefused is wrapped by what Enter and Inside return where this machine
// allows no namespaces; the wrapping error carries the errno of the attempt.
var ErrRefused = errors.New("no network namespace can be made here")

// Enter runs the program again inside an empty network namespace, since a
// process with threads can enter neither a user namespace nor (all its threads
// at once) a network namespace by itself. Call it first in main.
//
// Inside, it returns inside = true and the program goes on: as root, with
// nothing but the loopback interface, which is up. Outside, it returns when the
// program inside has ended, with its exit code, to exit with. With err, which
// wraps ErrRefused and the errno, nothing has been run; Inside then returns the
// same text.
func Enter() (exit int, inside bool, err error) {
	if Inside() == nil {
		return 0, true, settle()
	}
	outside, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return 0, false, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	var refused []error
	for _, way := range entrances() {
		exit, err := again(way.attr, enterVar+"="+outside)
		if err == nil {
			return exit, false, nil
		}
		refused = append(refused, fmt.Errorf("%s: %w", way.name, err))
	}
	err = fmt.Errorf("%w: %w", ErrRefused, errors.Join(refused...))
	os.Setenv(enterVar, strings.ReplaceAll(err.Error(), "\n", "; "))
	return 0, false, err
}

// Inside returns nil in a program that Enter has moved, otherwise why it is not
// inside. It does not trust the environment alone: the namespace must be another
// than the one that was left.
func Inside() error {
	left := os.Getenv(enterVar)
	here, err := os.Readlink("/proc/self/ns/net")
	switch {
	case err != nil:
		return err
	case left == "":
		return errors.New("not inside a lab: lab.Enter was not called")
	case !strings.HasPrefix(left, "net:["):
		return errors.New(left)
	case left == here:
		return fmt.Errorf("not inside a lab: %s says %s, which is the namespace here", enterVar, left)
	}
	return nil
}

// entrance is one way to get a network namespace of one's own.
type entrance struct {
	name string
	attr *syscall.SysProcAttr
}

// entrances returns the ways to try, in order. Root keeps its user namespace, so
// that tests meet the same rights as a user with sudo; root without CAP_SYS_ADMIN
// (as in most containers) goes the way of everybody else.
func entrances() []entrance {
	const own = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS
	asUser := entrance{
		fmt.Sprintf("clone(CLONE_NEWUSER|CLONE_NEWNET|CLONE_NEWNS) as uid %d", os.Geteuid()),
		&syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | own,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		},
	}
	if os.Geteuid() != 0 {
		return []entrance{asUser}
	}
	asRoot := entrance{"clone(CLONE_NEWNET|CLONE_NEWNS) as root", &syscall.SysProcAttr{Cloneflags: own}}
	return []entrance{asRoot, asUser}
}

// again runs this program with the same arguments and returns its exit code. An
// error says that it was not started.
func again(attr *syscall.SysProcAttr, env string) (exit int, err error) {
	// The kernel sends Pdeathsig when the thread that forked ends, not the
	// process: hold on to the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	attr.Pdeathsig = syscall.SIGKILL

	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), env)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	err = cmd.Wait()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return 0, err
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// settle prepares the namespaces that the program finds itself in: the loopback
// interface is raised, and what is mounted here stays here.
func settle() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}
