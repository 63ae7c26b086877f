package defaults

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"sonde/scan/job"
)

// largest is how long a file of defaults may be.
const largest = 1 << 20

// file is where the defaults are of the user that sonde runs as: under sudo those of root,
// whose home sudo sets, and never those of who called it. "": there is no such place.
func file(environ []string) string {
	folder := value(environ, "XDG_CONFIG_HOME")
	if !filepath.IsAbs(folder) { // the XDG Base Directory Specification has others ignored
		home := value(environ, "HOME")
		if !filepath.IsAbs(home) {
			return ""
		}
		folder = filepath.Join(home, ".config")
	}
	return filepath.Join(folder, "sonde", "config.toml")
}

// trusted reads a file; nil: it is not there, or in a folder of somebody else that we may not
// look into, as the home of root is for whom root runs sonde as. With privileges it is only
// read where nobody but root and the user that sonde runs as can have written it.
func trusted(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO is not waited for
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if _, hidden := os.Lstat(path); errors.Is(hidden, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, job.Local(fmt.Errorf("defaults: %w", err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err == nil && privileged() {
		if err = check(path, info); err == nil {
			var folder os.FileInfo
			if folder, err = os.Stat(filepath.Dir(path)); err == nil {
				err = check(filepath.Dir(path), folder)
			}
		}
	}
	if err != nil {
		return nil, job.Local(fmt.Errorf("defaults: %w", err))
	}
	text, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err == nil && len(text) > largest {
		err = fmt.Errorf("%s is longer than 1 MiB", path)
	}
	if err != nil {
		return nil, job.Local(fmt.Errorf("defaults: %w", err))
	}
	return text, nil
}

// check refuses what others may have written.
func check(path string, info os.FileInfo) error {
	owner := info.Sys().(*syscall.Stat_t).Uid
	switch {
	case owner != 0 && int(owner) != os.Geteuid():
		return fmt.Errorf("%s belongs to user %d, and sonde runs with privileges: only what is root's or your own counts", path, owner)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others may write to %s, and sonde runs with privileges: chmod go-w %s", path, path)
	}
	return nil
}

// privileged tells whether sonde may do more than its user: as root, or by capabilities
// of the program.
func privileged() bool {
	if os.Geteuid() == 0 || os.Getuid() != os.Geteuid() {
		return true
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return true // nobody knows
	}
	_, rest, _ := strings.Cut(string(text), "\nCapPrm:")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(strings.TrimSpace(line), "0") != ""
}
