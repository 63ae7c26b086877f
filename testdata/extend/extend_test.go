package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/simnet"
)

const knocked = `
iface eth0 10.0.0.1/24 fd00::1/64 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 mac 02:00:00:00:00:02
	line delay 1ms
	rule admin-prohibited tcp 25
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.7 no echo
	tcp open 80
hosts fd01::7 no echo
	tcp open 80
`

// TestExtended asks by the added kind on a simulated network and reads the
// added format, both through the command line.
func TestExtended(t *testing.T) {
	simulated, err := simnet.Parse("knocked", knocked)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		exit int
		want []string // lines in any order
	}{
		{"tcp -PN -sZ -p 25,80 --timeout 50ms -o lines 10.1.0.7", exitYes, []string{
			"10.1.0.7 25/tcp filtered admin-prohibited", "10.1.0.7 80/tcp open syn-ack", "10.1.0.7 host up syn-ack"}},
		{"tcp -PN -sZ -p 80 -o lines fd01::7", exitYes, []string{"fd01::7 80/tcp open syn-ack", "fd01::7 host up syn-ack"}},
		{"tcp -PN -sZ -p 81 -o lines 10.1.0.7", exitNo, []string{"10.1.0.7 81/tcp closed reset", "10.1.0.7 host up reset"}},
		{"sweep -PZ -o lines 10.1.0.7", exitYes, []string{"10.1.0.7 host up syn-ack"}},
		{"sweep -PZ81 -o lines fd01::7", exitYes, []string{"fd01::7 host up reset"}},
		{"tcp -sZ --via connect -o lines 10.1.0.7", exitUsage, nil},
	} {
		var stdout, stderr bytes.Buffer
		a := &app{args: strings.Fields(test.args), stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
			open: func(*request) (*network, error) {
				link := simulated.Open()
				return &network{link: link, routes: link, start: time.Now(), ports: probe.Ports{First: 61000, N: 4000}, close: func() {}}, nil
			}}
		exit := a.run()
		got := slices.Sorted(strings.Lines(stdout.String()))
		for i := range got {
			got[i] = strings.TrimSuffix(got[i], "\n")
		}
		slices.Sort(test.want)
		if exit != test.exit || !slices.Equal(got, test.want) {
			t.Errorf("sonde %s: exit %d, want %d\n%s\nwant\n%s\n%s", test.args, exit, test.exit,
				strings.Join(got, "\n"), strings.Join(test.want, "\n"), &stderr)
		}
	}
}
