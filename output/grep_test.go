package output

import (
	"regexp"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/report"
)

// FuzzGrep: whatever the network says leaves a line in the parts that readers take it
// apart by.
func FuzzGrep(f *testing.F) {
	f.Add(hostile, "ssh")
	f.Add("a/b, c|d\t(e)", "x/y")
	f.Fuzz(func(t *testing.T, product, service string) {
		p := Port{Port: report.Port{Addr: web, Proto: "tcp", Port: 22, Verdict: report.Verdict{State: probe.Open}},
			Service: &report.Service{Product: product, Service: service}}
		h := Host{Host: report.Host{Addr: web, Verdict: report.Verdict{State: probe.Up}}, Decided: true, Listed: []Port{p, p}}
		w := &grep{scan: new(report.Scan)}
		lines := strings.Split(string(w.AppendHost(nil, &h)), "\n")
		if len(lines) != 3 {
			t.Fatalf("%q", lines)
		}
		fields := strings.Split(lines[1], "\t")
		if len(fields) != 2 {
			t.Fatalf("%q", fields)
		}
		ports := strings.Split(strings.TrimPrefix(fields[1], "Ports: "), ", ")
		if len(ports) != 2 {
			t.Fatalf("%q", ports)
		}
		parts := strings.Split(ports[1], "/")
		if len(parts) != 8 || parts[0] != "22" || parts[1] != "open" || parts[7] != "" {
			t.Fatalf("%q", parts)
		}
		if got := unescape(t, strings.ReplaceAll(parts[6], "|", "/")); got != product {
			t.Errorf("%q came back as %q", product, got)
		}
		if bad := harmless(strings.ReplaceAll(lines[1], "\ufffd", "")); bad != "" && bad != `contains \x09` {
			t.Error(bad)
		}
	})
}

// grepLines are what lines of the format look like.
var grepLines = regexp.MustCompile(`^(# .+|Host: \S+ \([^\t]*\)\t(Status: (Up|Down|Unknown)|Ports: ([0-9]+/[a-z|]+/[a-z]+//[^/]*//[^/]*/(, )?)*(\tIgnored State: [a-z|]+ \([0-9]+\))*))$`)

func TestGrepLines(t *testing.T) {
	for _, s := range scenarios() {
		f := format("grep")
		if !f.Fits(s.scan.Command) {
			continue
		}
		for line := range strings.Lines(s.render(f)) {
			if !grepLines.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s: %q", s.name, line)
			}
		}
	}
}

// TestNamesOfTheLink: what hosts of the link say they are called is in every format that has
// hosts, in those of nmap where its readers take it for no name that somebody has looked up.
func TestNamesOfTheLink(t *testing.T) {
	var s scenario
	for _, one := range scenarios() {
		if one.name == "local" {
			s = one
		}
	}
	const says = `says it is nas (llmnr), nas.local (mdns), =NAS \x1b[31m`
	for name, want := range map[string]string{"text": says, "grep": "# 10.77.2.10 " + says, "xml": `<script id="sonde" output="` + says, "html": says} {
		out := s.render(format(name))
		if !strings.Contains(out, want) {
			t.Errorf("%s has no %q:\n%s", name, want, out)
		}
		if (name == "grep" || name == "xml") && (strings.Contains(out, "(nas)") || strings.Contains(out, "<hostname ")) {
			t.Errorf("%s has it as a name that was looked up:\n%s", name, out)
		}
	}
}
