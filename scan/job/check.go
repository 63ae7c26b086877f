package job

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sonde/probe"
	"sonde/scan/sweep"
)

// A field that cannot take effect beside the others, the targets or the ways of
// asking is refused, never ignored. Stating a default is no offence. What needs
// no target is told by Check before the first name is looked up; what the
// targets decide by checkTargets, and what the ways to them decide when the
// network is open (checkTransport, checkParts), still before the first packet.

// Check tells what in s cannot be meant, before anything is looked up or opened;
// nil if all can. It changes nothing. Its error is an *Error of ExitUsage.
func (s *Spec) Check() error {
	_, err := s.read()
	return err
}

// read checks s and reads its words, and those of its variants.
func (s *Spec) read() (*question, error) {
	if !slices.Contains(strings.Fields(every), s.Command) {
		return nil, Usage("no command %q; there are %s", s.Command, strings.Join(strings.Fields(every), ", "))
	}
	for i := range fields {
		if f := &fields[i]; !strings.Contains(f.on, s.Command+" ") && f.set(s) {
			return nil, Usage("--%s: %s", f.flag, Why(s.Command, f.flag))
		}
	}
	q, err := s.readPlain()
	if err == nil && s.Command == "trial" {
		q.variants, err = s.readVariants()
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// readPlain is read without variants, of a Spec that has only what its command has.
func (s *Spec) readPlain() (*question, error) {
	if s.Show.Replay != "" {
		text := broken(append(s.replayRules(), s.outputRules()...))
		if text != "" {
			return nil, Usage("%s", text)
		}
		return &question{}, nil
	}
	if text := broken(s.rules()); text != "" {
		return nil, Usage("%s", text)
	}
	q, err := s.question()
	if err != nil {
		return nil, err
	}
	if text := broken(q.rules(s)); text != "" {
		return nil, Usage("%s", text)
	}
	if text := broken(s.outputRules()); text != "" {
		return nil, Usage("%s", text)
	}
	return q, nil
}

// rule is one thing that must not be, and what is said of it.
type rule struct {
	broken bool
	text   string
}

// broken is what the first rule that is broken says; "": none is.
func broken(rules []rule) string {
	for _, r := range rules {
		if r.broken {
			return r.text
		}
	}
	return ""
}

// outside tells whether something was said, and is not from lowest to highest.
func outside(p *int, lowest, highest int) bool { return p != nil && (*p < lowest || *p > highest) }

// rules are of values by themselves, and of those that exclude each other.
func (s *Spec) rules() []rule {
	rate := value(s.Pace.Rate, 1)
	doctor := s.Command == "doctor" && len(s.Targets.Words) == 0
	compare, diff := s.Command == "compare", s.Command == "diff"
	nowhere := s.first("source", "ipv4", "ipv6", "exclude", "exclude-file")
	return append(slices.Concat(s.localRules(), s.repeatRules(), s.watchRules(), s.metricsRules(), s.systemRules(), s.expectRules(), s.thenRules(), s.listRules(), s.bothRules()), []rule{
		{s.Targets.IPv4 && s.Targets.IPv6, "-4 and -6 exclude each other"},
		{s.Show.Numeric && s.Show.Resolve, "-n and -R exclude each other"},
		{s.Show.Quiet && s.Show.Verbose, "-q and -v exclude each other"},
		{!(rate > 0) || math.IsInf(rate, 0), "--rate: more than 0 packets a second"},
		{outside(s.Pace.MaxRetries, 0, 100), "--max-retries: 0 to 100"},
		{value(s.Pace.Timeout, 1) <= 0, "--timeout: more than 0"},
		{value(s.Pace.HostTimeout, 1) <= 0, "--host-timeout: more than 0"},
		{value(s.Show.Stats, Duration(minStats)) < Duration(minStats), "--stats: at least 100ms"},
		{s.Show.Quiet && s.Show.Stats != nil, "-q and --stats exclude each other"},
		{!slices.Contains([]string{"", "auto", "always", "never"}, s.Show.Color), "--color: auto, always or never"},
		{s.Show.DryRun && s.Show.Nagios, "--nagios: --dry-run asks nothing, and knows no state"},
		{s.Show.DryRun && s.Show.Stats != nil, "--stats: --dry-run is done at once"},
		{value(s.Pace.Deadline, 1) <= 0, "--deadline: more than 0"},
		{outside(s.Pace.Timing, 0, 5), "--timing: 0 to 5"},
		{outside(s.Packet.SourcePort, 1, 65535), "-g: a port from 1 to 65535"},
		{value(s.Part.Seed, 0) >= 1<<53, "--seed: below 2^53, as JSON readers demand"},
		{s.Way.Via != "" && s.Way.Via != "raw" && s.Way.Via != "connect" && s.Way.Via != "xdp", "--via: raw, connect or xdp"},
		{s.Part.Shard.Of > 0 && s.Part.Seed == nil, "--shard: give all shards the same --seed, or they part different orders, and overlap"},
		{outside(s.Ask.Hops, 1, 63), "--hops: 1 to 63"},
		{s.Command == "sweep" && s.Ask.noPing(), "-PN: a sweep that asks nothing finds nothing"},
		{doctor && nowhere != "", "--" + nowhere + ": there is no target"},
		{compare && (s.Compare.Near == "" || s.Compare.Far == ""), "name two captures: NEAR, made where the questions left, and FAR, made where they went to"},
		{compare && same(s.Compare.Near, s.Compare.Far), "NEAR and FAR are the same file"},
		{diff && (s.Diff.Old == "" || s.Diff.New == ""), "name two files: OLD, what a run has written, and NEW, what a later one has; - is stdin"},
		{diff && s.Diff.Old == "-" && s.Diff.New == "-", "OLD and NEW both read stdin"},
		{len(s.Targets.Words) == 0 && !s.Targets.Local && s.Command != "doctor" && !compare && !diff, "no target: name addresses, networks or hosts, or a file with -i"},
	}...)
}

// rules are of what the words of s mean together.
func (q *question) rules(s *Spec) []rule {
	connect := q.via == "connect"
	_, packets := probe.Packets(q.kind)
	sockets := bySocket(q.kind)
	trace := s.Command == "trace" || s.Command == "trial"
	shown := s.first("packet-trace", "pcap")
	kernel := q.kind != nil && sockets && !packets && !trace
	given := s.Way.Via == "connect"
	const resets = "--rst-guard: the kernel resets no connection of --via connect, for it makes them itself"
	rules := []rule{
		{given && s.Command == "trial", "--via connect: a trial makes its packets itself"},
		{given && s.Way.Guard, resets},
		{given && shown != "", "--" + shown + ": --via connect lets the kernel ask, whose packets we do not see"},
		{kernel && s.Way.Via == "raw", q.scan + " lets the kernel ask: it excludes --via raw"},
		{kernel && s.Way.Guard, resets},
		{kernel && shown != "", "--" + shown + ": --via connect lets the kernel ask, whose packets we do not see"},
		{q.kind != nil && !sockets && !trace && given, q.scan + " needs packets of our own: it excludes --via connect"},
	}
	rules = append(rules, s.mtuRules()...)
	rules = append(rules, s.flowRules()...)
	rules = append(rules, q.bulkRules(s)...)
	rules = append(rules, q.craftRules(s)...)
	rules = append(rules, q.confirmRules(s)...)
	rules = append(rules, q.serviceRules(s)...)
	rules = append(rules, q.stateRules(s)...)
	rules = append(rules, q.repeatRules(s)...)
	rules = append(rules,
		rule{s.Way.Guard && q.kind != nil && !probe.HalfOpen(q.kind), "--rst-guard: only SYNs are answered by SYN-ACKs, and " + q.scan + " sends none"},
		rule{s.Way.Guard && q.kind == nil && s.Command == "sweep" && q.pings != nil && !slices.ContainsFunc(q.pings, halfOpen),
			"--rst-guard: none of these pings is a SYN; choose one with " + pingsLike(probe.HalfOpen)})
	refused := unaskable(q.pings)
	return append(rules, rule{connect && refused != "", refused})
}

// halfOpen tells whether a ping begins a TCP connection by a packet of our own.
func halfOpen(p sweep.Ping) bool { return probe.HalfOpen(p.Kind) }

// mtuRules refuse what --mtu decides itself.
func (s *Spec) mtuRules() []rule {
	if !s.Ask.MTU {
		return nil
	}
	other := s.first("data", "data-string", "data-length", "fragment", "no-df", "badsum")
	return []rule{
		{s.Way.Via == "connect", "--mtu: the kernel makes the packets of --via connect"},
		{other != "", "--mtu and --" + other + " exclude each other"},
	}
}

// replayed are the flags that take effect where a recorded run is shown.
var replayed = []string{"replay", "output", "color", "quiet", "verbose", "numeric"}

// replayRules refuse all that is about asking beside --replay, which asks nothing.
func (s *Spec) replayRules() []rule {
	rules := []rule{{len(s.Targets.Words) > 0, "--replay shows what a run has found, and asks no target"}}
	for i := range fields {
		f := &fields[i]
		rules = append(rules, rule{f.flag != "" && !slices.Contains(replayed, f.flag) && f.set(s), "--" + f.flag + ": --replay asks nothing"})
	}
	return append(rules, rule{!slices.Contains([]string{"", "auto", "always", "never"}, s.Show.Color), "--color: auto, always or never"},
		rule{s.Show.Quiet && s.Show.Verbose, "-q and -v exclude each other"})
}

// mostFlows is how many flows may look for ways to one target.
const mostFlows = 1024

// flowRules refuse what --flows decides itself.
func (s *Spec) flowRules() []rule {
	if s.Ask.Flows == nil {
		return nil
	}
	return []rule{
		{outside(s.Ask.Flows, 2, mostFlows), fmt.Sprintf("--flows: 2 to %d", mostFlows)},
		{s.Way.Via == "connect", "--flows: the kernel makes the packets of --via connect"},
		{s.Packet.SourcePort != nil, "--flows and -g exclude each other: flows differ in their source ports"},
	}
}

// confirmRules refuse --confirm where there is nothing that it could confirm.
func (q *question) confirmRules(s *Spec) []rule {
	if !s.Ask.Confirm {
		return nil
	}
	var t probe.Traits
	if q.kind != nil {
		t = q.kind.Traits()
	}
	return []rule{
		{q.kind != nil && !t.Handshake && !t.Datagram, "--confirm completes handshakes, which " + q.scan + " does not begin"},
		{!t.Datagram && s.Packet.SourcePort != nil, "--confirm and -g exclude each other: handshakes need ports of their own"},
		{s.Pace.MaxRetries != nil, "--confirm asks more often than --max-retries allows"},
		{s.Show.DryRun, "--confirm: --dry-run gets no answers to confirm"},
	}
}

// unaskable says which of these pings the kernel cannot send for us; "": it can
// send all.
func unaskable(pings []sweep.Ping) string {
	for _, p := range pings {
		if _, ok := probe.BySocket(p.Kind); !ok {
			return fmt.Sprintf("a ping by %s needs packets of our own, and the kernel shall ask: connect", p.Kind.Name())
		}
	}
	return ""
}

// minStats is the least time between two lines of --stats.
const minStats = 100 * time.Millisecond

// outputRules refuse outputs that show nothing, two to the same place, and, beside
// a checkpoint, those that a killed run leaves nothing of.
func (s *Spec) outputRules() []rule {
	var rules []rule
	show, asked := &s.Show, 0
	if show.DryRun {
		if name := s.first("resume"); name != "" {
			rules = append(rules, rule{true, "--resume: --dry-run decides nothing"})
		}
		if name := s.first("output", "expect", "wait-for", "open", "quiet", "resolve", "packet-trace", "pcap"); name != "" {
			rules = append(rules, rule{true, "--" + name + ": --dry-run gets no answers to report"})
		}
	}
	for _, o := range show.Outputs {
		if o.Implied {
			continue
		}
		asked++
		rules = append(rules, rule{show.Quiet && o.Path == "", "-q and -o to stdout exclude each other"})
	}
	rules = append(rules, rule{show.Quiet && show.Packets, "-q and --packet-trace exclude each other"})
	if name := s.first("open", "resolve"); show.Quiet && asked == 0 && name != "" {
		rules = append(rules, rule{true, "--" + name + ": -q lists nothing"})
	}
	rules = append(rules, rule{show.Pcap == "-", "--pcap -: name a file, for stdout carries the results"})
	for _, o := range show.Outputs {
		rules = append(rules,
			rule{same(s.Part.Resume, o.Path), "--resume and -o " + o.Format + " both go to " + o.Path},
			rule{s.Part.Resume != "" && !o.Streamed && (o.Path != "" || !o.Implied && o.Format != "text"),
				"--resume: a later run cannot append to -o " + o.Format + ": write -o json=FILE"},
			rule{same(show.Pcap, o.Path), "--pcap and -o " + o.Format + " both go to " + o.Path})
	}
	return append(rules, rule{same(s.Part.Resume, show.Pcap), "--resume and --pcap both go to " + show.Pcap})
}

// same tells whether two paths, if both are given, are of one file as far as
// their names tell.
func same(a, b string) bool { return a != "" && b != "" && filepath.Clean(a) == filepath.Clean(b) }
