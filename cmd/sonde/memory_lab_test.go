package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestMemory: one port of a /16 takes no more than 32 MiB, of everything: the
// program, its window, and the ring that answers come through. Where nobody answers
// all questions are in the window at once.
func TestMemory(t *testing.T) {
	const limit = 32 << 10 // KiB
	labtest.NeedXDP(t)
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Answer("eth0", lab.Answers{Range: netip.MustParsePrefix("10.128.0.0/16"), Alive: 0.05, Open: []uint16{443}})
	for _, tt := range []struct {
		name, targets string
		exit          int
	}{{"answered", "10.128.0.0/16", 0}, {"silent", "10.2.0.0/16", 3}, {"silent IPv6", "fd02::/112", 3}} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := client.Command(program(t), "tcp", "-T5", "-PN", "--open", "-p", "443", tt.targets)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				cmd.Wait() // how it ended is in ProcessState
			}()
			most := mostMemory(cmd.Process.Pid, done)
			t.Logf("%d KiB", most)
			if exit := cmd.ProcessState.ExitCode(); exit != tt.exit {
				t.Errorf("exit %d, want %d", exit, tt.exit)
			}
			if most == 0 || most > limit {
				t.Errorf("%d KiB, want %d at most", most, limit)
			}
		})
	}
}

// mostMemory returns how much memory a process ever had in use, in KiB, as the
// kernel tells it until the process has ended, or shortly before. What wait4(2)
// tells is no less than the memory of whoever started the process.
func mostMemory(pid int, ended <-chan struct{}) (most int) {
	for {
		select {
		case <-ended:
			return most
		case <-time.After(time.Millisecond):
		}
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended just now
		if _, rest, ok := strings.Cut(string(b), "\nVmHWM:"); ok {
			fmt.Sscan(rest, &most)
		}
	}
}
