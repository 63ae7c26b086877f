// Package checkpoint keeps how far a job has come in such a form that a run which
// was killed at any moment can be gone on from: which questions are decided, which
// had their tries without an answer, and which hosts were found. It does no I/O.
//
// A checkpoint is a header that says of what job it is, and frames behind it
// (encode.go). Each is valid by itself and says what is new since the one before;
// so writing one costs as much as what is new. Snapshot is all of it in as few bytes
// as are needed: at most one or two bits for each question.
//
// A question counts as decided when Decide was called for it, which its caller does
// when the record of it has been handed to the outputs; and it is in the
// file once these have been flushed between Take and the writing of what Take
// returned. A question whose answer has come, but whose record was not written,
// is asked again. So that it does not have two records then, a frame also says how
// long the files of records were (SetWritten) when these had just the records of what
// is decided by then: they are cut back to that before a run goes on. For that no
// record may be handed over and decided while a frame is taken, and what a host's
// last port said is handed over together with the host. A run that ends
// in good order takes a last frame that says nothing of files: they are whole.
// Silence is not decided before the run's last pass, but it is known
// up to where the run stands, and not asked for again.
package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/files"
)

// Fact is one line of what a job is, such as "ports 1-1000".
type Fact struct{ Name, Value string }

// ErrDamaged is what is wrong with a file that is no checkpoint, or not whole.
var ErrDamaged = errors.New("damaged, or no checkpoint of sonde")

// Host is what is known of a host that was found up.
type Host struct {
	Addr   netip.Addr
	Reason probe.Reason
	From   netip.Addr
	MAC    wire.MAC
	Tries  uint8
	RTT    time.Duration // negative: not known
}

// Counts are numbers that the caller adds up of what is decided.
type Counts [5]uint64

// Checkpoint is the state of one job. It is safe for concurrent use.
type Checkpoint struct {
	facts  []Fact
	loaded map[uint64][]entry // by part: what was read and no plan was made for yet

	mu      sync.Mutex
	parts   []*Part
	hosts   []Host
	known   map[netip.Addr]bool // of hosts
	taken   int                 // hosts that frames have
	counts  Counts
	ticked  bool // counts are to be written
	found   bool // all hosts are: a sweep is over
	told    bool // and a frame has it
	fresh   int  // units decided, and other news, since the last frame
	units   uint64
	written []files.Written // as of the next frame
	some    chan struct{}   // capacity 1: there is news
	many    chan struct{}   // capacity 1: so much that it should be written at once
}

// New is the checkpoint of a job that has not begun.
func New(facts []Fact) *Checkpoint {
	return &Checkpoint{facts: facts, loaded: map[uint64][]entry{}, known: map[netip.Addr]bool{},
		some: make(chan struct{}, 1), many: make(chan struct{}, 1)}
}

// Facts is what the job is.
func (c *Checkpoint) Facts() []Fact { return c.facts }

// Fact returns one of them, "" if there is none of that name.
func (c *Checkpoint) Fact(name string) string {
	for _, f := range c.facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Found tells whether a sweep is over: then Hosts are all that are up.
func (c *Checkpoint) Found() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.found
}

// SetFound notes that.
func (c *Checkpoint) SetFound() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found = true
	c.news()
}

// Hosts are those found up.
func (c *Checkpoint) Hosts() []Host {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Host(nil), c.hosts...)
}

// AddHost notes one, if it is not known already.
func (c *Checkpoint) AddHost(h Host) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known[h.Addr] {
		c.known[h.Addr] = true
		c.hosts = append(c.hosts, h)
		c.news()
	}
}

// SetWritten notes how long the files of records are, with all records that were
// handed over until the next frame is taken; the list of an earlier frame is void.
// Frames that have no other news are not taken for it.
func (c *Checkpoint) SetWritten(list []files.Written) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written = list
}

// Written is how long the files were as of the last frame.
func (c *Checkpoint) Written() []files.Written {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written
}

// takeWritten writes how long the files are. c.mu is held.
func (c *Checkpoint) takeWritten(f *frames) {
	var body []byte
	for _, w := range c.written {
		body = binary.AppendUvarint(binary.AppendUvarint(appendString(body, w.Path), w.Inode), w.Length)
	}
	if body != nil {
		f.entry(ofWritten, body)
	}
}

// Counts returns what was added up of all that is decided.
func (c *Checkpoint) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Part adds what is kept of one plan, which must be compiled and the same in each
// run of the job; number tells the job's plans apart. hosts says that what is
// decided are hosts, by their index in the targets, and not questions.
func (c *Checkpoint) Part(number int, plan *scan.Plan, hosts bool) (*Part, error) {
	p := &Part{c: c, number: uint64(number), plan: plan, hosts: hosts, open: map[uint64]struct{}{}}
	p.units = plan.Len()
	if hosts {
		p.units = plan.Groups()
	}
	p.decided, p.holes = newBits(p.units), newBits(plan.Len())
	for _, e := range c.loaded[p.number] {
		if err := p.read(e); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	delete(c.loaded, p.number)
	p.before = p.decided.count()
	p.last = p.stand
	p.last.Losses = append([]uint32(nil), p.stand.Losses...)
	if p.last.Over && p.unanswered() {
		// What was answered and not written is asked again in this pass.
		p.last.Over, p.last.Base = false, plan.Len()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = append(c.parts, p)
	c.units += p.units
	return p, nil
}

// portion is the part of all units that may be asked twice because the run was
// killed before a frame was written: after twenty times it is still less than 1 %.
const portion = 4000

// Some has something when there is news, Many when there is so much of it that
// it should not wait.
func (c *Checkpoint) Some() <-chan struct{} { return c.some }
func (c *Checkpoint) Many() <-chan struct{} { return c.many }

// news counts something to be written. c.mu is held.
func (c *Checkpoint) news() {
	c.fresh++
	signal(c.some)
	if uint64(c.fresh) > c.units/portion {
		signal(c.many)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Part is what is kept of one plan. It is the plan's scan.Watcher.
type Part struct {
	scan.NoWatcher
	c      *Checkpoint
	number uint64
	plan   *scan.Plan
	hosts  bool
	units  uint64 // hosts or questions
	before uint64 // units that earlier runs have decided
	last   scan.Standing

	decided bits // units
	holes   bits // questions before where the run stands that are to be asked again unless decided

	// The rest is guarded by c.mu.
	stand scan.Standing
	moved bool                // stand is to be written
	fresh []uint64            // units decided since the last frame
	open  map[uint64]struct{} // questions that were answered, not yet decided and not in holes
}

// Left counts what no earlier run has decided: hosts or questions.
func (p *Part) Left() uint64 { return p.units - p.before }

// unit is what is decided with question i.
func (p *Part) unit(i uint64) uint64 {
	if p.hosts {
		return p.plan.Group(i)
	}
	return i
}

// Skip, Last, Tried, Heard and Stands implement scan.Watcher. Skip tells whether
// question i is decided.
func (p *Part) Skip(i uint64) bool { return p.decided.has(p.unit(i)) }

// Skipped implements scan.Watcher. Of questions it takes no look at each.
func (p *Part) Skipped(from, to uint64) (n uint64) {
	if !p.hosts {
		return p.decided.between(from, to)
	}
	for i := from; i < to; i++ {
		if p.Skip(i) {
			n++
		}
	}
	return n
}

func (p *Part) Last() (s scan.Standing, keeps bool) { return p.last, true }

func (p *Part) Tried(i uint64) bool { return i < p.last.Base && !p.holes.has(i) }

func (p *Part) Heard(r *scan.Result) {
	if r.Reply.Event == probe.Silence {
		return // where the run stands says the same
	}
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.open[r.Number] = struct{}{}
}

func (p *Part) Stands(s *scan.Standing) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if s.Pass == p.stand.Pass && s.Base == p.stand.Base && s.Over == p.stand.Over && s.Looked == p.stand.Looked {
		return
	}
	losses := append(p.stand.Losses[:0], s.Losses...)
	p.stand = *s
	p.stand.Losses = losses
	if s.Pass == p.last.Pass { // what is asked again does not make the rest untried
		p.stand.Base = max(s.Base, p.last.Base)
	}
	p.moved = true
	signal(p.c.some)
}

// Decide notes that a unit is decided: a host, or a question. n is what to add to
// Counts.
func (p *Part) Decide(unit uint64, n Counts) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if unit >= p.units || p.decided.has(unit) {
		return
	}
	p.decided.set(unit)
	p.fresh = append(p.fresh, unit)
	if !p.hosts {
		delete(p.open, unit)
	}
	p.c.news()
	for i := range n {
		p.c.counts[i] += n[i]
		p.c.ticked = p.c.ticked || n[i] > 0
	}
}

// settle moves to holes what was answered before where the run stands, and is not
// decided. It returns what is new there. c.mu is held.
func (p *Part) settle() (holes []uint64) {
	base := p.stand.Base
	if p.stand.Over {
		base = p.plan.Len()
	}
	for i := range p.open {
		switch {
		case p.decided.has(p.unit(i)):
		case i >= base:
			continue
		case !p.holes.has(i):
			p.holes.set(i)
			holes = append(holes, i)
		}
		delete(p.open, i)
	}
	return holes
}

// unanswered tells whether some question is to be asked again.
func (p *Part) unanswered() bool {
	for i := range p.holes.each {
		if !p.decided.has(p.unit(i)) {
			return true
		}
	}
	return false
}
