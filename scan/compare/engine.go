package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"sonde/scan/report"
)

// File is a capture: a name for messages, and what is in it, from the beginning.
type File struct {
	Name string
	io.ReadSeeker
}

// Errors of captures that cannot be compared.
var (
	// ErrSwapped is part of the error of files that are in the wrong order.
	ErrSwapped = errors.New("the captures are in the wrong order")
	// ErrUnrelated is part of the error of files that have no packet in common.
	ErrUnrelated = errors.New("nothing to compare")
)

// engine is a comparison under way.
type engine struct {
	bytes, packets atomic.Uint64 // read, of both files

	near, far reading
	clock     *clock
	know      *knowledge
	shaky     bool    // the clock may be wrong by the time after which somebody sends again
	copies    float64 // share of the packets of FAR that are copies of others
	out       report.Sink
	tally     counts
	result    report.Comparison
	over      bool // both files are read
	most      int  // packets of a file that are held

	now            int64 // on NEAR's clock, as is all that follows
	farFrom, farTo int64 // when FAR was begun and ended, as far as it shows
	nearTo         int64 // when NEAR was ended
	ripe           queue // flows of NEAR, by when pairs are looked for
	edge           edges
}

// metered counts the bytes that are read of a file.
type metered struct {
	io.ReadSeeker
	n *atomic.Uint64
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.ReadSeeker.Read(b)
	m.n.Add(uint64(n))
	return n, err
}

// reading is a file, read for the second time.
type reading struct {
	*side
	source *source
	ahead  *ahead
	head   *packet // nil: it is read
}

// Compare finds the packets of near in far, puts a *report.Pair into out for each flow
// of near and each question that was not answered, and returns what all come to. begin
// is called before the first record, when it is known that the captures can be
// compared, with what there is to know of them; its error ends it. All errors are for
// people, and name the file. Where it is ended by ctx, after begin, it returns what was
// known, and the cause.
func Compare(ctx context.Context, near, far File, begin func(notes []string) error, out report.Sink) (*report.Comparison, error) {
	return newEngine(near, far, out).both(ctx, begin)
}

func newEngine(near, far File, out report.Sink) *engine {
	e := &engine{out: out, most: mostPackets, edge: edges{first: math.MaxInt64, last: math.MinInt64}}
	for r, f := range map[*reading]File{&e.near: near, &e.far: far} {
		r.source = &source{name: f.Name, file: &metered{f.ReadSeeker, &e.bytes}, count: &e.packets}
	}
	return e
}

// both reads both files, twice.
func (e *engine) both(ctx context.Context, begin func(notes []string) error) (*report.Comparison, error) {
	if err := e.survey(ctx); err != nil {
		return nil, err
	}
	if err := begin(e.notes()); err != nil {
		return nil, err
	}
	err := e.run(ctx)
	return e.finish(), err
}

// survey reads both files for the first time, at the same time.
func (e *engine) survey(ctx context.Context) error {
	var samples [2]sample
	var errs [2]error
	sources := []*source{e.near.source, e.far.source}
	var wg sync.WaitGroup
	for i, s := range sources {
		wg.Go(func() { errs[i] = s.eachPacket(ctx, samples[i].add) })
	}
	wg.Wait()
	for i, s := range sources {
		if errs[i] != nil {
			return errs[i]
		}
		if s.looked == 0 {
			return s.nothing()
		}
	}
	e.edge.fewer = 1 - float64(samples[1].asks)/float64(max(1, samples[0].asks))
	e.copies = float64(samples[1].copies) / float64(e.far.source.looked)
	pairs := join(&samples[0], &samples[1])
	e.clock, pairs = align(pairs)
	if e.clock == nil {
		return e.unrelated()
	}
	if e.swapped(pairs) {
		return fmt.Errorf("%w: questions are in %s before they are in %s; type sonde compare %s %s",
			ErrSwapped, e.far.source.name, e.near.source.name, e.far.source.name, e.near.source.name)
	}
	e.shaky = e.uncertain(samples[0].repeats())
	e.know = know(pairs, &samples[0])
	e.near.source.known, e.far.source.known = true, true
	e.farFrom, e.farTo, e.nearTo = e.clock.near(e.far.source.begun), e.clock.near(e.far.source.ended), e.near.source.ended
	return nil
}

// uncertain tells whether the clock may be that of other pairs: packets arrive before they
// leave, or so few pairs have made it that they may be of one packet and of the same one
// that was sent again.
func (e *engine) uncertain(repeats bool) bool {
	const enough = 8
	c := e.clock
	return c.turn < -time.Duration(e.doubt()) || c.pairs < enough && repeats || c.pairs <= 2 && c.oneWay
}

// swapped tells whether questions are in FAR before they are in NEAR: then there is less
// time between them and their answers in NEAR, for all of them. Where that is too short to
// tell by these clocks, or pairs do not agree, the TTL decides.
func (e *engine) swapped(pairs []pair) bool {
	least := time.Duration(e.doubt())
	if c := e.clock; !c.oneWay && (c.turn > least || c.turn < -least && c.there.high+c.back.high < 0) {
		return c.turn < 0
	}
	hops := 0
	for _, p := range pairs {
		switch {
		case p.near.there && p.near.ttl < p.far.ttl, !p.near.there && p.near.ttl > p.far.ttl:
			hops++
		case p.near.ttl != p.far.ttl:
			hops--
		}
	}
	return hops > len(pairs)/2
}

// nothing is the error of a capture in which there is nothing to compare.
func (s *source) nothing() error {
	switch {
	case s.broken != nil:
		return fmt.Errorf("%w: %s %v, and has no packet before that", ErrUnrelated, s.name, s.broken)
	case s.packets == 0:
		return fmt.Errorf("%w: %s has no packets", ErrUnrelated, s.name)
	case s.skipped[foreignLink] > 0:
		return fmt.Errorf("%w: %s has packets of link type %d, which is not read", ErrUnrelated, s.name, s.strange)
	case s.skipped[notTimed] > 0:
		return fmt.Errorf("%w: the packets of %s have no times", ErrUnrelated, s.name)
	}
	return fmt.Errorf("%w: none of the packets of %s is TCP, UDP or ICMP", ErrUnrelated, s.name)
}

// unrelated is the error of captures without a packet in common.
func (e *engine) unrelated() error {
	n, f := e.near.source, e.far.source
	apart := ""
	if n.first > f.last || f.first > n.last {
		apart = fmt.Sprintf(", and by their clocks they do not overlap in time (%s to %s, %s to %s)", clockTime(n.first), clockTime(n.last), clockTime(f.first), clockTime(f.last))
	}
	return fmt.Errorf("%w: no packet of %s is found in %s%s: none of them arrived, or it is other traffic", ErrUnrelated, n.name, f.name, apart)
}

func clockTime(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05") }

// notes are what must be known of the files to read the result.
func (e *engine) notes() (notes []string) {
	for _, s := range []*source{e.near.source, e.far.source} {
		if s.broken != nil {
			notes = append(notes, fmt.Sprintf("%s %v: what stands before that is compared, %d packets", s.name, s.broken, s.packets))
		}
		if n := s.skipped[foreignLink]; n > 0 {
			notes = append(notes, fmt.Sprintf("%s has %d packets of link types that are not read (%d)", s.name, n, s.strange))
		}
	}
	return notes
}

// run reads both files side by side.
func (e *engine) run(ctx context.Context) error {
	again := copyTime
	if !e.clock.oneWay {
		again = max(int64(e.clock.turn)/2, 20_000)
	}
	until, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for _, r := range []*reading{&e.near, &e.far} {
		r.side = newSide(e.know, r == &e.near, again)
		o, err := r.source.open()
		if err != nil {
			return err
		}
		r.ahead = o.readAhead(until, &wg)
		e.advance(r)
	}
	for n := 0; e.near.head != nil || e.far.head != nil; n++ {
		r := &e.near
		if r.head == nil || e.far.head != nil && e.far.head.at < r.head.at {
			r = &e.far
		}
		e.now = max(e.now, r.head.at)
		e.take(r)
		e.tick()
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e.advance(r)
	}
	e.over = true
	e.tick()
	return nil
}

// advance reads the next packet of a file.
func (e *engine) advance(r *reading) {
	r.head = r.ahead.next()
	if r.head != nil && r == &e.far {
		r.head.at = e.clock.near(r.head.shown)
	}
}

// take puts the packet at the head of a file into its flow.
func (e *engine) take(r *reading) {
	f, p := r.add(r.head)
	if p == nil {
		return
	}
	many := len(f.there)
	if !p.there {
		many = len(f.back)
	}
	if r == &e.far && f.pair == nil && many <= noted {
		r.note(f, p)
	}
	if p.there && f.question(p) {
		if p.kind != stream {
			r.line = append(r.line, moment{f, p})
			r.inLine[p.kind]++
		}
		if r == &e.near {
			e.edge.ask(p.at)
		}
	}
	if r == &e.near && f.pair == nil && (many <= firsts || many%firsts == 0) {
		e.ripe.push(p.at, f)
	}
	if n := e.nearOf(r, f); n != nil && len(f.there)+len(f.back) > mostOfFlow {
		e.trim(n)
	}
}
