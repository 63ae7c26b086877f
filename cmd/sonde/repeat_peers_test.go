package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"sonde/scan/lab"
)

// figures are what a program says of repeated questions: how many it sent, how many were
// answered, and the average round trip in milliseconds.
type figures struct {
	sent, answered int
	avg            float64
}

// repeaters are programs that repeat questions, with a line of ours that asks the same,
// and how to read what they say.
var repeaters = []struct {
	name string // and its Debian package
	pkg  string
	line func(target string) []string
	ours string
	says *regexp.Regexp
}{
	{"ping", "iputils-ping", func(target string) []string {
		return []string{"ping", "-n", "-c", "200", "-i", "0.02", "-W", "1", target}
	},
		"sweep -c 200 --interval 20ms", regexp.MustCompile(`(\d+) packets transmitted, (\d+) received(?s:.*)rtt min/avg/max/mdev = [\d.]+/([\d.]+)/`)},
	{"fping", "fping", func(target string) []string {
		return []string{"fping", "-c", "200", "-p", "20", "-t", "1000", "-q", target}
	},
		"sweep -c 200 --interval 20ms", regexp.MustCompile(`xmt/rcv/%loss = (\d+)/(\d+)/\S+ min/avg/max = [\d.]+/([\d.]+)/`)},
	{"hping3", "hping3", func(target string) []string {
		return []string{"hping3", "-q", "-n", "-S", "-p", "23", "-c", "200", "-i", "u20000", target}
	},
		"tcp -p 23 -c 200 --interval 20ms", regexp.MustCompile(`(\d+) packets transmitted, (\d+) packets received(?s:.*)round-trip min/avg/max = [\d.]+/([\d.]+)/`)},
}

// TestFiguresBesidePeers runs each over a link of its own that does the same to the same
// number of packets: what is sent and answered is the same, and the average round trip
// is alike, as far as a busy machine lets it be.
func TestFiguresBesidePeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it compares with other programs: PEERS=1 runs it")
	}
	there := lab.Impair{Seed: 5, Loss: 0.15, Delay: 10 * time.Millisecond}
	back := lab.Impair{Seed: 6, Loss: 0.1, Delay: 10 * time.Millisecond}
	for _, r := range repeaters {
		if path, err := exec.LookPath(r.name); err != nil {
			t.Fatalf("PEERS=1, but %v (Debian package %s) %s", err, r.pkg, path)
		}
		for _, target := range []string{"10.1.0.2", "fd01::2"} {
			if r.name == "hping3" && target != "10.1.0.2" {
				continue // which knows IPv4 only
			}
			t.Run(fmt.Sprint(r.name, " ", target), func(t *testing.T) {
				client, _ := impaired(t, there, back)
				line := r.line(target)
				said, err := client.Command(line[0], line[1:]...).CombinedOutput()
				m := r.says.FindSubmatch(said)
				if m == nil {
					t.Fatalf("%v: %v\n%s", line, err, said)
				}
				var peer figures
				peer.sent, _ = strconv.Atoi(string(m[1]))
				peer.answered, _ = strconv.Atoi(string(m[2]))
				peer.avg, _ = strconv.ParseFloat(string(m[3]), 64)
				client, _ = impaired(t, there, back)
				n := ask(t, client, r.ours, target).repeated()[0]
				ours := figures{int(n.Sent), int(n.Answered), float64(n.Avg) / float64(time.Millisecond)}
				t.Logf("%s: %+v, sonde: %+v", r.name, peer, ours)
				if peer.sent != ours.sent || peer.answered != ours.answered || min(peer.avg, ours.avg) < 20 || max(peer.avg, ours.avg) > 3*min(peer.avg, ours.avg) {
					t.Errorf("%s says %+v, sonde %+v", r.name, peer, ours)
				}
			})
		}
	}
}
