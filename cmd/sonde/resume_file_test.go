package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/output"
	"sonde/scan/checkpoint"
	"sonde/scan/job"
	"sonde/scan/report"
)

// TestResumeRefusesOtherJobs: the file of another job is refused with a line that
// says what differs, and is left as it is; how fast a job is done is none of it.
func TestResumeRefusesOtherJobs(t *testing.T) {
	const words = "tcp -PN --seed 7 -p 1-20 10.0.0.2 2001:db8::2"
	file := filepath.Join(t.TempDir(), "kept")
	if o := on("lan.net", words+" -q --resume "+file).run(t); o.code != job.ExitNo {
		t.Fatalf("exit %d: %s", o.code, o.stderr)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ words, want string }{
		{"tcp -PN --seed 7 -p 1-20 10.0.0.2", "there targets 2 addresses (6d67878f9f49eaee), now 1 address ("},
		{"tcp -PN --seed 7 -p 1-20 10.0.0.2 2001:db8::2 --exclude 10.0.0.2", "there targets 2 addresses ("},
		{"tcp -PN --seed 7 -p 1-20 10.0.0.2/31 2001:db8::2 --exclude 10.0.0.3", "there targets named by themselves 2 addresses ("},
		{"tcp -PN --seed 7 -p 1-21 10.0.0.2 2001:db8::2", "there ports 1-20, now 1-21"},
		{"tcp -PN --seed 8 -p 1-20 10.0.0.2 2001:db8::2", "there --seed 7, now 8"},
		{"tcp -PN --seed 7 --shard 1/2 -p 1-20 10.0.0.2 2001:db8::2", "now with --shard 1/2, there without"},
		{"udp -PN --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "there the command tcp, now udp"},
		{"sweep --seed 7 10.0.0.2 2001:db8::2", "there the command tcp, now sweep"},
		{"tcp -PE --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "now with the sweep 2 addresses ("},
		{"tcp -PN -sF --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "there the way syn, now fin"},
		{"tcp -PN -g 53 --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "there --source-port 0, now 53"},
		{"tcp -PN --ttl 9 --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "there --ttl 0, now 9"},
		{"tcp -PN --dscp ef --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "now with --tos ef, there without"},
		{"tcp -PN --tcp-options none --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "there --tcp-options linux, now none"},
		{"tcp -PN --max-retries 0 --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "there --max-retries -1, now 0"},
		{"tcp -PN --confirm --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "there --confirm false, now true"},
		{"tcp -PN --expect closed --seed 7 -p 1-20 10.0.0.2 2001:db8::2", "now with --expect closed, there without"},
	} {
		o := on("lan.net", tt.words+" -q --resume "+file).run(t)
		if o.code != job.ExitUsage || len(o.sent) > 0 || o.stdout != "" {
			t.Errorf("%s: exit %d, %d packets left", tt.words, o.code, len(o.sent))
		}
		if want := "sonde: --resume " + file + ": it is of another job: " + tt.want; !strings.HasPrefix(o.stderr, want) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%s: %q, want %q", tt.words, o.stderr, want)
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("a refused run changed the file: %v", err)
	}
	for _, same := range []string{words + " -T4 --rate 100 --timeout 2s --deadline 1m", "tcp -PN -p 1-20 10.0.0.2 2001:db8::2", "tcp -PN -p 1,2-20 2001:db8::2 10.0.0.2"} {
		if o := on("lan.net", same+" -q --resume "+file).run(t); o.code != job.ExitNo || o.stderr != "" || len(o.sent) > 0 {
			t.Errorf("%s: exit %d, %d packets left: %s", same, o.code, len(o.sent), o.stderr)
		}
	}
}

// TestResumeRefusesDamage: nothing is sent and nothing begun anew where the file is
// not what it was.
func TestResumeRefusesDamage(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kept")
	words := "tcp -PN -q -p 1-20 10.0.0.2 --resume " + file
	on("lan.net", words).run(t)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 4
	for _, tt := range []struct {
		name string
		b    []byte
	}{{"empty", nil}, {"something else", []byte("10.0.0.1\n10.0.0.2\n")}, {"a bit changed", flipped}, {"cut in its header", whole[:30]}} {
		if err := os.WriteFile(file, tt.b, 0o600); err != nil {
			t.Fatal(err)
		}
		o := on("lan.net", words).run(t)
		want := "sonde: --resume " + file + ": damaged, or no checkpoint of sonde"
		if o.code != job.ExitLocal || o.opened || !strings.HasPrefix(o.stderr, want) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%s: exit %d, opened %v: %q, want %q", tt.name, o.code, o.opened, o.stderr, want)
		}
		if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, tt.b) {
			t.Errorf("%s: the file was changed: %v", tt.name, err)
		}
	}
	for _, tt := range []struct{ path, want string }{
		{"/dev/null", "--resume /dev/null: not a regular file"},
		{dir, "--resume " + dir + ": not a regular file"},
		{"/nowhere/kept", "--resume open /nowhere/kept: no such file or directory"},
		{file + "/kept", "--resume open " + file + "/kept: not a directory"},
	} {
		o := on("lan.net", "tcp -PN -q -p 1-20 10.0.0.2 --resume "+tt.path).run(t)
		if o.code != job.ExitLocal || len(o.sent) > 0 || o.stderr != "sonde: "+tt.want+"\n" {
			t.Errorf("%s: exit %d, %d packets left: %q, want %q", tt.path, o.code, len(o.sent), o.stderr, tt.want)
		}
	}
}

// TestResumeKeepsTheFileItIsGiven: it stays what it is for others: its permissions,
// and a symbolic link a link; nothing is left beside.
func TestResumeKeepsTheFileItIsGiven(t *testing.T) {
	dir := t.TempDir()
	file, alias := filepath.Join(dir, "kept"), filepath.Join(dir, "alias")
	if err := os.Symlink("kept", alias); err != nil {
		t.Fatal(err)
	}
	words := "tcp -PN -q -p 1-20 10.0.0.2 --resume "
	on("lan.net", words+file).run(t)
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".kept.part"), []byte("of a run that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := on("lan.net", words+alias).run(t); len(o.sent) > 0 {
		t.Errorf("%d packets left of what was decided", len(o.sent))
	}
	if info, err := os.Lstat(file); err != nil || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(alias); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is none any more: %v", err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestResumeIsAlwaysWhole reads the file at many moments of a run: each time it is a
// checkpoint, and never says less than before.
func TestResumeIsAlwaysWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kept")
	last := uint64(0)
	for ms := 5; ms < 400; ms += 20 {
		os.Remove(file)
		s := on("office.net", "tcp -PN -q --seed 3 -p 1-300 10.2.0.10 --resume "+file)
		s.cancel, s.cause = time.Duration(ms)*time.Millisecond, errKilled
		s.ending = func() {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Error(err)
				return
			}
			c, err := checkpoint.Read(b)
			if err != nil {
				t.Errorf("after %d ms: %v", ms, err)
				return
			}
			n := c.Counts()
			if sum := n[0] + n[1] + n[2]; sum < last {
				t.Errorf("after %d ms %d ports are decided, before it were %d", ms, sum, last)
			} else {
				last = sum
			}
		}
		s.run(t)
	}
	if last < 100 {
		t.Errorf("only %d ports are ever decided", last)
	}
}

// TestResumeAppends: the outputs of lines go on behind what earlier runs wrote, whose
// last line may be cut; packets go to a new file.
func TestResumeAppends(t *testing.T) {
	dir := t.TempDir()
	file, out, pcap := filepath.Join(dir, "kept"), filepath.Join(dir, "out"), filepath.Join(dir, "pcap")
	const words = "tcp -PN -q --rate 100 -p 1-60 10.0.0.2"
	s := on("lan.net", words+" --resume "+file+" -o json="+out+" --pcap "+pcap)
	s.cancel, s.cause = 300*time.Millisecond, errKilled
	s.run(t)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, append(b, `{"type":"port","addr":"10.`...), 0o600); err != nil {
		t.Fatal(err)
	}
	again := on("lan.net", words+" --resume "+file+" -o json="+out+" --pcap "+pcap).run(t)
	if want := "sonde: --pcap " + pcap + " is of the run that --resume goes on from: name another file\n"; again.code != job.ExitUsage || again.stderr != want {
		t.Errorf("exit %d: %q, want %q", again.code, again.stderr, want)
	}
	on("lan.net", words+" --resume "+file+" -o json="+out).run(t)
	after, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(after, append(b, `{"type":"scan"`...)) || !bytes.Contains(after[len(b):], []byte(`"resumed":true`)) {
		t.Errorf("it does not go on behind what was there: %.200s…", after[len(b):])
	}
	if m, double := said(t, after); len(m) != 61 || double > 0 {
		t.Errorf("%d ports and hosts, %d double", len(m), double)
	}
}

// TestResumeText: text shows a host when all of its ports are known, so it is asked
// again as a whole if the run was killed before, and never left out.
func TestResumeText(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kept")
	const words = "tcp -PN --rate 200 --max-retries 0 -p 22,80,135-140 10.0.0.2 2001:db8::2 127.0.0.1 10.0.0.3 --resume "
	shown := map[string]int{}
	for ms := range 40 {
		var kept []byte
		s := on("lan.net", words+file)
		text := &buffer{}
		s.stdout = text
		s.cancel, s.cause = time.Duration(50*(ms+1))*time.Millisecond, errKilled
		before := ""
		s.ending = func() {
			var err error
			if kept, err = os.ReadFile(file); err != nil {
				t.Error(err)
			}
			before = text.String()
		}
		o := s.run(t)
		if kept == nil {
			before = text.String()
		} else if err := os.WriteFile(file, kept, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"10.0.0.2", "2001:db8::2", "127.0.0.1", "10.0.0.3"} {
			if strings.Contains(before, host+"  ") {
				shown[host]++
			}
		}
		if kept == nil {
			if o.code != job.ExitYes {
				t.Errorf("exit %d", o.code)
			}
			break
		}
	}
	for _, host := range []string{"10.0.0.2", "2001:db8::2", "127.0.0.1", "10.0.0.3"} {
		if shown[host] != 1 {
			t.Errorf("%s is shown %d times", host, shown[host])
		}
	}
	if o := on("lan.net", words+file).run(t); len(o.sent) > 0 || strings.Contains(o.stdout, "PORT") {
		t.Errorf("%d packets left of what was decided:\n%s", len(o.sent), o.stdout)
	}
}

// TestResumeAfterAnInterrupt: a run that was interrupted in good order is gone on
// from, too; what was given up is asked again.
func TestResumeAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"tcp -PN --rate 100 -p 1-150 10.0.0.2 2001:db8::2", "sweep -v --rate 50 10.0.0.0/28 2001:db8::/125", "udp --rate 50 -p 50-170 10.0.0.2"} {
		whole, _ := said(t, []byte(on("lan.net", words+" -o json").run(t).stdout))
		dir := t.TempDir()
		file, out := filepath.Join(dir, "kept"), filepath.Join(dir, "out")
		line := fmt.Sprintf("%s --resume %s -o json=%s", words, file, out)
		for range 3 {
			s := on("lan.net", line+" --deadline 700ms")
			s.run(t)
		}
		last := on("lan.net", line).run(t)
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		final := map[string]string{}
		for l := range bytes.Lines(b) { // the last word counts
			m, _ := said(t, l)
			for key, what := range m {
				final[key] = what
			}
		}
		for key, what := range whole {
			if final[key] != what {
				t.Errorf("%s: %s is %q, want %q", words, key, final[key], what)
			}
		}
		if len(last.sent) == 0 {
			t.Errorf("%s: nothing was left to ask", words)
		}
	}
}

// TestResumeIsLocked: a second run of the same line is refused while the first one
// writes, also where neither found a file, and the lock ends with the process.
func TestResumeIsLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "kept")
	start := func() (*exec.Cmd, *buffer) {
		cmd := exec.Command(program(t), strings.Fields("tcp --via connect -PN -q --rate 100 -p 1-2000 127.0.0.1 --resume "+file)...)
		var errs buffer
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		return cmd, &errs
	}
	for _, found := range []bool{false, true} {
		// All at once: one gets it.
		var runs []*exec.Cmd
		var said []*buffer
		for range 4 {
			cmd, errs := start()
			runs, said = append(runs, cmd), append(said, errs)
		}
		left := make(chan int)
		for i, cmd := range runs {
			go func() { cmd.Wait(); left <- i }()
		}
		going := map[int]bool{0: true, 1: true, 2: true, 3: true}
		for range 3 {
			i := <-left
			delete(going, i)
			if code := runs[i].ProcessState.ExitCode(); code != job.ExitLocal || !strings.Contains(said[i].String(), "another run") || strings.Count(said[i].String(), "\n") != 1 {
				t.Errorf("found %v: %v, %q", found, runs[i].ProcessState, said[i].String())
			}
		}
		time.Sleep(200 * time.Millisecond)
		late, errs := start()
		for i := range going {
			holder := fmt.Sprintf("another run (process %d) writes to it", runs[i].Process.Pid)
			eventually(t, holder, func() bool { return strings.Contains(errs.String(), holder) })
			runs[i].Process.Kill()
		}
		<-left
		late.Wait()
		if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
			t.Errorf("%v, %v", list, err)
		}
	}
}

// TestOneRecordEach kills runs with SIGKILL at any moment, twenty times: each port has
// exactly one record in the end, and no line is broken.
func TestOneRecordEach(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 10))
	for _, words := range []string{
		"tcp --via connect -PN -p 1-6000 --rate 5000 127.0.0.9",
		"tcp --via connect -PN -p 1-30 --rate 5000 127.0.1.1-127.0.1.200",
		"tcp --via connect -PN -R -p 1-30 --rate 5000 127.0.2.1-127.0.2.200",
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "out")
		line := words + " --seed 5 --resume " + filepath.Join(dir, "kept") + " -o json=" + out
		for range 20 {
			cmd := exec.Command(program(t), strings.Fields(line)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(30+rng.IntN(120)) * time.Millisecond)
			cmd.Process.Kill()
			cmd.Wait()
		}
		if b, err := exec.Command(program(t), strings.Fields(line)...).CombinedOutput(); err != nil && bytes.Contains(b, []byte("sonde:")) {
			t.Fatalf("%s: %v: %s", line, err, b)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		ports := map[string]int{}
		for l := range bytes.Lines(b) {
			r, err := output.Decode(l)
			if err != nil {
				t.Fatalf("%v: %s", err, l)
			}
			if p, ok := r.(*report.Port); ok {
				ports[fmt.Sprint(p.Addr, p.Port)]++
			}
		}
		double := 0
		for _, n := range ports {
			if n > 1 {
				double++
			}
		}
		if len(ports) != 6000 || double > 0 {
			t.Errorf("%s: records of %d ports, %d have several", words, len(ports), double)
		}
	}
}
