// Package sandbox gives up, for good and in all threads, what this process may do and
// has no use for any more once its sockets and outputs are open: capabilities, the user
// root, files, and system calls. What a stranger's bytes could make of it afterwards is
// what is left. Enter is what to call.
package sandbox

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// Policy says what is still needed.
type Policy struct {
	Nobody Nobody
	Keep   []cap.Value // of the capabilities that are there
	// Programs says that programs of BPF which are loaded may be run (BPF_PROG_RUN); others
	// are not loaded.
	Programs bool
	Files
}

// Files are folders in which the run changes something by name later on: what it only
// writes to is open by then. Paths are absolute, and their folders are there.
type Files struct {
	Rename  []string // files get other names, or go away
	Rewrite []string // files are made, too, and read again
}

// Any tells whether files will get names later.
func (f Files) Any() bool { return len(f.Rename)+len(f.Rewrite) > 0 }

// State says how far Enter came. What it could not do is in the errors, which wrap a
// syscall.Errno or are ErrArch; a process without it is no less able to do its work.
type State struct {
	Calls error // why system calls are not refused (seccomp); nil: they are
	Files error // why files are not kept from this process (Landlock); nil: they are
	ABI   int   // which version of Landlock does so; 0: none
}

// Enter gives up all but what p keeps. Open sockets and files go on as they were, and no
// program that is started has any of it back. An error means that this process still
// has what it should not have; what is a second line of defence is in the State.
//
// The order spares time, of which changing something in all threads takes the most: the
// kernel puts a filter of system calls, and no_new_privs with it, into all threads at
// once; what changes in each by itself comes after, and as little of it as can be.
func Enter(p Policy) (State, error) {
	had, err := held()
	if err != nil {
		return State{}, err
	}
	if err := unbind(had); err != nil {
		return State{}, fmt.Errorf("emptying the bounding set: %w", err)
	}
	var s State
	if s.Calls = refuseCalls(p.Programs); s.Calls != nil {
		if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return s, fmt.Errorf("setting no_new_privs: %w", err)
		}
	}
	s.ABI, s.Files = keepFiles(p.Files)
	return s, drop(had, p.Nobody, p.Keep)
}

// refuseCalls has the kernel refuse what program refuses of a process that runs programs or
// does not, in all threads, and sets
// no_new_privs in them. If it returns an error, nothing is certain about either.
func refuseCalls(programs bool) error {
	filter, err := program(runtime.GOARCH, programs)
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the flag and the filter are one thread's, which hands them on
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	return load(filter)
}

// Why is a word for why a means of State is not there: "kernel", "processor" or "refused",
// by a sandbox around this one. "": it is there.
func Why(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrArch):
		return "processor"
	case errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.EINVAL):
		return "kernel"
	}
	return "refused"
}
