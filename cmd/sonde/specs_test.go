package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sonde/probe/field"
	"sonde/scan/job"
	"sonde/scan/simnet"
)

// specOf returns what a command line means; nil if it is refused, with the line that
// says why.
func specOf(args ...string) (s *job.Spec, refused string) {
	var errs bytes.Buffer
	a := &app{args: args, stdin: strings.NewReader("10.0.0.9\n"), stdout: io.Discard, stderr: &errs, inspect: func(is *job.Spec) { s = is }}
	a.run()
	return s, errs.String()
}

// TestSpecsOfCommandLines: the command lines of the Specs in testdata/specs mean
// these Specs, and their records are those that the Specs bring without a command
// line (scan/job, TestSpecs).
func TestSpecsOfCommandLines(t *testing.T) {
	files, err := filepath.Glob("../../testdata/specs/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := job.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, refused := specOf(want.Args...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s-want +got:\n%s", file, refused, diff)
		}
		network := "office.net"
		if want.Command == "udp" {
			network = "lan.net"
		}
		o := on(network, strings.Join(want.Args, " "))
		o.dial = simnet.Servers()
		records, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".records")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(records), "\n"), strings.Split(unstamped(o.run(t).stdout), "\n")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", file, diff)
		}
	}
}

// stamps are what a command line adds to records: when, and by which run.
var stamps = regexp.MustCompile(`(,"time":"[^"]{24}")?,"run":"[0-9a-f]{16}"`)

func unstamped(lines string) string { return stamps.ReplaceAllString(lines, "") }

// flagValues are values for flags, by their long names.
var flagValues = map[string]string{"port": "81", "ports": "81", "top": "7", "exclude-ports": "82", "scan": "F", "ping": "E", "interface": "eth0",
	"source": "10.0.0.9", "source-port": "53", "timing": "4", "rate": "5", "max-retries": "0", "timeout": "3s", "host-timeout": "4s",
	"deadline": "5s", "ttl": "9", "tos": "4", "dscp": "ef", "input": "-", "exclude": "10.0.0.7", "seed": "6",
	"shard": "1/2", "resume": "file", "expect": "open", "via": "raw", "pcap": "file", "output": "json", "tcp-options": "none", "proto": "udp", "hops": "5", "flows": "64",
	"count": "3", "for": "2s", "metrics": "9117", "interval": "2s", "wait-for": "open", "vary": "tos=1|2", "stats": "9s", "color": "never", "then": "true {addr}", "fingerprints": "rules"}

// TestEveryCommandAndFlag goes over every command and every flag that any of them
// has: it changes the Spec, or is refused by one line that names it.
func TestEveryCommandAndFlag(t *testing.T) {
	root := newRoot(&app{})
	all := map[string]*pflag.Flag{}
	var commands []*cobra.Command
	for _, c := range root.Commands() {
		if slices.Contains([]string{"version", "schema", "completion", "help", "man"}, c.Name()) {
			continue
		}
		commands = append(commands, c)
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				all[f.Name] = f
			}
		})
	}
	if len(commands) < 6 || len(all) < 46 {
		t.Fatalf("%d commands, %d flags", len(commands), len(all))
	}
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("10.0.0.8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	systems := filepath.Join(t.TempDir(), "systems")
	if err := os.WriteFile(systems, []byte("[stack.x]\nname = 'X'\nprior = 1\nsource.why = 'a test'\nip.ttl = { 32 = 1 }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		for name, f := range all {
			given := []string{"--" + name}
			switch value, ok := flagValues[name]; {
			case f.NoOptDefVal != "": // of a flag without a value
			case name == "expect-file":
				line := map[bool]string{false: "10.0.0.1:80 open\n", true: "10.0.0.1 up\n"}[c.Name() == "sweep"]
				given = append(given, list+".expected")
				if err := os.WriteFile(list+".expected", []byte(line), 0o600); err != nil {
					t.Fatal(err)
				}
			case name == "exclude-file":
				given = append(given, list)
			case name == "asn":
				given = append(given, list+".origins")
				if err := os.WriteFile(list+".origins", []byte("10.0.0.0/8 64500\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			case name == "replay": // what is shown has no targets
				given = append(given, list)
			case name == "os-db":
				given = append(given, systems)
			case (name == "expect" || name == "wait-for") && c.Name() == "sweep":
				given = append(given, "up")
			case ok:
				given = append(given, value)
			case field.Find(name) != nil:
				given = append(given, field.Find(name).Example)
			default:
				t.Fatalf("no value for --%s", name)
			}
			base := []string{c.Name(), "10.0.0.1"}
			switch {
			case c.Name() == "compare" || c.Name() == "diff":
				base = append(base, "10.0.0.2")
			case c.Name() == "trial" && name == "port":
				base = append(base, "--vary", "ttl=8|9")
			case c.Name() == "trial":
				base = append(base, "--vary", "ttl=8|9", "-p", "80")
			}
			if name == "shard" && job.Has(c.Name(), name) {
				base = append(base, "--seed", "1") // which it needs
			}
			switch { // likewise
			case name == "interval" && job.Has(c.Name(), name):
				base = append(base, "-c", "4")
			case (name == "for" || name == "metrics") && job.Has(c.Name(), name):
				base = append(base, "--watch")
			case name == "wait-for" && job.Has(c.Name(), name):
				base = append(base, "--deadline", "8s")
			}
			before, why := specOf(base...)
			if before == nil {
				t.Fatalf("%v: %s", base, why)
			}
			after, why := specOf(append(base, given...)...)
			if after == nil {
				if strings.Count(why, "\n") != 1 || !strings.Contains(why, "--"+name) && !strings.Contains(why, shortFlag(f)) {
					t.Errorf("%s %v: %q", c.Name(), given, why)
				}
				continue
			}
			before.Args, after.Args = nil, nil
			was, _ := json.Marshal(before)
			is, _ := json.Marshal(after)
			if bytes.Equal(was, is) && !(name == "numeric" && slices.Contains([]string{"doctor", "compare", "diff"}, c.Name())) {
				t.Errorf("%s %v changes nothing: %s", c.Name(), given, is)
			}
		}
	}
}

// shortFlag is how messages name a flag that has a short name, too: "-g:".
func shortFlag(f *pflag.Flag) string {
	if f.Shorthand == "" {
		return "--" + f.Name
	}
	return "-" + f.Shorthand + ":"
}
