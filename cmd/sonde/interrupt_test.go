package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/report"
)

// TestInterruptVirtual ends runs at any moment of them: JSON is whole, and says
// that it is not complete.
func TestInterruptVirtual(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, line := range []string{"tcp -p 1-300 10.2.0.10 2001:db8:2::10", "udp 10.2.0.10", "sweep 10.2.0.0/24 2001:db8:2::/124",
		"tcp -p 1-50 10.2.0.0/24", "tcp -PE -p 1-50 10.2.0.10 10.2.0.11"} {
		for range 40 {
			s := on("office.net", line+" -o json")
			s.cancel = time.Duration(1 + rng.Int64N(int64(1500*time.Millisecond)))
			s.cause = job.ErrInterrupted
			o := s.run(t)
			end := o.end()
			if whole := o.elapsed < s.cancel; whole != end.Complete || !whole && o.code != job.ExitInterrupted {
				t.Errorf("%s, ended after %v of %v: exit %d, complete %v", line, s.cancel, o.elapsed, o.code, end.Complete)
			}
			if late := o.elapsed - s.cancel; late > 0 {
				t.Errorf("%s: it went on for %v", line, late)
			}
			ports, hosts := map[netip.AddrPort]int{}, map[netip.Addr]int{}
			for _, r := range o.hosts() {
				hosts[r.Addr]++
			}
			for _, r := range o.ports() {
				ports[netip.AddrPortFrom(r.Addr, r.Port)]++
				if hosts[r.Addr] != 1 {
					t.Fatalf("%s: %d records of the host %v, of which ports are known", line, hosts[r.Addr], r.Addr)
				}
			}
			if !strings.Contains(line, "/") && !strings.Contains(line, "-PE") { // all that is asked is ports
				asked := uint64(0)
				for _, r := range o.ports() {
					if r.Tries > 0 {
						asked++
					}
				}
				if probes := o.scan().Probes; asked+end.Unasked != probes {
					t.Errorf("%s, ended after %v: of %d ports %d were asked and %d not", line, o.elapsed, probes, asked, end.Unasked)
				}
			}
			for key, n := range ports {
				if n != 1 {
					t.Errorf("%s: %d records of %v", line, n, key)
				}
			}
		}
	}
}

// TestInterruptSweep: who was found to be up before the end is reported, though
// no port was asked yet.
func TestInterruptSweep(t *testing.T) {
	s := on(exits, "tcp -p 80 10.1.0.0/29 -o json")
	s.cancel, s.cause = 300*time.Millisecond, job.ErrInterrupted
	o := s.run(t)
	if hosts := o.hosts(); len(hosts) != 1 || hosts[0].Addr.String() != "10.1.0.1" || hosts[0].State != probe.Up {
		t.Errorf("hosts: %+v", hosts)
	}
}

// slow is a scan of this machine by the kernel's sockets that takes 40 s.
var slow = []string{"tcp", "--via", "connect", "-p", "1-2000", "--rate", "50", "127.0.0.1", "-o", "json"}

// TestInterruptReal sends signals to the program at any moment, while the
// kernel asks.
func TestInterruptReal(t *testing.T) {
	t.Parallel()
	path := program(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 50 {
		cmd := exec.Command(path, slow...)
		wantInterrupted(t, cmd, cmd.Start, i, time.Duration(rng.Int64N(int64(150*time.Millisecond))))
	}
}

// TestInterruptRaw does the same while packets of our own ask.
func TestInterruptRaw(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(22, 80)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 30 {
		line := []string{
			"tcp -PN -p 1-2000 --rate 200 -o json 10.2.0.10 fd02::10",
			"udp -PN -p 1-2000 --rate 200 -o json fd02::10",
			"sweep --rate 100 -o json 10.2.0.0/24 10.1.0.0/24 fd02::/120",
		}[i%3]
		cmd := n.client.Command(program(t), strings.Fields(line)...)
		wantInterrupted(t, cmd.Cmd, cmd.Start, i, time.Duration(rng.Int64N(int64(300*time.Millisecond))))
	}
}

// wantInterrupted starts a program that writes JSON and ends it so long after
// its first byte: by SIGTERM every fifth time, by SIGINT else.
func wantInterrupted(t *testing.T, cmd *exec.Cmd, start func() error, number int, after time.Duration) {
	t.Helper()
	sig, code := syscall.SIGINT, job.ExitInterrupted
	if number%5 == 0 {
		sig, code = syscall.SIGTERM, job.ExitTerminated
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer killer.Stop()
	out := make([]byte, 1)
	if _, err := io.ReadFull(pipe, out); err != nil { // before, it is not ready for signals
		t.Fatal(err)
	}
	time.Sleep(after)
	cmd.Process.Signal(sig)
	rest, err := io.ReadAll(pipe)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, rest...)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("%v: exit %d, want %d (%v)\n%s", sig, got, code, cmd.ProcessState, errs.String())
	}
	records := parseRecords(t, out)
	last := records[len(records)-1]
	if end, ok := last.(*report.End); !ok || end.Complete || end.Exit != code {
		t.Errorf("%v: the last record is %s", sig, jsonOf(last))
	}
}

// TestReaderLeaves: a closed pipe ends the run soon and without a word.
func TestReaderLeaves(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(program(t), slow...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() }) // long before it would be over
	defer killer.Stop()
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	cmd.Wait()
	if errs.Len() > 0 || cmd.ProcessState.ExitCode() < 0 {
		t.Errorf("%v: %s", cmd.ProcessState, errs.String())
	}
}

// TestFullDisk: an output that cannot be written is told in one line, exit 4.
func TestFullDisk(t *testing.T) {
	for _, args := range [][]string{
		{"-o", "json"},
		{"-o", "text"},
		{"-o", "json=/dev/full"},
		{"-o", "text=/dev/full"},
		{"--expect", "closed"},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer full.Close()
		cmd := exec.Command(program(t), append([]string{"tcp", "--via", "connect", "-p", "1-20", "127.0.0.1"}, args...)...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &errs
		if strings.HasSuffix(args[1], "/dev/full") {
			cmd.Stdout = &out
		}
		cmd.Run()
		if cmd.ProcessState.ExitCode() != job.ExitLocal || strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%q: %v, %q", args, cmd.ProcessState, errs.String())
		}
	}
}
