package job

// leastRate is from how many packets a second on a few thousand of them are soon sent.
const leastRate = 1000

// SoonOver tells whether a sweep of few addresses ends so soon that who reads the result
// rather waits for all of it, in order. What a checkpoint says is told must be told at once.
func (s *Spec) SoonOver() bool {
	return s.Command == "sweep" && s.times() == 0 && s.WaitFor == "" && s.Part.Resume == "" &&
		value(s.Pace.Timing, 3) >= 3 && value(s.Pace.Rate, leastRate) >= leastRate
}
