package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sonde/scan/job"
	"sonde/scan/report"
)

// expecting runs a command line with a file of expectations on stdin.
func expecting(t *testing.T, line, file string) *simulated {
	t.Helper()
	s := on("office.net", line+" --expect-file -")
	s.stdin = file
	s.names = phoneBook{"web.example": {"10.2.0.10"}, "www.example": {"10.2.0.10"}, "mail.example": {"10.3.0.10"}}
	return s.run(t)
}

// TestExpectFile: all that a file says holds, or the exit code says how it does not, and each
// line that does not is told by one line.
func TestExpectFile(t *testing.T) {
	for _, tt := range []struct {
		line, file string
		code       int
		told       []string
	}{
		{"tcp", "10.2.0.10:22 open\n10.2.0.10:23 closed # nobody\n\n# all\n10.2.0.10:135 filtered\n", job.ExitYes, nil},
		{"tcp", "10.2.0.10:22 closed open\r\n10.2.0.10:23 open,closed\r\n", job.ExitYes, nil},
		{"tcp", "10.2.0.10:22 closed\n10.2.0.10:23 closed\n", job.ExitNo, []string{"10.2.0.10 22/tcp is open (syn-ack), and should be closed"}},
		{"tcp", "10.2.0.10:135 open closed\n10.2.0.10:23 closed\n", job.ExitSilence, []string{"10.2.0.10 135/tcp is filtered (no reply to 3 SYNs), and should be open or closed"}},
		{"tcp", "10.2.0.10:25 open\n10.2.0.10:135 open\n", job.ExitNo, []string{
			"10.2.0.10 25/tcp is filtered (admin-prohibited from 10.2.0.1), and should be open",
			"10.2.0.10 135/tcp is filtered (no reply to 3 SYNs), and should be open"}},
		{"tcp", "web.example:22 open\nwww.example:23 open\n10.2.0.10:80 open\n", job.ExitNo, []string{"10.2.0.10 (www.example) 23/tcp is closed (reset), and should be open"}},
		{"tcp", "none.example:22 open\n10.2.0.10:22 open", job.ExitName, []string{"none.example 22/tcp did not resolve, and should be open"}},
		{"tcp -PN", "[2001:db8:2::10]:22 open\n10.2.0.10:22 open\n", job.ExitYes, nil},
		{"tcp -p 20-30 10.2.0.0/27", "10.2.0.10:22 open\n10.2.0.11:22 open\n", job.ExitSilence, []string{"10.2.0.11 22/tcp was not decided, and should be open"}},
		{"tcp --open", "10.2.0.10:23 closed\n", job.ExitYes, nil},
		{"tcp -c 3", "10.2.0.10:22 open\n10.2.0.10:23 open\n", job.ExitNo, []string{"10.2.0.10 23/tcp is closed (reset), and should be open"}},
		{"udp", "10.2.0.10:53 open\n10.2.0.10:54 closed\n", job.ExitYes, nil},
		{"sweep", "10.2.0.10 up\nmail.example up\n", job.ExitYes, nil},
		{"sweep", "10.2.0.10 down\n[2001:db8:2::10] up\n", job.ExitNo, []string{"10.2.0.10 is up (echo-reply), and should be down"}},
		{"sweep 10.2.0.0/28", "10.2.0.10 up\n10.2.0.11 unknown down\n", job.ExitYes, nil},
	} {
		text := expecting(t, tt.line, tt.file)
		var told []string
		for line := range strings.Lines(text.stdout) {
			if what, ok := strings.CutPrefix(line, "Not as expected: "); ok {
				told = append(told, strings.TrimSuffix(what, "\n"))
			}
		}
		if text.code != tt.code || strings.Join(told, "\n") != strings.Join(tt.told, "\n") {
			t.Errorf("%s, %q: exit %d, want %d; told\n%s\n%s\n%s", tt.line, tt.file, text.code, tt.code, strings.Join(told, "\n"), text.stdout, text.stderr)
		}
		json := expecting(t, tt.line+" -o json", tt.file)
		if unmet := recordsOf[*report.Unmet](json.records); json.code != tt.code || len(unmet) != len(tt.told) {
			t.Errorf("%s -o json: exit %d, %d records of what does not hold, want %d", tt.line, json.code, len(unmet), len(tt.told))
		}
	}
}

// TestExpectFileRefuses: what cannot be meant, or is not asked, is one line and exit 2, and
// nothing is sent.
func TestExpectFileRefuses(t *testing.T) {
	for _, tt := range []struct{ line, file, says string }{
		{"tcp", "", `--expect-file stdin: expects nothing: write a line for each, such as "10.0.0.1:80 open"`},
		{"tcp", "10.2.0.10:22 ajar\n", `--expect-file stdin:1: "ajar" is none of open closed filtered unfiltered open|filtered closed|filtered unknown`},
		{"tcp", "\n10.2.0.10:22\n", "--expect-file stdin:2: 10.2.0.10: which state is expected? One of open closed filtered unfiltered open|filtered closed|filtered unknown"},
		{"tcp", "10.2.0.10 open\n", `--expect-file stdin:1: "10.2.0.10" has no port: write "10.0.0.1:80 open", or "[2001:db8::1]:80 open"`},
		{"tcp", "2001:db8::1 open\n", `--expect-file stdin:1: "2001:db8::1" has no port: write "10.0.0.1:80 open", or "[2001:db8::1]:80 open"`},
		{"tcp", "2001:db8:0:1:2:3:4:5:80 open\n", `--expect-file stdin:1: "2001:db8:0:1:2:3:4:5:80": an IPv6 address stands in brackets: [2001:db8::1]:80`},
		{"tcp", "10.2.0.10:65536 open\n", `--expect-file stdin:1: "10.2.0.10:65536" is no host and port: write "10.0.0.1:80 open"`},
		{"tcp", "10.2.0.0/24:80 open\n", `--expect-file stdin:1: "10.2.0.0/24:80" is no host and port: write "10.0.0.1:80 open"`},
		{"tcp", "10.2.0.10:22 open\n10.2.0.10:22 closed\n", "--expect-file stdin:2: 10.2.0.10:22 stands in line 1 already"},
		{"tcp -p 23", "10.2.0.10:22 open\n", "--expect-file: stdin:1: port 22 is not asked: leave -p out, and the ports of the file are"},
		{"tcp 10.2.0.11", "10.2.0.10:22 open\n", "--expect-file: stdin:1: 10.2.0.10 is not asked: leave the targets out, and the hosts of the file are"},
		{"tcp 10.2.0.11", "web.example:22 open\n", "--expect-file: stdin:1: web.example is not asked: leave the targets out, and the hosts of the file are"},
		{"tcp --exclude 10.2.0.10 10.2.0.0/24", "10.2.0.10:22 open\n", "--expect-file: stdin:1: 10.2.0.10 is not asked: leave the targets out, and the hosts of the file are"},
		{"sweep", "10.2.0.10:22 up\n", `--expect-file stdin:1: "10.2.0.10:22" is no host: a sweep has no ports; write "10.0.0.1 up"`},
		{"sweep", "10.2.0.10 open\n", `--expect-file stdin:1: "open" is none of up down unknown`},
		{"tcp --expect open", "10.2.0.10:22 open\n", "--expect-file and --expect exclude each other: each line of the file says what is expected"},
		{"tcp --shard 1/2 --seed 1", "10.2.0.10:22 open\n", "--expect-file and --shard exclude each other: a part asks not all of the file"},
	} {
		o := expecting(t, tt.line, tt.file)
		if o.code != job.ExitUsage || o.stdout != "" || len(o.sent) > 0 || strings.TrimSpace(o.stderr) != "sonde: "+tt.says {
			t.Errorf("%s, %q: exit %d, %d packets, %q, want %q", tt.line, tt.file, o.code, len(o.sent), o.stderr, tt.says)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	o := on("office.net", "tcp --expect-file "+missing).run(t)
	if want := "sonde: --expect-file open " + missing + ": " + os.ErrNotExist.Error(); o.code != job.ExitUsage || !strings.Contains(o.stderr, "no such file") {
		t.Errorf("exit %d, %q, want %q", o.code, o.stderr, want)
	}
}
