package read

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sonde/output"
	"sonde/probe"
	"sonde/scan/report"
)

// words are records in a few words each.
func words(t *testing.T, text string) (list []string, err error) {
	t.Helper()
	_, err = Records(strings.NewReader(text), func(r report.Record) error {
		switch r := r.(type) {
		case *report.Scan:
			line := fmt.Sprintf("scan %s %s %d", r.Command, r.Args, r.Time.Unix())
			if r.Asked != nil {
				line += fmt.Sprintf(" %+v", *r.Asked)
			}
			list = append(list, line)
		case *report.Host:
			list = append(list, strings.TrimSpace(fmt.Sprintf("host %s %s %s %s %s", r.Addr, r.State, r.Reason, r.PTR, r.Vendor)))
		case *report.Port:
			line := fmt.Sprintf("port %d/%s %s %s", r.Port, r.Proto, r.State, r.Reason)
			if r.From.IsValid() {
				line += " from " + r.From.String()
			}
			list = append(list, line)
		case *report.Service:
			list = append(list, fmt.Sprintf("service %d %q %q %q %q", r.Port, r.Service, r.Product, r.Version, r.OS))
		case *report.Hop:
			list = append(list, fmt.Sprintf("hop %d %s %v %s", r.TTL, r.From, r.Reached, r.Proto))
		case *report.End:
			list = append(list, fmt.Sprintf("end %v %s", r.Complete, r.Elapsed))
		}
		return nil
	})
	return list, err
}

const nmapFile = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/bin/../share/nmap/nmap.xsl" type="text/xsl"?>
<!-- Nmap scan initiated -->
<nmaprun scanner="nmap" args="nmap -A -p 20-29 192.0.2.1 192.0.2.2" start="1796050920" startstr="Mon" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="10" services="20-29"/>
<verbose level="0"/><debugging level="0"/>
<hosthint><status state="up" reason="unknown-response" reason_ttl="0"/><address addr="192.0.2.9" addrtype="ipv4"/></hosthint>
<host starttime="1" endtime="2"><status state="up" reason="arp-response" reason_ttl="0"/>
<address addr="192.0.2.1" addrtype="ipv4"/><address addr="02:00:00:00:00:01" addrtype="mac" vendor="A &quot;B&quot;"/>
<hostnames><hostname name="web" type="user"/><hostname name="web.example" type="PTR"/></hostnames>
<ports><extraports state="closed" count="7"><extrareasons reason="resets" count="7"/></extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/><service name="ssh" product="OpenSSH" version="9.2" ostype="Linux" method="probed" conf="10"><cpe>cpe:/a:b</cpe></service><script id="x" output="a&#xa;b"><table key="k"><elem key="port">1</elem></table></script></port>
<port protocol="tcp" portid="25"><state state="filtered" reason="admin-prohibited" reason_ttl="63" reason_ip="192.0.2.254"/><service name="smtp" method="table" conf="3"/></port>
<port protocol="tcp" portid="29"><state state="open" reason="something-new" reason_ttl="64"/></port>
</ports>
<os><portused state="open" proto="tcp" portid="22"/><osmatch name="Linux 5.0 - 6.2" accuracy="100" line="1"><osclass type="general purpose"/></osmatch><osmatch name="Other" accuracy="90" line="2"/></os>
<trace port="22" proto="tcp"><hop ttl="1" ipaddr="192.0.2.254" rtt="0.10" host="gw"/><hop ttl="2" ipaddr="192.0.2.1" rtt="0.20"/></trace>
</host>
<host><status state="down" reason="no-response" reason_ttl="0"/><address addr="192.0.2.2" addrtype="ipv4"/></host>
<host><status state="up" reason="user-set" reason_ttl="0"/><address addr="2001:db8::1" addrtype="ipv6"/><ports><extraports state="filtered" count="10"><extrareasons reason="no-response" count="4" proto="tcp" ports="20-23"/><extrareasons reason="host-unreach" count="6" proto="tcp" ports="24-29"/></extraports></ports></host>
<runstats><finished time="1796050921" timestr="x" summary="y" elapsed="1.25" exit="success"/><hosts up="1" down="1" total="2"/></runstats>
</nmaprun>
`

// TestNmapsXML: what nmap writes is read as it is meant, also what older ones leave out.
func TestNmapsXML(t *testing.T) {
	want := []string{
		"scan tcp [nmap -A -p 20-29 192.0.2.1 192.0.2.2] 1796050920 {Kind:syn Proto:tcp Ports:20-29}",
		`host 192.0.2.1 up arp-reply web.example A "B"`,
		"port 22/tcp open syn-ack", `service 22 "ssh" "OpenSSH" "9.2" "Linux"`,
		"port 25/tcp filtered admin-prohibited from 192.0.2.254",
		"port 29/tcp open no-response from 192.0.2.1",
	}
	for _, p := range []int{20, 21, 23, 24, 26, 27, 28} {
		want = append(want, fmt.Sprintf("port %d/tcp closed reset", p))
	}
	want = append(want, `service 0 "" "" "" "Linux 5.0 - 6.2"`, "hop 1 192.0.2.254 false tcp", "hop 2 192.0.2.1 true tcp",
		"host 192.0.2.2 unknown no-response", "host 2001:db8::1 not-tested no-response")
	for p := 20; p <= 29; p++ {
		want = append(want, fmt.Sprintf("port %d/tcp filtered %s", p, []string{"no-response", "host-unreach"}[min(1, p/24)]))
	}
	want = append(want, "end true 1.25s")
	got, err := words(t, nmapFile)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	twice, err := words(t, nmapFile+nmapFile)
	if err != nil || !slices.Equal(twice, slices.Concat(want, want)) {
		t.Errorf("two files behind each other: %v\n%s", err, strings.Join(twice, "\n"))
	}
}

// TestCutXML: wherever a file of a run that was killed ends, what stands before is read, and
// nothing says that the run has ended.
func TestCutXML(t *testing.T) {
	whole, err := words(t, nmapFile)
	if err != nil {
		t.Fatal(err)
	}
	begins, ends := strings.Index(nmapFile, "<scaninfo"), strings.Index(nmapFile, "<runstats>")
	for i := begins; i < ends; i++ {
		got, err := words(t, nmapFile[:i])
		if err != nil {
			t.Fatalf("up to %q: %v", nmapFile[max(0, i-40):i], err)
		}
		for j, word := range got {
			if strings.HasPrefix(word, "end") || j > 0 && !slices.Contains(whole, word) {
				t.Errorf("up to %q: %s", nmapFile[max(0, i-40):i], word)
			}
		}
	}
}

// TestRefuses: what is no file of a run is said to be none, with the place where.
func TestRefuses(t *testing.T) {
	head, tail := `<nmaprun args="nmap" start="1">`, "</nmaprun>"
	deep := head + strings.Repeat("<a>", maxDepth+1)
	for text, want := range map[string]string{
		"":            "it is empty",
		" \n\t":       "it is empty",
		"{":           "line 1: no line of JSON: unexpected EOF",
		"[1]":         "neither lines of JSON (-o json) nor XML (-o xml) of a run",
		"<?xml?>":     "it has no run: there is no element nmaprun",
		"<a></a>":     `line 1: it begins with an element "a", and not with nmaprun: no XML of a run`,
		head + "</a>": "line 1: XML syntax error on line 1: element <nmaprun> closed by </a>",
		deep:          "line 1: elements are more than 32 deep",
		`<?xml version="1.0" encoding="latin1"?>` + head:                                                                     `line 1: xml: opening charset "latin1": its encoding is "latin1", and only UTF-8 is read`,
		head + "\n<host><status state=\"up\" reason=\"syn-ack\"/></host>" + tail:                                             "line 2: a host has no address",
		head + `<host><address addr="x" addrtype="ipv4"/></host>` + tail:                                                     `line 1: "x" is no address`,
		head + `<host><address addr="10.0.0.1"/><ports><port portid="70000" protocol="tcp"/></ports></host>` + tail:          `line 1: portid="70000" is no number of 16 bits`,
		head + `<host><address addr="10.0.0.1"/><ports><port portid="7" protocol="tcp"><state state="ajar"/></port></ports>`: `line 1: "ajar" is no state of a port`,
		head + `<scaninfo type="syn" protocol="tcp" services="1-2-3"/>` + tail:                                               `line 1: "1-2-3" are no ports`,
		head + `<a b="` + strings.Repeat("x", maxLine+1<<16) + `"/>`:                                                         "line 1: a piece of it is longer than 16 MiB",
		`{"type":"end","a":"` + strings.Repeat("x", maxLine+1<<16) + `"}`:                                                    "line 1: longer than 16 MiB",
	} {
		if _, err := words(t, text); err == nil || err.Error() != want {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
}

// TestJSON: lines are read one by one; those of unknown types are counted, and one that was cut at the
// end of the file is left.
func TestJSON(t *testing.T) {
	addr := netip.MustParseAddr("10.0.0.1")
	line := string(output.JSON{}.AppendRecord(nil, &report.Port{Addr: addr, Proto: "tcp", Port: 80, Verdict: report.Verdict{State: probe.Open, Reason: probe.SynAck, From: addr}}))
	for _, tt := range []struct {
		text    string
		n       int
		unknown uint64
	}{
		{line, 1, 0}, {"\ufeff\r\n" + strings.ReplaceAll(line, "\n", "\r\n") + "\n" + line, 2, 0}, {line + line[:len(line)/2], 1, 0},
		{line + `{"type":"new"}` + "\n" + line, 2, 1}, {strings.TrimSuffix(line, "\n"), 1, 0},
	} {
		n := 0
		unknown, err := Records(strings.NewReader(tt.text), func(report.Record) error { n++; return nil })
		if err != nil || n != tt.n || unknown != tt.unknown {
			t.Errorf("%q: %d records, %d unknown, %v", tt.text, n, unknown, err)
		}
	}
}

// FuzzRecords: whatever is read, nothing panics, and every record has the address that it is about.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(nmapFile))
	paths, err := filepath.Glob("../testdata/*.[jx][sm][ol]*")
	if err != nil || len(paths) < 20 {
		f.Fatal(err, len(paths))
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		Records(bytes.NewReader(b), func(r report.Record) error {
			switch r := r.(type) {
			case *report.Host:
				if !r.Addr.IsValid() {
					t.Fatalf("%+v", *r)
				}
			case *report.Port:
				if !r.Addr.IsValid() {
					t.Fatalf("%+v", *r)
				}
			}
			return nil
		})
	})
}
