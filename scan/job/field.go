package job

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// specField is one field of a Spec: the one table from which follows which commands
// have it, what is said where one has not, and whether a run with another value
// can go on from a checkpoint.
type specField struct {
	flag string            // the long name of its flag; "": it has none
	at   func(s *Spec) any // a pointer to it
	on   string            // the commands that have it
	keep keep
	fact func(s *Spec) string // its text in a checkpoint, with ownFact
}

// keep is what a checkpoint has of a field.
type keep uint8

const (
	free    keep = iota // another value is the same job: how fast, how shown
	within              // a fact that several fields and the network decide tells of it, see job.facts
	ownFact             // another value is another job
)

// all are the commands that ask something; doctor, compare and diff ask nothing.
const (
	sweeps  = "sweep tcp udp fp "
	scans   = "tcp udp fp "
	all     = "sweep tcp udp fp trace trial "
	doctors = all + "doctor "
	repeats = "sweep tcp udp "
	counts  = repeats + "trace trial "
	every   = doctors + "compare diff "
)

// fields are all fields of a Spec.
var fields = withCrafts([]specField{
	{"", func(s *Spec) any { return &s.Command }, every, within, nil},
	{"", func(s *Spec) any { return &s.Args }, every, free, nil},
	{"", func(s *Spec) any { return &s.Defaults }, every, free, nil},
	{"input", func(s *Spec) any { return &s.Targets.Words }, doctors, within, nil},
	{"exclude", func(s *Spec) any { return &s.Targets.Exclude }, sweeps + "doctor ", within, nil},
	{"exclude-file", func(s *Spec) any { return &s.Targets.ExcludeFile }, sweeps + "doctor ", within, nil},
	{"all-addresses", func(s *Spec) any { return &s.Targets.AllAddresses }, all, within, nil},
	{"local", func(s *Spec) any { return &s.Targets.Local }, "sweep ", free, nil}, // not beside a checkpoint: see localRules
	{"ipv4", func(s *Spec) any { return &s.Targets.IPv4 }, doctors, within, nil},
	{"ipv6", func(s *Spec) any { return &s.Targets.IPv6 }, doctors, within, nil},

	{"ping", func(s *Spec) any { return &s.Ask.Ping }, sweeps, within, nil},
	{"scan", func(s *Spec) any { return &s.Ask.Scan }, "tcp ", within, nil},
	{"ports", func(s *Spec) any { return &s.Ask.Ports }, scans + "trace trial ", within, nil},
	{"top", func(s *Spec) any { return &s.Ask.Top }, scans, within, nil},
	{"exclude-ports", func(s *Spec) any { return &s.Ask.ExcludePorts }, scans, within, nil},
	{"confirm", func(s *Spec) any { return &s.Ask.Confirm }, "tcp udp ", ownFact, func(s *Spec) string {
		if s.Command == "sweep" {
			return "" // which has no ports
		}
		return strconv.FormatBool(s.Ask.Confirm)
	}},
	{"udp", func(s *Spec) any { return &s.Ask.UDP }, "tcp fp ", free, nil},                       // not beside a checkpoint: see bothRules
	{"list", func(s *Spec) any { return &s.Ask.List }, "sweep ", free, nil},                      // likewise, see listRules
	{"services", func(s *Spec) any { return &s.Ask.Services }, "tcp udp ", free, nil},            // not beside a checkpoint: see serviceRules
	{"fingerprints", func(s *Spec) any { return &s.Ask.Fingerprints }, "tcp udp fp ", free, nil}, // with --services, which see
	{"thorough", func(s *Spec) any { return &s.Ask.Thorough }, "fp ", free, nil},
	{"proto", func(s *Spec) any { return &s.Ask.Proto }, "trace trial ", free, nil},
	{"hops", func(s *Spec) any { return &s.Ask.Hops }, "trace trial ", free, nil},
	{"flows", func(s *Spec) any { return &s.Ask.Flows }, "trace ", free, nil},
	{"mtu", func(s *Spec) any { return &s.Ask.MTU }, "trace ", free, nil},
	{"watch", func(s *Spec) any { return &s.Ask.Watch }, "trace ", free, nil},
	{"for", func(s *Spec) any { return &s.Pace.For }, "trace ", free, nil},

	{"source-port", func(s *Spec) any { return &s.Packet.SourcePort }, "sweep tcp udp trace ", ownFact,
		func(s *Spec) string { return strconv.Itoa(value(s.Packet.SourcePort, 0)) }},
	{"ttl", func(s *Spec) any { return &s.Packet.TTL }, "sweep tcp udp trial ", ownFact,
		func(s *Spec) string { return strconv.Itoa(value(s.Packet.TTL, 0)) }},
	{"tos", func(s *Spec) any { return &s.Packet.TOS }, all, ownFact, func(s *Spec) string { return s.Packet.TOS + s.Packet.DSCP }},
	{"dscp", func(s *Spec) any { return &s.Packet.DSCP }, all, within, nil}, // with --tos
	{"tcp-options", func(s *Spec) any { return &s.Packet.TCPOptions }, "sweep tcp fp trace trial ", ownFact, func(s *Spec) string {
		if s.Packet.TCPOptions == "" && s.Command != "udp" {
			return defaultOptions
		}
		return s.Packet.TCPOptions
	}},

	{"interface", func(s *Spec) any { return &s.Way.Iface }, doctors, ownFact, func(s *Spec) string { return s.Way.Iface }},
	{"source", func(s *Spec) any { return &s.Way.Source }, doctors, ownFact, func(s *Spec) string { return s.Way.Source }},
	{"via", func(s *Spec) any { return &s.Way.Via }, doctors, within, nil},
	{"rst-guard", func(s *Spec) any { return &s.Way.Guard }, "sweep tcp fp ", free, nil},

	{"timing", func(s *Spec) any { return &s.Pace.Timing }, all, free, nil},
	{"rate", func(s *Spec) any { return &s.Pace.Rate }, all, free, nil},
	{"max-retries", func(s *Spec) any { return &s.Pace.MaxRetries }, sweeps, ownFact,
		func(s *Spec) string { return strconv.Itoa(value(s.Pace.MaxRetries, -1)) }},
	{"timeout", func(s *Spec) any { return &s.Pace.Timeout }, all, free, nil},
	{"host-timeout", func(s *Spec) any { return &s.Pace.HostTimeout }, sweeps, free, nil},
	{"deadline", func(s *Spec) any { return &s.Pace.Deadline }, all, free, nil},
	{"count", func(s *Spec) any { return &s.Pace.Count }, counts, free, nil}, // what it counts is not kept: see repeatRules
	{"interval", func(s *Spec) any { return &s.Pace.Interval }, counts, free, nil},

	{"seed", func(s *Spec) any { return &s.Part.Seed }, all, within, nil}, // one is drawn where none is given
	{"shard", func(s *Spec) any { return &s.Part.Shard }, sweeps, ownFact, func(s *Spec) string { return s.Part.Shard.String() }},
	{"resume", func(s *Spec) any { return &s.Part.Resume }, "sweep tcp udp ", free, nil},

	{"expect", func(s *Spec) any { return &s.Expect }, "sweep tcp udp ", ownFact, func(s *Spec) string { return s.Expect }},
	{"expect-file", func(s *Spec) any { return &s.Expectations }, "sweep tcp udp ", free, nil}, // not beside a checkpoint: see expectRules
	{"nagios", func(s *Spec) any { return &s.Show.Nagios }, repeats, free, nil},
	{"wait-for", func(s *Spec) any { return &s.WaitFor }, repeats, free, nil}, // not beside a checkpoint, likewise
	{"then", func(s *Spec) any { return &s.Then }, repeats, free, nil},        // not beside a checkpoint, likewise
	{"no-os", func(s *Spec) any { return &s.System.Off }, "fp ", free, nil},
	{"os-db", func(s *Spec) any { return &s.System.Database }, "fp ", free, nil},
	{"os-sample", func(s *Spec) any { return &s.System.Sample }, "fp ", free, nil},
	{"vary", func(s *Spec) any { return &s.Trial.Vary }, "trial ", free, nil},
	{"locate", func(s *Spec) any { return &s.Trial.Locate }, "trial ", free, nil},
	{"until-sure", func(s *Spec) any { return &s.Trial.UntilSure }, "trial ", free, nil},
	{"", func(s *Spec) any { return &s.Compare.Near }, "compare ", free, nil},
	{"", func(s *Spec) any { return &s.Compare.Far }, "compare ", free, nil},
	{"", func(s *Spec) any { return &s.Diff.Old }, "diff ", free, nil},
	{"", func(s *Spec) any { return &s.Diff.New }, "diff ", free, nil},
	{"numeric", func(s *Spec) any { return &s.Show.Numeric }, every, free, nil},
	{"resolve", func(s *Spec) any { return &s.Show.Resolve }, sweeps + "trace ", free, nil},
	{"asn", func(s *Spec) any { return &s.Show.ASN }, "trace ", free, nil},
	{"metrics", func(s *Spec) any { return &s.Show.Metrics }, "trace ", free, nil},
	{"replay", func(s *Spec) any { return &s.Show.Replay }, "trace ", free, nil},
	{"open", func(s *Spec) any { return &s.Show.Open }, scans, free, nil},
	{"quiet", func(s *Spec) any { return &s.Show.Quiet }, every, free, nil},
	{"verbose", func(s *Spec) any { return &s.Show.Verbose }, all + "compare diff ", ownFact,
		func(s *Spec) string { return strconv.FormatBool(s.Show.Verbose) }},
	{"packet-trace", func(s *Spec) any { return &s.Show.Packets }, all, free, nil},
	{"pcap", func(s *Spec) any { return &s.Show.Pcap }, all, free, nil},
	{"dry-run", func(s *Spec) any { return &s.Show.DryRun }, "sweep tcp udp trial ", free, nil},
	{"stats", func(s *Spec) any { return &s.Show.Stats }, all, free, nil},
	{"color", func(s *Spec) any { return &s.Show.Color }, every, free, nil},
	{"output", func(s *Spec) any { return &s.Show.Outputs }, every, free, nil},
})

// set tells whether something was said of the field.
func (f *specField) set(s *Spec) bool {
	v := reflect.ValueOf(f.at(s)).Elem()
	if outputs, ok := f.at(s).(*[]Output); ok {
		return slices.ContainsFunc(*outputs, func(o Output) bool { return !o.Implied })
	}
	if v.Kind() == reflect.Slice {
		return v.Len() > 0
	}
	return !v.IsZero()
}

// Has tells whether a command has the flag of that long name.
func Has(command, flag string) bool {
	return slices.ContainsFunc(fields, func(f specField) bool { return f.flag == flag && strings.Contains(f.on, command+" ") })
}

// Why says, for people, why a command does not have a flag: "a trace has none".
func Why(command, flag string) string {
	switch {
	case command == "fp" && flag == "resume":
		return "what open ports say of themselves is not kept; sonde tcp keeps which are open"
	case command == "sweep" && flag == "open":
		return "a sweep has no ports"
	case command == "doctor" && flag == "all-addresses":
		return "doctor always shows them"
	case command == "trial" && flag == "source-port":
		return "each packet of a trial has a source port of its own, so that none meets what another one left behind; --vary sport=A|B makes a factor of it"
	case command == "doctor" || command == "compare" || command == "diff":
		return command + " sends nothing"
	case lacks(command, flag):
		return "what " + command + " sends has no such field"
	case command == "trace" || command == "sweep":
		return "a " + command + " has none"
	}
	return command + " has none"
}

// first returns the first of these flags of which something was said.
func (s *Spec) first(flags ...string) string {
	for _, name := range flags {
		for i := range fields {
			if f := &fields[i]; f.flag == name && f.set(s) {
				return name
			}
		}
	}
	return ""
}
