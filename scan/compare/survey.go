package compare

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"sonde/probe/wire"
	"sonde/scan/capture"
)

// A capture that is read twice.
type source struct {
	name  string
	file  io.ReadSeeker
	count *atomic.Uint64 // of the packets of all files, each time that they are read

	packets      uint64 // in the file
	skipped      [skips]uint64
	first, last  int64 // times of those that are looked at
	begun, ended int64 // from when to when it was being made, as far as it shows
	told         bool  // begun and ended are what the file says, and not its first and last packet
	looked       uint64
	broken       error // why not all of it was read; nil: it was
	known        bool  // it was read once
	strange      capture.Link
}

// eachPacket reads the file from its beginning and calls f for each packet that is
// looked at, which f must not keep. Its error is of ctx, or says that it is no capture.
func (s *source) eachPacket(ctx context.Context, f func(p *packet)) error {
	r, err := s.open()
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		p, err := r.next()
		if err != nil {
			return nil // why is in s.broken
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f(p)
	}
}

// opened is a capture that is being read.
type opened struct {
	source *source
	reader *capture.Reader
	d      decoder
	frame  capture.Frame
	p      packet
}

// open begins to read the file.
func (s *source) open() (*opened, error) {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("%s cannot be read twice: %w", s.name, err)
	}
	r, err := capture.NewReader(s.file)
	if err != nil {
		return nil, fmt.Errorf("%s %w", s.name, err)
	}
	return &opened{source: s, reader: r}, nil
}

// next reads the next packet that is looked at. It is reused. What the file has of packets
// is counted when it is read for the first time: later others may look at that meanwhile.
func (o *opened) next() (*packet, error) {
	s := o.source
	for {
		if err := o.reader.Next(&o.frame); err != nil {
			if !s.known {
				if err != io.EOF {
					s.broken = err
				}
				s.span(o.reader)
			}
			return nil, io.EOF
		}
		s.count.Add(1)
		why := o.d.decode(&o.p, &o.frame)
		if !s.known {
			s.see(why, &o.p, o.frame.Link)
		}
		if why == looked {
			return &o.p, nil
		}
	}
}

// see counts a packet.
func (s *source) see(why skipped, p *packet, link capture.Link) {
	s.packets++
	if why != looked {
		s.skipped[why]++
		if why == foreignLink {
			s.strange = link
		}
		return
	}
	if s.looked++; s.looked == 1 {
		s.first, s.last = p.at, p.at
	}
	s.first, s.last = min(s.first, p.at), max(s.last, p.at)
}

// span takes from a file that was read when it was begun and ended.
func (s *source) span(r *capture.Reader) {
	s.begun, s.ended, s.told = s.first, s.last, false
	if from, to, ok := r.Span(); ok && s.broken == nil && from <= s.first && to >= s.last {
		s.begun, s.ended, s.told = from, to, true
	}
}

// A sample has, of each kind of packet and each print, the packets whose prints are the
// lowest: of two files the same ones, as far as they have the same packets.
type sample struct {
	of     [kinds][prints]lowest
	asked  asked
	asks   int // packets that want an answer
	copies int // how often one of the sample came once more at once
}

// sampled is how many packets of each kind are kept for each print.
const sampled = 400

// atOnce is within what time nobody sends again, however near the other end is.
const atOnce = int64(200 * time.Microsecond)

// lowest are the packets with the lowest prints.
type lowest struct {
	limit uint64 // prints above are not kept; 0: none is yet
	kept  map[uint64]*kept
}

type kept struct {
	packet
	again bool // another packet has the same print
}

// add takes p into the sample.
func (s *sample) add(p *packet) {
	p.there = s.asked.there(p)
	if p.there && (p.kind != stream || p.size > 0) {
		s.asks++
	}
	for i, print := range p.prints() {
		if print == 0 {
			continue
		}
		l := &s.of[p.kind][i]
		if l.limit != 0 && print > l.limit {
			continue
		}
		if k := l.kept[print]; k != nil {
			near := p.same(&k.packet) && p.src == k.src && p.dst == k.dst
			if since := max(p.at-k.at, k.at-p.at); !near || since > atOnce {
				k.again = true // what it is may have been sent again
				near = near && since <= copyTime
			}
			if near && i == printNames {
				s.copies++
			}
			continue
		}
		if l.kept == nil {
			l.kept = map[uint64]*kept{}
		}
		l.kept[print] = &kept{packet: *p}
		if len(l.kept) >= 2*sampled {
			l.cut()
		}
	}
}

// repeats tells whether something was sent again.
func (s *sample) repeats() bool {
	for k := range kinds {
		for _, print := range []int{printText, printSeq} {
			for _, p := range s.of[k][print].kept {
				if p.again && (p.kind != stream || p.size > 0 || p.flags&wire.FIN != 0) {
					return true
				}
			}
		}
	}
	return false
}

// cut leaves the lowest half.
func (l *lowest) cut() {
	l.limit = nth(l.kept, sampled)
	for print := range l.kept {
		if print > l.limit {
			delete(l.kept, print)
		}
	}
}

// join finds the packets that are in both samples, as often as they have prints in
// common.
func join(near, far *sample) (pairs []pair) {
	for k := range kinds {
		for i := range prints {
			for print, n := range near.of[k][i].kept {
				f := far.of[k][i].kept[print]
				if f != nil && !n.again && !f.again && n.there == f.there {
					pairs = append(pairs, pair{&n.packet, &f.packet, i})
				}
			}
		}
	}
	return pairs
}

// know learns from pairs, and from how alike packets of one file are. Pairs that are the
// same by chance are found out by what most of the others have in common.
func know(pairs []pair, near *sample) *knowledge {
	k := count(pairs, near)
	for range 2 {
		pairs = slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool {
			return k.alikeBut(p.near, p.far, covers[p.print]) < -2
		})
		k = count(pairs, near)
	}
	return k
}

// count makes knowledge of pairs as if all of them were ones.
func count(pairs []pair, near *sample) *knowledge {
	var survived, shared [kinds][fields]survival
	var found [kinds][prints]int
	for _, p := range pairs {
		k := p.near.kind
		found[k][p.print]++
		a, b := p.near.values(), p.far.values()
		var known [fields]bool
		for _, f := range covers[p.print] {
			known[f] = true
		}
		for f := range fields {
			if known[f] || a[f] == 0 && b[f] == 0 {
				continue
			}
			survived[k][f].total++
			if a[f] == b[f] {
				survived[k][f].same++
			}
		}
	}
	for k := range kinds {
		var seen [fields]map[uint64]float64
		for _, p := range near.of[k][printNames].kept {
			for f, v := range p.values() {
				if seen[f] == nil {
					seen[f] = map[uint64]float64{}
				}
				if v != 0 {
					seen[f][v]++
				}
			}
		}
		for f := range fields {
			n := float64(0)
			for _, times := range seen[f] {
				n += times
				shared[k][f].same += times * (times - 1) / 2
			}
			shared[k][f].total = n * (n - 1) / 2
		}
	}
	return learn(&survived, &shared, &found)
}

// nth is the n-th lowest key.
func nth(m map[uint64]*kept, n int) uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys[n-1]
}
