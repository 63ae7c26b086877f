package main

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/report"
)

// TestExitCodes: every exit code that a network can bring about.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	fourPorts(n.server)
	n.server.UDP(53, lab.DNS(map[string][]netip.Addr{
		"web.test": {netip.MustParseAddr("10.2.0.10"), netip.MustParseAddr("fd02::10")},
	}))
	n.router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "9001", Do: lab.AdminProhibited})
	nameServer(t, n.net, "10.2.0.10")
	alone := n.net.Host("alone") // with a network, but no way out of it
	n.net.Link(alone, n.net.Host("nobody"), "10.9.0.1/24", "10.9.0.2/24", "fd09::1/64", "fd09::2/64")
	for _, tt := range []struct {
		name string
		from *lab.Host
		line string
		exit int
	}{
		{"open", n.client, "tcp -PN -p 80,445,9000 10.2.0.10", job.ExitYes},
		{"open, expected", n.client, "tcp -PN -p 22,80 --expect open fd02::10", job.ExitYes},
		{"silence, expected", n.client, "tcp -PN -p 445 --expect filtered 10.2.0.10", job.ExitYes},
		{"up", n.client, "sweep -PE fd02::10", job.ExitYes},
		{"closed", n.client, "tcp -PN -p 9000 10.2.0.10", job.ExitNo},
		{"rejected", n.client, "tcp -PN -p 9001 fd02::10", job.ExitNo},
		{"not all as expected", n.client, "tcp -PN -p 22,9000 --expect open 10.2.0.10", job.ExitNo},
		{"no such host on the link", n.client, "sweep 10.1.0.77", job.ExitNo},
		{"usage", n.client, "tcp -PN -p 0 10.2.0.10", job.ExitUsage},
		{"silence", n.client, "tcp -PN -p 445,9000 10.2.0.10", job.ExitSilence},
		{"silence, something else expected", n.client, "tcp -PN -p 22,445 --expect open fd02::10", job.ExitSilence},
		{"deadline", n.client, "tcp -PN -p 445 --deadline 300ms 10.2.0.10", job.ExitSilence},
		{"deadline, but something is open", n.client, "tcp -PN -p 80,445 --timeout 5s --deadline 2s 10.2.0.10", job.ExitYes},
		{"no route", alone, "tcp -PN -p 80 192.0.2.1", job.ExitLocal},
		{"no route, IPv6", alone, "sweep 2001:db8::1", job.ExitLocal},
		{"no route for one of two", alone, "udp -PN -p 53 10.9.0.2 192.0.2.1", job.ExitLocal},
		{"no such interface", n.client, "tcp -PN -p 80 -e eth7 10.2.0.10", job.ExitLocal},
		{"output not writable", n.client, "tcp -PN -p 80 -o json=/nowhere/file 10.2.0.10", job.ExitLocal},
		{"name", n.client, "tcp -PN -p 80 -4 web.test", job.ExitYes},
		{"no such name", n.client, "tcp -PN -p 80 none.test", job.ExitName},
		{"no such name, but another", n.client, "tcp -PN -p 80 -4 none.test web.test", job.ExitName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := typed(t, tt.from, strings.Fields(tt.line)...)
			o.wantExit(t, tt.exit)
			lines := strings.Count(o.stderr, "\n")
			switch {
			case tt.exit == job.ExitUsage || tt.exit == job.ExitName:
				if lines != 1 {
					t.Errorf("%d lines on stderr, want one clear one", lines)
				}
			case tt.exit != job.ExitLocal && lines > 0:
				t.Errorf("complaints on stderr: %s", o.stderr)
			}
			if tt.exit == job.ExitLocal && o.stderr == "" && !strings.Contains(o.text, "local error: ") {
				t.Error("nothing says what is wrong")
			}
		})
	}
}

// TestInterfaceGoesDown: what cannot be asked any more is a local error, neither
// closed nor filtered, and the run ends by itself.
func TestInterfaceGoesDown(t *testing.T) {
	t.Parallel()
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			n := newOffice(t)
			n.server.Firewall(lab.Rule{Proto: "tcp", Do: lab.Drop})
			file := filepath.Join(t.TempDir(), "json")
			cmd := n.client.Command(program(t), "tcp", "-PN", "-p", "1-200", "--rate", "100", "-o", "json="+file, f.server)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			wire := n.client.Capture("eth0")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			killer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
			defer killer.Stop()
			if wire.Await(patience, func(p *lab.Packet) bool { return p.TCP() != nil }) == nil {
				t.Error("nothing is sent")
			}
			n.client.Down("eth0")
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != job.ExitLocal {
				t.Errorf("exit %d, want %d; stderr: %s", got, job.ExitLocal, errs.String())
			}
			states := map[string]int{}
			for _, p := range recordsOf[*report.Port](readRecords(t, file)) {
				states[portRecord{*p}.state()]++
			}
			t.Log(states, errs.String())
			if states["unknown (local-error)"] == 0 {
				t.Errorf("states: %v", states)
			}
			for s := range states {
				if s != "unknown (local-error)" && s != "filtered (no-response)" {
					t.Errorf("%d ports are %s", states[s], s)
				}
			}
		})
	}
}
