package main

import (
	"strings"
	"testing"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan/job"
)

// TestEveryFactor: every field of the table can be varied, where packets have it: some
// leave with it and some without; elsewhere it is refused.
func TestEveryFactor(t *testing.T) {
	frames := strings.Replace(exits, "mac 02:00:00:00:00:01", "mac 02:00:00:00:00:01 frames", 1)
	for _, tt := range []struct {
		line string
		kind probe.Kind
	}{{"-p 80", probe.SYN}, {"-p 53 --proto udp", probe.UDP}, {"--proto icmp", probe.Echo}} {
		for _, f := range field.All() {
			value := f.Example
			switch f.Name {
			case "source-port": // each has a link of its own, which the lab has
				continue
			case "df":
				value = "off" // on is what it is by default
			}
			for _, target := range []string{"10.1.0.1", "2001:db8:1::1"} {
				args := append(strings.Fields("trial -c 2 --interval 10ms "+tt.line), "--vary", f.Name+"=default|"+value, target)
				o := (&simulation{network: frames, args: args}).run(t)
				if !f.Applies(tt.kind) || !f.Family(strings.Contains(target, ":")) {
					if o.code != job.ExitUsage || len(o.sent) > 0 || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, "--"+f.Name) {
						t.Errorf("%q: exit %d, %d packets, %s; want it refused", args, o.code, len(o.sent), o.stderr)
					}
					continue
				}
				with, without := 0, 0
				for i := range o.sent {
					if p := &o.sent[i]; p.Layer == wire.LayerARP || p.ICMP.Msg == wire.Solicitation {
						continue
					}
					one := *o
					one.sent = o.sent[i : i+1]
					if f.Name == "df" {
						if o.sent[i].IP.DF {
							without++
						} else {
							with++
						}
						continue
					}
					if inEffect(&one, f, target) == "" {
						with++
					} else {
						without++
					}
				}
				if with < 2 || without < 2 || o.code == job.ExitUsage {
					t.Errorf("%q: %d packets have it, and %d have not; exit %d, %s", args, with, without, o.code, o.stderr)
				}
			}
		}
	}
}

// TestTrialsThatCannotBe: what cannot be varied so is refused in one line, before anything
// is sent.
func TestTrialsThatCannotBe(t *testing.T) {
	for line, want := range map[string]string{
		"-p 80 10.1.0.1":                                                     "--vary: name what is to be varied, such as --vary tos=0|184",
		"-p 80 --vary tos 10.1.0.1":                                          "--vary tos: write FIELD=A|B, with a field of: source, ",
		"-p 80 --vary color=1|2 10.1.0.1":                                    "--vary color=1|2: write FIELD=A|B, with a field of: source, ",
		"-p 80 --vary tos=0 10.1.0.1":                                        "--vary tos=0: one value makes no difference; name several, as in tos=0|…",
		"-p 80 --locate --vary source=10.0.0.1|10.0.0.9 10.1.0.1":            "--locate and --vary source exclude each other: what leaves from elsewhere may take another way",
		"-p 80 --vary tos=0|0 10.1.0.1":                                      "--vary tos=0|0: 0 stands there twice",
		"-p 80 --vary tos=|0 10.1.0.1":                                       "--vary tos=|0: a value is empty",
		"-p 80 --vary tos=0x0|0 10.1.0.1":                                    "--vary: 0x0 and 0 are the same packet",
		"-p 80 --vary tos=0|300 10.1.0.1":                                    "--tos 300: a number from 0 to 255",
		"-p 80 --vary ttl=1|x 10.1.0.1":                                      "--vary ttl=x: not a whole number",
		"-p 80 --vary tos=0|1 --vary tos=2|3 10.1.0.1":                       "--vary tos: twice",
		"-p 80 --tos 4 --vary tos=0|1 10.1.0.1":                              "--tos and --vary tos exclude each other: it is one or the other",
		"-p 80 --tos 4 --vary dscp=ef|cs0 10.1.0.1":                          "--tos and --dscp exclude each other: they set the same bits",
		"-p 80 --vary tcp-options=linux|mss,sackok,ts,nop,wscale=7 10.1.0.1": "--vary: linux and mss,sackok,ts,nop,wscale=7 are the same packet",
		"-p 80 --vary ip-id=1|2 2001:db8:1::1":                               "--ip-id: the target 2001:db8:1::1 is IPv6, which has no such field",
		"-p 80 --vary flow-label=1|2 10.1.0.1":                               "--flow-label: the target 10.1.0.1 is IPv4, which has no such field",
		"-p 80 --vary source=10.0.0.1|fd00::1 10.1.0.1":                      "-S fd00::1 cannot ask 10.1.0.1: not the same family",
		"-p 80 --vary size=20|100 10.1.0.1":                                  "--vary size=20: without a payload what is sent has 60 bytes",
		"-p 80 --vary size=70|100 2001:db8:1::1":                             "--vary size=70: without a payload what is sent to an IPv6 target has 80 bytes",
		"-p 80 --vary size=100|x 10.1.0.1":                                   "--vary size=x: a number of bytes, of the whole packet",
		"-p 80 --data 00 --vary size=100|200 10.1.0.1":                       "--vary size and a payload exclude each other",
		"-p 80 --vary size=100|9000 10.1.0.1":                                "--vary size: a packet of 9000 bytes does not fit the MTU of 1500 on eth0",
		"--proto tcp --vary tos=0|1 10.1.0.1":                                "-p: name the port that is asked, or ask by --proto icmp",
		"--vary tcp-options=none|mss 10.1.0.1":                               "--tcp-options: a trial by icmp has no such field",
		"-p 80,81 --vary tos=0|1 10.1.0.1":                                   "-p 80,81: one port at a time",
		"-p 80 -g 53 --vary tos=0|1 10.1.0.1":                                "--source-port: each packet of a trial has a source port of its own",
		"-p 80 --via connect --vary tos=0|1 10.1.0.1":                        "--via connect: a trial makes its packets itself",
		"-p 80 --vary tos=0|1 10.1.0.0/23":                                   "512 targets: a trial is for a few",
		"-p 80 -c 0 --vary tos=0|1 10.1.0.1":                                 "-c: 1 to 1000000000",
		"-p 80 -c 5000000 --vary tos=0|1 10.1.0.1":                           "10000000 packets are more than the 4000000 that are kept in mind; lower -c",
		"-p 80 -S 192.0.2.9 --vary tos=0|1 10.1.0.1":                         "-S 192.0.2.9 is not ours, so no answer comes that could be counted",
	} {
		network := strings.Replace(exits, "mac 02:00:00:00:00:01", "mac 02:00:00:00:00:01 mtu 1500", 1)
		o := (&simulation{network: network, args: append([]string{"trial"}, strings.Fields(line)...)}).run(t)
		if o.code != job.ExitUsage || len(o.sent) > 0 || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: exit %d, %d packets, %q; want %q", line, o.code, len(o.sent), o.stderr, want)
		}
	}
}
