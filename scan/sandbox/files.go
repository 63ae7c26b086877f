package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// What Landlock permits in the folders of Files, and of what is read.
const (
	mayRead    = unix.LANDLOCK_ACCESS_FS_READ_FILE
	mayRename  = unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
	mayRewrite = mayRename | mayRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
)

// all are the rights to files that Landlock takes away, as far as the kernel knows
// them: those of its version 5, all that concern files and folders.
const all = unix.LANDLOCK_ACCESS_FS_IOCTL_DEV<<1 - 1

// resolver is where it stands whom to ask for names. It may be a link to what another
// program keeps up to date.
const resolver = "/etc/resolv.conf"

// read is what a run reads by name when it is under way: what the resolver of Go looks
// at again and again, and in /proc who has a file locked, and who looks after us when
// the terminal stops us. What /proc has of other processes' memory Landlock keeps from
// us in any case.
//
// All of /etc is read by who could read it anyway: a resolv.conf that takes the place of
// the old one is another file. As root it would be every secret of the machine; so root
// reads the files that are there.
func read(root bool) []string {
	list := []string{"/proc", "/etc"}
	if root {
		list = []string{"/proc", "/etc/hosts", "/etc/nsswitch.conf", "/etc/mdns.allow", resolver}
	}
	if path, err := filepath.EvalSymlinks(resolver); err == nil && filepath.Dir(path) != "/etc" {
		list = append(list, filepath.Dir(path))
	}
	return list
}

// mayList are folders that are also listed: where a program is linked with C, what
// changes something in all threads looks there which there are.
var mayList = map[string]landlock.AccessFSSet{"/proc": unix.LANDLOCK_ACCESS_FS_READ_DIR}

// keepFiles has the kernel keep all files from this process but those that f and read
// name, in all threads, and returns the version of Landlock that does it. All threads
// must have no_new_privs set.
func keepFiles(f Files) (abi int, err error) {
	if abi, err = version(); err != nil {
		return 0, err
	}
	config := landlock.Config{HandledAccessFS: landlock.AccessFSSet(all)}
	var rules []landlock.Rule
	for _, path := range read(os.Geteuid() == 0) {
		rules = append(rules, landlock.PathAccess(mayRead|mayList[path], path).IgnoreIfMissing())
	}
	rules = append(rules, landlock.PathAccess(mayRename, f.Rename...), landlock.PathAccess(mayRewrite, f.Rewrite...))
	set, flags, err := config.BestEffort().NewRulesetFD(rules...)
	if err != nil {
		return 0, err
	}
	defer unix.Close(set)
	// The library's own way sets no_new_privs in all threads once more, which takes as
	// long as all the rest.
	var errno syscall.Errno
	if abi >= syncing {
		_, _, errno = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(set), uintptr(flags)|unix.LANDLOCK_RESTRICT_SELF_TSYNC, 0)
	} else {
		_, _, errno = psx.Syscall3(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(set), uintptr(flags), 0)
	}
	if errno != 0 {
		return 0, fmt.Errorf("landlock_restrict_self: %w", errno)
	}
	return abi, nil
}

// syncing is the first version that takes all threads along by itself (Linux 7.0).
const syncing = 8

// version is that of the kernel's Landlock.
func version() (int, error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	return int(abi), nil
}
