package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/scan/job"
)

// twoValues are, by the type of a flag, two values that say different things.
var twoValues = map[string][2]string{"bool": {"true", "false"}, "int": {"3", "4"}, "uint64": {"3", "4"}, "float64": {"3", "4"},
	"duration": {"2s", "3s"}, "string": {"x", "y"}, "0..5": {"2", "4"}, "I/N": {"1/4", "2/4"}}

// TestFlagsTwice: of no flag of any command is a value dropped in silence: a second
// one adds up, or is refused; and the same again is no offence.
func TestFlagsTwice(t *testing.T) {
	root := newRoot(&app{stdout: io.Discard, stderr: io.Discard})
	for _, c := range root.Commands() {
		if !strings.Contains("sweep tcp udp fp trace doctor compare", c.Name()) {
			continue
		}
		c.Flags().VisitAll(func(f *pflag.Flag) { twice(t, c, f) })
	}
}

// twice gives a flag twice.
func twice(t *testing.T, c *cobra.Command, f *pflag.Flag) {
	t.Helper()
	if _, list := f.Value.(pflag.SliceValue); list || !job.Has(c.Name(), f.Name) && f.Hidden {
		return
	}
	v, ok := twoValues[f.Value.Type()]
	if !ok {
		t.Errorf("%s --%s: no two values of type %s are known", c.Name(), f.Name, f.Value.Type())
		return
	}
	if f.Name == "ports" || f.Name == "exclude-ports" {
		f.Value.Set("80")
		if err := f.Value.Set("443"); err != nil || f.Value.String() != "80,443" {
			t.Errorf("%s --%s 80 --%s 443: %q, %v", c.Name(), f.Name, f.Name, f.Value, err)
		}
		return
	}
	if err := f.Value.Set(v[0]); err != nil {
		t.Errorf("%s --%s %s: %v", c.Name(), f.Name, v[0], err)
	}
	if err := f.Value.Set(v[0]); err != nil {
		t.Errorf("%s --%s %s, twice the same: %v", c.Name(), f.Name, v[0], err)
	}
	want := "given twice, as " + v[0] + " and as " + v[1] + "; leave one out"
	if err := f.Value.Set(v[1]); err == nil || err.Error() != want {
		t.Errorf("%s --%s %s and %s: %v", c.Name(), f.Name, v[0], v[1], err)
	}
}

// TestTwiceAndHelp: what is said of flags that are given twice, and that no word but
// -h, alone or among flags without values, is taken for it.
func TestTwiceAndHelp(t *testing.T) {
	for line, want := range map[string]string{
		"tcp --deadline 2s --deadline 3s 10.0.0.2":      "--deadline: given twice, as 2s and as 3s; leave one out",
		"tcp --pcap a --pcap=b 10.0.0.2":                "--pcap: given twice, as a and as b; leave one out",
		"tcp --open --open=false 10.0.0.2":              "--open: given twice, as true and as false; leave one out",
		"tcp -T3 -Taggressive 10.0.0.2":                 "--timing: given twice, as 3 and as aggressive; leave one out",
		"trace -p 80 -p 81 10.0.0.2":                    "--port: given twice, as 80 and as 81; leave one out",
		"tcp --seed 1 --shard 1/4 --shard 2/4 10.0.0.2": "--shard: given twice, as 1/4 and as 2/4; leave one out",
		"tcp -p 80 -p U:53 10.0.0.2":                    "-p 80,U:53: only TCP ports are asked",
		"sweep -i - --exclude-file - 10.0.0.2":          "-i - and --exclude-file - both read stdin",
		"tcp -host 10.0.0.2":                            "unknown flag: -host; you may mean: sonde tcp 10.0.0.2",
		"tcp -hp 80 10.0.0.2":                           "unknown flag: -hp: sonde tcp --help lists the flags",
		"sweep -host-timeouts 3s 10.0.0.2":              "unknown flag: -host-timeouts: sonde sweep --help lists the flags",
		"tcp 10.0.0.2 80":                               "target \"80\": is a number, and no target; you may mean: sonde tcp -p 80 10.0.0.2",
		"sweep 10.0.0.2 80":                             "target \"80\": is a number, and no target",
	} {
		refused(t, strings.Fields(line), want)
	}
	for _, line := range []string{"tcp -h", "tcp -help", "tcp --help", "tcp -vh 10.0.0.2", "tcp -hn"} {
		if o := on(exits, line).run(t); o.code != 0 || !strings.Contains(o.stdout, "Usage:") {
			t.Errorf("%s: exit %d, %q", line, o.code, o.stdout)
		}
	}
	for line, want := range map[string]int{"tcp -PN -p 80 -p 81": 2, "tcp -PN -p 80-82 --exclude-ports 80 --exclude-ports 81": 1, "tcp -PN -p 80 -T3 -Tnormal": 1} {
		s := on(exits, line+" --max-retries 0 --expect open 10.1.0.1")
		ports := map[uint16]bool{}
		o := s.run(t)
		for _, p := range o.sent {
			if p.TCP.Dst < 1000 {
				ports[p.TCP.Dst] = true
			}
		}
		if len(ports) != want {
			t.Errorf("%s: asks %v\n%s", line, ports, o.stderr)
		}
	}
	// What follows a flag that takes a value is no flag.
	if s, refused := specOf("tcp", "--interface", "-open", "10.0.0.2"); s == nil || s.Way.Iface != "-open" {
		t.Errorf("the value of a flag is taken for one: %s", refused)
	}
}
