package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sonde/scan/report"
)

// ndiffFile is what ndiff --xml says of hosts that have changed.
type ndiffFile struct {
	Hosts []ndiffHost `xml:"scandiff>hostdiff"`
}

type ndiffHost struct {
	Both ndiffBoth `xml:"host"`
	Only []struct {
		Host ndiffBoth `xml:"host"`
	} `xml:"a"`
	New []struct {
		Host ndiffBoth `xml:"host"`
	} `xml:"b"`
}

type ndiffBoth struct {
	Addrs []struct {
		Addr string `xml:"addr,attr"`
	} `xml:"address"`
	Same   ndiffStatus  `xml:"status"`
	A      ndiffSide    `xml:"a"`
	B      ndiffSide    `xml:"b"`
	Extra  []ndiffExtra `xml:"ports>extraports"`
	ExtraA []ndiffExtra `xml:"ports>a>extraports"`
	ExtraB []ndiffExtra `xml:"ports>b>extraports"`
	Ports  []struct {
		A ndiffPort `xml:"a>port"`
		B ndiffPort `xml:"b>port"`
		// a port whose state is the same, and something else is not
		Same ndiffPort `xml:"port"`
	} `xml:"ports>portdiff"`
}

type ndiffStatus struct {
	State string `xml:"state,attr"`
}

type ndiffSide struct {
	Status ndiffStatus `xml:"status"`
}

type ndiffExtra struct {
	State string `xml:"state,attr"`
}

type ndiffPort struct {
	ID    string      `xml:"portid,attr"`
	Proto string      `xml:"protocol,attr"`
	State ndiffStatus `xml:"state"`
}

// changes are what ndiff says of states: "10.0.0.1 80/tcp open closed". A port that one side
// does not list has the state of those that it only counts.
// The ports of a host that is up in one file only have none in the other: what is open of them is
// what sonde says of the host.
func (f *ndiffFile) changes() (list []string) {
	open := map[string][]string{}
	for _, h := range f.Hosts {
		b := &h.Both
		if len(b.Addrs) == 0 {
			continue
		}
		addr := b.Addrs[0].Addr
		if x, y := b.A.Status.State, b.B.Status.State; x != y {
			list = append(list, fmt.Sprint(addr, " host ", x, " ", y))
		}
		for _, p := range b.Ports {
			if p.A.ID == "" {
				continue // its state is the same
			}
			x, y := p.A.State.State, p.B.State.State
			if x == "" {
				x = extraState(b.Extra, b.ExtraA)
			}
			if y == "" {
				y = extraState(b.Extra, b.ExtraB)
			}
			switch {
			case x == "" && y == "open", x == "open" && y == "":
				open[addr] = append(open[addr], p.A.ID) // of a host that is not up in the other file
			case x == "" || y == "":
			case x != y:
				list = append(list, fmt.Sprintf("%s %s/%s %s %s", addr, p.A.ID, p.A.Proto, x, y))
			}
		}
	}
	for addr, ports := range open {
		list = append(list, fmt.Sprint(addr, " open ", openList(ports)))
	}
	slices.Sort(list)
	return list
}

// openList writes ports as sonde does.
func openList(ports []string) string {
	var numbers []uint16
	for _, p := range ports {
		n, _ := strconv.ParseUint(p, 10, 16)
		numbers = append(numbers, uint16(n))
	}
	return report.PortRanges(numbers)
}

func extraState(same, one []ndiffExtra) string {
	for _, e := range append(slices.Clone(same), one...) {
		return e.State
	}
	return ""
}

// ourChanges are the same of sonde, weak ones, too.
func ourChanges(d *diffed) (list []string) {
	for _, r := range append(slices.Clone(d.strong), d.weak...) {
		switch r.What {
		case report.AHost:
			list = append(list, fmt.Sprint(r.Addr, " host ", r.Old, " ", r.New))
			if r.Open != "" {
				list = append(list, fmt.Sprint(r.Addr, " open ", r.Open))
			}
		case report.APort:
			list = append(list, fmt.Sprintf("%s %d/%s %s %s", r.Addr, r.Port, r.Proto, r.Old, r.New))
		}
	}
	slices.Sort(list)
	return list
}

// TestDiffBesideNdiff: of runs of nmap's, and of files as it writes them of whatever states, ndiff
// and sonde diff -v say the same of the states of hosts and ports, and that there is a difference.
func TestDiffBesideNdiff(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it asks nmap and ndiff: PEERS=1 runs it")
	}
	compared := 0
	compare := func(name, old, now string) {
		d := runDiff(t, "-v -o json", old, now)
		dir := t.TempDir()
		paths := []string{filepath.Join(dir, "old"), filepath.Join(dir, "new")}
		for i, text := range []string{old, now} {
			if err := os.WriteFile(paths[i], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		said, err := exec.Command("ndiff", "--xml", paths[0], paths[1]).Output()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
			t.Fatalf("ndiff (Debian package ndiff): %v", err)
		}
		var f ndiffFile
		if err := xml.Unmarshal(said, &f); err != nil {
			t.Fatal(err)
		}
		want, got := f.changes(), ourChanges(d)
		if !slices.Equal(got, want) {
			t.Errorf("%s: sonde\n%s\nndiff\n%s\n%s%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"), d.stdout, d.stderr)
		}
		compared += len(want)
	}
	before, after := nmapLoopback(t, 18400, 18407), nmapLoopback(t, 18407, 18411, 18412)
	compare("nmap", before, after)
	compare("nmap, back", after, before)
	compare("nmap, the same", before, before)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 40 {
		a, b := nmapLike(r)
		compare(fmt.Sprint("file ", i), a, b)
	}
	if compared < 200 {
		t.Errorf("ndiff told of %d changes only", compared)
	}
	t.Logf("%d changes of states", compared)
}

// nmapLoopback is what nmap says of two loopback addresses while somebody listens on these
// ports of the first.
func nmapLoopback(t *testing.T, ports ...int) string {
	t.Helper()
	for _, p := range ports {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", p))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	b, err := exec.Command("nmap", "-n", "-sT", "-p", "18400-18439", "-oX", "-", "127.0.0.1", "127.0.0.2").Output()
	if err != nil {
		t.Fatalf("nmap (Debian package nmap): %v", err)
	}
	return string(b)
}

// nmapWords are reasons for a state.
var nmapWords = map[string][2]string{"open": {"syn-ack", "syn-ack"}, "closed": {"reset", "conn-refused"}, "filtered": {"no-response", "admin-prohibited"},
	"unfiltered": {"reset", "reset"}, "open|filtered": {"no-response", "no-response"}}

// nmapLike are two files in the form of nmap's, of the same hosts, whose states are any. What most ports of a host are, they
// are in both: of others ndiff does not say which have changed.
func nmapLike(r *rand.Rand) (a, b string) {
	const asked = 60
	states := []string{"open", "closed", "filtered", "unfiltered", "open|filtered"}
	head := `<?xml version="1.0" encoding="UTF-8"?>` + "\n<!DOCTYPE nmaprun>\n" +
		fmt.Sprintf(`<nmaprun scanner="nmap" args="nmap -v -p 1-%d 10.0.0.0/28" start="1796050920" version="7.93" xmloutputversion="1.05"><scaninfo type="syn" protocol="tcp" numservices="%d" services="1-%d"/>`, asked, asked, asked)
	files := [2]strings.Builder{}
	for i := range files {
		files[i].WriteString(head)
	}
	for h := range 1 + r.IntN(4) {
		most := states[1+r.IntN(2)]
		special := map[int]bool{}
		for range r.IntN(12) {
			special[1+r.IntN(asked)] = true
		}
		for i := range files {
			w := &files[i]
			if r.IntN(6) == 0 {
				fmt.Fprintf(w, "<host><status state=\"down\" reason=\"host-unreach\" reason_ttl=\"0\"/><address addr=\"10.0.0.%d\" addrtype=\"ipv4\"/></host>\n", h+1)
				continue
			}
			var listed []int
			for p := 1; p <= asked; p++ {
				if special[p] && r.IntN(3) > 0 {
					listed = append(listed, p)
				}
			}
			var rest []uint16
			for p := 1; p <= asked; p++ {
				if !slices.Contains(listed, p) {
					rest = append(rest, uint16(p))
				}
			}
			fmt.Fprintf(w, "<host><status state=\"up\" reason=\"echo-reply\" reason_ttl=\"60\"/><address addr=\"10.0.0.%d\" addrtype=\"ipv4\"/><hostnames/><ports>", h+1)
			fmt.Fprintf(w, `<extraports state="%s" count="%d"><extrareasons reason="reset" count="%d" proto="tcp" ports="%s"/></extraports>`, most, len(rest), len(rest), report.PortRanges(rest))
			for _, p := range listed {
				state := most
				for state == most {
					state = states[r.IntN(len(states))]
				}
				fmt.Fprintf(w, `<port protocol="tcp" portid="%d"><state state="%s" reason="%s" reason_ttl="60"/></port>`, p, state, nmapWords[state][r.IntN(2)])
			}
			w.WriteString("</ports></host>\n")
		}
	}
	for i := range files {
		files[i].WriteString(`<runstats><finished time="1796050921" elapsed="1" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`)
	}
	return files[0].String(), files[1].String()
}
