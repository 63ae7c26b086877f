// Package files opens the files that a run writes: outputs, captures, checkpoints, and
// those that it reads more than once.
// Root is not led astray there by what somebody else has put into a directory that
// everybody may write to, and what has no reader is waited for, but not for ever.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// mostLinks is how many symbolic links one path may have, as in the kernel.
const mostLinks = 40

// Resolve returns the path without symbolic links in it; what it names need not
// exist. As root it refuses links, and files or FIFOs at the end of the path, that
// others have put into a directory that everybody may write to: what the kernel
// does where fs.protected_symlinks, protected_fifos and protected_regular are set.
func Resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	done, rest := "/", strings.Split(abs, "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == "" || name == "." {
			continue
		}
		next := filepath.Join(done, name)
		info, err := os.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist) && len(rest) == 0:
			return next, nil
		case err != nil:
			return "", &fs.PathError{Op: "open", Path: path, Err: errors.Unwrap(err)}
		}
		link := info.Mode()&fs.ModeSymlink != 0
		if link || len(rest) == 0 {
			if err := planted(done, next, info); err != nil {
				return "", err
			}
		}
		if !link {
			done = next
			continue
		}
		if links++; links > mostLinks {
			return "", &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		to, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(to) {
			done = "/"
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	return done, nil
}

// planted refuses what is not root's, nor of the directory's owner, in a directory
// that everybody may write to.
func planted(dir, path string, info fs.FileInfo) error {
	if os.Geteuid() != 0 || info.IsDir() || info.Mode()&fs.ModeDevice != 0 {
		return nil
	}
	parent, err := os.Stat(dir)
	if err != nil {
		return err
	}
	const everybody = 0o002
	owner := info.Sys().(*syscall.Stat_t).Uid
	if parent.Mode().Perm()&everybody == 0 || owner == 0 || owner == parent.Sys().(*syscall.Stat_t).Uid {
		return nil
	}
	what := "a file"
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		what = "a symbolic link"
	case info.Mode()&fs.ModeNamedPipe != 0:
		what = "a FIFO"
	}
	return fmt.Errorf("%s is %s of user %d in a directory that everybody may write to: root does not write there", path, what, owner)
}

// Opened tells whether the path names what is open already: /dev/stdout may lead to
// a regular file, but others write to it, too.
func Opened(path string) bool {
	clean := filepath.Clean(path)
	return strings.HasPrefix(clean, "/dev/") || strings.HasPrefix(clean, "/proc/")
}

// Folder returns the folder in which a path leads to a file, without symbolic links in
// it, as whoever opens the path for writing goes there. Of what is open already it is
// where that is, whoever's it is; of a pipe, which is nowhere, it is the path's own.
func Folder(path string) (string, error) {
	if !Opened(path) {
		path, err := Resolve(path)
		return filepath.Dir(path), err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return filepath.Dir(path), nil
}

// Again opens a file for reading it more than once, which only regular files are for.
func Again(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO is not waited for
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err == nil && info.IsDir():
		err = fmt.Errorf("%s is a directory", path)
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no regular file, and it must be read twice: write it to one first", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Open opens a path of Resolve's, by flags of os.OpenFile. If it is a link by now,
// somebody else has made it one, and it is not followed.
func Open(path string, flags int, mode fs.FileMode) (*os.File, error) {
	return os.OpenFile(path, flags|syscall.O_NOFOLLOW, mode)
}

// ErrUnread is the error of a FIFO that nobody opened for reading in time.
var ErrUnread = errors.New("nobody reads from it")

// Written is how far a file of lines was written, at a moment that a checkpoint
// knows of.
type Written struct {
	Path   string // of Resolve
	Inode  uint64 // so that another file of that name is told from it
	Length uint64 // in bytes
}

// openEvery is how often a FIFO is tried.
const openEvery = 20 * time.Millisecond

// Device opens what is no regular file for writing. A FIFO without a reader is
// waited for until stop is closed.
func Device(path string, flags int, stop <-chan struct{}) (*os.File, error) {
	for {
		// A blocking open could not be ended.
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK|flags, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		if info, stat := os.Stat(path); stat != nil || info.Mode()&fs.ModeNamedPipe == 0 {
			return nil, err
		}
		select {
		case <-time.After(openEvery):
		case <-stop:
			return nil, fmt.Errorf("%s: %w", path, ErrUnread)
		}
	}
}

// ErrLocked is the error of a file that another run writes.
var ErrLocked = errors.New("another run")

// Lock takes the file for this run until it is closed, by whatever ends the process.
// Its error names who has it.
func Lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return os.NewSyscallError("flock", err)
	}
	if pid := holder(f); pid > 0 {
		return fmt.Errorf("%w (process %d) writes to it", ErrLocked, pid)
	}
	return fmt.Errorf("%w writes to it", ErrLocked)
}

// Unlock lets others take the file at once. Closing it alone does so only when every
// process has closed it that was made meanwhile, and is still about to run its program.
func Unlock(f *os.File) error {
	return os.NewSyscallError("flock", syscall.Flock(int(f.Fd()), syscall.LOCK_UN))
}

// holder is the process that has the lock; 0: not known.
func holder(f *os.File) (pid int) {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0
	}
	inode := fmt.Sprintf(":%d", info.Sys().(*syscall.Stat_t).Ino)
	for line := range strings.Lines(string(locks)) {
		// 1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF
		if w := strings.Fields(line); len(w) > 5 && w[1] == "FLOCK" && strings.HasSuffix(w[5], inode) {
			fmt.Sscan(w[4], &pid)
		}
	}
	return pid
}

// Same tells whether the path still names the open file.
func Same(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	return err == nil && os.SameFile(a, b)
}
