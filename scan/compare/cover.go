package compare

import (
	"slices"
	"sort"
)

// piece is a segment that arrived, by its place in the stream.
type piece struct {
	from, to int64
	p        *packet
}

// cover finds the twins of segments that were cut, or put together, between the two
// captures: network cards, and kernels before them, do that (segmentation offload), so
// that one end sees other segments than the other one. All bytes of what was sent must
// be in segments that are nobody else's twins.
func (e *engine) cover(d *direction) {
	var free []*packet
	for _, r := range d.got {
		if r.twin == nil {
			free = append(free, r)
		}
	}
	pieces, base := pieces(free, d.to)
	if len(pieces) == 0 {
		return
	}
	low, high := e.spanOf(d.delays)
	for _, s := range d.sent {
		if s.kind != stream || s.size == 0 || s.twin != nil {
			continue
		}
		from := int64(int32(contentOf(s, d.from).seq - base))
		need, end := from, from+int64(s.size)
		var last *packet  // which completes it, and is answered
		var used []*piece // no copies of others
		i := reach(pieces, from)
		for ; i < len(pieces) && need < end && pieces[i].from <= need; i++ {
			p := &pieces[i]
			if took := p.p.at - s.at; p.to <= need || took < low || took > high {
				continue
			}
			need, last, used = p.to, p.p, append(used, p)
		}
		if need < end {
			continue
		}
		s.twin = last
		for j := range pieces {
			if p := &pieces[j]; p.from < end && p.to > from && p.p.twin == nil && p.p.at-s.at <= high && p.p.at-s.at >= low {
				p.p.twin, p.p.copy = s, !slices.Contains(used, p) && slices.ContainsFunc(used, p.copies)
			}
		}
	}
}

// copies tells whether p is another copy of what q is.
func (p *piece) copies(q *piece) bool {
	return p.from == q.from && p.to == q.to && max(p.p.at-q.p.at, q.p.at-p.p.at) <= copyTime
}

// pieces are the segments of a list that have a payload, by their places in the stream;
// these are counted from base. n is as for contentOf.
func pieces(list []*packet, n *flow) (pieces []piece, base uint32) {
	for _, r := range list {
		if r.kind != stream || r.size == 0 {
			continue
		}
		seq := contentOf(r, n).seq
		if len(pieces) == 0 {
			base = seq
		}
		at := int64(int32(seq - base))
		pieces = append(pieces, piece{at, at + int64(r.size), r})
	}
	sort.SliceStable(pieces, func(i, j int) bool { return pieces[i].from < pieces[j].from })
	return pieces, base
}

// reach is where those begin that can have a place of the stream.
func reach(pieces []piece, place int64) int {
	const longest = 1 << 16
	return sort.Search(len(pieces), func(i int) bool { return pieces[i].from > place-longest })
}
