package trace

// Stopping is the stopping rule, for the algorithm that tests compare with.
type Stopping struct{ s *stopping }

// NewStopping is that with so much probability to miss something.
func NewStopping(fail float64) Stopping { return Stopping{&stopping{fail: fail}} }

// After is how many flows must have passed where k next hops are known.
func (s Stopping) After(k int) int { return s.s.after(k) }
