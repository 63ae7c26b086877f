package screen

import (
	"sonde/scan/watched"
)

// Page is what the screen is about.
type Page uint8

const (
	Table   Page = iota // the hops of a target
	Detail              // one hop
	Events              // ways, and what happened
	Targets             // all targets
	Help
)

// Act is what a key asks for that is not the screen's to do.
type Act uint8

const (
	Nothing Act = iota
	Quit
	Reset  // forget what was counted
	Export // write what is known to a file
	Redraw // the terminal is not as it should be
	Faster // of what is played again
	Slower
	Back10    // ten seconds back
	Forward10 // and on
	Home      // to its beginning
	End       // and its end
)

// State is where the user is. The zero value is the table of the first target.
type State struct {
	Playing bool // a recorded run is shown: there are keys for its pace
	page    Page
	back    Page // where Help was called
	target  int
	hop     int
	scroll  int
	frozen  *watched.Model // while paused
	message string         // what was just said; until the next key
}

// Say shows a message until the next key.
func (s *State) Say(text string) { s.message = text }

// Paused tells whether what is shown stands still.
func (s *State) Paused() bool { return s.frozen != nil }

// Press takes a key. m is what is known now.
func (s *State) Press(k Key, m *watched.Model) Act {
	s.message = ""
	shown := m
	if s.frozen != nil {
		shown = s.frozen
	}
	if s.page == Help && k != 'q' && k != CtrlC && k != CtrlL {
		s.page = s.back
		return Nothing
	}
	switch k {
	case 'q', 'Q', CtrlC:
		return Quit
	case CtrlL:
		return Redraw
	case '?', 'h':
		s.back, s.page = s.page, Help
	case 'p', ' ':
		s.pause(m)
	case 'r':
		s.frozen = nil
		return Reset
	case 'w':
		return Export
	case 'e':
		s.turn(Events)
	case 't':
		s.turn(Targets)
	case Escape, Backspace:
		s.page, s.scroll = Table, 0
	case Enter:
		if s.page == Targets {
			s.page = Table
		} else {
			s.turn(Detail)
		}
	case Tab, BackTab:
		s.next(k == Tab, len(shown.Targets))
	default:
		if act := s.play(k); act != Nothing {
			return act
		}
		s.move(k, shown)
	}
	return Nothing
}

// play are the keys of what is played again.
func (s *State) play(k Key) Act {
	if !s.Playing {
		return Nothing
	}
	return map[Key]Act{'+': Faster, '=': Faster, '-': Slower, Right: Forward10, Left: Back10, '<': Home, '>': End}[k]
}

// turn goes to a page, or back to the table from it.
func (s *State) turn(p Page) {
	s.scroll = 0
	if s.page == p {
		p = Table
	}
	s.page = p
}

func (s *State) pause(m *watched.Model) {
	if s.frozen != nil {
		s.frozen = nil
		return
	}
	s.frozen = m.Clone()
}

func (s *State) next(forward bool, n int) {
	if n == 0 {
		return
	}
	step := 1
	if !forward {
		step = n - 1
	}
	s.target, s.hop, s.scroll = (min(s.target, n-1)+step)%n, 0, 0
}

// move goes up and down in what the page lists.
func (s *State) move(k Key, m *watched.Model) {
	step := map[Key]int{Up: -1, 'k': -1, Down: 1, 'j': 1, PageUp: -10, PageDown: 10, First: -1 << 16, Last: 1 << 16}[k]
	switch {
	case step == 0 || len(m.Targets) == 0:
	case s.page == Events:
		s.scroll = max(0, s.scroll+step) // the page knows how far it goes
	case s.page == Targets:
		s.target = max(0, min(s.target+step, len(m.Targets)-1))
		s.hop = 0
	default:
		hops := len(m.Targets[min(s.target, len(m.Targets)-1)].Path())
		s.hop = max(0, min(min(s.hop, hops-1)+step, hops-1))
	}
}

// hint is a key, and what it is for.
type hint struct{ key, what string }

// hints are the keys of the last line, the most needed first.
func (s *State) hints(many bool) (list []hint) {
	switch s.page {
	case Help:
		return []hint{{"any key", "back"}, {"q", "quit"}}
	case Detail:
		list = []hint{{"q", "quit"}, {"?", "help"}, {"Esc", "back"}, {"j/k", "other hop"}}
	case Events:
		list = []hint{{"q", "quit"}, {"?", "help"}, {"Esc", "back"}, {"j/k", "scroll"}}
	case Targets:
		list = []hint{{"q", "quit"}, {"?", "help"}, {"Enter", "its hops"}, {"j/k", "other target"}}
	default:
		list = []hint{{"q", "quit"}, {"?", "help"}, {"Enter", "hop"}, {"e", "ways"}}
		if many {
			list = append(list, hint{"Tab", "next"}, hint{"t", "targets"})
		}
	}
	if s.Playing {
		list = append(list, hint{"+/-", "pace"}, hint{"Left/Right", "10 s"})
	}
	pause := "pause"
	if s.frozen != nil {
		pause = "go on"
	}
	return append(list, hint{"p", pause}, hint{"r", "reset"}, hint{"w", "write"})
}
