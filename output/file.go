package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"sonde/scan/files"
)

// file is where a Sink's -o FORMAT=FILE goes.
type file struct {
	*os.File
	path string // the name that it gets in the end, symbolic links resolved
	temp string // the name until then; "": written in place

	lines bool  // a regular file of lines, written in place
	start int64 // where this run's begin
}

// Create opens path for writing in place, what is there thrown away. It waits for
// who reads a FIFO, until stop is closed.
func Create(path string, mode fs.FileMode, stop <-chan struct{}) (*os.File, error) {
	if files.Opened(path) {
		return files.Device(path, 0, stop)
	}
	path, err := files.Resolve(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return files.Device(path, syscall.O_NOFOLLOW, stop)
	}
	return files.Open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
}

// create opens the spec's path for writing: in place if streamed is set or if it is
// no regular file (a device, a FIFO), else under another name in the same folder.
// What is written in place to a regular file goes behind what is there, if the spec
// says so.
func create(s *Spec, streamed bool) (*file, error) {
	if files.Opened(s.Path) {
		f, err := files.Device(s.Path, os.O_APPEND, s.Stop)
		return &file{File: f}, err
	}
	path, err := files.Resolve(s.Path)
	if err != nil {
		return nil, err
	}
	mode := fs.FileMode(0o666)
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		f, err := files.Device(path, syscall.O_NOFOLLOW, s.Stop)
		return &file{File: f}, err
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if streamed && s.Append {
		f, start, err := openBehind(path, s.Written)
		return &file{File: f, start: start, lines: true}, err
	}
	if streamed {
		f, err := files.Open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
		return &file{File: f, lines: true}, err
	}
	dir, base := filepath.Split(path)
	for i := 0; ; i++ {
		temp := filepath.Join(dir, fmt.Sprintf(".%s.%d.part", base, i))
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) && i < 100 {
			continue // of another run, or of one that was killed
		}
		return &file{File: f, path: path, temp: temp}, err
	}
}

// cut is where what a run has written ends that was killed: behind the last record
// that a checkpoint knows of, if that says so and it can be true of this file; else
// end.
func cut(f *os.File, path string, written []files.Written, end int64) int64 {
	info, err := f.Stat()
	if err != nil {
		return end
	}
	for _, w := range written {
		if w.Path != path || w.Inode != info.Sys().(*syscall.Stat_t).Ino || w.Length > uint64(end) {
			continue
		}
		last := make([]byte, 1)
		if w.Length == 0 {
			return 0
		}
		if _, err := f.ReadAt(last, int64(w.Length)-1); err == nil && last[0] == '\n' {
			return int64(w.Length)
		}
	}
	return end
}

// openBehind opens a file of lines for writing behind what is there. A last line
// that was not written to its end goes away, as does what was written later than a
// checkpoint knows. It returns where it goes on.
func openBehind(path string, written []files.Written) (*os.File, int64, error) {
	f, err := files.Open(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, 0, err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		end = cut(f, path, written, end)
	}
	block := make([]byte, 64<<10)
	for err == nil && end > 0 {
		part := block[:min(end, int64(len(block)))]
		if _, err = f.ReadAt(part, end-int64(len(part))); err != nil {
			break
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			end -= int64(len(part) - i - 1)
			break
		}
		end -= int64(len(part))
	}
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, end, nil
}

// finish closes the file after writing ended with err. A file written beside
// takes its name if it is whole, else it goes away.
func (f *file) finish(err error, whole bool) error {
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if f.temp == "" {
		return err
	}
	if err == nil && whole {
		err = os.Rename(f.temp, f.path)
	}
	if err != nil || !whole {
		os.Remove(f.temp)
	}
	return err
}
