package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// file is where a Sink's -o FORMAT=FILE goes.
type file struct {
	*os.File
	path string // the name that it gets in the end, symbolic links resolved
	temp string // the name until then; "": written in place
}

// create opens path for writing: in place if streamed is set or if it is no
// regular file (a device, a FIFO), else under another name in the same folder. With
// behind set, what is written in place to a regular file goes behind what is there.
func create(path string, streamed, behind bool) (*file, error) {
	clean := filepath.Clean(path)
	if strings.HasPrefix(clean, "/dev/") || strings.HasPrefix(clean, "/proc/") {
		// /dev/stdout may lead to a regular file, but that one is open
		// already, and others write to it.
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		return &file{File: f}, err
	}
	mode := fs.FileMode(0o666)
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &file{File: f}, err
	case err == nil:
		mode = info.Mode().Perm()
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if streamed && behind {
		f, err := openBehind(path)
		return &file{File: f}, err
	}
	if streamed {
		f, err := os.Create(path)
		return &file{File: f}, err
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

// openBehind opens a file of lines for writing behind what is there. A last line
// that was not written to its end goes away.
func openBehind(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	end, err := f.Seek(0, io.SeekEnd)
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
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
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
