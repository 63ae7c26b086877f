package output

import (
	"net/netip"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/report"
)

// TestTargetsListed: targets that nobody was to ask are in every format of hosts, with
// their names, and none of them is called down.
func TestTargetsListed(t *testing.T) {
	hosts := []*report.Host{
		{Addr: netip.MustParseAddr("10.0.0.2"), Names: report.Names{PTR: "two.example", Looked: true}},
		{Addr: netip.MustParseAddr("10.0.0.3"), Named: true, Names: report.Names{Forward: []string{"three.example"}}},
		{Addr: netip.MustParseAddr("2001:db8::1")},
	}
	want := map[string]string{
		"text": "10.0.0.2 (two.example)\n10.0.0.3 (three.example)\n2001:db8::1\n",
		"nmap": "Nmap scan report for two.example (10.0.0.2)\nNmap scan report for three.example (10.0.0.3)\nNmap scan report for 2001:db8::1\nNmap done: 3 IP addresses (0 hosts up)",
		"grep": "Host: 10.0.0.2 (two.example)\tStatus: Unknown\nHost: 10.0.0.3 (three.example)\tStatus: Unknown\nHost: 2001:db8::1 ()\tStatus: Unknown\n",
		"list": "10.0.0.2\n10.0.0.3\n2001:db8::1\n",
		"csv":  "host,10.0.0.2,two.example,,,,not-tested",
		"xml":  `<host><status state="unknown" reason="user-set" reason_ttl="0"/>` + "\n" + `<address addr="10.0.0.2" addrtype="ipv4"/>`,
		"json": `"addr":"10.0.0.2","state":"not-tested"`,
		"html": "two.example",
	}
	for name, part := range want {
		f := format(name)
		s := f.New(Options{Sorted: SortedHosts})
		b := s.AppendRecord(nil, &report.Scan{Command: "sweep", Addresses: 3})
		e := &report.End{Complete: true}
		for _, h := range hosts {
			r := *h
			r.State = probe.NotTested
			e.Tally.Add(&r)
			b = s.AppendRecord(b, &r)
		}
		b = s.AppendRecord(b, e)
		if !strings.Contains(string(b), part) || strings.Contains(string(b), `state="down"`) || strings.Contains(string(b), "Status: Down") || strings.Contains(string(b), "seems down") {
			t.Errorf("%s:\n%s\nwithout\n%s", name, b, part)
		}
	}
}
