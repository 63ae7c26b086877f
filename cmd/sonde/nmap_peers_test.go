package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// rounds is how often both programs are asked, the further times about what they
// do not agree on. nmap gives up on ports whose replies it did not get in time,
// more so on a busy machine; that is no difference.
const rounds = 3

// TestPortsBesideNmap runs nmap and sonde over the same ports, one after the
// other, by every kind that both have: what they say of each port is the same, or
// it is in the table of differences, which says why. What is in the table occurs.
func TestPortsBesideNmap(t *testing.T) {
	needNmap(t)
	m := newMaze(t)
	for _, f := range families() {
		// Connects last: of an IPv4 3/4 to one, the client's kernel believes what
		// it says of the path, and then fragments, or refuses, what is larger.
		for kind := range strings.SplitSeq("SAWFNXMUT", "") {
			a := asking{kind, f.name}
			t.Run(a.String(), func(t *testing.T) { m.compare(t, a) })
		}
	}
}

// needNmap skips the test unless PEERS=1 asks for it: it takes more than a
// minute. Then nmap must be there.
func needNmap(t *testing.T) {
	t.Helper()
	if os.Getenv("PEERS") != "1" {
		t.Skip("it takes more than a minute: PEERS=1 runs it")
	}
	if os.Geteuid() != 0 {
		t.Fatal("PEERS=1, but nmap believes that only root may send packets")
	}
	if path, err := exec.LookPath("nmap"); err != nil {
		t.Fatalf("PEERS=1, but %v (Debian package nmap) %s", err, path)
	}
}

// compare puts a question to both programs, and again, about the ports of which
// they do not say the same, or what the table says.
func (m *maze) compare(t *testing.T, a asking) {
	t.Helper()
	began := time.Now()
	all := m.spots(a.family)
	wantInMaze(t, a, all)
	equal, listed, round := 0, 0, 0
	left := all
	for ; len(left) > 0 && round < rounds; round++ {
		nmap, sonde := m.nmap(t, a, left), m.sonde(t, a, left)
		var unlike []spot
		for _, s := range left {
			wantNmap, wantSonde, isListed := differenceOf(a, s.what)
			switch {
			case !isListed && nmap[s] == sonde[s] && nmap[s] != "":
				equal++
			case isListed && nmap[s] == wantNmap && sonde[s] == wantSonde:
				listed++
			default:
				unlike = append(unlike, s)
				t.Logf("round %d: %v port %d, %s: nmap says %q, sonde %q; listed %v as %q, %q",
					round, s.addr, s.port, s.what, nmap[s], sonde[s], isListed, wantNmap, wantSonde)
			}
		}
		left = unlike
	}
	t.Logf("%v: %d ports, %d equal, %d listed differences, %d others, %d rounds, %v",
		a, len(all), equal, listed, len(left), round, time.Since(began).Round(time.Millisecond))
	for _, s := range left {
		t.Errorf("%v port %d, %s: what they say is logged above, and not what the table says", s.addr, s.port, s.what)
	}
}
