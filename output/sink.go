package output

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"sonde/scan/files"
	"sonde/scan/report"
)

// Sink joins a Streamer with the place where its bytes go. It is a report.Sink:
// *report.Scan is put first, *report.End last. Put is safe for concurrent use and
// does no I/O itself; errors are kept for Close.
type Sink struct {
	streamer Streamer
	stream   *Stream
	file     *file // nil: a writer that is not ours to close

	mu    sync.Mutex // of streamer and buf; held across no I/O
	buf   []byte
	ended bool

	closing sync.Once
	err     error // what Close returns
}

// NewSink writes what s appends to w, which is not closed.
func NewSink(w io.Writer, s Streamer) *Sink {
	return &Sink{streamer: s, stream: NewStream(w)}
}

// Open makes the Sink of one -o: to stdout, or to the file that the spec names,
// where there are no colours, all signs, and lines are as long as they are.
func (reg Registry) Open(s Spec, stdout io.Writer, o Options) (*Sink, error) {
	f, err := reg.Find(s.Format)
	if err != nil {
		return nil, err
	}
	if s.Path == "" {
		return NewSink(stdout, f.New(o)), nil
	}
	file, err := create(&s, f.Streamed || f.InPlace)
	if err != nil {
		return nil, err
	}
	o.Color, o.ASCII, o.Live, o.Width, o.Sorted = false, false, false, 0, math.MaxUint64
	sink := NewSink(file, f.New(o))
	sink.file = file
	return sink, nil
}

// Put writes r, if the options let it be listed, or keeps what the format needs
// of it. What formats hold back is written with *report.End.
func (s *Sink) Put(r report.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := r.(*report.End); ok {
		s.ended = true
	}
	s.put(s.streamer.AppendRecord(s.buf[:0], r))
}

// put hands b to the stream, which keeps its own error for Close.
func (s *Sink) put(b []byte) {
	s.buf = b
	if len(b) > 0 {
		s.stream.Write(b)
	}
}

// Flush returns when what the format has not held back of all records so far is
// written.
func (s *Sink) Flush() error { return s.stream.Flush() }

// Failed is closed when nothing can be written any more, so that a run whose
// reader has left need not go on.
func (s *Sink) Failed() <-chan struct{} { return s.stream.Failed() }

// Hasten ends the wait for a device that takes nothing for so long (Stream.Hasten).
func (s *Sink) Hasten(patience time.Duration) { s.stream.Hasten(patience) }

// Written is how long the file will be when all that was put is written; ok tells
// whether it is a regular file of lines.
func (s *Sink) Written() (w files.Written, ok bool) {
	if s.file == nil || !s.file.lines {
		return w, false
	}
	info, err := s.file.Stat()
	if err != nil {
		return w, false
	}
	path, err := filepath.Abs(s.file.Name())
	return files.Written{Path: path, Inode: info.Sys().(*syscall.Stat_t).Ino, Length: uint64(s.file.start) + s.stream.Taken()}, err == nil
}

// Renames is the folder in which the file takes its name when it is closed; "": it has it.
func (s *Sink) Renames() string {
	if s.file == nil || s.file.temp == "" {
		return ""
	}
	return filepath.Dir(s.file.temp)
}

// Close writes out and closes the file; one written beside gets its name only
// here, and only if *report.End was put and nothing failed. A reader that left
// (EPIPE) is no error. It is idempotent.
func (s *Sink) Close() error {
	s.closing.Do(func() {
		s.err = s.stream.Close()
		if s.file != nil {
			s.mu.Lock()
			s.err = s.file.finish(s.err, s.ended)
			s.mu.Unlock()
		}
		switch {
		case errors.Is(s.err, syscall.EPIPE):
			s.err = nil
		case errors.Is(s.err, ErrStill):
			name := "stdout"
			if s.file != nil {
				name = s.file.Name()
			}
			s.err = fmt.Errorf("%s: %w", name, s.err)
		}
	})
	return s.err
}
