package job

import (
	"math/bits"

	"sonde/scan/target"
)

// mostQuestions is how many questions one run may have, and mostKept with --resume: of
// each that was asked a bit is kept in memory, and of each of a checkpoint two.
const (
	mostQuestions = 1 << 35
	mostKept      = 1 << 33
)

// checkSize refuses a job that is too large for one run, before anything is opened for
// it. What it proposes is enough.
func (s *Spec) checkSize(q *question, t *target.Result) error {
	if err := q.checkBulk(s, t); err != nil {
		return err
	}
	each := uint64(max(1, len(q.ports)+len(q.udp)))
	if s.Command == "sweep" {
		each = uint64(max(1, len(q.pings)))
	}
	each *= uint64(max(1, s.times()))
	if q.variants != nil {
		each = uint64(len(q.variants.list)) * uint64(s.blocks())
		if n := t.All.Len() * each; n > mostTrials { // of 256 targets, see checkTargets
			return Usage("%d packets are more than the %d that are kept in mind; lower -c", n, mostTrials)
		}
	}
	parts := max(1, s.Part.Shard.Of)
	hi, lo := bits.Mul64(t.All.Len(), each)
	if hi > 0 {
		return Usage("more questions than can be counted; name fewer targets, or fewer ports")
	}
	if err := s.checkAwaited(lo); err != nil {
		return err
	}
	most, why := uint64(mostQuestions), "for one run"
	if s.Part.Resume != "" {
		most, why = mostKept, "for one checkpoint"
	}
	if n := lo / parts; n > most {
		shards := parts << bits.Len64((n-1)/most)
		return Usage("%d questions are too many %s; ask them in parts: --seed %d --shard 1/%d and so on", n, why, value(s.Part.Seed, 1), shards)
	}
	return nil
}
