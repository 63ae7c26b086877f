package job

import (
	"sonde/scan"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// This file parts a job among several runs. Which run asks what must not depend on
// what one of them finds, nor on its routes: so where hosts are looked for first,
// hosts are dealt out, by their place among all targets; where all that is asked is
// known from the Spec, single questions are.

// share is what this run asks of a set of hosts, where hosts are dealt out: no host to
// which there is no way.
func (j *job) share(set *target.Set) scan.Targets {
	s := j.spec.Part.Shard
	set = j.reachable(set)
	if s.Of == 0 {
		return set
	}
	return target.NewShare(set, j.targets.All, s.Number-1, s.Of, j.scan.Seed)
}

// shareParts leaves in the parts of a sweep what this run asks.
func (j *job) shareParts(parts []sweep.Part) {
	for i, p := range parts {
		if set, ok := p.Targets.(*target.Set); ok {
			parts[i].Targets = j.share(set)
		}
	}
}

// idle notes a shard that has no question: there are more shards than questions,
// or hosts. That is no failure.
func (j *job) idle() {
	if j.spec.Part.Shard.Of == 0 || j.scan.Probes > 0 {
		return
	}
	j.note("shard " + j.spec.Part.Shard.String() + " has nothing to ask: there are more shards than questions")
	j.outcome.Idle = true
}
