package job_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/simnet"
)

// printed prints the records that a run puts into it, ports in the order in which
// they are decided.
type printed struct{ mu sync.Mutex }

func (p *printed) Put(r report.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r := r.(type) {
	case *report.Scan:
		fmt.Printf("%s: %d questions\n", r.Command, r.Probes)
	case *report.Port:
		fmt.Printf("%v %d/%s: %v, %v\n", r.Addr, r.Port, r.Proto, r.State, r.Reason)
	case *report.Host:
		fmt.Printf("%v: %v\n", r.Addr, r.State)
	case *report.End:
		fmt.Printf("exit %d: %s\n", r.Exit, r.ExitReason)
	}
}

// ExampleRun reads a Spec and runs it on a simulated network. On a real one,
// network.Open takes the place of the function that opens the simulated one.
func ExampleRun() {
	spec, err := job.Parse([]byte(`{
		"command": "tcp",
		"targets": {"words": ["10.2.0.10"]},
		"ask":     {"ports": "22,81"},
		"part":    {"seed": 1}
	}`))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	simulated, err := simnet.Load("../../testdata/networks/office.net")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	env := &job.Env{Version: "example", Open: func(*network.Request) (*network.Network, error) {
		link := simulated.Open()
		return &network.Network{Link: link, Routes: link, Start: time.Now(), Ports: probe.Ports{First: 61000, N: 4000}}, nil
	}}
	outcome, err := job.Run(context.Background(), env, spec, &printed{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	code, _ := outcome.Exit()
	fmt.Println("the program would exit with", code)
	// Unordered output:
	// tcp: 2 questions
	// 10.2.0.10 22/tcp: open, syn-ack
	// 10.2.0.10 81/tcp: closed, reset
	// 10.2.0.10: up
	// exit 0: open
	// the program would exit with 0
}
