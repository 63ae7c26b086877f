package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/report"
	"sonde/scan/simnet"
)

// finders are the commands that find something out.
var finders = []string{"sweep", "tcp", "udp", "fp", "trace", "trial", "doctor", "compare", "diff"}

// TestFormatsThatFit: a shell completes those formats that have a place for what a command
// finds out, and the others are refused in one line that names one that will do.
func TestFormatsThatFit(t *testing.T) {
	operands := map[string]string{"trial": "-p 80 --vary tos=0|1 10.0.0.2", "compare": "a.pcap b.pcap", "diff": "a.json b.json"}
	for _, command := range finders {
		_, stdout, _ := executed("__complete", command, "-o", "")
		for _, f := range output.Formats() {
			listed := strings.Contains(stdout, f.Name+"\t"+f.Doc+"\n")
			if listed != f.Fits(command) {
				t.Errorf("%s -o %s: completed: %v", command, f.Name, listed)
			}
			if f.Fits(command) {
				continue
			}
			words := operands[command]
			if words == "" {
				words = "10.0.0.2"
			}
			args := append(strings.Fields(words), "-o", f.Name)
			code, _, stderr := executed(append([]string{command}, args...)...)
			if want := "sonde: -o " + f.Name + ": it has no place for what " + command + " finds out: write -o json\n"; code != job.ExitUsage || stderr != want {
				t.Errorf("%s -o %s: exit %d, %q", command, f.Name, code, stderr)
			}
		}
	}
	if _, stdout, _ := executed("__complete", "tcp", "-o", "json=/etc/ho"); strings.Contains(stdout, "json\t") {
		t.Errorf("behind the equals sign: %q", stdout)
	}
}

// executed is what a command line does that needs no network.
func executed(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	a := &app{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	code = a.execute(context.Background())
	return code, out.String(), errs.String()
}

// TestListFeedsTheNextCommand: what sweep writes as a list is what -i - of the next command
// reads, in order, addresses of both families.
func TestListFeedsTheNextCommand(t *testing.T) {
	found := on("office.net", "sweep -o list 10.2.0.0/24 2001:db8:2::/123").run(t)
	lines := strings.Fields(found.stdout)
	if len(lines) < 4 || !strings.Contains(found.stdout, ":") || !slices.IsSortedFunc(lines, byAddress) {
		t.Fatalf("%q", found.stdout)
	}
	next := on("office.net", "tcp -PN -p 22 -i - -o json")
	next.stdin = found.stdout
	o := next.run(t)
	var asked []string
	for _, p := range o.ports() {
		asked = append(asked, p.Addr.String())
	}
	slices.SortFunc(asked, byAddress)
	if !slices.Equal(asked, lines) {
		t.Errorf("%q were asked, %q were listed", asked, lines)
	}
	next = on("office.net", "tcp -PN -p 1-100 -i - -o list")
	next.stdin = found.stdout
	if o := next.run(t); o.code != job.ExitYes || !strings.Contains(o.stdout, "10.2.0.10:22\n") || !strings.Contains(o.stdout, "[2001:db8:2::10]:22\n") {
		t.Errorf("exit %d\n%s", o.code, o.stdout)
	}
}

// TestListOfPortsFeedsTheNextCommand: what tcp lists with ports, -i - reads, and asks those
// ports; a command line that names ports has its way, and it is said.
func TestListOfPortsFeedsTheNextCommand(t *testing.T) {
	listed := on("lan.net", "tcp -PN -p 20-90 -o list 10.0.0.2 2001:db8::2").run(t).stdout
	if listed != "10.0.0.2:22\n10.0.0.2:80\n[2001:db8::2]:22\n[2001:db8::2]:80\n" {
		t.Fatalf("%q", listed)
	}
	for _, tt := range []struct{ line, stdin, asked, said string }{
		{"tcp", listed, "22,80", "sonde: -i: everybody is asked for all ports of the list: 22,80\n"},
		{"fp", listed, "22,80", "sonde: -i: everybody is asked for all ports of the list: 22,80\n"},
		{"udp", "10.0.0.2:53\n10.0.0.3:53\n", "53", ""},
		{"tcp -p 443", listed, "443", "sonde: -i: the ports of the list (22,80) are not asked, but those that were named\n"},
		{"tcp --top 1", listed, "80", "sonde: -i: the ports of the list (22,80) are not asked, but those that were named\n"},
	} {
		s := on("lan.net", tt.line+" -PN -i - -o json")
		s.stdin, s.dial = tt.stdin, simnet.Servers()
		o := s.run(t)
		if o.code == job.ExitUsage || o.stderr != tt.said || o.scan().Asked.Ports != tt.asked || o.scan().Addresses != 2 {
			t.Errorf("%s: exit %d, %+v, %q", tt.line, o.code, o.scan().Asked, o.stderr)
		}
	}
	for _, line := range []string{"sweep -i -", "trace -i -"} {
		s := on("lan.net", line)
		s.stdin = listed
		if o := s.run(t); o.code != job.ExitUsage || !strings.Contains(o.stderr, `-i stdin:1: target "10.0.0.2:22": a target has no port`) {
			t.Errorf("%s: exit %d, %q", line, o.code, o.stderr)
		}
	}
}

func byAddress(a, b string) int { return netip.MustParseAddr(a).Compare(netip.MustParseAddr(b)) }

// TestSchemaCommand: what it prints is the schema, and nothing else.
func TestSchemaCommand(t *testing.T) {
	if code, stdout, stderr := executed("schema"); code != 0 || stdout != output.Schema() || stderr != "" {
		t.Errorf("exit %d, %.100q, %q", code, stdout, stderr)
	}
	if code, stdout, _ := executed("schema", "now"); code != job.ExitUsage || stdout != "" {
		t.Errorf("exit %d, %q", code, stdout)
	}
}

// TestResumeOfFormats: beside a checkpoint each format goes on behind what an earlier run wrote,
// or is refused in one line, before anything is sent.
func TestResumeOfFormats(t *testing.T) {
	for _, f := range output.Formats().For("tcp") {
		dir := t.TempDir()
		o := on("lan.net", "tcp -PN -p 80 10.0.0.2 --resume "+dir+"/kept -o "+f.Name+"="+dir+"/out").run(t)
		want := "sonde: --resume: a later run cannot append to -o " + f.Name + ": write -o json=FILE\n"
		if f.Streamed {
			want = ""
		}
		if o.stderr != want || (o.code == job.ExitUsage) != (want != "") || want != "" && o.opened {
			t.Errorf("%s: exit %d, %q", f.Name, o.code, o.stderr)
		}
	}
}

// nmapFile is what TestSeveralOutputs and those beside nmap read of XML.
type nmapFile struct {
	Hosts []struct {
		Status struct {
			State  string `xml:"state,attr"`
			Reason string `xml:"reason,attr"`
		} `xml:"status"`
		Addrs []struct {
			Addr string `xml:"addr,attr"`
			Type string `xml:"addrtype,attr"`
		} `xml:"address"`
		Ports []struct {
			Number   int    `xml:"portid,attr"`
			Protocol string `xml:"protocol,attr"`
			State    struct {
				State  string `xml:"state,attr"`
				Reason string `xml:"reason,attr"`
			} `xml:"state"`
		} `xml:"ports>port"`
		Extra []struct {
			State string `xml:"state,attr"`
			Count int    `xml:"count,attr"`
		} `xml:"ports>extraports"`
		Hops []struct {
			TTL  int    `xml:"ttl,attr"`
			Addr string `xml:"ipaddr,attr"`
		} `xml:"trace>hop"`
	} `xml:"host"`
	Finished struct {
		Exit string `xml:"exit,attr"`
	} `xml:"runstats>finished"`
}

func parseNmap(t *testing.T, b []byte) (f nmapFile) {
	t.Helper()
	if err := xml.Unmarshal(b, &f); err != nil {
		t.Fatalf("%v\n%.3000s", err, b)
	}
	return f
}

// TestSeveralOutputs: all formats at once, each in a file of its own, tell of the same hosts
// and ports; those that are written at the end are in the order of addresses and ports; every line
// of JSON says which run it is of, and when it was written.
func TestSeveralOutputs(t *testing.T) {
	dir := t.TempDir()
	line := "tcp -PN -p 22-443 10.2.0.10 10.2.0.9 10.2.0.8 2001:db8:2::10 10.0.0.1"
	for _, f := range output.Formats().For("tcp") {
		line += " -o " + f.Name + "=" + dir + "/" + f.Name
	}
	on("office.net", line).run(t)
	file := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var hosts []string // in order
	var open []string
	total := 0
	for l := range strings.Lines(file("json")) {
		r, stamp, err := output.DecodeStamped([]byte(l))
		if err != nil || len(stamp.Run) != 16 || !strings.Contains(file("json"), `"run":"`+stamp.Run+`"`) {
			t.Fatalf("%s%v", l, err)
		}
		if _, first := r.(*report.Scan); !first && stamp.Time.IsZero() {
			t.Errorf("%shas no time", l)
		}
		switch r := r.(type) {
		case *report.Host:
			hosts = append(hosts, r.Addr.String())
		case *report.Port:
			total++
			if r.State == probe.Open {
				open = append(open, netip.AddrPortFrom(r.Addr, r.Port).String())
			}
		}
	}
	if n := strings.Count(file("json"), `"run":"`); n != strings.Count(file("json"), "\n") {
		t.Errorf("%d lines say of which run they are", n)
	}
	slices.SortFunc(hosts, byAddress)
	slices.SortFunc(open, func(a, b string) int { return netip.MustParseAddrPort(a).Compare(netip.MustParseAddrPort(b)) })
	if len(hosts) != 5 || len(open) != 6 || total != 5*422 {
		t.Fatalf("%q, %q, %d ports", hosts, open, total)
	}
	if got := strings.Fields(file("list")); !slices.Equal(got, open) {
		t.Errorf("list: %q, want %q", got, open)
	}
	x := parseNmap(t, []byte(file("xml")))
	var inXML []string
	n := 0
	for _, h := range x.Hosts {
		inXML = append(inXML, h.Addrs[0].Addr)
		n += len(h.Ports)
		for _, e := range h.Extra {
			n += e.Count
		}
	}
	if !slices.Equal(inXML, hosts) || n != total || x.Finished.Exit != "success" {
		t.Errorf("xml: hosts %q, %d of %d ports, %s", inXML, n, total, x.Finished.Exit)
	}
	rows, err := csv.NewReader(strings.NewReader(file("csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var inCSV []string
	n = 0
	for _, row := range rows {
		switch row[0] {
		case "host":
			inCSV = append(inCSV, row[1])
		case "port":
			n++
		}
	}
	if !slices.Equal(inCSV, hosts) || n != total {
		t.Errorf("csv: hosts %q, %d of %d ports", inCSV, n, total)
	}
	for _, h := range hosts {
		if !strings.Contains(file("grep"), "Host: "+h+" ()\tPorts: ") || !strings.Contains(file("text"), h+"  ") {
			t.Errorf("%s is not in grep or text", h)
		}
	}
}

// interrupted are command lines on the office's network, each ended at random.
var interrupted = []string{"tcp -p 1-300 10.2.0.10 2001:db8:2::10", "udp 10.2.0.10", "sweep -v 10.2.0.0/24 2001:db8:2::/124",
	"tcp -p 1-50 10.2.0.0/28", "fp -p 1-100 10.2.0.10", "trace 10.2.0.10 2001:db8:2::10"}

// interruptedXML is the XML of so many runs that were ended at any moment.
func interruptedXML(t *testing.T, runs int) (files [][]byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(11, 12))
	for i := range runs {
		s := on("office.net", interrupted[i%len(interrupted)]+" -o xml")
		s.dial = simnet.Servers()
		s.cancel, s.cause = time.Duration(1+rng.Int64N(int64(1500*time.Millisecond))), job.ErrInterrupted
		files = append(files, []byte(s.run(t).stdout))
	}
	return files
}

// TestInterruptedXML: XML is whole whenever a run is ended, and says that the run was not.
func TestInterruptedXML(t *testing.T) {
	cut := 0
	for _, b := range interruptedXML(t, 60) {
		if f := parseNmap(t, b); f.Finished.Exit == "error" {
			cut++
		} else if f.Finished.Exit != "success" {
			t.Errorf("%s", b)
		}
	}
	if cut < 20 {
		t.Errorf("%d runs were cut short", cut)
	}
}
