package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// book is what the resolver of these tests knows.
var book = phoneBook{
	"both.example":   {"2001:db8:1::1", "10.1.0.1"},
	"four.example":   {"10.1.0.1"},
	"six.example":    {"2001:db8:1::1"},
	"many.example":   {"10.1.0.1", "10.1.0.5", "2001:db8:1::1"},
	"10.1.0.1":       {"server.example."},
	"2001:db8:1::1":  {"both.example."},
	"server.example": {"10.1.0.1"},
}

// TestNames: which addresses a name means.
func TestNames(t *testing.T) {
	only4 := func(a netip.Addr) bool { return a.Is4() }
	for _, tt := range []struct {
		line   string
		routes func(netip.Addr) bool
		want   string
		code   int
	}{
		{"both.example", nil, "2001:db8:1::1", 0}, // the resolver's order
		{"both.example", only4, "10.1.0.1", 0},    // a family that has a route
		{"both.example -4", nil, "10.1.0.1", 0},
		{"both.example -6", nil, "2001:db8:1::1", 0},
		{"both.example --all-addresses", nil, "10.1.0.1 2001:db8:1::1", 0},
		{"many.example --all-addresses -4", nil, "10.1.0.1 10.1.0.5", 0},
		{"four.example -6", nil, "", 5},
		{"six.example 10.1.0.1 -4", nil, "10.1.0.1", 5},
		{"nobody.example 10.1.0.1", nil, "10.1.0.1", 5},
		{"four.example 10.1.0.1 server.example", nil, "10.1.0.1", 0},
		{"many.example --all-addresses --exclude four.example", nil, "10.1.0.5 2001:db8:1::1", 0},
		{"10.1.0.1 --exclude nobody.example", nil, "", 5},
		{"four.example/30 --exclude 10.1.0.3", nil, "10.1.0.0 10.1.0.1 10.1.0.2", 0},
	} {
		s := on(exits, "tcp -PN -p 80 --max-retries 0 "+tt.line)
		s.names, s.routes = book, tt.routes
		o := s.run(t)
		var got []string
		for _, p := range o.sent {
			if p.TCP.Dst == 80 && !slices.Contains(got, p.IP.Dst.String()) {
				got = append(got, p.IP.Dst.String())
			}
		}
		slices.Sort(got)
		if words := strings.Join(got, " "); words != tt.want || o.code != tt.code {
			t.Errorf("%s: asked %q, exit %d; want %q, exit %d\n%s", tt.line, words, o.code, tt.want, tt.code, o.stderr)
		}
	}
}

// TestNamesShown: names as the user wrote them, and with -v or -R those that
// addresses have.
func TestNamesShown(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"four.example", `"name":"four.example"`},
		{"four.example -v", `"reverse":"server.example"`},
		{"four.example -v", `"names_differ":true`},
		{"both.example -v", `"names_differ":false`},
		{"10.1.0.1 -R", `"reverse":"server.example"`},
	} {
		s := on(exits, "tcp -p 80 -o json "+tt.line)
		s.names = book
		if o := s.run(t); !strings.Contains(o.stdout, tt.want) {
			t.Errorf("%s: no %s in\n%s", tt.line, tt.want, o.stdout)
		}
	}
	for _, line := range []string{"10.1.0.1", "10.1.0.1 -n", "10.1.0.1 -v", "four.example"} {
		s := on(exits, "tcp -p 80 "+line)
		s.names = book
		if o := s.run(t); strings.Contains(o.stdout, "server.example") {
			t.Errorf("%s: a name was looked up\n%s", line, o.stdout)
		}
	}
}
