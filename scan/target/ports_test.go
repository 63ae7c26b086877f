package target

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// testServices is a small registry.
func testServices(pattern, proto string) []uint16 {
	var out []uint16
	for _, e := range []struct {
		name  string
		port  uint16
		proto string
	}{
		{"ssh", 22, "tcp"}, {"http", 80, "tcp"}, {"http", 80, "udp"}, {"https", 443, "tcp"}, {"http-alt", 8080, "tcp"},
		{"domain", 53, "tcp"}, {"domain", 53, "udp"}, {"3com-tsmux", 106, "tcp"}, {"snmp", 161, "udp"},
	} {
		if ok, _ := path.Match(pattern, e.name); ok && e.proto == proto {
			out = append(out, e.port)
		}
	}
	return out
}

func show(ports []uint16) string {
	if len(ports) > 20 {
		return fmt.Sprintf("%d..%d (%d)", ports[0], ports[len(ports)-1], len(ports))
	}
	return strings.Trim(fmt.Sprint(ports), "[]")
}

func TestParsePorts(t *testing.T) {
	for _, tt := range []struct {
		text     string
		def      Proto
		tcp, udp string
	}{
		{"80", TCP, "80", ""},
		{"80", UDP, "", "80"},
		{"80", TCP | UDP, "80", "80"},
		{"443,80,22,80", TCP, "22 80 443", ""},
		{"22, 80 ,443", TCP, "22 80 443", ""},
		{"1-1024", TCP, "1..1024 (1024)", ""},
		{"-", TCP, "1..65535 (65535)", ""},
		{"65535,1", TCP, "1 65535", ""},
		{"0080", TCP, "80", ""},
		{"20-25,23-27", TCP, "20 21 22 23 24 25 26 27", ""},
		{"8000\u20138002", TCP, "8000 8001 8002", ""},
		{"ssh", TCP, "22", ""},
		{"SSH", TCP, "22", ""},
		{"http*", TCP, "80 443 8080", ""},
		{"http*", UDP, "", "80"},
		{"http?", TCP, "443", ""},
		{"3com-tsmux", TCP, "106", ""},
		{"domain", TCP | UDP, "53", "53"},
		{"ssh", TCP | UDP, "22", ""},
		{"T:80,443", TCP, "80 443", ""},
		{"T:80,443", UDP, "80 443", ""},
		{"U:53", TCP, "", "53"},
		{"T:80,U:53", TCP, "80", "53"},
		{"U:53,161,T:21-25,80", TCP, "21 22 23 24 25 80", "53 161"},
		{"22,U:53,T:80", TCP, "22 80", "53"},
		{"22,T:80", TCP | UDP, "22 80", "22"},
		{"t:-,u:snmp", TCP, "1..65535 (65535)", "161"},
		{"T: 80", TCP, "80", ""},
	} {
		p, err := ParsePorts(tt.text, tt.def, testServices)
		if err != nil || show(p.TCP) != tt.tcp || show(p.UDP) != tt.udp {
			t.Errorf("%q: tcp %q, udp %q, %v; want %q, %q", tt.text, show(p.TCP), show(p.UDP), err, tt.tcp, tt.udp)
		}
	}
}

func TestParsePortsErrors(t *testing.T) {
	const missing = "a port is missing; ports are like 22,80,8000-8100, and - is all"
	for text, want := range map[string]string{
		"":              `port "": ` + missing,
		" ":             `port "": ` + missing,
		",":             `port "": ` + missing,
		"80,":           `port "": ` + missing,
		",80":           `port "": ` + missing,
		"80,,443":       `port "": ` + missing,
		"T:":            `port "T:": ` + missing,
		"U:,53":         `port "U:": ` + missing,
		"0":             `port "0": ports are 1 to 65535, not 0`,
		"00":            `port "00": ports are 1 to 65535, not 00`,
		"65536":         `port "65536": ports are 1 to 65535, not 65536`,
		"99999999999":   `port "99999999999": ports are 1 to 65535, not 99999999999`,
		"0-10":          `port "0-10": ports are 1 to 65535, not 0`,
		"1-65536":       `port "1-65536": ports are 1 to 65535, not 65536`,
		"-1024":         `port "-1024": a range has two ends; write 1-1024`,
		"1024-":         `port "1024-": a range has two ends; write 1024-65535`,
		"T:-80":         `port "T:-80": a range has two ends; write 1-80`,
		"U:80-":         `port "U:80-": a range has two ends; write 80-65535`,
		"80,-90":        `port "-90": a range has two ends; write 1-90`,
		"0-":            `port "0-": ports are 1 to 65535, not 0`,
		"-70000":        `port "-70000": ports are 1 to 65535, not 70000`,
		"-01":           `port "-01": a range has two ends; write 1-1`,
		"--":            `port "--": a range has two ends, as in 1-1024`,
		"1--5":          `port "1--5": a range has two ends, as in 1-1024`,
		"1-5-9":         `port "1-5-9": a range has two ends, as in 1-1024`,
		"-1-5":          `port "-1-5": a range has two ends, as in 1-1024`,
		"443-80":        `port "443-80": the range runs backwards; write 80-443`,
		"T:9-1":         `port "T:9-1": the range runs backwards; write 1-9`,
		"S:80":          `port "S:80": the letter before the colon is T for TCP or U for UDP`,
		"P:1":           `port "P:1": the letter before the colon is T for TCP or U for UDP`,
		"TCP:80":        `port "TCP:80": the letter before the colon is T for TCP or U for UDP`,
		":80":           `port ":80": the letter before the colon is T for TCP or U for UDP`,
		"10.0.0.1:80":   `port "10.0.0.1:80": the letter before the colon is T for TCP or U for UDP`,
		"T:U:53":        `port "T:U:53": is neither a port nor a service name: ':' cannot be in one`,
		"nosuch":        `port "nosuch": no tcp service of that name is registered; give its number`,
		"nosuch*":       `port "nosuch*": no tcp service of that name is registered; give its number`,
		"snmp":          `port "snmp": no tcp service of that name is registered; give its number`,
		"U:ssh":         `port "U:ssh": no udp service of that name is registered; give its number`,
		"80/tcp":        `port "80/tcp": no tcp service of that name is registered; give its number`,
		"0x50":          `port "0x50": no tcp service of that name is registered; give its number`,
		"8o":            `port "8o": no tcp service of that name is registered; give its number`,
		"80.":           `port "80.": no tcp service of that name is registered; give its number`,
		"+80":           `port "+80": no tcp service of that name is registered; give its number`,
		"ssh-http":      `port "ssh-http": no tcp service of that name is registered; give its number`,
		"ssh-80":        `port "ssh-80": no tcp service of that name is registered; give its number`,
		"[1-100]":       `port "[1-100]": is neither a port nor a service name: '[' cannot be in one`,
		"80 443":        `port "80 443": is neither a port nor a service name: ' ' cannot be in one`,
		"80;443":        `port "80;443": is neither a port nor a service name: ';' cannot be in one`,
		"80\n443":       `port "80\n443": is neither a port nor a service name: '\n' cannot be in one`,
		"1…9":           `port "1…9": is neither a port nor a service name: '…' cannot be in one`,
		"\x1b[2J":       `port "\x1b[2J": is neither a port nor a service name: '\x1b' cannot be in one`,
		"\xff":          `port "\xff": is neither a port nor a service name: '�' cannot be in one`,
		"80,443,T:,22,": `port "T:": ` + missing,
		"T:ss[h":        `port "T:ss[h": is neither a port nor a service name: '[' cannot be in one`,
		"۸۰":            `port "۸۰": is neither a port nor a service name: '۸' cannot be in one`,
	} {
		p, err := ParsePorts(text, TCP, testServices)
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v %v\nwant %s", text, p, err, want)
			continue
		}
		if m := proposal.FindStringSubmatch(err.Error()); m != nil {
			if _, err := ParsePorts(m[1], TCP, testServices); err != nil {
				t.Errorf("%s: the proposal is refused: %v", want, err)
			}
		}
	}
	if _, err := ParsePorts("nosuch", TCP|UDP, testServices); err == nil || err.Error() != `port "nosuch": no tcp or udp service of that name is registered; give its number` {
		t.Error(err)
	}
}

func TestPortsWithoutAndTop(t *testing.T) {
	p, _ := ParsePorts("20-25,80,U:53,161", TCP, testServices)
	ex, _ := ParsePorts("21-23,53", TCP|UDP, testServices)
	if p = p.Without(ex); show(p.TCP) != "20 24 25 80" || show(p.UDP) != "161" {
		t.Errorf("tcp %v, udp %v", p.TCP, p.UDP)
	}
	top := func(proto string, n int) []uint16 {
		return map[string][]uint16{"tcp": {443, 80, 22}, "udp": {161, 53, 123}}[proto][:n]
	}
	p, err := Top(2, TCP|UDP, top)
	if err != nil || show(p.TCP) != "80 443" || show(p.UDP) != "53 161" {
		t.Errorf("tcp %v, udp %v, %v", p.TCP, p.UDP, err)
	}
	for _, n := range []int{-1, 0, 65536} {
		if _, err := Top(n, TCP, top); err == nil || err.Error() != fmt.Sprintf("there are 1 to 65535 top ports, not %d", n) {
			t.Errorf("top %d: %v", n, err)
		}
	}
}

// slowPorts is what a list of numbers and ranges means, done the obvious way.
func slowPorts(text string) []uint16 {
	in := map[uint16]bool{}
	for _, e := range strings.Split(text, ",") {
		var lo, hi int
		if e == "-" {
			lo, hi = 1, 65535
		} else if n, _ := fmt.Sscanf(e, "%d-%d", &lo, &hi); n == 1 {
			hi = lo
		}
		for p := lo; p <= hi; p++ {
			in[uint16(p)] = true
		}
	}
	var out []uint16
	for p := range in {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

func FuzzParsePorts(f *testing.F) {
	for _, s := range []string{"80", "1-1024,443", "-", "T:80,U:53", "http*", "-1024", "1024-", "S:1", "80,,", "۸۰"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePorts(text, TCP, testServices)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("the error is not one clean line: %q", err)
			}
			return
		}
		for _, list := range [][]uint16{p.TCP, p.UDP} {
			if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || slices.Contains(list, 0) {
				t.Fatalf("%q: %v is not sorted, unique and above 0", text, list)
			}
		}
		if len(p.TCP)+len(p.UDP) == 0 {
			t.Fatalf("%q: no ports and no error", text)
		}
		if strings.Trim(text, "0123456789-,") == "" {
			if want := slowPorts(text); !slices.Equal(p.TCP, want) {
				t.Fatalf("%q: %v, want %v", text, p.TCP, want)
			}
		}
	})
}
