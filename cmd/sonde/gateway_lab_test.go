package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/report"
)

// TestGatewayDies: a gateway that falls silent in the middle of a run is no filter,
// whether the kernel sends or frames leave past it: what was asked after that is unknown,
// exit 4, and why. What was asked before is as ever, and nobody is suspected.
func TestGatewayDies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line          string
		silent, ports int
		after         int // so many records it dies
	}{
		{"tcp -PN -p 1-600 --rate 300", 10, 600, 200},
		{"tcp -PN -p 1-9000 --rate 3000", 20, 9000, 3000},
		{"udp -PN -p 1-300 --rate 200", 10, 300, 100},
	} {
		for _, target := range []string{"10.2.0.10", "fd02::10"} {
			t.Run(strings.Join([]string{tt.line, target}, " "), func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				c := cell{errand: errand{silent: tt.silent}}
				c.furnish(o)
				wire := o.client.Capture("eth0")
				args := append(strings.Fields(tt.line), "-o", "json", target)
				s := &stage{count: []byte(`"type":"port"`), at: make(chan struct{}), left: tt.after}
				cmd := o.client.Command(program(t), args...)
				var errs bytes.Buffer
				cmd.Stdout, cmd.Stderr = s, &errs
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan struct{})
				go func() { cmd.Wait(); close(ended) }()
				var died time.Time
				for at := s.at; ; {
					select {
					case <-at:
						o.router.Firewall(lab.Rule{Chain: lab.Ingress, In: "eth0", Do: lab.Drop})
						died, at = time.Now(), nil
						continue
					case <-ended:
					default: // a capture has room for some thousand packets
						wire.Await(10*time.Millisecond, func(*lab.Packet) bool { return false })
						continue
					}
					break
				}
				got := &outcome{text: s.all.String(), stderr: errs.String(), exit: cmd.ProcessState.ExitCode()}
				got.take(t, parseRecords(t, s.all.Bytes()))
				got.wantExit(t, job.ExitLocal)
				last := map[int]time.Time{}
				for _, p := range wire.Packets().Out() {
					switch tcp, udp := p.TCP(), p.UDP(); {
					case tcp != nil && tcp.SYN:
						last[int(tcp.DstPort)] = p.At
					case udp != nil:
						last[int(udp.DstPort)] = p.At
					}
				}
				local, after := 0, 0
				for port, p := range got.ports {
					if last[port].After(died) {
						after++
					}
					switch {
					case p.Reason == probe.ReasonLocalError:
						local++
					case p.State != probe.Filtered && p.State != probe.OpenFiltered:
					case port > tt.silent, last[port].After(died):
						t.Errorf("port %d, last asked %v after the gateway had died: %s", port, last[port].Sub(died), jsonOf(&p.Port))
					}
				}
				// How many are left when it dies depends on how soon the machine gets to
				// it; of these an answer that was under way may have come to one or two.
				if len(recordsOf[*report.Port](got.records)) != tt.ports || local == 0 || local < after*9/10 || len(got.findings) > 0 {
					t.Errorf("%d ports, %d of them local, %d asked after it had died, %d findings\n%s", len(got.ports), local, after, len(got.findings), errs.String())
				}
				for _, f := range got.findings {
					t.Errorf("nobody is to be suspected for it: %s", jsonOf(f))
				}
				t.Logf("%d local, %d asked after it had died, in %v", local, after, time.Since(died))
			})
		}
	}
}
