package main

import (
	"slices"
	"strings"
	"testing"

	"sonde/scan/job"
	"sonde/scan/network"
	"sonde/scan/simnet"
)

// TestExtended asks by the added kind on a simulated network and reads the
// added format, both through the command line.
func TestExtended(t *testing.T) {
	simulated, err := simnet.Parse("knocked", strings.ReplaceAll(behind, "\tline delay 1ms\n", "\tline delay 1ms\n\trule admin-prohibited tcp 25\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		exit int
		want []string // lines in any order
	}{
		{"tcp -PN -sZ -p 25,80 --timeout 50ms -o lines 10.1.0.7", job.ExitYes, []string{
			"10.1.0.7 25/tcp filtered admin-prohibited", "10.1.0.7 80/tcp open syn-ack", "10.1.0.7 host up syn-ack"}},
		{"tcp -PN -sZ -p 80 -o lines fd01::7", job.ExitYes, []string{"fd01::7 80/tcp open syn-ack", "fd01::7 host up syn-ack"}},
		{"tcp -PN -sZ -p 81 -o lines 10.1.0.7", job.ExitNo, []string{"10.1.0.7 81/tcp closed reset", "10.1.0.7 host up reset"}},
		{"sweep -PZ -o lines 10.1.0.7", job.ExitYes, []string{"10.1.0.7 host up syn-ack"}},
		{"sweep -PZ81 -o lines fd01::7", job.ExitYes, []string{"fd01::7 host up reset"}},
	} {
		exit, stdout, stderr := asked(test.args, func(*network.Request) (*network.Network, error) { return simulatedBy(simulated.Open()), nil })
		got := sortedLines(stdout)
		slices.Sort(test.want)
		if exit != test.exit || !slices.Equal(got, test.want) {
			t.Errorf("sonde %s: exit %d, want %d\n%s\nwant\n%s\n%s", test.args, exit, test.exit,
				strings.Join(got, "\n"), strings.Join(test.want, "\n"), stderr)
		}
	}
}
