package output

import (
	"errors"
	"io"
	"sync"
	"syscall"
)

// Sink joins a Format with the place where its bytes go. Begin, Record and End
// are safe for concurrent use and do no I/O themselves; errors are kept for
// Close.
type Sink struct {
	format Format
	stream *Stream
	file   *file // nil: a writer that is not ours to close

	mu    sync.Mutex // of format and buf; held across no I/O
	buf   []byte
	meta  *Meta
	ended bool

	closing sync.Once
	err     error // what Close returns
}

// NewSink writes f to w, which is not closed.
func NewSink(w io.Writer, f Format) *Sink {
	return &Sink{format: f, stream: NewStream(w)}
}

// Open makes the Sink of one -o: to stdout, or to the file that the spec names.
func (reg Registry) Open(s Spec, stdout io.Writer) (*Sink, error) {
	f, err := reg.New(s.Format)
	if err != nil {
		return nil, err
	}
	if s.Path == "" {
		return NewSink(stdout, f), nil
	}
	_, streamed := f.(Streamed)
	file, err := create(s.Path, streamed, s.Append)
	if err != nil {
		return nil, err
	}
	sink := NewSink(file, f)
	sink.file = file
	return sink, nil
}

// Begin writes what stands before the first record. m is read until End.
func (s *Sink) Begin(m *Meta) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil && m.Color {
		plain := *m
		plain.Color = false
		m = &plain
	}
	s.meta = m
	s.put(s.format.AppendBegin(s.buf[:0], m))
}

// Record writes r, if this run's options let it be listed, or keeps what the
// format needs of it.
func (s *Sink) Record(r *Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(s.format.AppendRecord(s.buf[:0], r))
}

// End writes what is held back and what stands behind the last record.
func (s *Sink) End(e *End) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.put(s.format.AppendEnd(s.buf[:0], e))
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

// Close writes out and closes the file; one written beside gets its name only
// here, and only if End was called and nothing failed. A reader that left
// (EPIPE) is no error. It is idempotent.
func (s *Sink) Close() error {
	s.closing.Do(func() {
		s.err = s.stream.Close()
		if s.file != nil {
			s.mu.Lock()
			s.err = s.file.finish(s.err, s.ended)
			s.mu.Unlock()
		}
		if errors.Is(s.err, syscall.EPIPE) {
			s.err = nil
		}
	})
	return s.err
}
