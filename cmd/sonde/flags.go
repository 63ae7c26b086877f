package main

import (
	"strings"

	"github.com/spf13/pflag"

	"sonde/output"
	"sonde/probe/field"
	"sonde/scan/job"
)

// This file has the flags that several commands have, in groups. Short names are
// nmap's where it has them.

// common adds all groups that sweep, tcp and udp have in common.
func (o *options) common() {
	o.asking()
	o.names()
	o.pace()
	o.repeats()
	o.packet()
	o.targets()
	o.part()
	o.checks()
	o.showing()
}

// ports says which ports are asked; usual names the default.
func (o *options) ports(usual string) {
	a := &o.spec.Ask
	o.set.StringVarP(&a.Ports, "ports", "p", "", "`PORTS`: 80, 1-1024, -, ssh, http* (default: "+usual+")")
	o.set.Var(number(&a.Top), "top", "the `N` ports most often open")
	o.set.StringVar(&a.ExcludePorts, "exclude-ports", "", "`PORTS` to leave out")
}

// confirm says that answers are to be confirmed, and how.
func (o *options) confirm(usage string) {
	o.set.BoolVar(&o.spec.Ask.Confirm, "confirm", false, usage)
}

// services says that open ports are asked what they are.
func (o *options) services() {
	o.set.BoolVar(&o.spec.Ask.Services, "services", false, "ask open ports what they are, as fp does")
	o.set.StringVar(&o.spec.Ask.Fingerprints, "fingerprints", "", "`DIR` of patterns in recog's XML that name products, beside our own")
}

// asking says how hosts are pinged, and from where.
func (o *options) asking() {
	o.define(func(s *pflag.FlagSet) {
		s.StringArrayVarP(&o.spec.Ask.Ping, "ping", "P", nil, "how to ping, by `KIND`: N not at all, "+job.PingLetters()+"; repeatable")
		s.StringVarP(&o.spec.Way.Iface, "interface", "e", "", "`INTERFACE` to use")
		s.StringVarP(&o.spec.Way.Source, "source", "S", "", "source `ADDRESS`; one that is not ours is sent as asked")
		s.VarP(number(&o.spec.Packet.SourcePort), "source-port", "g", "source `PORT` of every probe")
	})
}

// ours says in the help that a foreign source address makes no sense here.
func (o *options) ours() {
	o.set.Lookup("source").Usage = "`ADDR` to send from, one of ours"
}

func (o *options) names() {
	o.define(func(s *pflag.FlagSet) {
		s.BoolVarP(&o.spec.Show.Numeric, "numeric", "n", false, "never look up names for addresses (the default)")
		s.BoolVarP(&o.spec.Show.Resolve, "resolve", "R", false, "always look up names for addresses")
	})
}

// pace says how fast, how often and how long.
func (o *options) pace() {
	p := &o.spec.Pace
	o.define(func(s *pflag.FlagSet) {
		s.VarP(template(&p.Timing), "timing", "T", "timing template, 0 (slow) to 5 (fast)")
		s.Lookup("timing").DefValue = "3"
		s.Var(decimal(&p.Rate), "rate", "no more than `N` packets a second, everything counted")
		s.Var(number(&p.MaxRetries), "max-retries", "exactly `N` further tries for silence, instead of as many as the loss demands")
		s.Var(duration(&p.Timeout), "timeout", "longest wait for one reply, a `DURATION` such as 500ms or 5s")
		s.Var(duration(&p.HostTimeout), "host-timeout", "give up on a host after this `DURATION`")
		s.Var(duration(&p.Deadline), "deadline", "give up after this `DURATION`")
	})
}

// repeats says how often every question is asked, or until when.
func (o *options) repeats() {
	o.define(func(s *pflag.FlagSet) {
		s.VarP(number(&o.spec.Pace.Count), "count", "c", "ask every question `N` times, one packet each, and report answers, loss and round-trip times")
		s.Var(duration(&o.spec.Pace.Interval), "interval", "`DURATION` between two rounds of -c or --wait-for")
		s.Lookup("interval").DefValue = "1s"
		s.StringVar(&o.spec.WaitFor, "wait-for", "", "ask again until everything has this `STATE`, at most until --deadline")
	})
}

// packet says what packets look like: a flag for each field of the table, but for the
// source port, which is with what else says where questions come from.
func (o *options) packet() {
	p := &o.spec.Packet
	o.define(func(s *pflag.FlagSet) {
		for _, f := range field.All() {
			switch {
			case f.Name == "source-port":
			case f.Name == "ttl":
				s.Var(number(&p.TTL), f.Name, f.Doc)
			case f.Name == "tcp-options":
				s.StringVar(&p.TCPOptions, f.Name, "", f.Doc)
				s.Lookup(f.Name).DefValue = "linux"
			case f.Value == "":
				s.VarPF(&switched{p.Text(f.Name)}, f.Name, "", f.Doc).NoOptDefVal = "true"
			default:
				s.StringVar(p.Text(f.Name), f.Name, "", f.Doc)
			}
		}
	})
}

// guard is for commands that send SYNs.
func (o *options) guard() {
	o.set.BoolVar(&o.spec.Way.Guard, "rst-guard", false, "keep back the RSTs by which this machine's kernel answers SYN-ACKs, while the run lasts")
}

// targets says who is asked, besides the arguments.
func (o *options) targets() {
	t := &o.spec.Targets
	o.define(func(s *pflag.FlagSet) {
		s.StringArrayVarP(&o.lists, "input", "i", nil, "read targets from `FILE`, - is stdin")
		s.BoolVar(&t.Local, "local", false, "everybody on the links of this machine, or on that of -e: IPv4 by ARP, IPv6 by all nodes, and the names that they say they have")
		s.BoolVar(&o.spec.Ask.List, "list", false, "ask nobody: list the targets, with -R by their names, too")
		s.StringArrayVar(&t.Exclude, "exclude", nil, "`TARGETS` to leave out")
		s.StringArrayVar(&o.kept, "exclude-file", nil, "read targets to leave out from `FILE`")
		s.BoolVar(&t.AllAddresses, "all-addresses", false, "a name means all of its addresses")
		s.BoolVarP(&t.IPv4, "ipv4", "4", false, "names mean IPv4 addresses only")
		s.BoolVarP(&t.IPv6, "ipv6", "6", false, "names mean IPv6 addresses only")
	})
}

// part says which part of the whole the run does.
func (o *options) part() {
	p := &o.spec.Part
	o.define(func(s *pflag.FlagSet) {
		s.Var(natural(&p.Seed), "seed", "the same order again as with the same `N`")
		s.Var(&shard{&p.Shard}, "shard", "ask the `I/N`-th of N equal parts, with the same --seed for all of them")
		s.StringVar(&p.Resume, "resume", "", "keep in `FILE` what is decided, and go on from there if it exists")
	})
}

// checks says what must be so.
func (o *options) checks() {
	o.define(func(s *pflag.FlagSet) {
		s.StringVar(&o.spec.Expect, "expect", "", "exit 0 only if everything has this `STATE`")
		s.StringVar(&o.expected, "expect-file", "", "exit 0 only if each line of `FILE` holds: 192.0.2.7:80 open; it also says whom to ask, unless you do")
		s.StringVar(&o.spec.Then, "then", "", "run `COMMAND` for each host that is up (sweep) or has an open port, without a shell: 'nmap -sC -p {ports} {addr}'; {host} is its name")
		s.BoolVar(&o.spec.Show.Nagios, "nagios", false, "one line with performance data, and exit codes as plugins of Nagios have them: 0, 1, 2, 3")
		s.StringVar(&o.spec.Way.Via, "via", "", "raw, connect or xdp: refuse any other `WAY`")
	})
}

// showing says what is shown, and where.
func (o *options) showing() {
	w := &o.spec.Show
	o.define(func(s *pflag.FlagSet) {
		s.BoolVar(&w.Packets, "packet-trace", false, "one line on stderr for each packet")
		s.StringVar(&w.Pcap, "pcap", "", "write every packet of ours and every accepted reply to `FILE` (pcapng)")
		s.BoolVar(&w.DryRun, "dry-run", false, "print what would be sent, send nothing")
		s.BoolVarP(&w.Quiet, "quiet", "q", false, "nothing but the exit code")
		s.BoolVarP(&w.Verbose, "verbose", "v", false, "every field of the replies, and silent hosts too")
		s.Var(duration(&w.Stats), "stats", "a line on stderr each `DURATION` that says how far the run is")
		s.StringVar(&w.Color, "color", "", "colours of states: `WHEN` is auto, always or never")
		s.Lookup("color").DefValue = "auto"
		s.BoolVar(&w.Open, "open", false, "list only open ports")
		s.StringArrayVarP(&o.output, "output", "o", nil, "`FORMAT[=FILE]`: "+strings.Join(output.Formats().For(o.spec.Command).Names(), ", ")+"; repeatable")
	})
}
