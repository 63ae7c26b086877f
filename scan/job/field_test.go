package job

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sonde/probe/field"
	"sonde/scan/report"
)

// full is a Spec of which something was said of every field.
func full() *Spec {
	n, seed, rate, d := 7, uint64(9), 2.5, Duration(1500*time.Millisecond)
	return &Spec{
		Command: "tcp", Args: []string{"tcp", "10.0.0.1"}, Expect: "open", WaitFor: "closed", Then: "true {addr}",
		Defaults: []report.Default{{Flag: "rate", Value: "2.5", From: "SONDE_RATE"}},
		Targets:  Targets{Words: []string{"10.0.0.1"}, Exclude: []string{"10.0.0.2"}, ExcludeFile: true, AllAddresses: true, Local: true, IPv4: true, IPv6: true},
		Ask:      Ask{Ping: []string{"E"}, Scan: []string{"S"}, Ports: "80", Top: &n, ExcludePorts: "81", Confirm: true, UDP: true, List: true, Services: true, Fingerprints: "rules", Thorough: true, Proto: "tcp", Hops: &n, Flows: &n, MTU: true, Watch: true},
		Packet: Packet{SourcePort: &n, TTL: &n, TOS: "4", DSCP: "ef", TCPOptions: "mss", ECN: "1", ID: "2", DF: "on", NoDF: "on", FlowLabel: "3", IPOptions: "01",
			Fragment: "8", Flags: "S", Seq: "4", Ack: "5", Window: "6", Urgent: "7", Data: "08", DataString: "9", DataLength: "10", BadSum: "on"},
		Way:  Way{Iface: "eth0", Source: "10.0.0.3", Via: "raw", Guard: true},
		Pace: Pace{Timing: &n, Rate: &rate, MaxRetries: &n, Timeout: &d, HostTimeout: &d, Deadline: &d, Count: &n, Interval: &d, For: &d},
		Part: Part{Seed: &seed, Shard: Shard{1, 2}, Resume: "file"},
		Show: Show{Numeric: true, Resolve: true, ASN: "origins.csv", Metrics: "9117", Replay: "rounds.json", Open: true, Quiet: true, Verbose: true, Packets: true, Pcap: "p", DryRun: true, Stats: &d, Nagios: true, Color: "always",
			Outputs: []Output{{Format: "json", Path: "o", Streamed: true}}},
		Trial:   Trial{Vary: []string{"tos=0|8"}, Locate: true, UntilSure: true},
		System:  System{Off: true, Database: "[stack]", Sample: true},
		Compare: Captures{Near: "n", Far: "f"}, Diff: Versions{Old: "a", New: "b"}, Expectations: []Expectation{{Host: "10.0.0.1", Port: 80, States: []string{"open"}}},
	}
}

// leaves are the addresses of all fields of a Spec that are data, by where they stand.
func leaves(v reflect.Value, name string, into map[any]string) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[Shard]() {
		into[v.Addr().Interface()] = name
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == "-" {
			continue // beside what is said
		}
		leaves(v.Field(i), name+"."+v.Type().Field(i).Name, into)
	}
}

// TestEveryFieldIsInTheTable: no field of a Spec is forgotten by what refuses flags,
// nor by --resume; full says something of each.
func TestEveryFieldIsInTheTable(t *testing.T) {
	s := full()
	all := map[any]string{}
	leaves(reflect.ValueOf(s).Elem(), "Spec", all)
	names := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		at := f.at(s)
		if all[at] == "" {
			t.Errorf("--%s: twice in the table, or no field of a Spec", f.flag)
		}
		delete(all, at)
		if f.flag != "" && names[f.flag] {
			t.Errorf("--%s is in the table twice", f.flag)
		}
		names[f.flag] = true
		if !f.set(s) || f.set(&Spec{}) {
			t.Errorf("--%s: set says %v of a full Spec, and %v of an empty one", f.flag, f.set(s), f.set(&Spec{}))
		}
		if (f.keep == ownFact) != (f.fact != nil) {
			t.Errorf("--%s: a fact of its own without a text, or a text without a fact", f.flag)
		}
		for _, c := range strings.Fields(f.on) {
			if !slices.Contains(strings.Fields(every), c) {
				t.Errorf("--%s: no command %q", f.flag, c)
			}
		}
	}
	for _, f := range field.All() {
		if !names[f.Name] {
			t.Errorf("--%s is in no Spec: its text goes into Packet, under its name", f.Name)
		}
	}
	for _, name := range all {
		t.Errorf("%s is not in the table of fields", name)
	}
}

// TestSpecIsJSON: a Spec is written and read without loss, an empty one as little
// as it says, and what is not known is refused.
func TestSpecIsJSON(t *testing.T) {
	for _, want := range []*Spec{full(), {Command: "sweep"}} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", text, diff)
		}
	}
	if text, _ := json.Marshal(&Spec{Command: "sweep"}); string(text) != `{"command":"sweep","targets":{}}` {
		t.Errorf("an empty one is %s", text)
	}
	for text, want := range map[string]string{
		`{"command":"tcp","port":80}`:              `the job: json: unknown field "port"`,
		`{"command":"tcp"} {}`:                     "the job: more than one",
		`{"command":"tcp","part":{"shard":"5/4"}}`: "there are only 4",
		`{"command":"tcp","pace":{"timeout":"5"}}`: "missing unit",
		`{"command":"tcp","packet":{"ttl":"64"}}`:  "cannot unmarshal",
		`{"command":"tcp"`:                         "unexpected EOF",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestCheckChangesNothing: what is checked is as it was.
func TestCheckChangesNothing(t *testing.T) {
	for _, s := range []*Spec{full(), {Command: "tcp", Targets: Targets{Words: []string{"10.0.0.1"}}, Ask: Ask{Scan: []string{"T"}}},
		{Command: "sweep", Targets: Targets{Words: []string{"10.0.0.1"}}, Way: Way{Guard: true}}} {
		before, _ := json.Marshal(s)
		s.Check()
		if after, _ := json.Marshal(s); string(before) != string(after) {
			t.Errorf("Check made\n%s of\n%s", after, before)
		}
	}
}

// TestEveryCommandRefusesWhatItHasNot: each field of a Spec is of a command, or
// refused by a line that names its flag.
func TestEveryCommandRefusesWhatItHasNot(t *testing.T) {
	for _, command := range strings.Fields(every) {
		for i := range fields {
			f := &fields[i]
			if f.flag == "" || strings.Contains(f.on, command+" ") {
				continue
			}
			s := &Spec{Command: command, Targets: Targets{Words: []string{"10.0.0.1"}}}
			if command == "compare" {
				s.Targets.Words, s.Compare = nil, full().Compare
			}
			if command == "diff" {
				s.Targets.Words, s.Diff = nil, full().Diff
			}
			reflect.ValueOf(f.at(s)).Elem().Set(reflect.ValueOf(f.at(full())).Elem())
			err := s.Check()
			if err == nil || !strings.HasPrefix(err.Error(), "--"+f.flag+": ") {
				t.Errorf("%s --%s: %v", command, f.flag, err)
			}
		}
	}
	if err := (&Spec{Command: "ping"}).Check(); err == nil || err.Error() != `no command "ping"; there are sweep, tcp, udp, fp, trace, trial, doctor, compare, diff` {
		t.Error(err)
	}
}
