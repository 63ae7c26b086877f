package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// watching is a watched trace that is under way.
type watching struct {
	by, file string
	cmd      *lab.Cmd
	out      bytes.Buffer
}

// records are those that are written in whole.
func (w *watching) records(t *testing.T) []report.Record {
	b, err := os.ReadFile(w.file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return parseRecords(t, b[:bytes.LastIndexByte(b, '\n')+1])
}

// await waits until what is written is as it is to be.
func (w *watching) await(t *testing.T, what string, is func(list []report.Record) bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(w.records(t)); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: no %s: %s", w.by, what, w.out.String())
		}
	}
}

// TestTraceWatch: the route of a real router is replaced, and later put back: of each target it is
// told once each time that the router's next hop is another one, the second time as a way that
// was seen before, whatever is asked with; and Ctrl-C ends it with all hops. A change in the middle
// of a round is seen of the hop behind first, which is an event more.
func TestTraceWatch(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, first, last, server := n.Host("client"), n.Router("first"), n.Router("last"), n.Host("server")
	n.Link(client, first, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	var middle []*lab.Host
	for i := range 2 {
		r := n.Router(fmt.Sprintf("m%d", i))
		n.Link(first, r, fmt.Sprintf("10.2.%d.1/24", i), fmt.Sprintf("10.2.%d.2/24", i), fmt.Sprintf("fd02:%x::1/64", i+1), fmt.Sprintf("fd02:%x::2/64", i+1))
		n.Link(r, last, fmt.Sprintf("10.3.%d.1/24", i), fmt.Sprintf("10.3.%d.2/24", i), fmt.Sprintf("fd03:%x::1/64", i+1), fmt.Sprintf("fd03:%x::2/64", i+1))
		r.Default(fmt.Sprintf("10.3.%d.2", i), fmt.Sprintf("fd03:%x::2", i+1))
		r.Route("10.1.0.0/24", fmt.Sprintf("10.2.%d.1", i))
		r.Route("fd01::/64", fmt.Sprintf("fd02:%x::1", i+1))
		middle = append(middle, r)
	}
	n.Link(last, server, "10.9.0.1/24", "10.9.0.5/24", "fd09::1/64", "fd09::5/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Default("10.9.0.1", "fd09::1")
	last.Default("10.3.0.1", "fd03:1::1")
	first.Route("10.9.0.0/24", "10.2.0.2")
	first.Route("fd09::/64", "fd02:1::2")
	server.TCP(80)
	for _, h := range append(middle, first, last, server) {
		h.NoICMPLimit()
	}
	targets := []string{"10.9.0.5", "fd09::5"}
	var all []*watching
	for _, by := range []string{"--proto icmp", "-p 80", "--proto udp", "--proto udp --via connect"} {
		w := &watching{by: by, file: filepath.Join(t.TempDir(), "json")}
		args := append(strings.Fields("trace -n --watch --interval 300ms "+by+" -o text -o json="+w.file), targets...)
		w.cmd = client.Command(program(t), args...)
		w.cmd.Stdout, w.cmd.Stderr = &w.out, &w.out
		if err := w.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer w.cmd.Wait()
		defer w.cmd.Process.Kill()
		all = append(all, w)
	}
	// seen tells whether each target has so many events, and has had so many rounds whose second
	// hop answered since the last of them.
	seen := func(events, rounds int) func([]report.Record) bool {
		return func(list []report.Record) bool {
			had, since := map[string]int{}, map[string]int{}
			for _, r := range list {
				switch r := r.(type) {
				case *report.Reroute:
					if second(r.Was) != second(r.Now) {
						had[r.Addr.String()]++
						since[r.Addr.String()] = 0
					}
				case *report.Round:
					if r.TTL == 2 && r.From.IsValid() {
						since[r.Addr.String()]++
					}
				}
			}
			for _, target := range targets {
				if had[target] < events || since[target] < rounds {
					return false
				}
			}
			return true
		}
	}
	for turn, to := range []int{-1, 1, 0} {
		if to >= 0 {
			first.ReplaceRoute("10.9.0.0/24", fmt.Sprintf("10.2.%d.2", to))
			first.ReplaceRoute("fd09::/64", fmt.Sprintf("fd02:%x::2", to+1))
		}
		for _, w := range all {
			w.await(t, fmt.Sprintf("event %d and 3 rounds", turn), seen(turn, 3))
		}
	}
	for _, w := range all {
		w.cmd.Process.Signal(syscall.SIGINT)
		w.await(t, "end", func(list []report.Record) bool {
			_, over := list[len(list)-1].(*report.End)
			return over
		})
		w.cmd.Wait()
		t.Logf("%s: %s", w.by, w.out.String())
		w.check(t)
	}
}

// check looks at all that a watch has written.
func (w *watching) check(t *testing.T) {
	t.Helper()
	ways := map[string][]string{"10.9.0.5": {"10.1.0.2 10.2.0.2 10.3.0.2 10.9.0.5", "10.1.0.2 10.2.1.2 10.3.1.2 10.9.0.5"},
		"fd09::5": {"fd01::2 fd02:1::2 fd03:1::2 fd09::5", "fd01::2 fd02:2::2 fd03:2::2 fd09::5"}}
	list := w.records(t)
	events, hops := map[string]int{}, map[string]int{}
	for _, r := range list {
		switch r := r.(type) {
		case *report.Reroute:
			target := r.Addr.String()
			turn := events[target]
			if second(r.Was) == second(r.Now) {
				continue
			}
			events[target]++
			if turn > 1 || second(r.Was) != second(addrs(ways[target][turn%2])) || second(r.Now) != second(addrs(ways[target][1-turn%2])) || r.Known != (turn == 1) || len(r.Balanced) > 0 {
				t.Errorf("%s: event %d: %s", w.by, turn, jsonOf(r))
			}
		case *report.Hop:
			hops[r.Addr.String()]++
			if r.TTL == 2 && len(r.Others) != 1 || r.TTL == 4 && !r.Reached || r.Counted == nil || r.Repeat.Sent < 9 {
				t.Errorf("%s: %s", w.by, jsonOf(r))
			}
		}
	}
	for target := range ways {
		if events[target] != 2 || hops[target] != 4 {
			t.Errorf("%s: %s: %d events, %d hops", w.by, target, events[target], hops[target])
		}
	}
	end := list[len(list)-1].(*report.End)
	if code := w.cmd.ProcessState.ExitCode(); code != job.ExitInterrupted || end.Exit != code {
		t.Errorf("%s: exit %d, %s", w.by, code, jsonOf(end))
	}
}

// second is the second hop of a way.
func second(way []netip.Addr) netip.Addr {
	if len(way) < 2 {
		return netip.Addr{}
	}
	return way[1]
}

func addrs(text string) (list []netip.Addr) {
	for _, word := range strings.Fields(text) {
		list = append(list, netip.MustParseAddr(word))
	}
	return list
}
