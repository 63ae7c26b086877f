package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/output"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// flags are those that sweep, tcp and udp have in common, as they were given.
type flags struct {
	ping        []string
	kind        []string
	iface       string
	source      string
	sourcePort  int
	numeric     bool
	names       bool
	template    template
	rate        float64
	retries     int
	timeout     time.Duration
	hostTimeout time.Duration
	deadline    time.Duration
	ttl         int
	tos         string
	dscp        string
	options     string
	input       []string
	exclude     []string
	excludeFile []string
	allAddrs    bool
	four, six   bool
	seed        uint64
	shard       shard
	resume      string
	expect      string
	via         string
	guard       bool
	trace       bool
	pcap        string
	dryRun      bool
	quiet       bool
	verbose     bool
	open        bool
	output      []string

	set       *pflag.FlagSet
	everyAddr bool // names mean all of their addresses, whatever allAddrs says
}

// template is the value of -T: a digit, or the name that goes with it.
type template int

var templateNames = [...]string{"paranoid", "sneaky", "polite", "normal", "aggressive", "insane"}

func (t *template) String() string { return strconv.Itoa(int(*t)) }
func (t *template) Type() string   { return "0..5" }
func (t *template) Set(s string) error {
	if i := slices.Index(templateNames[:], s); i >= 0 {
		*t = template(i)
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 5 {
		return fmt.Errorf("a number from 0 to 5, or one of %s", strings.Join(templateNames[:], ", "))
	}
	*t = template(n)
	return nil
}

// add defines the common flags. Short names are nmap's where it has them.
func (f *flags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	f.set, f.template = s, 3
	s.SortFlags = false
	s.StringArrayVarP(&f.ping, "ping", "P", nil, "how to ping, by `KIND`: N not at all, "+pingLetters()+"; repeatable")
	s.StringVarP(&f.iface, "interface", "e", "", "`INTERFACE` to use")
	s.StringVarP(&f.source, "source", "S", "", "source `ADDRESS`; one that is not ours is sent as asked")
	s.IntVarP(&f.sourcePort, "source-port", "g", 0, "source `PORT` of every probe")
	s.BoolVarP(&f.numeric, "numeric", "n", false, "never look up names for addresses (the default)")
	s.BoolVarP(&f.names, "resolve", "R", false, "always look up names for addresses")
	s.VarP(&f.template, "timing", "T", "timing template, 0 (slow) to 5 (fast)")
	s.Float64Var(&f.rate, "rate", 0, "no more than `N` packets a second, everything counted")
	s.IntVar(&f.retries, "max-retries", -1, "exactly `N` further tries for silence, instead of as many as the loss demands")
	s.Lookup("max-retries").DefValue = "0" // not shown: -1 says nothing to people
	s.DurationVar(&f.timeout, "timeout", 0, "longest wait for one reply, a `DURATION` such as 500ms or 5s")
	s.DurationVar(&f.hostTimeout, "host-timeout", 0, "give up on a host after this `DURATION`")
	s.DurationVar(&f.deadline, "deadline", 0, "give up after this `DURATION`")
	s.IntVar(&f.ttl, "ttl", 0, "IP time to live `N`, hop limit on IPv6")
	s.StringVar(&f.tos, "tos", "", "IP TOS byte `N`, traffic class on IPv6")
	s.StringVar(&f.dscp, "dscp", "", "`DSCP` by name or number: ef, af11, cs3, le, 46")
	s.StringArrayVarP(&f.input, "input", "i", nil, "read targets from `FILE`, - is stdin")
	s.StringArrayVar(&f.exclude, "exclude", nil, "`TARGETS` to leave out")
	s.StringArrayVar(&f.excludeFile, "exclude-file", nil, "read targets to leave out from `FILE`")
	s.BoolVar(&f.allAddrs, "all-addresses", false, "a name means all of its addresses")
	s.BoolVarP(&f.four, "ipv4", "4", false, "names mean IPv4 addresses only")
	s.BoolVarP(&f.six, "ipv6", "6", false, "names mean IPv6 addresses only")
	s.Uint64Var(&f.seed, "seed", 0, "the same order again as with the same `N`")
	s.Var(&f.shard, "shard", "ask the `I/N`-th of N equal parts, with the same --seed for all of them")
	s.StringVar(&f.resume, "resume", "", "keep in `FILE` what is decided, and go on from there if it exists")
	s.StringVar(&f.expect, "expect", "", "exit 0 only if everything has this `STATE`")
	s.StringVar(&f.via, "via", "", "raw or connect: refuse any other `WAY`")
	s.BoolVar(&f.trace, "packet-trace", false, "one line on stderr for each packet")
	s.StringVar(&f.pcap, "pcap", "", "write every packet of ours and every accepted reply to `FILE` (pcapng)")
	s.BoolVar(&f.dryRun, "dry-run", false, "print what would be sent, send nothing")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "nothing but the exit code")
	s.BoolVarP(&f.verbose, "verbose", "v", false, "every field of the replies, and silent hosts too")
	s.BoolVar(&f.open, "open", false, "list only open ports")
	s.StringArrayVarP(&f.output, "output", "o", nil, "`FORMAT[=FILE]`: "+strings.Join(output.Formats().Names(), ", ")+"; repeatable")
}

// addTCP defines what only packets of TCP have.
func (f *flags) addTCP(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.options, "tcp-options", "linux", "TCP options of the SYN as a `LIST`, in this order, or none, linux, windows, macos, freebsd")
}

// given tells whether the user gave the flag of that long name.
func (f *flags) given(name string) bool { return f.set.Changed(name) }

// tosByte is the TOS byte of --tos or --dscp.
func (f *flags) tosByte() (uint8, error) {
	switch {
	case f.tos != "":
		n, err := strconv.ParseUint(f.tos, 0, 8)
		if err != nil {
			return 0, usage("--tos %s: a number from 0 to 255", f.tos)
		}
		return uint8(n), nil
	case f.dscp != "":
		d, err := wire.ParseDSCP(f.dscp)
		if err != nil {
			return 0, usage("--dscp %s: %w", f.dscp, err)
		}
		return d << 2, nil
	}
	return 0, nil
}

// crafts is the shape of the packets, for IPv4 as the first variant's and for
// IPv6 as a second one, whose default MSS differs.
func (f *flags) crafts() ([2]probe.Craft, error) {
	var c [2]probe.Craft
	tos, err := f.tosByte()
	if err != nil {
		return c, err
	}
	text := f.options
	if text == "" {
		text = "linux"
	}
	for i := range c {
		opts, ts, err := wire.ParseOptions(text, i == 1)
		if err != nil {
			return c, usage("--tcp-options %s: %w", text, err)
		}
		c[i] = probe.Craft{TTL: uint8(f.ttl), TOS: tos, TCPOptions: opts, Timestamp: ts, Window: 64240}
	}
	return c, nil
}

// sourceAddr is -S, or zero.
func (f *flags) sourceAddr() netip.Addr {
	a, _ := netip.ParseAddr(f.source)
	return a
}

// timing is the template with what was overridden.
func (f *flags) timing() scan.Timing {
	t := scan.Template(int(f.template))
	t.Rate, t.MaxRetries, t.Timeout = f.rate, f.retries, f.timeout
	return t
}

// family is 4 or 6 if -4 or -6 says so, else 0.
func (f *flags) family() int {
	switch {
	case f.four:
		return 4
	case f.six:
		return 6
	}
	return 0
}
