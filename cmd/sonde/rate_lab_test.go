package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"sonde/scan/lab/labtest"
)

// TestRate: at the other end of the link, --rate is what comes in, of everything:
// ARP and ND, first and further tries. And it comes evenly: never more than twice
// its share of ten milliseconds within any.
//
// Where others use the machine, sonde cannot always send when it should, for longer
// than it may make up for. That makes the rate lower, so it is measured again. It
// is no excuse for more.
func TestRate(t *testing.T) {
	const attempts, exact, window = 5, 0.02, 10 * time.Millisecond
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	client.Default("10.1.0.2", "fd01::2") // which has no way there itself
	seen := server.Arrivals("eth0")
	for _, tt := range []struct {
		rate    int
		targets [2]string // more than can be asked three times until the deadline
	}{
		{1_000, [2]string{"10.2.0.0/20", "fd02::/116"}}, // by raw sockets
		{10_000, [2]string{"10.2.0.0/17", "fd02::/113"}},
		{100_000, [2]string{"10.2.0.0/16", "fd02::/112"}},
	} {
		for _, targets := range tt.targets {
			t.Run(fmt.Sprintf("%d of %s", tt.rate, targets), func(t *testing.T) {
				want, limit := float64(tt.rate), 2*tt.rate/int(time.Second/window)
				free := 0.0
				for range attempts {
					cmd := client.Command(program(t), "tcp", "-q", "-PN", "-p", "443", "--timeout", "100ms",
						"--max-retries", "2", "--deadline", "1800ms", "--rate", strconv.Itoa(tt.rate), targets)
					began, idle := time.Now(), idleTime(t)
					done := make(chan struct{})
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					go func() {
						defer close(done)
						cmd.Wait() // how it ended is in ProcessState
					}()
					times := seen.Until(done)
					if len(times) < tt.rate || cmd.ProcessState.ExitCode() != 3 {
						t.Fatalf("%d packets, %v", len(times), cmd.ProcessState)
					}
					unused := float64(idleTime(t)-idle) / float64(time.Since(began)) / float64(runtime.NumCPU())
					got, most := float64(len(times)-1)/times[len(times)-1].Sub(times[0]).Seconds(), most(times, window)
					t.Logf("%d packets, %.1f a second, at most %d in %v; %.0f %% of the processors idle", len(times), got, most, window, 100*unused)
					if got > (1+exact)*want {
						t.Errorf("%.1f packets a second", got)
					}
					if most > limit {
						t.Errorf("%d packets in %v, want %d at most", most, window, limit)
					}
					if got >= (1-exact)*want {
						return
					}
					free = max(free, unused)
				}
				if free < 0.4 {
					t.Skipf("slower each time, but this machine is busy: never more than %.0f %% of its processors were idle", 100*free)
				}
				t.Errorf("slower each time")
			})
		}
	}
}

// idleTime is for how long the machine's processors have had nothing to do, all of
// them together.
func idleTime(t *testing.T) time.Duration {
	t.Helper()
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	var user, nice, system, idle, disk int64 // in hundredths of a second, see proc_stat(5)
	if _, err := fmt.Sscanf(string(b), "cpu %d %d %d %d %d", &user, &nice, &system, &idle, &disk); err != nil {
		t.Fatal(err)
	}
	return time.Duration(idle+disk) * 10 * time.Millisecond
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
