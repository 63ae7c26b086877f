package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// golden fails unless got is what the file has.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it):\n%s", file, got)
	}
}

// TestText: what people read.
func TestText(t *testing.T) {
	for _, tt := range []struct{ name, network, line string }{
		{"sweep-link", "lan.net", "sweep 10.0.0.0/29"},
		{"sweep-routed", "office.net", "sweep 10.2.0.0/28"},
		{"sweep-silent", exits, "sweep 10.1.0.1 10.1.0.2"},
		{"sweep-ipv6", "office.net", "sweep 2001:db8:2::/124"},
		{"tcp", "office.net", "tcp -p 21-25,80,113,135,443,445,9000 10.2.0.10"},
		{"tcp-ipv6", "office.net", "tcp -p 22,25,445,9000 2001:db8:2::10"},
		{"tcp-top", "office.net", "tcp 10.2.0.10"},
		{"tcp-range", exits, "tcp -p 22,81 10.1.0.0/29 --exclude 10.1.0.3"},
		{"tcp-silent", exits, "tcp -PN -p 445,28080,28443 10.1.0.2"},
		{"tcp-open", exits, "tcp --open -p 20-25,80,445 10.1.0.1"},
		{"tcp-foreign", exits, "tcp -S 10.42.48.1 -p 80 10.1.0.1"},
		{"tcp-deadline", exits, "tcp -p 80,445 --deadline 100ms 10.1.0.1"},
		{"tcp-no-route", exits, "tcp -p 80 198.51.100.1"},
		{"udp", "lan.net", "udp -p 7,53,69,161,514 10.0.0.2"},
		{"udp-ipv6", "lan.net", "udp -p 7,53,69,161,514 2001:db8::2"},
		{"udp-silent", exits, "udp -PN -p 80 10.1.0.2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := on(tt.network, tt.line+" --seed 1").run(t)
			golden(t, tt.name+".txt", fmt.Sprintf("$ sonde %s\n%s%s[exit %d]\n", tt.line, o.stdout, o.stderr, o.code))
		})
	}
}

// TestHelp: the manual of each command.
func TestHelp(t *testing.T) {
	for _, name := range []string{"sonde", "sweep", "tcp", "udp", "trace", "trial", "fp", "doctor", "compare", "diff", "nmap", "schema", "man", "version"} {
		line := strings.TrimPrefix(name, "sonde") + " --help"
		o := on("lan.net", line).run(t)
		if o.code != 0 || o.stderr != "" || o.opened {
			t.Errorf("%s: exit %d, %s", line, o.code, o.stderr)
		}
		golden(t, "help-"+name+".txt", o.stdout)
	}
}

// TestOnePortRecord: each port asked has exactly one record, each host too.
func TestOnePortRecord(t *testing.T) {
	for _, tt := range []struct {
		line  string
		hosts []string
		ports int
	}{
		{"tcp -p 1-200 10.2.0.10", []string{"10.2.0.10"}, 200},
		{"tcp 10.2.0.10 2001:db8:2::10", []string{"10.2.0.10", "2001:db8:2::10"}, 1000},
		{"udp 10.2.0.10", []string{"10.2.0.10"}, 100},
		{"tcp -PN -p 1-30 10.2.0.8/30", []string{"10.2.0.8", "10.2.0.9", "10.2.0.10", "10.2.0.11"}, 30},
		{"tcp -p 1-30 10.2.0.8/30", []string{"10.2.0.10"}, 30},
		{"tcp -p 1-30 10.2.0.8/30 10.2.0.10 10.2.0.10-10.2.0.10", []string{"10.2.0.10"}, 30},
		{"tcp -PE -p 1-30 10.2.0.10", []string{"10.2.0.10"}, 30},
		{"tcp -p 1-30 --exclude-ports 10-19 10.2.0.10", []string{"10.2.0.10"}, 20},
		{"tcp -p 20-30,25,http 10.2.0.10", []string{"10.2.0.10"}, 12},
	} {
		o := on("office.net", tt.line+" -o json").run(t)
		ports, hosts := map[string]int{}, map[string]int{}
		for _, r := range o.ports() {
			ports[fmt.Sprint(r.Addr, " ", r.Port)]++
		}
		for _, r := range o.hosts() {
			hosts[r.Addr.String()]++
		}
		if len(ports) != tt.ports*len(tt.hosts) {
			t.Errorf("%s: %d ports, want %d", tt.line, len(ports), tt.ports*len(tt.hosts))
		}
		for key, n := range ports {
			if n != 1 {
				t.Errorf("%s: %d records of %s", tt.line, n, key)
			}
		}
		if got := slices.Sorted(maps.Keys(hosts)); !slices.Equal(got, slices.Sorted(slices.Values(tt.hosts))) {
			t.Errorf("%s: hosts %v, want %v", tt.line, got, tt.hosts)
		}
		for a, n := range hosts {
			if n != 1 {
				t.Errorf("%s: %d records of host %s", tt.line, n, a)
			}
		}
	}
}

// TestOpenOnly: --open lists open and open|filtered ports only, and changes
// nothing else.
func TestOpenOnly(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"tcp -p 20-25,80,445 10.1.0.1", []string{"22 open", "80 open"}},
		{"udp -p 53,54,161,162 10.1.0.1", []string{"161 open|filtered", "53 open"}},
	} {
		all, open := on(exits, tt.line+" -o json").run(t), on(exits, tt.line+" --open -o json").run(t)
		var got []string
		for _, r := range open.ports() {
			got = append(got, fmt.Sprint(r.Port, " ", r.State))
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s --open: %v, want %v", tt.line, got, tt.want)
		}
		if all.code != open.code || all.end().Sent != open.end().Sent {
			t.Errorf("%s: --open changes exit %d to %d, or what is sent", tt.line, all.code, open.code)
		}
	}
}

// TestHostRecords: a sweep lists who is up; others only if they were named, or
// with -v.
func TestHostRecords(t *testing.T) {
	for _, tt := range []struct {
		line string
		want map[string]string
	}{
		{"sweep 10.1.0.0/29 --exclude 10.1.0.3", map[string]string{"10.1.0.1": "up"}},
		{"sweep 10.1.0.0/30 10.1.0.2 --exclude 10.1.0.3", map[string]string{"10.1.0.1": "up", "10.1.0.2": "unknown"}},
		{"sweep -v 10.1.0.0/30 --exclude 10.1.0.3", map[string]string{"10.1.0.0": "unknown", "10.1.0.1": "up", "10.1.0.2": "unknown"}},
		{"sweep 10.0.0.4", map[string]string{"10.0.0.4": "down"}},
		{"sweep 10.0.0.2-10.0.0.4", map[string]string{"10.0.0.2": "up"}},
		{"sweep 10.9.0.1", map[string]string{"10.9.0.1": "down"}},
		{"tcp -PN -p 445 10.1.0.1", map[string]string{"10.1.0.1": "not-tested"}},
		{"tcp -p 445 10.1.0.1", map[string]string{"10.1.0.1": "not-tested"}},
		{"tcp -p 25 10.1.0.1", map[string]string{"10.1.0.1": "up"}}, // the host itself sent the error
		{"tcp -p 81 10.1.0.1", map[string]string{"10.1.0.1": "up"}},
		{"tcp -PE -p 445 10.1.0.1 10.1.0.2", map[string]string{"10.1.0.1": "up", "10.1.0.2": "unknown"}},
		{"tcp -PE -p 445 10.1.0.1/30 --exclude 10.1.0.3", map[string]string{"10.1.0.1": "up"}},
		{"tcp -p 80 198.51.100.1", map[string]string{"198.51.100.1": "not-tested"}},
	} {
		o := on(exits, tt.line+" -o json").run(t)
		got := map[string]string{}
		for _, r := range o.hosts() {
			got[r.Addr.String()] = r.State.String()
		}
		if !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.line, got, tt.want)
		}
	}
}

// TestCountLine: the last line counts all addresses that were asked, also those
// that are not listed.
func TestCountLine(t *testing.T) {
	for line, want := range map[string]string{
		"sweep 10.1.0.0/29 --exclude 10.1.0.3": "7 addresses: 1 up. ",
		"sweep 10.1.0.1":                       "1 address: 1 up. ",
		"sweep 10.1.0.0/28 10.1.0.1 10.1.0.2 --exclude 10.1.0.8/29,10.1.0.3": "7 addresses: 1 up. ",
		"tcp -p 80 10.1.0.0/29 --exclude 10.1.0.3":                           "7 addresses: 1 up. 1 port: 1 open. ",
	} {
		o := on(exits, line).run(t)
		if !strings.Contains("\n"+o.stdout, "\n"+want) {
			t.Errorf("%s: no %q in\n%s", line, want, o.stdout)
		}
	}
}

// TestOrder: --seed gives the same order again, another seed another one.
func TestOrder(t *testing.T) {
	order := func(seed string) string {
		var b strings.Builder
		o := on("office.net", "tcp -PN -p 1-100 10.2.0.8/30 --max-retries 0 --seed "+seed).run(t)
		for _, p := range o.sent {
			fmt.Fprintln(&b, p.IP.Dst, p.TCP.Dst)
		}
		return b.String()
	}
	if a, b := order("7"), order("7"); a != b || a == "" {
		t.Error("--seed 7 twice: not the same order")
	}
	if order("7") == order("8") {
		t.Error("--seed 7 and --seed 8: the same order")
	}
}

// TestTargets: what is excluded gets no packet, what is named twice one.
func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		line, stdin string
		want        string
	}{
		{"10.2.0.8/30 --exclude 10.2.0.9", "", "10.2.0.10 10.2.0.11 10.2.0.8"},
		{"10.2.0.8/30 --exclude 10.2.0.8/31,10.2.0.11", "", "10.2.0.10"},
		{"10.2.0.10 10.2.0.10/31 10.2.0.10-11 10.2.0.10,11", "", "10.2.0.10 10.2.0.11"},
		{"-i -", "10.2.0.10 # a comment\n\n2001:db8:2::10\t10.2.0.11\n", "10.2.0.10 10.2.0.11 2001:db8:2::10"},
		{"10.2.0.8/30 --exclude-file -", "10.2.0.8/31\n", "10.2.0.10 10.2.0.11"},
		{"10.2.0-1.10,12", "", "10.2.0.10 10.2.0.12 10.2.1.10 10.2.1.12"},
		{"−i –", "10.2.0.10", "10.2.0.10"},
	} {
		s := on("office.net", "tcp −PN -p 22 --max-retries 0 "+tt.line)
		s.stdin = tt.stdin
		o := s.run(t)
		asked := map[string]int{}
		for _, p := range o.sent {
			if p.Layer != 0 && p.TCP.Dst == 22 {
				asked[p.IP.Dst.String()]++
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(asked)), " "); got != tt.want {
			t.Errorf("%s: asked %s, want %s\n%s", tt.line, got, tt.want, o.stderr)
		}
		for a, n := range asked {
			if n != 1 {
				t.Errorf("%s: %d packets to %s", tt.line, n, a)
			}
		}
	}
}

// TestQuiet: nothing but the exit code, and files.
func TestQuiet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scan.json")
	o := on(exits, "tcp -q -p 80,81 10.1.0.1 -o json="+file).run(t)
	if o.code != 0 || o.stdout+o.stderr != "" {
		t.Errorf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
	}
	b, err := os.ReadFile(file)
	if err != nil || strings.Count(string(b), "\n") != 5 {
		t.Errorf("%v; the file is %s", err, b)
	}
}

// TestVerbose: -v shows every field of the reply.
func TestVerbose(t *testing.T) {
	o := on(exits, "tcp -v -p 80 --tos 184 -g 4025 10.1.0.1").run(t)
	for _, part := range []string{"80/tcp, the reply after ", "flags", "SA", "window", "mss=1460"} {
		if !strings.Contains(o.stdout, part) {
			t.Errorf("no %q in\n%s", part, o.stdout)
		}
	}
	if p := o.sent[0]; p.TCP.Src != 4025 || p.IP.TOS != 184 {
		t.Errorf("sent from port %d with TOS %d", p.TCP.Src, p.IP.TOS)
	}
	j := on(exits, "tcp -v -p 80 10.1.0.1 -o json").run(t)
	if j.ports()[0].Reply == nil {
		t.Error("no reply in JSON")
	}
}
