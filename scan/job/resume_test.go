package job

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/probe/field"
	"sonde/scan/report"
)

// TestEveryFieldAndResume changes every field of a Spec in turn, and goes on from
// the checkpoint of the Spec as it was: of another job it is refused, by a line that
// names the field or what it decides; of the same job nothing is asked again.
func TestEveryFieldAndResume(t *testing.T) {
	one, seed, other, rate, minute := 1, uint64(7), uint64(8), 1e6, Duration(time.Minute)
	base := func() *Spec {
		return &Spec{Command: "tcp", Targets: Targets{Words: []string{"10.0.0.2", "10.0.0.5"}}, Ask: Ask{Ports: "20-30", Ping: []string{"N"}},
			Part: Part{Seed: &seed, Resume: filepath.Join(t.TempDir(), "kept")}}
	}
	const same = "" // goes on
	tried := map[string]bool{}
	type change struct {
		to   func(s *Spec)
		want string // in the line that refuses it
	}
	changes := map[string]change{
		"Command":       {func(s *Spec) { s.Command = "udp" }, "the command tcp, now udp"},
		"Args":          {func(s *Spec) { s.Args = []string{"tcp"} }, same},
		"input":         {func(s *Spec) { s.Targets.Words = []string{"10.0.0.2"} }, "targets 2 addresses"},
		"exclude":       {func(s *Spec) { s.Targets.Exclude = []string{"10.0.0.2"} }, "targets 2 addresses"},
		"exclude-file":  {func(s *Spec) { s.Targets.ExcludeFile = true }, same}, // what it lists is in exclude
		"all-addresses": {nil, "--all-addresses: no target is a name"},
		"local":         {nil, "--local: tcp has none"},
		"ipv4":          {func(s *Spec) { s.Targets.IPv4 = true }, same}, // the addresses are what they were
		"ipv6":          {nil, "-6: the target 10.0.0.2 is an IPv4 address"},
		"ping":          {func(s *Spec) { s.Ask.Ping = []string{"E"} }, "the sweep 2 addresses"},
		"scan":          {func(s *Spec) { s.Ask.Scan = []string{"F"} }, "the way syn, now fin"},
		"ports":         {func(s *Spec) { s.Ask.Ports = "20-31" }, "ports 20-30, now 20-31"},
		"top":           {func(s *Spec) { s.Ask.Ports, s.Ask.Top = "", &one }, "ports 20-30, now"},
		"exclude-ports": {func(s *Spec) { s.Ask.ExcludePorts = "20" }, "ports 20-30, now 21-30"},
		"confirm":       {func(s *Spec) { s.Ask.Confirm = true }, "--confirm false, now true"},
		"udp":           {nil, "--udp and --resume exclude each other"},
		"list":          {nil, "--list: "},
		"services":      {nil, "--services and --resume exclude each other"},
		"proto":         {nil, "--proto: tcp has none"},
		"hops":          {nil, "--hops: tcp has none"},
		"mtu":           {nil, "--mtu: tcp has none"},
		"asn":           {nil, "--asn: tcp has none"},
		"watch":         {nil, "--watch: tcp has none"},
		"for":           {nil, "--for: tcp has none"},
		"metrics":       {nil, "--metrics: tcp has none"},
		"replay":        {nil, "--replay: tcp has none"},
		"flows":         {nil, "--flows: tcp has none"},
		"color":         {func(s *Spec) { s.Show.Color = "never" }, same},
		"nagios":        {func(s *Spec) { s.Show.Nagios = true }, same},
		"source-port":   {func(s *Spec) { s.Packet.SourcePort = &one }, "--source-port 0, now 1"},
		"ttl":           {func(s *Spec) { s.Packet.TTL = &one }, "--ttl 0, now 1"},
		"tos":           {func(s *Spec) { s.Packet.TOS = "4" }, "now with --tos 4"},
		"dscp":          {func(s *Spec) { s.Packet.DSCP = "ef" }, "now with --tos ef"},
		"tcp-options":   {func(s *Spec) { s.Packet.TCPOptions = "none" }, "--tcp-options linux, now none"},
		"interface":     {func(s *Spec) { s.Way.Iface = "eth0" }, "now with --interface eth0"},
		"source":        {func(s *Spec) { s.Way.Source = "10.0.0.1" }, "now with --source 10.0.0.1"},
		"via":           {func(s *Spec) { s.Way.Via = "raw" }, same}, // packets leave as they did
		"rst-guard":     {func(s *Spec) { s.Way.Guard = true }, same},
		"timing":        {func(s *Spec) { s.Pace.Timing = &one }, same},
		"rate":          {func(s *Spec) { s.Pace.Rate = &rate }, same},
		"max-retries":   {func(s *Spec) { s.Pace.MaxRetries = &one }, "--max-retries -1, now 1"},
		"timeout":       {func(s *Spec) { s.Pace.Timeout = &minute }, same},
		"host-timeout":  {func(s *Spec) { s.Pace.HostTimeout = &minute }, same},
		"deadline":      {func(s *Spec) { s.Pace.Deadline = &minute }, same},
		"vary":          {nil, "--vary: tcp has none"},
		"locate":        {nil, "--locate: tcp has none"},
		"until-sure":    {nil, "--until-sure: tcp has none"},
		"no-os":         {nil, "--no-os: tcp has none"},
		"os-db":         {nil, "--os-db: tcp has none"},
		"fingerprints":  {nil, "--fingerprints names what --services asks"},
		"thorough":      {nil, "--thorough: tcp has none"},
		"os-sample":     {nil, "--os-sample: tcp has none"},
		"count":         {nil, "-c and --resume exclude each other"},
		"interval":      {nil, "--interval: it is between the rounds of -c or --wait-for"},
		"expect-file":   {nil, "--expect-file and --resume exclude each other"},
		"then":          {nil, "--then and --resume exclude each other"},
		"wait-for":      {nil, "--wait-for and --resume exclude each other"},
		"seed":          {func(s *Spec) { s.Part.Seed = &other }, "--seed 7, now 8"},
		"shard":         {func(s *Spec) { s.Part.Shard = Shard{1, 2} }, "now with --shard 1/2"},
		"resume":        {func(s *Spec) {}, same}, // the file itself
		"expect":        {func(s *Spec) { s.Expect = "closed" }, "now with --expect closed"},
		"numeric":       {func(s *Spec) { s.Show.Numeric = true }, same},
		"resolve":       {func(s *Spec) { s.Show.Resolve = true }, same},
		"open":          {func(s *Spec) { s.Show.Open = true }, same},
		"quiet":         {func(s *Spec) { s.Show.Quiet = true }, same},
		"verbose":       {func(s *Spec) { s.Show.Verbose = true }, "--verbose false, now true"},
		"stats":         {func(s *Spec) { s.Show.Stats = &minute }, same},
		"packet-trace":  {func(s *Spec) { s.Show.Packets = true }, same},
		"pcap":          {func(s *Spec) { s.Show.Pcap = "another" }, same},
		"dry-run":       {nil, "--resume: --dry-run decides nothing"},
		"output":        {func(s *Spec) { s.Show.Outputs = []Output{{Format: "json", Streamed: true}} }, same},
	}
	for _, f := range field.All() {
		if _, by := changes[f.Name]; by {
			continue
		}
		want := "now with --" + f.Name + " " + f.Example
		if !f.Family(false) { // of the targets
			want = "which has no such field"
		}
		changes[f.Name] = change{func(s *Spec) { *s.Packet.Text(f.Name) = f.Example }, want}
	}
	for flag, change := range changes {
		s := base()
		if _, _, err := virtually(t, onNetwork(t, "lan.net", nil), s); err != nil {
			t.Fatal(err)
		}
		if change.to == nil { // what Check, or the targets, refuse anyway
			if change.to = refused[flag]; change.to == nil {
				t.Fatalf("%s: nothing changes it", flag)
			}
		}
		change.to(s)
		sent := 0
		_, list, err := virtually(t, onNetwork(t, "lan.net", &sent), s)
		switch {
		case change.want == same && (err != nil || sent > 0 || portRecords(list) > 0):
			t.Errorf("%s: is the same job, but %d packets left, %d ports were reported: %v", flag, sent, portRecords(list), err)
		case change.want != same && (err == nil || !strings.Contains(err.Error(), change.want) || sent > 0):
			t.Errorf("%s: %v, want a line with %q; %d packets left", flag, err, change.want, sent)
		}
		tried[flag] = true
	}
	for i := range fields {
		name := fields[i].flag
		if name == "" {
			continue
		}
		if !tried[name] {
			t.Errorf("--%s: nothing says whether a run with another value goes on from a checkpoint", name)
		}
	}
}

// refused changes fields that no tcp of addresses can have, with or without a
// checkpoint.
var refused = map[string]func(s *Spec){
	"all-addresses": func(s *Spec) { s.Targets.AllAddresses = true },
	"local":         func(s *Spec) { s.Targets.Local = true },
	"ipv6":          func(s *Spec) { s.Targets.IPv6 = true },
	"proto":         func(s *Spec) { s.Ask.Proto = "tcp" },
	"udp":           func(s *Spec) { s.Ask.UDP = true },
	"list":          func(s *Spec) { s.Ask.List = true },
	"services":      func(s *Spec) { s.Ask.Services = true },
	"hops":          func(s *Spec) { s.Ask.Hops = new(3) },
	"asn":           func(s *Spec) { s.Show.ASN = "origins.csv" },
	"metrics":       func(s *Spec) { s.Show.Metrics = "9117" },
	"replay":        func(s *Spec) { s.Show.Replay = "rounds.json" },
	"mtu":           func(s *Spec) { s.Ask.MTU = true },
	"watch":         func(s *Spec) { s.Ask.Watch = true },
	"for":           func(s *Spec) { s.Pace.For = new(Duration(time.Minute)) },
	"flows":         func(s *Spec) { n := 64; s.Ask.Flows = &n },
	"dry-run":       func(s *Spec) { s.Show.DryRun = true },
	"vary":          func(s *Spec) { s.Trial.Vary = []string{"tos=0|8"} },
	"locate":        func(s *Spec) { s.Trial.Locate = true },
	"until-sure":    func(s *Spec) { s.Trial.UntilSure = true },
	"no-os":         func(s *Spec) { s.System.Off = true },
	"os-db":         func(s *Spec) { s.System.Database = "[stack]" },
	"fingerprints":  func(s *Spec) { s.Ask.Fingerprints = "rules" },
	"thorough":      func(s *Spec) { s.Ask.Thorough = true },
	"os-sample":     func(s *Spec) { s.System.Sample = true },
	"count":         func(s *Spec) { s.Pace.Count = new(3) },
	"interval":      func(s *Spec) { s.Pace.Interval = new(Duration(time.Minute)) },
	"expect-file": func(s *Spec) {
		s.Expectations = []Expectation{{Host: "10.0.0.1", Port: 80, States: []string{"open"}}}
	},
	"then":     func(s *Spec) { s.Then = "true {addr}" },
	"wait-for": func(s *Spec) { s.WaitFor, s.Pace.Deadline = "open", new(Duration(time.Minute)) },
}

// portRecords counts the records of ports.
func portRecords(list []report.Record) int {
	n := 0
	for _, r := range list {
		if _, ok := r.(*report.Port); ok {
			n++
		}
	}
	return n
}
