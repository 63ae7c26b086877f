package screen

import (
	"fmt"
	"iter"
	"time"

	"sonde/scan/watched"
)

// paces are how much faster than it was recorded a run can be played.
var paces = []float64{0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128}

// leap is how far an arrow leads.
const leap = 10 * time.Second

// Player has a Screen show a recording at its pace.
type Player struct {
	screen *Screen
	file   *Recording
	pace   int           // of paces
	at     time.Duration // what is shown
	next   func() (stamped, bool)
	stop   func()
	ready  *stamped // the next record, which is later; nil: there is none
	last   time.Time
}

// Play shows a recording, which was checked, until the user quits, or done is closed.
func (s *Screen) Play(r *Recording, done <-chan struct{}) error {
	p := &Player{screen: s, file: r, pace: 2, last: time.Now()}
	s.state.Playing = true
	if err := p.restart(); err != nil {
		return err
	}
	defer func() { p.stop() }()
	var failed error
	s.Run(done, func() { p.tick(time.Now()) }, func(a Act) {
		if err := p.act(a); err != nil {
			failed = err
		}
	})
	return failed
}

// restart begins anew, with nothing shown.
func (p *Player) restart() error {
	if p.stop != nil {
		p.stop()
	}
	if err := p.file.rewind(); err != nil {
		return err
	}
	p.next, p.stop = iter.Pull(p.file.records())
	p.at = 0
	p.screen.mu.Lock()
	p.screen.model = watched.Model{}
	p.screen.mu.Unlock()
	p.take()
	p.goTo(0)
	return nil
}

func (p *Player) take() {
	p.ready = nil
	if r, ok := p.next(); ok {
		p.ready = &r
	}
}

// goTo shows all records until then.
func (p *Player) goTo(at time.Duration) {
	p.at = min(max(at, 0), p.file.Length)
	for p.ready != nil && p.ready.at <= p.at {
		p.screen.Put(p.ready.record)
		p.take()
	}
	doing := fmt.Sprintf("played %gx, %s of %s", paces[p.pace], clock(p.at), clock(p.file.Length))
	if p.ready == nil {
		doing = "played to its end, " + clock(p.file.Length)
	}
	p.screen.mu.Lock()
	p.screen.dirty = p.screen.dirty || p.screen.Doing != doing
	p.screen.Doing = doing
	p.screen.mu.Unlock()
}

// tick goes on by the time that has passed. While the screen is paused, so is what is played.
func (p *Player) tick(now time.Time) {
	passed := now.Sub(p.last)
	p.last = now
	p.screen.mu.Lock()
	paused := p.screen.state.Paused()
	p.screen.mu.Unlock()
	if !paused && p.ready != nil {
		p.goTo(p.at + time.Duration(float64(passed)*paces[p.pace]))
	}
}

func (p *Player) act(a Act) error {
	switch a {
	case Faster:
		p.pace = min(p.pace+1, len(paces)-1)
	case Slower:
		p.pace = max(p.pace-1, 0)
	case Forward10:
		p.goTo(p.at + leap)
	case End:
		p.goTo(p.file.Length)
	case Home:
		return p.restart()
	case Back10:
		to := p.at - leap
		if err := p.restart(); err != nil {
			return err
		}
		p.goTo(to)
	}
	p.goTo(p.at)
	return nil
}
