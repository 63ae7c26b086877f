package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sonde/scan/job"
)

// TestDefaults: what becomes of a command line where the environment or a file has
// defaults, and what is said of them.
func TestDefaults(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "sonde/config.toml")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	type spec = *job.Spec
	for _, tt := range []struct {
		file, environ, line string
		said                string // F is the file
		check               func(s spec) bool
	}{
		{"", "", "tcp -p 80 192.0.2.7", "", func(s spec) bool { return s.Pace.Rate == nil && s.Defaults == nil }},
		{"", "SONDE_RATE=100", "tcp -p 80 192.0.2.7", "by default: --rate 100 (SONDE_RATE)", func(s spec) bool { return *s.Pace.Rate == 100 && len(s.Defaults) == 1 }},
		{"rate = 10\n", "SONDE_RATE=100", "tcp -p 80 --rate 5 192.0.2.7", "", func(s spec) bool { return *s.Pace.Rate == 5 && s.Defaults == nil }},
		{"rate = 10\ndscp = 'ef'\n[tcp]\nrate = '1k'\n", "", "tcp -p 80 192.0.2.7", "by default: --rate 1k (F:4), --dscp ef (F:2)",
			func(s spec) bool { return *s.Pace.Rate == 1000 && s.Packet.DSCP == "ef" }},
		{"rate = 10\n[tcp]\nrate = '1k'\n", "", "sweep -q 192.0.2.7", "", func(s spec) bool { return *s.Pace.Rate == 10 }},
		{"", "SONDE_PORTS=80 SONDE_TOP=5 SONDE_VERBOSE=true", "tcp 192.0.2.7", "default not used: --top 5 (SONDE_TOP): -p and --top exclude each other\nby default: --ports 80 (SONDE_PORTS), --verbose true (SONDE_VERBOSE)",
			func(s spec) bool { return s.Ask.Ports == "80" && s.Ask.Top == nil && s.Show.Verbose }},
		{"", "SONDE_TOP=5", "tcp -p 80 192.0.2.7", "default not used: --top 5 (SONDE_TOP): -p and --top exclude each other",
			func(s spec) bool { return s.Ask.Ports == "80" && s.Ask.Top == nil && len(s.Defaults) == 0 }},
		{"", "SONDE_EXPECT=up SONDE_RATE=9", "tcp -p 80 192.0.2.7", "default not used: --expect up (SONDE_EXPECT): --expect up: one of open closed filtered unfiltered open|filtered closed|filtered unknown\nby default: --rate 9 (SONDE_RATE)",
			func(s spec) bool { return s.Expect == "" && *s.Pace.Rate == 9 }},
		{"", "SONDE_DEADLINE=30s", "tcp -p 80 --wait-for open 192.0.2.7", "by default: --deadline 30s (SONDE_DEADLINE)", func(s spec) bool { return s.Pace.Deadline != nil }},
		{"exclude = ['192.0.2.1', '192.0.2.2']\n", "", "sweep 192.0.2.0/29", "by default: --exclude 192.0.2.1 (F:1), --exclude 192.0.2.2 (F:1)", func(s spec) bool { return len(s.Targets.Exclude) == 2 }},
		{"", "SONDE_OUTPUT=json", "tcp -p 80 192.0.2.7", "by default: --output json (SONDE_OUTPUT)", func(s spec) bool { return s.Show.Outputs[0].Format == "json" }},
		{"", "SONDE_TTL=9", "trace 192.0.2.7", "", func(s spec) bool { return s.Packet.TTL == nil }},
		{"", "SONDE_RATE=9", "doctor", "", func(s spec) bool { return len(s.Defaults) == 1 && s.Pace.Rate == nil }},
		{"", "SONDE_RATE=9", "nmap -Pn -p 80 192.0.2.7", "", func(s spec) bool { return s.Pace.Rate == nil }},
		{"", "SONDE_RATE=9 SUDO_USER=alice", "doctor", "under sudo the defaults of root count, and not those of alice", func(s spec) bool { return true }},

		{"", "SONDE_RATE=much", "tcp -p 80 192.0.2.7", "SONDE_RATE: \"much\" is no value of --rate", nil},
		{"", "SONDE_EXPECT=", "tcp -p 80 192.0.2.7", "SONDE_EXPECT: \"\" is no value of --expect", nil},
		{"\nraet = 5\n", "", "tcp -p 80 192.0.2.7", "F: line 2: no command has a flag --raet that could have a default", nil},
		{"rate = 5\n", "", "tcp -p 0 192.0.2.7", "-p 0: port \"0\": ports are 1 to 65535, not 0", nil},
	} {
		if err := os.WriteFile(path, []byte(tt.file), 0o644); err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		var s *job.Spec
		a := &app{args: strings.Fields(tt.line), stdin: strings.NewReader(""), stdout: io.Discard, stderr: &errs,
			environ: append(strings.Fields(tt.environ), "XDG_CONFIG_HOME="+home), inspect: func(is *job.Spec) { s = is }}
		code := a.run()
		said := strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(errs.String()), "sonde: ", ""), path, "F")
		if said != tt.said || (s == nil) != (tt.check == nil) || s != nil && !tt.check(s) || s == nil && code != job.ExitUsage {
			t.Errorf("%q, %q, %s: exit %d, %q, want %q\n%+v", tt.file, tt.environ, tt.line, code, said, tt.said, s)
		}
	}
}
