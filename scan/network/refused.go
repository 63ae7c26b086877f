package network

import (
	"errors"
	"fmt"
	"syscall"
)

// This file is about what this machine refuses: what is tried before, and what to do
// about it.

// Usable tells whether connections can be waited for at all. The runtime of Go, which
// needs that for each of its own, ends the program by a dump of its stacks where a sandbox
// refuses it, or there are too few descriptors; so what it opens is tried before.
func Usable() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return Sandboxed(fmt.Errorf("epoll_create1: %w", err))
	}
	defer syscall.Close(fd)
	event, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, 0, 0)
	if errno != 0 {
		return Sandboxed(fmt.Errorf("eventfd2: %w", errno))
	}
	return syscall.Close(int(event))
}

// Sandboxed adds to an error what to do about it where the kernel has been told to refuse
// a system call, as what this process may do does not explain it, or where it has too few
// descriptors.
func Sandboxed(err error) error {
	if errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("%w: ulimit -n allows this process no more", err)
	}
	if !refused(err) {
		return err
	}
	return fmt.Errorf("%w: a sandbox around sonde refuses this system call (seccomp, a container's profile): permit it there", err)
}

// refused tells whether a sandbox must have refused what err is of.
func refused(err error) bool {
	_, explained := errors.AsType[missing](err)
	return !explained && (errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EPERM))
}

// NeedsRaw is the error where packets of our own, or a guard beside them, are asked
// for and not permitted.
func NeedsRaw(why error, guard bool) error {
	capabilities := "cap_net_raw"
	if guard {
		capabilities += ",cap_net_admin"
	}
	return missing{fmt.Errorf("%w: run as root, or: setcap %s+p sonde", why, capabilities)}
}

// missing is the error of what this process is not permitted, with the cure.
type missing struct{ error }
