package main

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestRate: at the other end of the link, --rate is what comes in at most, of
// everything: both families, ARP and ND, first and further tries. And it comes evenly:
// never more than twice its share of ten milliseconds within any.
//
// Where others use the machine, sonde cannot always send when it should, for longer
// than it may make up for. That makes the rate lower, and is no excuse for more. How
// much lower is shown; that it is not where nobody is in the way is TestGivenRate's, of
// package scan, where time is virtual.
func TestRate(t *testing.T) {
	const exact, window = 0.02, 10 * time.Millisecond
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2") // which has no way there itself
	seen := server.Arrivals("eth0")
	for _, tt := range []struct {
		rate      int
		four, six string // more than can be asked three times until the deadline
	}{
		{1_000, "10.2.0.0/20", "fd02::/116"}, // by raw sockets
		{10_000, "10.2.0.0/17", "fd02::/113"},
		{100_000, "10.2.0.0/16", "fd02::/112"},
	} {
		t.Run(fmt.Sprint(tt.rate), func(t *testing.T) {
			cmd := client.Command(program(t), "tcp", "-q", "-PN", "-p", "443", "--timeout", "100ms",
				"--max-retries", "2", "--deadline", "1800ms", "--rate", strconv.Itoa(tt.rate), tt.four, tt.six)
			times := arrivals(t, cmd, seen)
			if len(times) < 100 || cmd.ProcessState.ExitCode() != 3 {
				t.Fatalf("%d packets, %v", len(times), cmd.ProcessState)
			}
			got, most := float64(len(times)-1)/times[len(times)-1].Sub(times[0]).Seconds(), most(times, window)
			t.Logf("%d packets, %.1f a second, at most %d in %v", len(times), got, most, window)
			if got > (1+exact)*float64(tt.rate) {
				t.Errorf("%.1f packets a second", got)
			}
			if limit := 2 * tt.rate / int(time.Second/window); most > limit {
				t.Errorf("%d packets in %v, want %d at most", most, window, limit)
			}
		})
	}
}

// most returns the highest number of packets in any window of time.
func most(times []time.Time, window time.Duration) (most int) {
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// arrivals runs a command and returns when what it sent came in. How it ended is in its
// ProcessState.
func arrivals(t *testing.T, cmd *lab.Cmd, seen *lab.Arrivals) []time.Time {
	t.Helper()
	done := make(chan struct{})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		cmd.Wait()
	}()
	return seen.Until(done)
}
