package terminal

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// Line is a terminal's last line: shown on stderr, taken away before anything else is
// written, and shown again behind that. The zero value shows nothing. It is safe for
// concurrent use.
type Line struct {
	mu   sync.Mutex
	To   *os.File // nil: no terminal; it stays
	line string   // what is shown; "": nothing
}

// Show replaces the line, cut to the terminal's width: one that wraps could not
// be taken away. In the background it is left alone.
func (s *Line) Show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draw(line)
}

func (s *Line) draw(line string) {
	fd := int(s.To.Fd())
	if !foreground(fd) {
		return
	}
	cut := line
	if width, _, err := term.GetSize(fd); err == nil && width > 0 && len(line) >= width {
		cut = line[:width-1]
	}
	fmt.Fprintf(s.To, "\r\x1b[K%s", cut)
	s.line = line
}

// Clear takes the line away.
func (s *Line) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

func (s *Line) erase() {
	if s.line != "" {
		fmt.Fprint(s.To, "\r\x1b[K")
		s.line = ""
	}
}

// Apart calls f, which writes lines to the terminal, so that they do not land behind the
// line, but before it.
func (s *Line) Apart(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.line
	s.erase()
	f()
	if line != "" {
		s.draw(line)
	}
}

// Beside returns w so that what is written to it does not land behind the line.
func (s *Line) Beside(w io.Writer) io.Writer { return besideLine{s, w} }

type besideLine struct {
	s *Line
	w io.Writer
}

func (b besideLine) Write(p []byte) (n int, err error) {
	b.s.Apart(func() { n, err = b.w.Write(p) })
	return n, err
}
