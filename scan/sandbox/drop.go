package sandbox

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// drop leaves of the capabilities only keep, in all threads, and makes root nobody. had
// is what there was.
//
// Each change is one that all threads are stopped for, so that only those are made that
// are needed: a user who is no longer root has lost all capabilities but the inheritable
// ones by that, and the ambient set never has any that are not inheritable
// (capabilities(7)).
func drop(had *cap.Set, nobody Nobody, keep []cap.Value) error {
	set := cap.NewSet()
	kept := false
	for _, v := range keep {
		if has, _ := had.GetFlag(cap.Permitted, v); !has {
			continue
		}
		kept = true
		for _, flag := range []cap.Flag{cap.Permitted, cap.Effective} {
			if err := set.SetFlag(flag, true, v); err != nil {
				return fmt.Errorf("capabilities: %w", err)
			}
		}
	}
	if nobody != StayUser {
		become(had, nobody, kept)
	}
	if now, err := held(); err != nil {
		return err
	} else if same, err := now.Cf(set); err != nil || same != 0 { // where there is nothing to drop a sandbox need not permit it
		if err := set.SetProc(); err != nil {
			return fmt.Errorf("dropping capabilities: %w", err)
		}
	}
	return nil
}

// unbind empties the bounding set, where the process may.
func unbind(had *cap.Set) error {
	if may, _ := had.GetFlag(cap.Effective, cap.SETPCAP); !may {
		return nil
	}
	for v := range cap.MaxBits() {
		if bound, err := cap.GetBound(v); err != nil {
			return err
		} else if !bound {
			continue
		}
		if err := cap.DropBound(v); err != nil {
			return err
		}
	}
	return nil
}

// Nobody is how far root becomes another user.
type Nobody uint8

const (
	StayUser   Nobody = iota // files will be written
	OtherUser                // the groups stay: the kernel sends echo requests for them
	OtherGroup               // no group stays
)

// nobodyID is the user and the group who own nothing, by convention and as the kernel
// calls whom it does not know (overflowuid).
const nobodyID = 65534

// fewThreads is a limit of processes below which root does not become another user:
// unlike root's, Go's threads count there, and a program that gets none ends.
const fewThreads = 1024

// become makes root nobody; kept tells whether capabilities are to outlast that. Where
// it cannot be, in a user namespace with a single user for one, root stays, without its
// capabilities.
func become(had *cap.Set, how Nobody, kept bool) {
	if !mayBecome(had) {
		return
	}
	if kept {
		if _, err := cap.Prctlw(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
			return
		}
		defer cap.Prctlw(unix.PR_SET_KEEPCAPS, 0, 0, 0, 0)
	}
	if how == OtherGroup {
		syscall.Setgroups(nil)
		syscall.Setresgid(nobodyID, nobodyID, nobodyID)
	}
	syscall.Setresuid(nobodyID, nobodyID, nobodyID)
}

// mayBecome tells whether root can be nobody here.
func mayBecome(had *cap.Set) bool {
	may, _ := had.GetFlag(cap.Effective, cap.SETUID)
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit)
	return err == nil && limit.Cur >= fewThreads && may && unix.Geteuid() == 0 && mapped(nobodyID)
}

// mapped tells whether there is a user of that number in our user namespace.
func mapped(id uint32) bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		var inside, outside, size uint32
		if n, _ := fmt.Sscan(line, &inside, &outside, &size); n == 3 && inside <= id && id-inside < size {
			return true
		}
	}
	return false
}

// held is what the process holds. A sandbox around this one may refuse to say.
func held() (*cap.Set, error) {
	set, err := cap.GetPID(0)
	if err != nil {
		return nil, fmt.Errorf("capabilities: %w", err)
	}
	return set, nil
}

// Ordinary is the user as whom programs of the user's are started: nobody for root, where
// that can be. Nil: as who we are.
func Ordinary() *syscall.Credential {
	had, err := held()
	if err != nil || !mayBecome(had) {
		return nil
	}
	return &syscall.Credential{Uid: nobodyID, Gid: nobodyID}
}

// BeOrdinary makes this process, in all threads, one that programs of the user's are started
// by: without capabilities, none of which comes back for a program that it starts. Root that
// could not be somebody else stays it, and programs that it starts get none, either.
func BeOrdinary() error {
	if unix.Geteuid() == 0 {
		// Root's programs have all capabilities but for this (capabilities(7)).
		if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("setting no_new_privs: %w", err)
		}
	}
	if err := cap.NewSet().SetProc(); err != nil {
		return fmt.Errorf("dropping capabilities: %w", err)
	}
	return nil
}
