package compare

// arrivals are the questions of a flow as FAR has them, by which it is known which of
// several packets of one content an answer is for: it was sent when that one had arrived,
// and the next one had not. What is seldom asked for is found out when it is.
type arrivals struct {
	near  *flow
	again map[*packet]*packet   // the next one with the same content
	first map[content]int64     // when the first of each content arrived
	sent  map[content]int64     // when the first answer of each content was sent
	asked map[*packet][]*packet // what each of FAR's datagrams answers
	parts []piece               // of the stream, by place
	base  uint32
}

// arrivals are those of n's pair, in FAR's numbers; nil: it has none.
func (n *flow) arrivals() *arrivals {
	if n.pair == nil {
		return nil
	}
	return &arrivals{near: n, again: repeated(n.pair.asked())}
}

// earliest has for each content of a list when its first packet was seen.
func earliest(list []*packet) map[content]int64 {
	first := map[content]int64{}
	for _, p := range list {
		c := contentOf(p, nil)
		if at, ok := first[c]; !ok || p.at < at {
			first[c] = p.at
		}
	}
	return first
}

// left is when b was sent: of one that FAR has not, not before the first of those that are
// like it. Not ok: FAR has none.
func (a *arrivals) left(b *packet) (at int64, ok bool) {
	if b.twin != nil {
		return b.twin.at, true
	}
	if a.sent == nil {
		a.sent = earliest(a.near.pair.back)
	}
	at, ok = a.sent[contentOf(b, a.near)]
	return at, ok
}

// meant tells whether b, which came in NEAR when q had been sent, was sent for q; known:
// FAR has what tells.
func (a *arrivals) meant(b, q *packet) (meant, known bool) {
	if a == nil {
		return false, false
	}
	sent, ok := a.left(b)
	switch {
	case !ok:
		return false, false
	case q.twin == nil:
		return false, a.explain(q, sent)
	case sent < q.twin.at:
		return false, true
	}
	next := a.again[q.twin]
	if meant = next == nil || sent < next.at; meant && b.twin == nil {
		q.unclear = true // it may be a later one
	}
	return meant, true
}

// replied gives b, a datagram, to the questions that it answers in FAR; not, if FAR has not
// both.
func (a *arrivals) replied(b *packet) bool {
	if a == nil || b.twin == nil {
		return false
	}
	if a.asked == nil {
		a.asked = map[*packet][]*packet{}
		for _, r := range a.near.pair.there {
			if r.answer != nil && r.twin != nil {
				a.asked[r.answer] = append(a.asked[r.answer], r.twin)
			}
		}
	}
	for _, q := range a.asked[b.twin] {
		q.answer = b
	}
	return len(a.asked[b.twin]) > 0
}

// explain tells whether what arrived until then is reason enough for an answer to q, other
// packets with the same content, so that q itself need not have arrived.
func (a *arrivals) explain(q *packet, until int64) bool {
	if a.first == nil {
		a.first = earliest(a.near.pair.there)
		a.parts, a.base = pieces(a.near.pair.there, nil)
	}
	c := contentOf(q, a.near)
	if at, ok := a.first[c]; ok && at <= until {
		return true
	}
	if q.kind != stream || q.size == 0 {
		return false
	}
	need := int64(int32(c.seq - a.base))
	end := need + int64(q.size)
	for _, p := range a.parts[reach(a.parts, need):] {
		if p.from > need {
			break
		}
		if p.p.at <= until {
			need = max(need, p.to)
		}
	}
	return need >= end
}
