package diff

import (
	"sonde/probe"
	"sonde/scan/report"
)

// This file says what is known of a side's runs altogether.

// complete tells whether all that was to be asked is decided. A run that went on from
// another one stands for it, and of shards all must be there.
func (s *Side) complete() bool {
	whole, last := true, false
	shards := map[uint64]bool{}
	of := uint64(0)
	for i := range s.runs {
		r := &s.runs[i]
		ended := r.end != nil && r.end.Complete
		if !r.Resumed && i > 0 {
			whole = whole && last
		}
		last = ended
		if of = max(of, r.Shards); r.Shards > 0 && ended {
			shards[r.Shard] = true
		}
	}
	return whole && last && uint64(len(shards)) >= of
}

// onlyOpen tells whether a run lists only what is open.
func (s *Side) onlyOpen() bool {
	for i := range s.runs {
		if s.runs[i].open {
			return true
		}
	}
	return false
}

// fromXML tells whether records are of XML, which has findings as words for people only.
func (s *Side) fromXML() bool { return len(s.runs) > 0 && s.runs[0].program }

// asked tells whether a run has asked these ports of its hosts.
func (s *Side) asked(proto string, first, last uint16) bool {
	for i := range s.runs {
		r := &s.runs[i]
		if r.asked[proto] == nil {
			continue
		}
		all := true
		for n := uint32(first); n <= uint32(last); n++ {
			all = all && r.asked[proto][uint16(n)]
		}
		if all {
			return true
		}
	}
	return false
}

// noSilence tells whether the runs say that every port was answered for, listed or not.
func (s *Side) noSilence() bool {
	any := false
	for i := range s.runs {
		end := s.runs[i].end
		if end == nil {
			return false
		}
		for state, n := range end.Tally.Ports {
			switch probe.State(state) {
			case probe.Open, probe.Closed:
				any = any || n > 0
			default:
				if n > 0 {
					return false
				}
			}
		}
	}
	return any
}

// tries0 is how often a host was asked, at least, that has no record since it was silent.
func (s *Side) tries0() uint8 {
	least := uint8(255)
	for i := range s.runs {
		least = min(least, s.runs[i].tries)
	}
	return least
}

// traced tells whether there is anything of a way.
func (s *Side) traced(w way) bool { return s.ways[w] }

// about is what there is to say of a side by itself.
func (s *Side) about() report.Side {
	a := report.Side{Runs: uint32(len(s.runs)), Complete: s.complete(), Records: s.records, Unread: s.unread}
	if len(s.runs) > 0 {
		a.Command, a.Time = s.runs[0].Command, s.runs[0].Time
	}
	return a
}
