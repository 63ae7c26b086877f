package trial

// pace is how often a hop is asked. Routers limit how many errors they send, often to one
// a second (Linux: icmp_ratelimit): a hop that answers few is asked more slowly, since an
// answer that the limit has taken tells nothing. Nothing here knows which variant is
// which: so whatever does not count falls on both alike.
type pace struct {
	stride int       // it is asked in each so many-th round
	since  int       // from this round on
	window [][2]fate // the latest pairs, until it is known whether answers were short
	short  bool      // they were in the window before, too: its burst is used up
	free   bool      // it is loss that answers are short by, so slowness is no use
	heard  [2]int    // answers to either variant, until the hop is asked slowly
	forget bool      // what was asked before tells nothing, see slow
}

const (
	paceWindow = 4  // pairs by which it is judged whether answers are short
	slowStride = 8  // so every two seconds, which Linux's limit allows two answers for
	lastStride = 32 // for slower ones
)

// due tells whether the hop is asked in round n.
func (p *pace) due(n int) bool { return n%p.stride == 0 }

// add adds a pair, and returns those that count from now on. next is the first round that
// has not begun.
func (p *pace) add(n int, pair [2]fate, next int) [][2]fate {
	if n < p.since {
		return nil // it was asked before that was known
	}
	if p.free {
		return [][2]fate{pair}
	}
	var pairs [][2]fate
	if p.stride >= slowStride { // each is too long in coming to wait for others
		pairs = [][2]fate{pair}
	}
	if p.window = append(p.window, pair); len(p.window) < paceWindow {
		return pairs
	}
	one, other := answered(p.window)
	p.heard[0] += one
	p.heard[1] += other
	mixed := min(one, other) > 0 // they take each other's answers: who has one is chance
	short := max(one, other) <= paceWindow/2 || p.stride == 1 && mixed && one+other <= paceWindow+1
	if pairs == nil && !(short && mixed) {
		pairs = p.window
	}
	before := p.short
	p.window, p.short = nil, short
	switch {
	case !short || p.stride == lastStride:
	case p.stride > 1:
		p.slow(2*p.stride, next)
	case !before: // that may be the burst that a limit allows, or the end of it
	case one+other > paceWindow/2:
		p.free = true
	case min(p.heard[0], p.heard[1]) > 0:
		p.slow(slowStride, next)
	default:
		p.slow(slowStride/2, next)
	}
	return pairs
}

// slow has the hop asked in each stride-th round from round next on. Where both variants
// were answered until now, they competed.
func (p *pace) slow(stride, next int) {
	p.forget = min(p.heard[0], p.heard[1]) > 0
	p.stride, p.since, p.heard = stride, next, [2]int{}
}

// answered counts the answers to either variant.
func answered(pairs [][2]fate) (one, other int) {
	for _, p := range pairs {
		if p[0].says != unheard {
			one++
		}
		if p[1].says != unheard {
			other++
		}
	}
	return one, other
}
