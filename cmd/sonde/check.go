package main

import (
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/sweep"
	"sonde/scan/target"
)

// A flag that cannot take effect beside the others, the targets or the ways of
// asking is refused, never ignored. Stating a default is no
// offence. All of these checks come before the first packet, and those that
// need no target before the first name is looked up.

// check refuses values that cannot be meant and flags that exclude each other,
// before anything is looked up or opened. hosts says that hosts are asked, not
// their ports.
func (f *flags) check(hosts bool) error {
	if err := f.checkEmpty(); err != nil {
		return err
	}
	for _, c := range []struct {
		bad  bool
		text string
	}{
		{f.four && f.six, "-4 and -6 exclude each other"},
		{f.numeric && f.names, "-n and -R exclude each other"},
		{f.quiet && f.verbose, "-q and -v exclude each other"},
		{f.given("rate") && (!(f.rate > 0) || math.IsInf(f.rate, 0)), "--rate: more than 0 packets a second"},
		{f.given("max-retries") && (f.retries < 0 || f.retries > 100), "--max-retries: 0 to 100"},
		{f.given("timeout") && f.timeout <= 0, "--timeout: more than 0"},
		{f.given("host-timeout") && f.hostTimeout <= 0, "--host-timeout: more than 0"},
		{f.given("deadline") && f.deadline <= 0, "--deadline: more than 0"},
		{f.given("ttl") && (f.ttl < 1 || f.ttl > 255), "--ttl: 1 to 255"},
		{f.given("source-port") && (f.sourcePort < 1 || f.sourcePort > 65535), "-g: a port from 1 to 65535"},
		{f.given("tos") && f.given("dscp"), "--tos and --dscp set the same byte"},
		{f.given("seed") && f.seed >= 1<<53, "--seed: below 2^53, as JSON readers demand"},
		{f.via != "" && f.via != "raw" && f.via != "connect", "--via: raw or connect"},
		{hosts && f.open, "--open: a sweep has no ports"},
	} {
		if c.bad {
			return usage("%s", c.text)
		}
	}
	if err := f.checkShard(); err != nil {
		return err
	}
	if err := f.checkVia(); err != nil {
		return err
	}
	if f.source != "" {
		if a, err := netip.ParseAddr(f.source); err != nil {
			return usage("-S %s: not an address", f.source)
		} else if a.IsUnspecified() || a.IsMulticast() || a.Is4In6() || a == limitedBroadcast {
			return usage("-S %s: not an address that packets can come from", f.source)
		}
	}
	if _, err := f.crafts(); err != nil {
		return err
	}
	if _, err := f.expected(hosts); err != nil {
		return err
	}
	return f.checkOutput()
}

// limitedBroadcast is everybody on the link, and no source (RFC 1122 §3.2.1.3).
var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// checkEmpty refuses empty values: mostly of a shell variable that is not set,
// and a scan of the default ports is not what was meant.
func (f *flags) checkEmpty() error {
	var err error
	f.set.Visit(func(flag *pflag.Flag) {
		empty := flag.Value.String() == ""
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			empty = slices.Contains(list.GetSlice(), "")
		}
		if empty && err == nil {
			err = usage("--%s: the value is empty", flag.Name)
		}
	})
	return err
}

// changed tells whether the user gave one of these flags another value than its
// default, and which.
func (f *flags) changed(names ...string) (string, bool) {
	for _, name := range names {
		if flag := f.set.Lookup(name); flag != nil && flag.Changed && flag.Value.String() != flag.DefValue {
			return name, true
		}
	}
	return "", false
}

// checkVia refuses what only packets of our own have where the kernel shall
// make the packets.
func (f *flags) checkVia() error {
	if f.via != "connect" {
		return nil
	}
	if f.given("tcp-options") {
		return usage("--tcp-options: the kernel makes the packets of --via connect")
	}
	if f.guard {
		return usage("--rst-guard: the kernel resets no connection of --via connect, for it makes them itself")
	}
	if name, ok := f.changed("packet-trace", "pcap"); ok {
		return usage("--%s: --via connect lets the kernel ask, whose packets we do not see", name)
	}
	return nil
}

// checkOutput refuses outputs that show nothing, and two to the same place.
func (f *flags) checkOutput() error {
	if f.dryRun {
		if name, ok := f.changed("output", "expect", "open", "quiet", "verbose", "resolve", "packet-trace", "pcap"); ok {
			return usage("--%s: --dry-run gets no answers to report", name)
		}
	}
	specs, err := f.outputs()
	if err != nil {
		return err
	}
	if f.quiet {
		for _, s := range specs {
			if s.Path == "" {
				return usage("-q and -o to stdout exclude each other")
			}
		}
		if f.trace {
			return usage("-q and --packet-trace exclude each other")
		}
		if name, ok := f.changed("open", "resolve"); ok && len(specs) == 0 {
			return usage("--%s: -q lists nothing", name)
		}
	}
	if f.pcap == "-" {
		return usage("--pcap -: name a file, for stdout carries the results")
	}
	if err := f.checkResume(specs); err != nil {
		return err
	}
	for _, s := range specs {
		if f.pcap != "" && s.Path != "" && filepath.Clean(f.pcap) == filepath.Clean(s.Path) {
			return usage("--pcap and -o %s both go to %s", s.Format, s.Path)
		}
	}
	return nil
}

// outputs reads -o. With -q nothing goes to stdout by default.
func (f *flags) outputs() ([]output.Spec, error) {
	specs, err := output.Formats().ParseSpecs(f.output)
	if err != nil {
		return nil, usage("%w", err)
	}
	if f.quiet && !slices.ContainsFunc(f.output, toStdout) {
		specs = slices.DeleteFunc(specs, func(s output.Spec) bool { return s.Path == "" })
	}
	return specs, nil
}

// toStdout tells whether a value of -o names stdout.
func toStdout(value string) bool {
	_, file, ok := strings.Cut(value, "=")
	return !ok || file == "-"
}

// checkTargets refuses what cannot take effect on these targets. words are
// what they were read from.
func (f *flags) checkTargets(t *target.Result, words []string) error {
	named := len(t.Unresolved) > 0
	for _, h := range t.Named {
		named = named || h.Name != ""
	}
	if f.allAddrs && !named {
		return usage("--all-addresses: no target is a name")
	}
	src := f.sourceAddr()
	check := func(a netip.Addr) error {
		switch {
		case src.IsValid() && a.Is4() != src.Is4():
			return usage("-S %v cannot ask %v: not the same family", src, a)
		case f.four && !a.Is4():
			return usage("-4: the target %v is an IPv6 address", a)
		case f.six && a.Is4():
			return usage("-6: the target %v is an IPv4 address", a)
		}
		return nil
	}
	for _, r := range t.All.Ranges() {
		if err := check(r.From()); err != nil {
			return err
		}
	}
	for _, a := range t.All.Zoned() {
		if err := check(a); err != nil {
			return err
		}
	}
	return nil
}

// checkPings refuses pings that the kernel cannot send for us.
func checkPings(pings []sweep.Ping) error {
	for _, p := range pings {
		if _, ok := p.Kind.(probe.SocketKind); !ok && p.Kind != probe.SYN {
			return usage("a ping by %s needs packets of our own, and the kernel shall ask: connect", p.Kind.Name())
		}
	}
	return nil
}

// checkParts refuses fields of packets that no packet of a sweep has.
func (f *flags) checkParts(parts []sweep.Part) error {
	var ip, ports, syn bool
	for _, part := range parts {
		if part.Targets.Len() == 0 {
			continue
		}
		for _, p := range part.Pings {
			_, link := p.Kind.(probe.LinkKind)
			ip = ip || !link
			ports = ports || p.Port != 0
			syn = syn || p.Kind == probe.SYN
		}
	}
	if name, ok := f.changed("ttl", "tos", "dscp"); ok && !ip {
		return usage("--%s: nothing but ARP or ND is asked, which has no such field; choose another ping with -P", name)
	}
	if f.given("source-port") && !ports {
		return usage("-g: none of these pings has ports; choose another with -P")
	}
	if f.guard && !syn {
		return usage("--rst-guard: none of these pings is a SYN; choose one with -PS")
	}
	if f.given("tcp-options") && !syn {
		return usage("--tcp-options: none of these pings is a SYN; choose one with -PS")
	}
	return nil
}

// hide leaves flags out of the help that the command has no use for.
func (f *flags) hide(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		cmd.Flags().MarkHidden(name)
	}
}

// ours says in the help that a foreign source address makes no sense here.
func (f *flags) ours(cmd *cobra.Command) {
	cmd.Flags().Lookup("source").Usage = "`ADDR` to send from, one of ours"
}

// refuse refuses these flags if they were given another value than the default.
func (f *flags) refuse(why string, names ...string) error {
	if name, ok := f.changed(names...); ok {
		return usage("--%s: %s", name, why)
	}
	return nil
}
