package output

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// needPeers skips the test unless PEERS=1 asks for it; then these programs must be there.
func needPeers(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("PEERS") != "1" {
		t.Skip("it asks other programs: PEERS=1 runs it")
	}
	for _, p := range programs {
		if path, err := exec.LookPath(p); err != nil {
			t.Fatalf("PEERS=1, but %v (make test-peers names the Debian packages) %s", err, path)
		}
	}
}

// nmapFiles is where Debian has nmap's DTD and style sheet.
const nmapFiles = "/usr/share/nmap/"

// writtenXML writes the XML of all scenarios, and of many random runs, to files. named
// is how many are of scenarios; they come first.
func writtenXML(t *testing.T, random int) (files []string, named int) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, s *scenario) {
		path := filepath.Join(dir, name+".xml")
		s.scan.Time = scenarios()[0].scan.Time // which this machine's clock has shown
		if err := os.WriteFile(path, []byte(s.render(format("xml"))), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	f := format("xml")
	for _, s := range scenarios() {
		if f.Fits(s.scan.Command) {
			write(s.name, &s)
		}
	}
	write("empty", &scenario{})
	named = len(files)
	r := rand.New(rand.NewPCG(9, 10))
	for i := range random {
		s := randomRun(r, routeCommands)
		write("random"+strconv.Itoa(i), &s)
	}
	return files, named
}

func peer(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s %.300s: %v\n%.2000s", program, strings.Join(args, " "), err, errs.String())
	}
	return out
}

// TestXMLForPeers: the XML of whatever is found out is valid by nmap's DTD, and the programs
// that read nmap's take it: its style sheet, which makes a page of it, and ndiff, which
// finds no difference between a run and itself.
func TestXMLForPeers(t *testing.T) {
	needPeers(t, "xmllint", "xsltproc", "ndiff")
	files, named := writtenXML(t, 500)
	peer(t, "xmllint", append([]string{"--noout", "--nonet", "--dtdvalid", nmapFiles + "nmap.dtd"}, files...)...)
	for _, f := range files[:named+50] {
		if page := peer(t, "xsltproc", "--nonet", nmapFiles+"nmap.xsl", f); !bytes.Contains(page, []byte("</html>")) {
			t.Errorf("%s makes no page", f)
		}
	}
	for _, f := range files[:named+10] {
		peer(t, "ndiff", f, f)
	}
}

// libnmap prints, for each file, what libnmap reads of it.
const libnmap = `
import json, sys
from libnmap.parser import NmapParser
for name in sys.argv[1:]:
    r = NmapParser.parse_fromfile(name)
    print(json.dumps({"up": r.hosts_up, "total": r.hosts_total, "summary": r.summary, "hosts": [
        {"addr": h.address, "state": h.status, "ports": ["%d/%s %s %s" % (s.port, s.protocol, s.state, s.banner) for s in h.services]} for h in r.hosts]}))
`

// TestXMLForLibnmapPeers: libnmap for Python reads the hosts, states and ports that are
// there.
func TestXMLForLibnmapPeers(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, which has Debian's packages
	needPeers(t, python)
	files, _ := writtenXML(t, 100)
	out := json.NewDecoder(bytes.NewReader(peer(t, python, append([]string{"-c", libnmap}, files...)...)))
	for _, f := range files {
		var said struct {
			Up, Total uint64
			Hosts     []struct {
				Addr, State string
				Ports       []string
			}
		}
		if err := out.Decode(&said); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		var is struct {
			Hosts []struct {
				Status struct {
					State string `xml:"state,attr"`
				} `xml:"status"`
				Addrs []struct {
					Addr string `xml:"addr,attr"`
				} `xml:"address"`
				Ports []struct{} `xml:"ports>port"`
			} `xml:"host"`
			Stats struct {
				Up    uint64 `xml:"up,attr"`
				Total uint64 `xml:"total,attr"`
			} `xml:"runstats>hosts"`
		}
		if err := xml.Unmarshal([]byte(read(t, f)), &is); err != nil {
			t.Fatal(err)
		}
		if said.Up != is.Stats.Up || said.Total != is.Stats.Total || len(said.Hosts) != len(is.Hosts) {
			t.Errorf("%s: %d of %d up and %d hosts are read, want %d of %d and %d", f, said.Up, said.Total, len(said.Hosts), is.Stats.Up, is.Stats.Total, len(is.Hosts))
			continue
		}
		for i, h := range said.Hosts {
			want := is.Hosts[i]
			if h.Addr != want.Addrs[0].Addr || h.State != want.Status.State || len(h.Ports) != len(want.Ports) {
				t.Errorf("%s: %+v is read, want %+v", f, h, want)
			}
		}
	}
}

// TestJSONForPeers: jq reads every line.
func TestJSONForPeers(t *testing.T) {
	needPeers(t, "jq")
	var all []byte
	want := 0
	for _, s := range scenarios() {
		out := s.render(format("json"))
		all, want = append(all, out...), want+strings.Count(out, "\n")
	}
	path := filepath.Join(t.TempDir(), "all.json")
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(peer(t, "jq", "-c", ".type", path), []byte("\n")); got != want {
		t.Errorf("jq reads %d of %d lines", got, want)
	}
}

// TestPromForPeers: promtool, which is Prometheus's own, takes the metrics of all scenarios.
func TestPromForPeers(t *testing.T) {
	needPeers(t, "promtool")
	f := format("prom")
	for _, s := range scenarios() {
		if !f.Fits(s.scan.Command) {
			continue
		}
		cmd := exec.Command("promtool", "check", "metrics")
		cmd.Stdin = strings.NewReader(s.render(f))
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: promtool: %v\n%.2000s", s.name, err, said)
		}
	}
}
