package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sonde/scan/simnet"
)

// TestXMLOfRunsForPeers: the XML of runs of every command that has it, whole ones and such as were
// ended at any moment, is valid by nmap's DTD.
func TestXMLOfRunsForPeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it asks xmllint: PEERS=1 runs it")
	}
	runs := interruptedXML(t, 60)
	for _, line := range append(slices.Clone(interrupted), "sweep 10.9.0.0/30", "tcp -PN -p 135-139 10.2.0.10", "tcp --open -p 1 10.2.0.10",
		"udp -v -p 53,161 10.2.0.10", "tcp -c 5 -p 22,23 10.2.0.10", "tcp -S 10.42.48.1 -p 80 10.2.0.10", "fp -v -p 20-100 10.2.0.10") {
		s := on("office.net", line+" -o xml")
		s.dial = simnet.Servers()
		runs = append(runs, []byte(s.run(t).stdout))
	}
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--dtdvalid", "/usr/share/nmap/nmap.dtd"}
	for i, b := range runs {
		path := filepath.Join(dir, fmt.Sprint(i, ".xml"))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if said, err := exec.Command("xmllint", args...).CombinedOutput(); err != nil {
		t.Errorf("xmllint (Debian packages libxml2-utils and nmap-common): %v\n%.3000s", err, said)
	}
}

// serviceName is what stands for the service in a port of nmap -oG: the two programs have
// registries of their own.
var serviceName = regexp.MustCompile(`//[^/]*//`)

// TestFormatsBesideNmap: of the same hosts, nmap -oG and -oX say what -o grep and -o xml do:
// the same lines but for comments, the same elements with the same states and reasons.
func TestFormatsBesideNmap(t *testing.T) {
	needNmap(t)
	o := newOffice(t)
	o.server.TCP(22, 80)
	for _, tt := range []struct{ nmap, sonde string }{
		{"-n -Pn -sS -p 20-30,80,4000", "tcp -p 20-30,80,4000"},
		{"-n -Pn -sS -p 1-100", "tcp -p 1-100"},
		{"-n -Pn -sS -p 50-79", "tcp -p 50-79"},
		{"-n -Pn -sU -p 54-56", "udp -p 54-56"},
		{"-n -Pn -sS -p 20-22 --traceroute", "fp -p 20-22"},
		{"-n -Pn -sS -v -p 22,79-81", "tcp -v -p 22,79-81"},
		{"-n -sn -PE", "sweep -PE"},
	} {
		for _, f := range families() {
			family := "-4"
			if f.name == "IPv6" {
				family = "-6"
			}
			nmap := strings.Fields(tt.nmap + " -oX - -oG " + filepath.Join(t.TempDir(), "grep") + " " + f.server)
			if family == "-6" {
				nmap = append([]string{"-6"}, nmap...)
			}
			theirs := parseNmap(t, run(t, o.client.Command("nmap", nmap...)))
			file := nmap[slices.Index(nmap, "-oG")+1]
			ours := parseNmap(t, run(t, o.client.Command(program(t), strings.Fields(tt.sonde+" -o xml -o grep="+file+".ours "+f.server)...)))
			if got, want := hostLines(t, file+".ours"), hostLines(t, file); !slices.Equal(got, want) {
				t.Errorf("%s %s: sonde\n%s\nnmap\n%s", tt.sonde, f.server, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if got, want := fmt.Sprintf("%+v", comparable(t, ours)), fmt.Sprintf("%+v", comparable(t, theirs)); got != want {
				t.Errorf("%s %s: sonde\n%s\nnmap\n%s", tt.sonde, f.server, got, want)
			}
		}
	}
}

// hostLines are the lines of a -oG that are about hosts, without services' names.
func hostLines(t *testing.T, file string) (lines []string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "Host:") || strings.HasPrefix(line, "# Ports scanned:") {
			lines = append(lines, serviceName.ReplaceAllString(strings.TrimSuffix(line, "\n"), "//service//"))
		}
	}
	return lines
}

// comparable is what both are to say. That nobody asked whether a host is up, nmap tells as
// the reason why it is.
func comparable(t *testing.T, f nmapFile) nmapFile {
	for i := range f.Hosts {
		h := &f.Hosts[i]
		if h.Status.Reason != "echo-reply" {
			h.Status.Reason = ""
		}
		for _, a := range h.Addrs {
			if a.Type == "mac" {
				continue
			}
			if _, err := netip.ParseAddr(a.Addr); err != nil {
				t.Error(err)
			}
		}
	}
	return f
}
