package main

import (
	"fmt"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/report"
)

// TestFewDescriptors: however few files may be open (ulimit -n), a run asks everything and
// learns what it would with more, or names that limit and exits with 4: no stacks, nothing
// called filtered, no service left out without a word.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const services = 12
	for port := range services {
		o.server.Serve(9000+port, says(sshBanner))
	}
	whole := map[string]int{}
	for _, line := range []string{"tcp -PN -p 1-40", "tcp -PN -p 1-40 --via connect", "udp -PN -p 1-5", "udp -PN -p 1-5 --via connect",
		"fp -p 9000-9011", "tcp -PN -p 9000-9011 --confirm", "trace -p 9000", "sweep -PE", "doctor"} {
		for _, target := range []string{"10.2.0.10", "fd02::10"} {
			for _, limit := range []int{5, 6, 8, 13, 17, 20, 40} {
				args := []string{"-c", `ulimit -n "$0"; exec "$@"`, fmt.Sprint(limit), program(t)}
				args = append(append(args, strings.Fields(line)...), "-o", "json", target)
				got := finish(t, o.client.Command("/bin/sh", args...), args)
				name := fmt.Sprintf("ulimit -n %d, %s %s", limit, line, target)
				said := got.text + got.stderr
				switch {
				case strings.Contains(said, "goroutine "):
					t.Errorf("%s: stacks\n%.500s", name, said)
				case got.exit == job.ExitLocal && !strings.Contains(said, "ulimit -n"):
					t.Errorf("%s: exit 4 does not say why\n%s", name, said)
				case got.exit != job.ExitYes && got.exit != job.ExitNo && got.exit != job.ExitLocal:
					t.Errorf("%s: exit %d\n%s", name, got.exit, said)
				}
				ports, known := 0, 0
				for _, r := range parseRecords(t, []byte(got.text)) {
					switch r := r.(type) {
					case *report.Port:
						ports++
						if got.exit == job.ExitYes && strings.HasSuffix(line, "--confirm") && !r.Confirmed {
							t.Errorf("%s: port %d is not confirmed, exit 0", name, r.Port)
						}
						if r.State != probe.Open && r.State != probe.Closed && r.Reason != probe.ReasonLocalError {
							t.Errorf("%s: port %d is %s", name, r.Port, r.State)
						}
					case *report.Service:
						if r.Service != "" {
							known++
						}
					}
				}
				if got.exit != job.ExitLocal {
					whole[line]++
				}
				if strings.HasPrefix(line, "fp") && got.exit != job.ExitLocal && known != services {
					t.Errorf("%s: %d services of %d ports, exit %d", name, known, ports, got.exit)
				}
			}
		}
	}
	for line, n := range whole {
		t.Logf("%s: whole in %d of 14 runs", line, n)
	}
	if len(whole) != 9 {
		t.Errorf("only these were whole under some limit: %v", whole)
	}
}
