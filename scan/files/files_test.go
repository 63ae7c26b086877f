package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestResolve: links are followed, but as root not those, nor FIFOs and files at the
// end, that others have put into a directory that everybody may write to.
func TestResolve(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const stranger = 65534
	for _, dir := range []string{"private", "open", "secret"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(base, "open"), 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base, "secret", "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	make := map[string]func(path string) error{
		"link":      func(path string) error { return os.Symlink(filepath.Join(base, "secret", "file"), path) },
		"near link": func(path string) error { return os.Symlink("../secret/file", path) },
		"new link":  func(path string) error { return os.Symlink("../secret/new", path) },
		"dir link":  func(path string) error { return os.Symlink("../secret", path) },
		"fifo":      func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"file":      func(path string) error { return os.WriteFile(path, nil, 0o666) },
	}
	ends := map[string]string{"link": "secret/file", "near link": "secret/file", "new link": "secret/new", "dir link": "secret/x"}
	for what, create := range make {
		for _, dir := range []string{"private", "open"} {
			for owner, name := range map[int]string{0: "ours", stranger: "theirs"} {
				path := filepath.Join(base, dir, what+" "+name)
				if err := create(path); err != nil {
					t.Fatal(err)
				}
				if err := os.Lchown(path, owner, owner); err != nil {
					t.Fatal(err)
				}
				want, asked := path, path
				if end := ends[what]; end != "" {
					want = filepath.Join(base, end)
				}
				if what == "dir link" {
					asked = filepath.Join(path, "x")
				}
				got, err := Resolve(asked)
				if refused := dir == "open" && owner == stranger; refused != (err != nil) || !refused && got != want {
					t.Errorf("%s of %s in %s: %q, %v", what, name, dir, got, err)
				}
			}
		}
	}
	loop := filepath.Join(base, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if _, err := Resolve(loop); !errors.Is(err, syscall.ELOOP) {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(base, "open", "link ours"), os.O_WRONLY, 0); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a link was followed: %v", err)
	}
}

// TestDevice: a FIFO is waited for, until it is read or nobody wants to wait.
func TestDevice(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	time.AfterFunc(50*time.Millisecond, func() { close(stop) })
	if _, err := Device(fifo, 0, stop); !errors.Is(err, ErrUnread) || !strings.Contains(err.Error(), fifo) {
		t.Error(err)
	}
	read := make(chan string)
	time.AfterFunc(50*time.Millisecond, func() {
		b, _ := os.ReadFile(fifo)
		read <- string(b)
	})
	f, err := Device(fifo, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("word")
	f.Close()
	if got := <-read; got != "word" {
		t.Errorf("%q", got)
	}
}

// TestLock: one at a time, and it is told who.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var list []*os.File
	for range 2 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		list = append(list, f)
	}
	if err := Lock(list[0]); err != nil {
		t.Fatal(err)
	}
	if err := Lock(list[1]); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	// What a process has that is made at this moment: the same open file.
	other, err := syscall.Dup(int(list[0].Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(other)
	if err := Unlock(list[0]); err != nil {
		t.Error(err)
	}
	list[0].Close()
	if err := Lock(list[1]); err != nil {
		t.Error(err)
	}
}
