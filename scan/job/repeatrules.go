package job

import "time"

// mostRepeats is how often a question may be asked by -c.
const mostRepeats = 1_000_000_000

// repeatRules are of -c, --wait-for and --interval, which both have.
func (s *Spec) repeatRules() []rule {
	rules := []rule{
		{outside(s.Pace.Count, 1, mostRepeats), "-c: 1 to 1000000000"},
		{value(s.Pace.Interval, 0) < 0, "--interval: 0 or more"},
		{s.Pace.interval() != usualInterval && s.Pace.Count == nil && s.WaitFor == "" && s.Command != "trial" && !s.Ask.Watch, s.noRounds()},
	}
	if s.Pace.Count != nil && s.Command != "trial" {
		rules = append(rules,
			rule{s.WaitFor != "", "-c and --wait-for exclude each other: so many rounds, or as many as it takes"},
			rule{value(s.Pace.MaxRetries, 0) > 0, "-c and --max-retries exclude each other: each repetition is one packet, so that what is lost is counted"},
			rule{s.Ask.Confirm, "-c and --confirm exclude each other: each repetition is one packet"},
			rule{s.Part.Resume != "", "-c and --resume exclude each other: what was counted is not kept"})
	}
	if s.WaitFor != "" {
		rules = append(rules,
			rule{s.Pace.Deadline == nil, "--wait-for: say with --deadline how long to wait, or it may be for ever"},
			rule{s.Expect != "", "--wait-for and --expect exclude each other: what is waited for is what is expected"},
			rule{s.Part.Resume != "", "--wait-for and --resume exclude each other: every round asks again"})
	}
	return rules
}

// noRounds says that there are none that --interval could be between.
func (s *Spec) noRounds() string {
	if s.Command == "trace" {
		return "--interval: it is between the rounds of -c or --watch, and there is neither"
	}
	return "--interval: it is between the rounds of -c or --wait-for, and there is neither"
}

// repeatRules are of the same, where it depends on what words mean.
func (q *question) repeatRules(s *Spec) []rule {
	return []rule{{s.Pace.Count != nil && s.Command == "sweep" && q.pings != nil && len(q.pings) != 1,
		"-c: one ping at a time, or the times would be those of different questions; choose one with -P"}}
}

// usualInterval is between two rounds where nothing was said of it, as of ping.
const usualInterval = time.Second

func (p *Pace) interval() time.Duration {
	return time.Duration(value(p.Interval, Duration(usualInterval)))
}
