package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestNagios: with --nagios one line is all that is said, with performance data as the
// guidelines of plugins want it, and the exit code is a plugin's, however the run ends.
func TestNagios(t *testing.T) {
	file := filepath.Join(t.TempDir(), "expected")
	if err := os.WriteFile(file, []byte("10.0.0.2:22 open\n10.0.0.2:23 open\n10.0.0.2:24 closed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		line string
		exit int
		want string
	}{
		{"tcp -PN -p 22 10.0.0.2", 0, `SONDE OK - 10\.0\.0\.2 22/tcp open \(syn-ack\) \| time=0\.\d+s;;;0 rtt=0\.\d{6}s;;;0 'open'=1;;;0\n`},
		{"tcp -PN -p 22,23 10.0.0.2", 1, `SONDE WARNING - 10\.0\.0\.2 23/tcp closed \(reset\) \| .* 'closed'=1;;;0 'open'=1;;;0\n`},
		{"tcp -PN -p 23 10.0.0.2", 2, `SONDE CRITICAL - 10\.0\.0\.2 23/tcp closed \(reset\) \| .*\n`},
		{"tcp -PN -p 23 --expect closed 10.0.0.2", 0, `SONDE OK - 10\.0\.0\.2 23/tcp closed \(reset\) \| .*\n`},
		{"tcp -PN -p 24-30 10.0.0.2", 2, `SONDE CRITICAL - 10\.0\.0\.2 \d+/tcp closed \(reset\), .* and 4 more \| .* 'closed'=6;;;0 'filtered'=1;;;0\n`},
		{"udp -PN -p 9 10.0.0.2", 2, `SONDE CRITICAL - 10\.0\.0\.2 9/udp \S+ \(\S+\) \| .*\n`},
		{"sweep 10.0.0.2", 0, `SONDE OK - 10\.0\.0\.2 up \(\S+\) \| .* 'up'=1;;;0\n`},
		{"sweep -c 3 --interval 10ms 10.0.0.2", 0, `SONDE OK - 10\.0\.0\.2 up \(\S+\) \| .* loss=0\.0%;;;0;100 'up'=1;;;0\n`},
		{"sweep 10.0.0.200", 2, `SONDE CRITICAL - 10\.0\.0\.200 \S+ \(\S+\) \| .*\n`},
		{"tcp --expect-file " + file, 2, `SONDE CRITICAL - 10\.0\.0\.2 23/tcp is not open \| .* 'closed'=2;;;0 'open'=1;;;0\n`},
		{"tcp -p 0 10.0.0.2", 3, `SONDE UNKNOWN - .*port.*\n`},
		{"tcp --nosuch 10.0.0.2", 3, `SONDE UNKNOWN - unknown flag: --nosuch.*\n`},
		{"tcp -p 22 nobody.invalid", 3, `SONDE UNKNOWN - .*nobody\.invalid.*\n`},
		{"tcp --dry-run 10.0.0.2", 3, `SONDE UNKNOWN - --nagios: --dry-run asks nothing, and knows no state\n`},
	} {
		o := on("lan.net", tt.line+" --nagios").run(t)
		if o.code != tt.exit || o.stderr != "" || !regexp.MustCompile("^"+tt.want+"$").MatchString(o.stdout) {
			t.Errorf("%s: exit %d\n%s%s", tt.line, o.code, o.stdout, o.stderr)
		}
	}
}
