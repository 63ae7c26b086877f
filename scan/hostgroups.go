package scan

import "time"

// This file is about plans that ask their hosts group by group. Whoever puts together
// what all ports of a host say holds each host that is under way; in one shuffle of all
// questions that would soon be all of them.

// HostsTogether is how many hosts are asked together with ByHosts: enough that none of
// them is asked more than a small part of what the network carries, and few enough to
// be held.
const HostsTogether = 2048

// hostGroups deals the hosts of a plan out into groups, by a shuffle of their own: so
// each group has hosts from all over the targets, and no network gets all that is sent
// at a time. Each group is a block of the plan; the last one is smaller.
type hostGroups struct {
	shuffle shuffle // of hosts
	last    shuffle // of the questions to the last group
	size    uint64  // hosts of each group but the last
}

// parts makes the groups of a plan of so many questions in all shards.
func (p *Plan) parts(questions uint64) {
	n := p.Targets.Len()
	h := &p.hosts
	h.size = min(n, HostsTogether)
	h.shuffle = newShuffle(n, p.Seed+1)
	groups := (n + h.size - 1) / h.size
	each := questions / n
	p.whole = each * h.size
	last := each * h.in(groups-1)
	p.shuffle, h.last = newShuffle(p.whole, p.Seed), newShuffle(last, p.Seed)
	p.inner = p.share(p.whole)
	p.n = p.inner*(groups-1) + p.share(last)
}

// in is how many hosts a group has.
func (h *hostGroups) in(group uint64) uint64 {
	return min(h.size, h.shuffle.n-group*h.size)
}

// at is the i-th host of a group, as its index in the plan's targets.
func (h *hostGroups) at(group, i uint64) uint64 { return h.shuffle.at(group*h.size+i, 0) }

// of is the inverse of at.
func (h *hostGroups) of(host uint64) (group, i uint64) {
	at := h.shuffle.index(host, 0)
	return at / h.size, at % h.size
}

// shuffled is the shuffle of a block.
func (p *Plan) shuffled(block uint64) *shuffle {
	if p.Order == ByHosts && p.hosts.in(block) < p.hosts.size {
		return &p.hosts.last
	}
	return &p.shuffle
}

// closeGroups hands out what stayed silent of groups that have had their tries, so that
// their hosts are whole long before the run is over, up to about most results. Answers
// that come late still count for a while. Where more tries may be needed, by what is
// known of the loss so far, a group waits for the further passes.
func (m *machine) closeGroups(now time.Duration, most int) {
	if m.plan.Order != ByHosts || m.pass > 0 || m.plan.inner == 0 {
		return
	}
	for len(m.out) < most {
		g := &m.groups
		end := (g.over + 1) * m.plan.inner
		switch {
		case end > m.window.base:
			return
		case !g.passed.is():
			g.passed = markOf(now)
			return
		case now < g.passed.at()+m.timing.FirstWait || !m.passSuffices():
			return
		}
		if m.remainingBefore(end, false, most) {
			return
		}
		g.over, g.passed = g.over+1, mark{}
	}
}

// passSuffices tells whether, by what is known of the loss so far, silent questions that
// had the tries of this pass need no more.
func (m *machine) passSuffices() bool {
	if m.timing.fixed() {
		return true
	}
	least := 1
	for least < MostTries && m.tries.silentBy[least] == 0 {
		least++
	}
	return m.losses.onTime() >= manyAnswers && !m.demanded(least)
}

// manyAnswers is from how many on the loss is known well enough to let go of a group.
const manyAnswers = 100
