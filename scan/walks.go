package scan

import (
	"cmp"
	"slices"
	"time"

	"sonde/probe"
)

// This file is what the machine knows of a plan whose packets the link writes by itself,
// see Bulk. There are no slots then: nothing is kept of a single question but whether it is
// settled. A pass is one or more walks through all questions, each of which asks once more
// whatever has stayed silent; when a question was asked, a walk knows by its number.
// The rules are those for slots: how long is waited for, how often silence is asked,
// what a tentative answer waits for.

// walks are those of all passes.
type walks struct {
	list    []tour
	before  int    // tries of earlier runs: walk w is try before+w+1
	here    int    // walks of this pass that are begun
	next    uint64 // of the latest: what is asked next
	doubts  map[uint64]int32
	needed  uint64         // questions that are not settled
	settled func(i uint64) // is told what needs no more asking
	trouble probe.Trouble  // why silence is none: the way was lost; 0: it was not
	leaves  bool           // packets are known to leave: until then silence is none
}

// tour is one walk through the plan.
type tour struct{ strides []stride }

// stride is a run of questions that left together.
type stride struct {
	first, len   uint64
	began, ended time.Duration
	epoch        uint8 // of the pacer
}

// at is when question i left; false if it has not.
func (w *tour) at(i uint64) (at time.Duration, epoch uint8, ok bool) {
	s, ok := w.stride(i)
	if !ok {
		return 0, 0, false
	}
	return s.began + time.Duration(float64(s.ended-s.began)*float64(i-s.first)/float64(s.len)), s.epoch, true
}

func (w *tour) stride(i uint64) (stride, bool) {
	k, found := slices.BinarySearchFunc(w.strides, i, func(s stride, i uint64) int { return cmp.Compare(s.first, i) })
	if !found {
		k--
	}
	if k < 0 || i-w.strides[k].first >= w.strides[k].len {
		return stride{}, false
	}
	return w.strides[k], true
}

// shortStride is up to how much later and with up to how many questions more strides are
// put together: a round trip is known to about that.
const (
	shortStride = 100 * time.Microsecond
	fewInStride = 64
)

// add notes questions that left.
func (w *tour) add(s stride) {
	if n := len(w.strides); n > 0 {
		l := &w.strides[n-1]
		if l.first+l.len == s.first && l.epoch == s.epoch && l.len < fewInStride && s.ended-l.began < shortStride {
			l.len, l.ended = l.len+s.len, s.ended
			return
		}
	}
	w.strides = append(w.strides, s)
}

// left is when the last question did.
func (w *tour) left() time.Duration {
	if n := len(w.strides); n > 0 {
		return w.strides[n-1].ended
	}
	return 0
}

// walk makes m one that walks. settled is told each question that needs no more asking.
func (m *machine) walk(settled func(i uint64)) {
	m.window.walks = &walks{before: m.tries.used, doubts: map[uint64]int32{}, settled: settled, needed: m.plan.Len(), next: m.plan.Len()}
	w := m.plan.Watcher
	const many = 1 << 16
	for from := uint64(0); w != nil && from < m.plan.Len(); from += many {
		to := min(from+many, m.plan.Len())
		if w.Skipped(from, to) == 0 {
			continue
		}
		for i := from; i < to; i++ {
			if w.Skip(i) {
				m.window.walks.needed--
				settled(i)
			}
		}
	}
}

// tries is how often question i was asked.
func (w *walks) tries(i uint64) int {
	n := len(w.list)
	if n > 0 && i >= w.next {
		n--
	}
	return w.before + n
}

// stuck says that nothing has left.
func (w *walks) stuck() { w.list, w.before, w.trouble = nil, 0, probe.KeptBack }

// timeWalk works out how long the try took that res answers.
func (m *machine) timeWalk(res *Result) {
	w, t := m.window.walks, int(res.Reply.Try)-1-m.window.walks.before
	if t < 0 || t >= len(w.list) {
		return
	}
	if at, _, ok := w.list[t].at(res.Number); ok {
		res.RTT = max(0, res.Reply.At-at)
	}
}

// pace tells the pacer of an answer in the first pass.
func (w *walks) pace(p *pacer, res *Result, onTime bool) {
	if len(w.list) == 0 || res.Reply.Try == 0 {
		return
	}
	if _, epoch, ok := w.list[0].at(res.Number); ok {
		p.answered(epoch, onTime && res.Reply.Try == 1, res.RTT)
	}
}

// doubt keeps a tentative answer until its wait ends.
func (m *machine) doubt(now time.Duration, i uint64, q probe.Probe, r *probe.Reply, res *Result) {
	w := m.window.walks
	h, known := w.doubts[i]
	switch {
	case !known:
		w.doubts[i] = m.held.put(*res)
		m.queues.doubt.push(event{number: i, at: now})
	case r.Who == probe.Target && m.held.at(h).Reply.Who != probe.Target:
		*m.held.at(h) = *res
	default:
		m.again(i, q, r)
	}
}

// undoubt forgets the tentative answer to question i, which is decided.
func (m *machine) undoubt(i uint64) {
	if h, ok := m.window.walks.doubts[i]; ok {
		m.held.drop(h)
		delete(m.window.walks.doubts, i)
	}
}

// believe decides the questions whose tentative answers have waited long enough, or all. It
// returns when the next one will have; false if there is none.
func (m *machine) believe(now time.Duration, all bool) (at time.Duration, ok bool) {
	d := &m.queues.doubt
	for d.len() > 0 {
		e := d.front()
		if h, ok := m.window.walks.doubts[e.number]; ok {
			at := e.at + m.trips(e.number).linger(m.held.at(h).RTT, &m.timing)
			if !all && d.len() <= mostDoubts && now < at {
				return at, true
			}
			if !all && !m.heard(now, now) {
				return m.times.hold, true
			}
			m.settle(e.number, nil, *m.held.at(h))
		}
		d.pop()
	}
	return 0, false
}

// suffices tells whether the walks of this pass do.
func (m *machine) suffices() bool {
	w := m.window.walks
	if m.timing.fixed() {
		return w.here >= m.tries.perPass
	}
	tries := m.tries.before + w.here
	if w.here < m.tries.perPass {
		return tries >= 2 && m.pass == 0 && m.spareable(tries)
	}
	return m.mostTries() <= m.tries.used+w.here || m.filling.congested || !m.demanded(tries)
}

// step says which questions may be asked now, or else when to look again; none where
// the plan is over.
func (m *machine) step(now time.Duration, most uint64) (from, to uint64, again time.Duration) {
	w, all := m.window.walks, m.plan.Len()
	e := &m.rtt[m.class(0)]
	for !m.over {
		if w.needed == 0 {
			m.over = true
			break
		}
		if w.next < all {
			from, to = w.next, min(all, w.next+most)
			if b := m.plan.Block(from); to > b.First+b.Len {
				to = b.First + b.Len
			}
			if w.here > 1 {
				s, ok := w.list[len(w.list)-2].stride(from)
				if ok && now < s.ended+m.interval(e) {
					return 0, 0, s.ended + m.interval(e)
				}
				to = min(to, max(from+1, s.first+s.len))
			}
			return from, to, now
		}
		if w.here > 0 {
			last := &w.list[len(w.list)-1]
			if due := last.strides[0].ended + m.interval(e); now < due {
				return 0, 0, due
			}
			if !m.heard(now, now) {
				return 0, 0, m.times.hold
			}
			w.trouble = 0
			if m.lost != nil { // what was asked meanwhile is asked once more, if it may be
				w.trouble = m.lost(m.plan.At(0), last.strides[0].began)
			}
			again := w.trouble != 0 && !m.timing.fixed() && m.mostTries() > m.tries.used+w.here
			if again {
				m.tries.perPass++
			}
			if !again && m.suffices() {
				end := max(m.times.hop, last.left()+m.wait(e))
				switch {
				case now < end:
					return 0, 0, end
				case !w.leaves && !m.losses.any():
					return 0, 0, now + askedTime
				case m.passes != nil && !m.passes(all-1, last.strides[0].began):
					m.times.hop = now + askedTime
					return 0, 0, m.times.hop
				}
				m.tries.silentBy[min(m.tries.before+w.here, MostTries)] = 1
				w.here = 0
				m.turn()
				continue
			}
		}
		w.list = append(w.list, tour{})
		w.here++
		w.next = 0
		m.tries.most = max(m.tries.most, w.here)
		m.window.base, m.window.next = 0, 0
		if w.here > 1 || m.pass > 0 {
			m.window.next = all
		}
		if !m.times.started.is() {
			m.times.started = markOf(now)
		}
	}
	return 0, 0, now
}

// walking notes that questions are asked now, as far as they need to be: their answers may
// come before they have all left. walked notes when they have.
func (m *machine) walking(s stride) {
	w := m.window.walks
	w.list[len(w.list)-1].add(s)
	w.next = s.first + s.len
	m.window.next = max(m.window.next, w.next)
}

func (m *machine) walked(ended time.Duration) {
	w := m.window.walks
	strides := w.list[len(w.list)-1].strides
	strides[len(strides)-1].ended = ended
	m.times.sent = ended
}
