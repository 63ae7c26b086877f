package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/report"
)

// diffed is what a diff of two files said.
type diffed struct {
	code           int
	stdout, stderr string
	sum            *report.Differences
	strong, weak   []*report.Difference
}

// runDiff runs the program, which gives up all that it may, on what two runs have written.
func runDiff(t *testing.T, flags, old, now string) *diffed {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"old": old, "new": now} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(program(t), append(append([]string{"diff"}, strings.Fields(flags)...), "old", "new")...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	cmd.Run()
	d := &diffed{code: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: errs.String()}
	if strings.HasPrefix(d.stdout, "{") {
		records := parseRecords(t, out.Bytes())
		for _, r := range recordsOf[*report.Difference](records) {
			if r.Weak == report.Proven {
				d.strong = append(d.strong, r)
			} else {
				d.weak = append(d.weak, r)
			}
		}
		if sums := recordsOf[*report.Differences](records); len(sums) == 1 {
			d.sum = sums[0]
		} else {
			t.Errorf("%d records of type differences", len(sums))
		}
	}
	return d
}

// losing is a network that loses so much of what goes each way, with so many servers, by a
// random sequence of its own. opened, closed and came are what else there is.
func losing(loss, seed int, server, more string) string {
	return fmt.Sprintf(`seed %d
iface eth0 10.0.0.1/24 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.254
router r1 10.0.0.254 mac 02:00:00:00:00:fe
router r2 10.1.0.1
	line loss %d%% delay 25ms jitter 1ms
path 10.1.0.0/16 r1 r2
hosts 10.1.255.0/26
	tcp open 2%%
hosts 10.1.3.0/28 alive 60%% seed 5
	tcp open 22,80
hosts 10.1.2.10
	%s
%s
`, seed, loss, server, more)
}

// plainServer is a server behind a firewall that drops, which lets through few ports.
const plainServer = "tcp open 22,25,80,443; udp echo 7; udp served 53"

// TestDiffOfUnchangedRuns: of 50 pairs of runs over a network that loses from 1 % to 30 % each way, in which
// nothing changes, no difference is called proven, whatever is asked and however few answer.
func TestDiffOfUnchangedRuns(t *testing.T) {
	lines := []string{
		"tcp -PN -p 1-200 10.1.2.10", "tcp -p 22,25,80,443 10.1.2.10", "sweep 10.1.3.0/28", "sweep -v -PE 10.1.255.0/26",
		"tcp -p 20-25 10.1.3.0/28", "udp -p 7,53,80-90 10.1.2.10", "tcp --open -p 1-100 10.1.2.10", "trace 10.1.2.10", "tcp -PN --max-retries 1 -p 1-60 10.1.2.10",
		"tcp -T5 -PN -p 80 10.1.3.0/28",
	}
	const pairs = 50
	weak := 0
	for i := range pairs {
		line := lines[i%len(lines)]
		loss := []int{1, 5, 10, 20, 30}[i/len(lines)%5]
		old := on(losing(loss, 1000+2*i, plainServer, ""), line+" -o json").run(t).stdout
		now := on(losing(loss, 1001+2*i, plainServer, ""), line+" -o json").run(t).stdout
		d := runDiff(t, "-v -o json", old, now)
		for _, r := range d.strong {
			t.Errorf("%s, %d %% are lost: %+v", line, loss, *r)
		}
		if d.code != job.ExitYes {
			t.Errorf("%s, %d %% are lost: exit %d, %s", line, loss, d.code, d.stderr)
		}
		weak += len(d.weak)
	}
	if weak == 0 {
		t.Error("loss made no difference at all: the networks were too good to show anything")
	}
	t.Logf("%d weak differences in %d pairs", weak, pairs)
}

// TestDiffOfTrueChanges: three changes are three lines, in a network that loses something, too; the
// weak ones are one line.
func TestDiffOfTrueChanges(t *testing.T) {
	const line = "tcp -PN -p 1-100 10.1.2.10 10.1.2.11 -o json"
	for _, loss := range []int{0, 10} {
		old := on(losing(loss, 7, "tcp open 22,25", "hosts 10.1.2.11\n\ttcp open 80"), line).run(t).stdout
		now := on(losing(loss, 8, "tcp open 22,80", "hosts 10.1.2.11\n\ttcp open 80; tcp open 99"), line).run(t).stdout
		d := runDiff(t, "", old, now)
		var lines []string
		for l := range strings.Lines(d.stdout) {
			if l[0] == '+' || l[0] == '-' || l[0] == '~' {
				lines = append(lines, strings.TrimSuffix(l, "\n"))
			}
		}
		want := []string{
			"-  10.1.2.10  25/tcp  open → closed  syn-ack, then reset",
			"+  10.1.2.10  80/tcp  closed → open  reset, then syn-ack",
			"+  10.1.2.11  99/tcp  closed → open  reset, then syn-ack",
		}
		if strings.Join(lines, "\n") != strings.Join(want, "\n") || d.code != job.ExitNo {
			t.Errorf("%d %% are lost: exit %d\n%s%s", loss, d.code, d.stdout, d.stderr)
		}
	}
}

// TestDiffOfSilence: that a port has fallen silent is proven where nothing is lost, by answers
// enough to know that, and not by a few.
func TestDiffOfSilence(t *testing.T) {
	const drop = "tcp open 22,25,80,443; tcp drop 80"
	for _, tt := range []struct {
		line   string
		strong int
	}{{"tcp -PN -p 1-1000 10.1.2.10", 1}, {"tcp -PN -p 22,80 10.1.2.10", 0}} {
		old := on(losing(0, 1, plainServer, ""), tt.line+" -o json").run(t).stdout
		now := on(losing(0, 2, drop, ""), tt.line+" -o json").run(t).stdout
		d := runDiff(t, "-v -o json", old, now)
		if len(d.strong) != tt.strong || len(d.strong)+len(d.weak) != 1 {
			t.Errorf("%s: %d proven, %d weak; want %d proven of 1\n%s", tt.line, len(d.strong), len(d.weak), tt.strong, d.stdout)
		}
		for _, r := range append(d.strong, d.weak...) {
			if r.Port != 80 || r.Old != "open" || r.New != "filtered" {
				t.Errorf("%s: %+v", tt.line, *r)
			}
		}
	}
}

// TestDiffOfFormats: what the same run has written as JSON and as XML is no different, of any
// command that has both.
func TestDiffOfFormats(t *testing.T) {
	for _, line := range []string{"sweep -v 10.2.1.0/28", "tcp -PN -p 1-200 10.2.0.10 10.2.1.3", "udp -p 7,53,80-90 10.2.0.10", "trace 10.2.0.10", "tcp -p 22,80 10.2.1.0/28"} {
		json, xml := on("office.net", line+" -o json").run(t), on("office.net", line+" -o xml").run(t)
		d := runDiff(t, "-v -o json", json.stdout, xml.stdout)
		if d.code != job.ExitYes || len(d.strong)+len(d.weak) > 0 || d.sum == nil || d.sum.Same == 0 {
			t.Errorf("%s: exit %d, %s\n%s", line, d.code, d.stderr, d.stdout)
		}
	}
}

// TestDiffOfParts: shards of a run, and a run that was ended with the one that went on from it,
// are the whole; without one of them what is missing is not compared, and said to be.
func TestDiffOfParts(t *testing.T) {
	const line = "tcp -PN -p 1-300 10.2.0.10 -o json"
	whole := on("office.net", line).run(t).stdout
	shards := ""
	for i := range 3 {
		shards += on("office.net", fmt.Sprintf("%s --seed 7 --shard %d/3", line, i+1)).run(t).stdout
	}
	kept := line + " --rate 200 --resume " + filepath.Join(t.TempDir(), "kept")
	cut := on("office.net", kept)
	cut.cancel, cut.cause = 600*time.Millisecond, job.ErrInterrupted
	begun := cut.run(t).stdout
	resumed := begun + on("office.net", kept).run(t).stdout
	missing := shards[:strings.LastIndex(shards, `{"type":"scan"`)]
	for _, tt := range []struct {
		name, text string
		whole      bool
	}{{"shards", shards, true}, {"resumed", resumed, true}, {"two of three", missing, false}, {"interrupted", begun, false},
		{"killed", whole[:len(whole)/2], false}} {
		for _, d := range []*diffed{runDiff(t, "-v -o json", whole, tt.text), runDiff(t, "-v -o json", tt.text, whole)} {
			if d.code != job.ExitYes || len(d.strong)+len(d.weak) > 0 || d.sum == nil {
				t.Fatalf("%s: exit %d, %s\n%s", tt.name, d.code, d.stderr, d.stdout)
			}
			side := &d.sum.New
			if d.sum.New.Runs == 1 && d.sum.New.Complete {
				side = &d.sum.Old
			}
			if all := d.sum.Same >= 300 && d.sum.OneSided+d.sum.Undecided == 0; all != tt.whole || side.Complete != tt.whole {
				t.Errorf("%s: %+v", tt.name, *d.sum)
			}
		}
	}
}

// TestDiffRefuses: files that cannot be compared are one line and exit 2; nothing goes to
// stdout.
func TestDiffRefuses(t *testing.T) {
	good := on("office.net", "tcp -p 22 10.2.0.10 -o json").run(t).stdout
	other := on("office.net", "tcp -p 22 10.3.0.10 -o json").run(t).stdout
	const scan = `{"type":"scan","schema":1,"version":"1","command":"trial","args":["trial"],"time":"2026-11-30T00:00:00Z","method":[],"seed":0,"probes":0}` + "\n"
	for _, tt := range []struct{ name, text, says string }{
		{"empty", "", "new: it is empty"},
		{"text", "PORT STATE\n", "new: neither lines of JSON (-o json) nor XML (-o xml) of a run"},
		{"HTML", "<!DOCTYPE html><html></html>", `new: line 1: it begins with an element "html", and not with nmaprun: no XML of a run`},
		{"no scan", strings.SplitAfterN(good, "\n", 2)[1], "new: it has no run: a record of type scan is missing"},
		{"bad line", good + "{\n" + good, "new: line 5: no line of JSON: unexpected EOF"},
		{"trial", scan, "new: it is of trial: runs of sweep, tcp, udp, fp and trace are compared"},
		{"apart", other, "old and new: they have nothing in common: no host or port that both have asked"},
	} {
		d := runDiff(t, "-o json -o text=out", good, tt.text)
		if d.code != job.ExitUsage || d.stdout != "" || strings.TrimSpace(d.stderr) != "sonde: "+tt.says {
			t.Errorf("%s: exit %d, stdout %q, stderr %q, want %q", tt.name, d.code, d.stdout, d.stderr, tt.says)
		}
	}
	for args, says := range map[string]string{
		"a":     "name two files: OLD, what a run has written, and NEW, what a later one has; - is stdin",
		"a b c": "diff takes two files, OLD and NEW, and not 3",
		"- -":   "OLD and NEW both read stdin",
		"/ -":   "/: is a directory",
	} {
		var errs bytes.Buffer
		cmd := exec.Command(program(t), append([]string{"diff"}, strings.Fields(args)...)...)
		cmd.Stderr = &errs
		cmd.Run()
		if cmd.ProcessState.ExitCode() != job.ExitUsage || strings.TrimSpace(errs.String()) != "sonde: "+says {
			t.Errorf("diff %s: %v, %q, want %q", args, cmd.ProcessState, &errs, says)
		}
	}
}
