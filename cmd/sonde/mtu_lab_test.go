package main

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/report"
)

// TestMTU: what is longer than the interface takes is refused before anything is sent; where the interface's MTU becomes
// smaller in the middle of a run, what does not fit any more is unknown (local-error).
func TestMTU(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"10.2.0.10", "fd02::10"} {
		for _, line := range []string{"tcp -PN -p 1-12", "tcp -PN -sF -p 1-12", "udp -PN -p 1-12", "sweep -PE", "trace -p 80"} {
			o := newOffice(t)
			tooLong := append(strings.Fields(line), "--data-length", "1500", target)
			got := finish(t, o.client.Command(program(t), tooLong...), tooLong)
			if got.exit != job.ExitUsage || !strings.Contains(got.stderr, "does not fit the MTU of 1500 on eth0") {
				t.Errorf("%s %s: exit %d, %s", line, target, got.exit, got.stderr)
			}
			if !strings.Contains(line, "-p 1-12") {
				continue
			}
			args := append(strings.Fields(line), "--data-length", "1400", "--rate", "4", "-o", "json", target)
			cmd := o.client.Command(program(t), args...)
			s := &stage{count: []byte(`"type":"port"`), at: make(chan struct{}), left: 2}
			var errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = s, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			killer := time.AfterFunc(patience, func() { cmd.Process.Signal(syscall.SIGABRT) })
			<-s.at
			o.client.MTU("eth0", 1280)
			cmd.Wait()
			killer.Stop()
			answered, long := 0, 0
			for _, r := range parseRecords(t, s.all.Bytes()) {
				switch p, ok := r.(*report.Port); {
				case !ok:
				case p.State == probe.Closed:
					answered++
				case p.Reason == probe.ReasonLocalError && probe.Trouble(p.Errno) == probe.Trouble(syscall.EMSGSIZE):
					long++
				default:
					t.Errorf("%s %s: port %d is %s, %s", line, target, p.Port, p.State, p.Reason)
				}
			}
			if answered < 2 || long == 0 || answered+long != 12 || cmd.ProcessState.ExitCode() != job.ExitLocal {
				t.Errorf("%s %s: %d closed, %d too long, %v\n%s%s", line, target, answered, long, cmd.ProcessState, s.all.Bytes(), errs.String())
			}
		}
	}
}
