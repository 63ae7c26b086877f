package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sonde/scan"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// This file parts a job among several runs. Which run asks what must not depend on
// what one of them finds, nor on its routes: so where hosts are looked for first,
// hosts are dealt out, by their place among all targets; where all that is asked is
// known from the command line, single questions are.

// shard is the value of --shard; the zero value is the whole.
type shard struct{ number, of uint64 }

func (s *shard) String() string {
	if s.of == 0 {
		return ""
	}
	return strconv.FormatUint(s.number, 10) + "/" + strconv.FormatUint(s.of, 10)
}

func (s *shard) Type() string { return "I/N" }

func (s *shard) Set(text string) error {
	number, of, ok := strings.Cut(text, "/")
	i, err := strconv.ParseUint(number, 10, 64)
	n, err2 := strconv.ParseUint(of, 10, 64)
	if !ok || err != nil || err2 != nil {
		return errors.New("write which of how many: 1/4 is the first of four")
	}
	switch {
	case i == 0:
		return fmt.Errorf("the first shard is 1/%d", n)
	case i > n:
		return fmt.Errorf("there are only %d", n)
	case n >= 1<<53:
		return errors.New("below 2^53, as JSON readers demand")
	}
	s.number, s.of = i, n
	return nil
}

// checkShard refuses a shard whose order the others cannot know.
func (f *flags) checkShard() error {
	if f.shard.of > 0 && !f.given("seed") {
		return usage("--shard: give all shards the same --seed, or they part different orders, and overlap")
	}
	return nil
}

// share is what this run asks of a set of hosts, where hosts are dealt out.
func (j *job) share(set *target.Set) scan.Targets {
	s := &j.flags.shard
	if s.of == 0 {
		return set
	}
	return target.NewShare(set, j.targets.All, s.number-1, s.of, j.meta.Seed)
}

// shareParts leaves in the parts of a sweep what this run asks.
func (j *job) shareParts(parts []sweep.Part) {
	for i, p := range parts {
		if set, ok := p.Targets.(*target.Set); ok {
			parts[i].Targets = j.share(set)
		}
	}
}

// nothing ends a shard that has no question: there are more shards than questions,
// or hosts. That is no failure.
func (j *job) nothing() bool {
	if j.flags.shard.of == 0 || j.meta.Probes > 0 {
		return false
	}
	j.note("shard " + j.flags.shard.String() + " has nothing to ask: there are more shards than questions")
	j.score.idle = true
	return true
}
