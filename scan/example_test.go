package scan_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/simnet"
)

// A host behind a router, three of whose ports are asked by SYN.
const exampleNetwork = `
iface eth0 10.0.0.1/24
route 0.0.0.0/0 via 10.0.0.2
router r1 10.0.0.2
	rule admin-prohibited tcp 25
path 10.1.0.0/16 r1
hosts 10.1.0.5
	tcp open 80
`

// Example runs a plan on a simulated network. On a real one, link.Open takes the
// place of the simulation.
func Example() {
	network, err := simnet.Parse("example", exampleNetwork)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	link := network.Open()
	config := scan.Config{
		Link: link, Routes: link, Start: time.Now(),
		Timing: scan.Template(3),
		Ports:  probe.Ports{First: 61000, N: 4000},
	}
	plan := scan.Plan{
		Targets: scan.NewAddrs(netip.MustParseAddr("10.1.0.5")),
		Kinds:   []probe.Kind{probe.SYN},
		Asks:    []scan.Ask{{Port: 25}, {Port: 80}, {Port: 443}},
	}
	var lines []string
	err = scan.Serve(config, func(e *scan.Engine) error {
		stats, err := e.Run(context.Background(), &plan, func(r *scan.Result) {
			lines = append(lines, fmt.Sprintf("%v port %d: %v (%v)", r.Probe.Target, r.Probe.Port, r.Verdict.State, r.Verdict.Reason))
		})
		lines = append(lines, fmt.Sprintf("complete: %v", stats.Complete))
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	slices.Sort(lines) // they come as they are found
	for _, line := range lines {
		fmt.Println(line)
	}
	// Output:
	// 10.1.0.5 port 25: filtered (admin-prohibited)
	// 10.1.0.5 port 443: closed (reset)
	// 10.1.0.5 port 80: open (syn-ack)
	// complete: true
}
