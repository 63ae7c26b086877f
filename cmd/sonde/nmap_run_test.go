package main

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/report"
)

// asking is one question, put to both programs: of which kind ("S" to "M" are
// the letters of -s in both, "U" is UDP) and in which family.
type asking struct{ kind, family string }

func (a asking) String() string { return "-s" + a.kind + " " + a.family }

// spot is a port of an address, and what is there.
type spot struct {
	addr string
	port int
	what string
}

// verdicts is what one of the programs said of each spot, in sonde's words and
// as verdictText writes it, but that nodes have their names.
type verdicts map[spot]string

// lists returns the ports and the addresses of spots, as both programs take
// them.
func lists(spots []spot) (ports string, addrs []string) {
	numbers, targets := map[int]bool{}, map[string]bool{}
	for _, s := range spots {
		numbers[s.port], targets[s.addr] = true, true
	}
	var words []string
	for _, p := range slices.Sorted(maps.Keys(numbers)) {
		words = append(words, strconv.Itoa(p))
	}
	return strings.Join(words, ","), slices.Sorted(maps.Keys(targets))
}

// run returns what a program wrote to standard output. It is killed when it takes
// a minute.
func run(t *testing.T, cmd *lab.Cmd) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(patience, func() { cmd.Process.Kill() }) // connects are repeated by the kernel for a minute and more
	defer killer.Stop()
	// nmap's exit code says only that it ended; sonde's is no matter here.
	if cmd.Wait(); cmd.ProcessState.ExitCode() < 0 || cmd.ProcessState.ExitCode() == job.ExitUsage {
		t.Fatalf("%v: %v\n%.2000s", cmd.Args, cmd.ProcessState, errs.String())
	}
	return out.Bytes()
}

// nmapReport is what is read of nmap's XML.
type nmapReport struct {
	Hosts []struct {
		Status struct {
			State  string `xml:"state,attr"`
			Reason string `xml:"reason,attr"`
		} `xml:"status"`
		Addresses []struct {
			Addr string `xml:"addr,attr"`
		} `xml:"address"`
		Ports []struct {
			Number int `xml:"portid,attr"`
			State  struct {
				State  string `xml:"state,attr"`
				Reason string `xml:"reason,attr"`
				From   string `xml:"reason_ip,attr"` // if not the target
			} `xml:"state"`
		} `xml:"ports>port"`
	} `xml:"host"`
	Finished struct {
		Exit string `xml:"exit,attr"`
	} `xml:"runstats>finished"`
}

// runNmap runs nmap on a host of the lab and reads its report.
func runNmap(t *testing.T, h *lab.Host, args ...string) (r nmapReport) {
	t.Helper()
	out := run(t, h.Command("nmap", args...))
	if err := xml.Unmarshal(out, &r); err != nil || r.Finished.Exit != "success" {
		t.Fatalf("nmap %s: %v, %q\n%.2000s", strings.Join(args, " "), err, r.Finished.Exit, out)
	}
	return r
}

// nmap asks nmap about all spots. By -d3 it lists every port, and with a TTL of
// its own the same router ends each loop.
func (m *maze) nmap(t *testing.T, a asking, spots []spot) verdicts {
	t.Helper()
	ports, addrs := lists(spots)
	args := []string{"-n", "-Pn", "-s" + a.kind, "-p", ports, "--max-retries", "2", "-T4", "--max-scan-delay", "10ms", "-d3", "-oX", "-"}
	if a.kind != "T" {
		args = append(args, "--ttl", "64")
	}
	if a.family == "IPv6" {
		args = append(args, "-6")
	}
	v := verdicts{}
	for _, h := range runNmap(t, m.client, append(args, addrs...)...).Hosts {
		for _, p := range h.Ports {
			m.take(v, a, h.Addresses[0].Addr, p.Number, p.State.State+" ("+sondesWord(a.family, p.State.Reason), p.State.From)
		}
	}
	return v
}

// sonde asks sonde about all spots.
func (m *maze) sonde(t *testing.T, a asking, spots []spot) verdicts {
	t.Helper()
	ports, addrs := lists(spots)
	args := []string{"tcp", "-PN", "-s" + a.kind}
	if a.kind == "U" {
		args = []string{"udp", "-PN"}
	}
	args = append(args, "-p", ports, "-o", "json")
	v := verdicts{}
	for _, p := range recordsOf[*report.Port](parseRecords(t, run(t, m.client.Command(program(t), append(args, addrs...)...)))) {
		from := ""
		if p.From.IsValid() {
			from = p.From.String()
		}
		m.take(v, a, p.Addr.String(), int(p.Port), fmt.Sprint(p.State, " (", p.Reason), from)
	}
	return v
}

// take adds what was said of one port, "closed (reset", and who said so; "": it is
// not known.
func (m *maze) take(v verdicts, a asking, addr string, port int, said, from string) {
	for _, p := range places {
		if p.addr(a.family) == addr {
			if from != "" && from != addr && a.kind != "T" { // of a connect nmap knows no sender
				said += " from " + cmp.Or(m.node(from), from)
			}
			v[spot{addr, port, whatIsAt(p, a.family, port)}] = said + ")"
		}
	}
}

// sondesWord is what sonde calls a reason of nmap's, where both mean the same.
func sondesWord(family, reason string) string {
	switch {
	case reason == "split-handshake-syn":
		return "syn"
	case reason == "host-unreach" && family == "IPv6": // RFC 4443 §3.1: address unreachable
		return "addr-unreach"
	}
	return reason
}
