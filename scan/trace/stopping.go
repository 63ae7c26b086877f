package trace

// stopping says how many flows show with some confidence that a hop has no more next hops
// than were found, if it spreads flows evenly: the stopping rule of the multipath detection
// algorithm (Augustin, Friedman and Teixeira, "Measuring load-balanced paths in the
// Internet", IMC 2007; Veitch, Augustin, Teixeira and Friedman, "Failure control in
// multipath route tracing", INFOCOM 2009).
type stopping struct {
	fail float64 // with what probability some are missed at one hop, at most

	points []int // by next hops found, from 1: after so many flows without another one it stops
}

func newStopping(fail float64) *stopping { return &stopping{fail: fail} }

// mostNext is how many next hops are counted.
const mostNext = 256

// after is how many flows must have passed a hop of which k next hops are known, k from 1.
func (s *stopping) after(k int) int {
	k = min(max(k, 1), mostNext)
	for len(s.points) < k {
		s.points = append(s.points, s.next())
	}
	return s.points[k-1]
}

// next is the point at which it is to stop with as many next hops as there are points, and
// one: the first by which a hop with one more is told from that, whichever of the points it
// fails at.
func (s *stopping) next() int {
	all := len(s.points) + 2 // next hops of the one that is to be told
	at := make([]float64, all+1)
	at[0] = 1
	missed := 0.0
	for n := 1; ; n++ {
		for k := all; k > 0; k-- {
			at[k] = at[k]*float64(k)/float64(all) + at[k-1]*float64(all-k+1)/float64(all)
		}
		at[0] = 0
		for k, point := range s.points {
			if n == point {
				missed += at[k+1]
				at[k+1] = 0
			}
		}
		if last := len(s.points); (last == 0 || n > s.points[last-1]) && missed+at[all-1] <= s.fail {
			return n
		}
	}
}
