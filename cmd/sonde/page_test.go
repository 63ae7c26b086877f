package main

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/simnet"
)

// TestPageOfRun: the page of a run has its hosts in order, and each of their ports, listed
// or counted, and the ranges of those that are counted are as many.
func TestPageOfRun(t *testing.T) {
	out := on("office.net", "tcp -PN -p 22-443 10.2.0.10 10.2.0.9 10.2.0.8 2001:db8:2::10 10.0.0.1 -o html").run(t).stdout
	var hosts []string
	for _, m := range regexp.MustCompile(`<tbody id="host-([^"]+)"`).FindAllStringSubmatch(out, -1) {
		hosts = append(hosts, m[1])
	}
	if want := []string{"10.0.0.1", "10.2.0.8", "10.2.0.9", "10.2.0.10", "2001:db8:2::10"}; !slices.Equal(hosts, want) {
		t.Errorf("hosts %q, want %q", hosts, want)
	}
	listed := len(regexp.MustCompile(`<th scope="row">\d+/tcp`).FindAllString(out, -1))
	counted, ranged := 0, 0
	for _, m := range regexp.MustCompile(`Not shown: ([^<]*)<`).FindAllStringSubmatch(out, -1) {
		for _, n := range regexp.MustCompile(`(?:^|\), )(\d+) `).FindAllStringSubmatch(m[1], -1) {
			counted += numberIn(t, n[1])
		}
	}
	for _, m := range regexp.MustCompile(`<p>[^<]*: (?:tcp|udp) ([^<]*)</p>`).FindAllStringSubmatch(out, -1) {
		for part := range strings.SplitSeq(m[1], ", ") {
			from, to, ok := strings.Cut(part, "-")
			if !ok {
				to = from
			}
			ranged += numberIn(t, to) - numberIn(t, from) + 1
		}
	}
	if listed+counted != 5*422 || ranged != counted {
		t.Errorf("%d ports are listed, %d counted, %d in ranges; there are %d", listed, counted, ranged, 5*422)
	}
}

func numberIn(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestInterruptedPages: a page is whole whenever a run is ended, and says at its top that the
// run was not.
func TestInterruptedPages(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	cut := 0
	for i := range 50 {
		s := on("office.net", interrupted[i%len(interrupted)]+" -o html")
		s.dial = simnet.Servers()
		s.cancel, s.cause = time.Duration(1+rng.Int64N(int64(time.Second))), job.ErrInterrupted
		r := s.run(t)
		top, below, ok := strings.Cut(r.stdout, "<main>\n")
		if !ok || !strings.HasPrefix(top, "<!DOCTYPE html>") || !strings.HasSuffix(below, "</html>\n") {
			t.Fatalf("%.2000s", r.stdout)
		}
		if says := strings.Contains(top, ">Interrupted: incomplete, this is what was known.<"); says != (r.code == 130) {
			t.Errorf("exit %d, and it says that it was interrupted: %v", r.code, says)
		} else if says {
			cut++
		}
	}
	if cut < 20 {
		t.Errorf("%d runs were cut short", cut)
	}
}
