package screen

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"sonde/cmd/terminal"
	"sonde/scan/report"
	"sonde/scan/watched"
)

// Sequences of the terminal (xterm's "Control Sequences"): the alternate screen, which leaves
// what stood there before untouched, and the cursor.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[2J"
	leave = "\x1b[?25h\x1b[?1049l"
)

// often is how often what has changed is drawn, and how long an Escape waits for more.
const often = 100 * time.Millisecond

// patience is how long leaving waits for a terminal that stands still (Ctrl-S).
const patience = 250 * time.Millisecond

// Screen has a watched trace on a terminal. Put and Beside are safe for concurrent use with
// Run; the terminal is given back by Run when it returns, by Keyboard.Pause, and whatever ends
// the program with that.
type Screen struct {
	Out      *os.File
	In       *os.File // nil: no keys are read
	Keyboard *terminal.Keyboard
	Colours  bool
	ASCII    bool
	Zone     *time.Location // nil: UTC
	Doing    string         // what goes on: "watching"
	// Export writes what is known to a file, and returns its name. Nil: none can be written.
	Export func(m *watched.Model) (name string, err error)

	mu    sync.Mutex // of what follows
	model watched.Model
	state State
	dirty bool

	out   sync.Mutex // of what follows: of whoever writes to the terminal
	lines []string   // as they are there
	size  [2]int
	on    bool // the alternate screen is shown
	off   bool // it is not to be
	held  *held
	notes []string // what was to be told meanwhile
}

// Put takes a record, which is borrowed. Of a nil Screen it does nothing.
func (s *Screen) Put(r report.Record) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model.Add(r)
	s.dirty = true
}

// Read calls f with what is known, which must not be kept.
func (s *Screen) Read(f func(m *watched.Model)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.model)
}

// Say shows a message until the next key.
func (s *Screen) Say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Say(text)
	s.dirty = true
}

// Run shows the screen until done is closed, or q is pressed: then it returns true. act does
// what keys ask for beside that, and tick is called before each look whether there is
// something to draw; both may be nil.
func (s *Screen) Run(done <-chan struct{}, tick func(), act func(Act)) (quit bool) {
	s.Keyboard.Beside(s.leave, s.back)
	defer s.Keyboard.Beside(nil, nil)
	defer s.leave()
	bytes := make(chan byte, 64)
	if s.In != nil {
		stop := s.Keyboard.Read(s.In, bytes)
		defer stop()
	}
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	var keys Decoder
	idle := false
	s.draw()
	for {
		var k Key
		pressed := false
		select {
		case <-done:
			return false
		case c := <-bytes:
			k, pressed = keys.Take(c)
			idle = false
		case <-ticker.C:
			if idle { // for a whole tick
				k, pressed = keys.Idle()
			}
			idle = true
		}
		if pressed {
			switch a := s.press(k); a {
			case Quit:
				return true
			case Nothing:
			default:
				if act != nil {
					act(a)
				}
			}
		}
		if tick != nil {
			tick()
		}
		s.draw()
	}
}

// press does what a key asks for, as far as it is the screen's.
func (s *Screen) press(k Key) Act {
	s.mu.Lock()
	a := s.state.Press(k, &s.model)
	s.dirty = true
	var copied *watched.Model
	switch a {
	case Reset:
		s.model.Reset()
	case Export:
		copied = s.model.Clone()
	}
	s.mu.Unlock()
	switch a {
	case Redraw:
		s.forget()
	case Export:
		s.Say(s.export(copied))
	default:
		return a
	}
	return Nothing
}

func (s *Screen) export(m *watched.Model) string {
	if s.Export == nil {
		return "no file can be made from here: -o json=FILE keeps all rounds, and --replay FILE shows them"
	}
	name, err := s.Export(m)
	if err != nil {
		return err.Error()
	}
	return "written: " + name
}

// forget has everything drawn anew.
func (s *Screen) forget() {
	s.out.Lock()
	defer s.out.Unlock()
	s.size = [2]int{}
}

// leave gives the terminal back, until back is called.
func (s *Screen) leave() {
	given := make(chan struct{})
	go func() {
		defer close(given)
		s.out.Lock()
		defer s.out.Unlock()
		s.off = true
		if s.on {
			s.on = false
			io.WriteString(s.Out, leave)
		}
	}()
	select {
	case <-given:
	case <-time.After(patience):
	}
}

func (s *Screen) back() {
	s.out.Lock()
	defer s.out.Unlock()
	s.off = false
}

// draw brings the terminal up to date: lines that are there already are not written again.
func (s *Screen) draw() {
	s.out.Lock()
	defer s.out.Unlock()
	if s.off {
		return
	}
	if !terminal.Foreground(s.Out) {
		s.on = false // whoever has the terminal meanwhile shows something else
		return
	}
	width, height := terminal.Size(s.Out)
	if width <= 0 || height <= 0 {
		return
	}
	anew := !s.on || s.size != [2]int{width, height}
	s.mu.Lock()
	if !s.dirty && !anew {
		s.mu.Unlock()
		return
	}
	v := View{Model: &s.model, State: &s.state, Width: width, Height: height, ASCII: s.ASCII, Zone: s.Zone, Doing: s.Doing}
	lines := v.Lines()
	s.dirty = false
	s.mu.Unlock()
	var b []byte
	if !s.on {
		b = append(b, enter...)
	}
	if anew {
		s.lines = slices.Repeat([]string{"\x00"}, len(lines))
	}
	s.on, s.size = true, [2]int{width, height}
	for i, l := range lines {
		text := string(l.AppendTo(nil, s.Colours))
		if text == s.lines[i] {
			continue
		}
		s.lines[i] = text
		b = fmt.Appendf(b, "\x1b[%d;1H", i+1)
		// What is to be cleared is so first: behind a full line the cursor stands on its last
		// column.
		b = append(append(b, "\x1b[2K"...), text...)
	}
	s.Out.Write(b)
}

// mostHeld is how much is kept of what others write to the terminal meanwhile.
const mostHeld = 64 << 10

// held keeps what is written to the terminal while the screen has it: the end of that, in
// whole lines.
type held struct {
	mu   sync.Mutex
	w    io.Writer
	b    []byte
	left int  // lines that are not kept
	over bool // it goes to w at once
}

// Beside returns w so that what is written to it comes when Release is called.
func (s *Screen) Beside(w io.Writer) io.Writer {
	s.held = &held{w: w}
	return s.held
}

// mostNotes is how many lines are kept of what is to be told.
const mostNotes = 20

// Keep shows a line that others would write to the terminal, and keeps it for Release.
func (s *Screen) Keep(line string) {
	line = strings.TrimSuffix(line, "\n")
	s.Say(line)
	s.out.Lock()
	defer s.out.Unlock()
	if s.notes = append(s.notes, line); len(s.notes) > mostNotes {
		s.notes = s.notes[1:]
	}
}

// Release writes what was held back, and no more is; what was to be told goes to stderr. It
// is to be called once Run has returned.
func (s *Screen) Release(stderr io.Writer) {
	if s == nil {
		return
	}
	for _, line := range s.notes {
		fmt.Fprintln(stderr, line)
	}
	s.notes = nil
	if s.held != nil {
		s.held.release()
	}
}

func (h *held) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return h.w.Write(b)
	}
	h.b = append(h.b, b...)
	for cut := len(h.b) - mostHeld; cut > 0; cut = 0 {
		if end := slices.Index(h.b[cut:], '\n'); end >= 0 {
			cut += end + 1
		}
		for _, c := range h.b[:cut] {
			if c == '\n' {
				h.left++
			}
		}
		h.b = append(h.b[:0], h.b[cut:]...)
	}
	return len(b), nil
}

func (h *held) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	h.over = true
	if h.left > 0 {
		fmt.Fprintf(h.w, "(%d lines before this are not kept)\n", h.left)
	}
	h.w.Write(h.b)
	h.b = nil
}
