package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// askedBy is a way of asking: packets of our own, the kernel as the user wants it, and
// the kernel since nothing else is permitted.
type askedBy struct {
	name string
	ask  func(t *testing.T, h *lab.Host, line string, more ...string) *outcome
}

func waysOfAsking() []askedBy {
	return []askedBy{
		{"raw", ask},
		{"connect", func(t *testing.T, h *lab.Host, line string, more ...string) *outcome {
			t.Helper()
			return ask(t, h, line+" --via connect", more...)
		}},
		{"user", rights{start: asUser}.ask},
	}
}

// repeated are the counts of all questions of a run.
func (o *outcome) repeated() (list []*report.Repeat) {
	for _, r := range o.records {
		switch r := r.(type) {
		case *report.Port:
			list = append(list, r.Repeat)
		case *report.Host:
			if r.Repeat != nil {
				list = append(list, r.Repeat)
			}
		}
	}
	return list
}

// TestRepeatsOfTheKernel: every way of asking repeats its questions, and each
// repetition is answered.
func TestRepeatsOfTheKernel(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.client.Sysctl("net/ipv4/ping_group_range", "0 2147483647")
	o.server.TCP(22)
	o.server.UDP(53, lab.Echo)
	for _, way := range waysOfAsking() {
		for _, tt := range []struct {
			line   string
			states []probe.State
			exit   int
		}{{"tcp -c 5 -p 22,23", []probe.State{probe.Open, probe.Closed}, 0}, {"udp -c 5 -p 53,54", []probe.State{probe.Open, probe.Closed}, 0},
			{"tcp -c 5 -p 23", []probe.State{probe.Closed}, 1}, {"sweep -c 5", nil, 0}, {"tcp -c 3 -g 4025 -p 22,23", []probe.State{probe.Open, probe.Closed}, 0}} {
			for _, target := range []string{"10.2.0.10", "fd02::10"} {
				got := way.ask(t, o.client, tt.line+" --interval 30ms --timeout 10s", target)
				got.wantExit(t, tt.exit)
				times := uint32(5)
				if strings.Contains(tt.line, "-c 3") {
					times = 3
				}
				list := got.repeated()
				if len(list) != max(1, len(tt.states)) {
					t.Errorf("%s: %s: %d questions", way.name, tt.line, len(list))
				}
				for _, n := range list {
					if n.Sent != times || n.Answered != times || !n.Timed() || n.Late+n.Duplicates+n.Unsent > 0 {
						t.Errorf("%s: %s %s: %+v", way.name, tt.line, target, n)
					}
				}
				for i, p := range recordsOf[*report.Port](got.records) {
					if p.State != tt.states[i] {
						t.Errorf("%s: %s %s: port %d is %v", way.name, tt.line, target, p.Port, p.State)
					}
				}
			}
		}
	}
}

// TestRepeatsWithoutEcho: where the kernel sends no echo requests for us, a sweep of -c
// asks by connect, and says so.
func TestRepeatsWithoutEcho(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.client.Sysctl("net/ipv4/ping_group_range", "1 0")
	for _, target := range []string{"10.2.0.10", "fd02::10"} {
		got := rights{start: asUser}.ask(t, o.client, "sweep -c 3 --interval 30ms", target)
		got.wantExit(t, 0)
		if list := got.repeated(); len(list) != 1 || list[0].Answered != 3 || !strings.Contains(got.stderr, "so -c asks by connect to port 80") {
			t.Errorf("%v, %s", list, got.stderr)
		}
	}
}

// impaired is a client and a server with a link between them, as bad as it is told.
func impaired(t *testing.T, there, back lab.Impair) (client, server *lab.Host) {
	t.Helper()
	labtest.NeedTUN(t)
	n := labtest.New(t)
	client, server = n.Host("client"), n.Host("server")
	n.Emulated(client, server, there, back, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	server.NoICMPLimit()
	server.TCP(22)
	server.UDP(53, lab.Echo)
	return client, server
}

// TestRepeatsOnABadLink: loss, duplicates and reordering of a real link are counted, by
// every protocol and in both families.
func TestRepeatsOnABadLink(t *testing.T) {
	t.Parallel()
	there := lab.Impair{Seed: 3, Loss: 0.2, Delay: 5 * time.Millisecond}
	back := lab.Impair{Seed: 4, Duplicate: 0.3, Reorder: 0.2, Late: 60 * time.Millisecond, Delay: 5 * time.Millisecond}
	for _, line := range []string{"sweep", "tcp -p 23", "tcp -p 22", "udp -p 53"} {
		for _, target := range []string{"10.1.0.2", "fd01::2"} {
			t.Run(line+" "+target, func(t *testing.T) {
				t.Parallel()
				client, _ := impaired(t, there, back)
				got := ask(t, client, line+" -c 100 --interval 20ms --timeout 5s", target)
				list := got.repeated()
				if len(list) != 1 {
					t.Fatalf("%d questions", len(list))
				}
				// 80 of 100 are answered; 55 and 97 are more than four deviations off.
				if n := list[0]; n.Sent != 100 || n.Answered < 55 || n.Answered > 97 || n.Duplicates < 5 || n.Reordered < 2 || n.Min < 10*time.Millisecond {
					t.Errorf("%+v", n)
				}
			})
		}
	}
}

// TestWaitForServer: it ends when a server is there that was not at first, by every way
// of asking.
func TestWaitForServer(t *testing.T) {
	t.Parallel()
	program(t) // built before any time counts
	for _, way := range waysOfAsking() {
		for _, target := range []string{"10.2.0.10", "fd02::10"} {
			t.Run(way.name+" "+target, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				started := make(chan struct{})
				timer := time.AfterFunc(1500*time.Millisecond, func() {
					defer close(started)
					o.server.TCP(22)
					o.server.UDP(53, lab.Echo)
				})
				defer timer.Stop()
				got := way.ask(t, o.client, "tcp -p 22 --wait-for open --interval 200ms --deadline 60s", target)
				got.wantExit(t, 0)
				if p := got.ports[22]; p.State != probe.Open || len(got.ports) != 1 || !got.end.Complete {
					t.Errorf("%s after %v", p.state(), got.took)
				}
				t.Logf("after %d packets", got.end.Sent)
				<-started
				way.ask(t, o.client, "udp -p 53 --wait-for open --interval 200ms --deadline 60s", target).wantExit(t, 0)
				way.ask(t, o.client, "tcp -p 22 --wait-for closed --interval 200ms --deadline 1s", target).wantExit(t, job.ExitSilence)
			})
		}
	}
}

// TestWaitForNetwork: it waits for a route that is not there yet, and for one that goes
// while it waits.
func TestWaitForNetwork(t *testing.T) {
	t.Parallel()
	take := func(o *office) { o.client.TakeRoute("0.0.0.0/0", "10.1.0.2"); o.client.TakeRoute("::/0", "fd01::2") }
	program(t)
	give := func(o *office) { o.client.Default("10.1.0.2", "fd01::2") }
	for _, when := range []string{"first", "meanwhile"} {
		for _, way := range waysOfAsking() {
			for _, target := range []string{"10.2.0.10", "fd02::10"} {
				t.Run(fmt.Sprint(when, " ", way.name, " ", target), func(t *testing.T) {
					t.Parallel()
					o := newOffice(t)
					done := make(chan struct{})
					if when == "first" {
						take(o)
						o.server.TCP(22)
					}
					go func() {
						defer close(done)
						time.Sleep(time.Second)
						if when == "meanwhile" {
							take(o)
							time.Sleep(time.Second)
						}
						give(o)
						if when == "meanwhile" {
							o.server.TCP(22)
						}
					}()
					got := way.ask(t, o.client, "tcp -p 22 --wait-for open --interval 200ms --deadline 60s", target)
					<-done
					got.wantExit(t, 0)
					if p := got.ports[22]; p.State != probe.Open {
						t.Error(p.state())
					}
				})
			}
		}
	}
}

// TestWaitForGivesUpPrivileges: what waits for strangers holds no privileges.
func TestWaitForGivesUpPrivileges(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	seen := make(chan string, 1)
	o.server.Serve(22, func(net.Conn) {})
	cmd := o.client.Command(program(t), "tcp", "-p", "23", "--wait-for", "open", "--deadline", "4s", "-q", "10.2.0.10")
	time.AfterFunc(2*time.Second, func() {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		seen <- string(b) + fmt.Sprint(err)
	})
	got := finish(t, cmd, []string{"…"})
	got.wantExit(t, job.ExitSilence)
	if status := <-seen; !strings.Contains(status, "CapPrm:\t0000000000000000\n") {
		t.Errorf("while it waits:\n%s", status)
	}
}
