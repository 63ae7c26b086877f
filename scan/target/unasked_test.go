package target

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestUselessAnswers: what a resolver gives that is no host's is never asked; a name
// that has nothing else does not resolve.
func TestUselessAnswers(t *testing.T) {
	for addrs, want := range map[string]string{
		"0.0.0.0":         `the name "x.test" resolves to 0.0.0.0, which is no address; a resolver that blocks names answers so`,
		"::":              `the name "x.test" resolves to ::, which is no address; a resolver that blocks names answers so`,
		":: 0.0.0.0":      `the name "x.test" resolves to ::, which is no address; a resolver that blocks names answers so`,
		"::ffff:0.0.0.0":  `the name "x.test" resolves to 0.0.0.0, which is no address; a resolver that blocks names answers so`,
		"0.0.0.7":         `the name "x.test" resolves to 0.0.0.7, which is in a network that no host is in (0.0.0.0/8)`,
		"224.0.0.1":       `the name "x.test" resolves to 224.0.0.1, which is a group, and no host`,
		"ff02::1":         `the name "x.test" resolves to ff02::1, which is a group, and no host`,
		"255.255.255.255": `the name "x.test" resolves to 255.255.255.255, which is everybody on the link, and no host`,
		"240.0.0.1":       `the name "x.test" resolves to 240.0.0.1, which is in a network that no host is in (240.0.0.0/4)`,
		"127.0.0.1":       "", // somebody's own
		"::1":             "",
		"10.0.0.1":        "",
	} {
		for _, word := range []string{"x.test", "x.test/32", "x.test/128"} {
			if strings.Contains(word, "/") && (word == "x.test/128") != strings.Contains(strings.TrimPrefix(addrs, "::ffff:"), ":") {
				continue
			}
			dns := &fakeDNS{hosts: map[string]string{"x.test": addrs}}
			r, err := Parse(t.Context(), []string{word, "10.9.9.9"}, Options{Resolver: dns})
			got := ""
			if err == nil && len(r.Unresolved) > 0 {
				got = r.Unresolved[0].Error()
			}
			if first := strings.Fields(addrs)[0]; word == "x.test" && err == nil && want != "" && r.All.Contains(netip.MustParseAddr(first)) {
				t.Errorf("%s is asked", first)
			}
			if err != nil || got != want && word == "x.test" || (got == "") != (want == "") {
				t.Errorf("%s, %s: %q, %v; want %q", word, addrs, got, err, want)
			}
		}
	}
	dns := &fakeDNS{hosts: map[string]string{"x.test": "0.0.0.0 10.0.0.1"}}
	r, err := Parse(t.Context(), []string{"x.test"}, Options{Resolver: dns, AllAddresses: true})
	want := "x.test also resolves to 0.0.0.0, which is no address; a resolver that blocks names answers so: not asked"
	if err != nil || hosts(r) != "10.0.0.1=x.test" || !slices.Equal(r.Notes, []string{want}) {
		t.Errorf("%v, %s, %q", err, hosts(r), r.Notes)
	}
	if _, err := Parse(t.Context(), []string{"10.0.0.1"}, Options{Resolver: &fakeDNS{hosts: map[string]string{"x.test": "::"}}, Exclude: []string{"x.test"}}); err == nil {
		t.Error("an exclusion that means nobody is accepted")
	}
}

// TestUnasked: addresses of a name that are not asked are mentioned.
func TestUnasked(t *testing.T) {
	for _, tt := range []struct {
		words  string
		family int
		all    bool
		route  func(netip.Addr) bool
		want   string
	}{
		{"both.test", 0, false, nil, "both.test has 2 more addresses (10.1.0.5, 10.1.0.6): --all-addresses asks them"},
		{"both.test", 0, false, netip.Addr.Is4, "both.test has 1 more address (10.1.0.6): --all-addresses asks it"},
		{"both.test", 0, false, netip.Addr.Is6, ""}, // no way to the others
		{"both.test", 4, false, nil, "both.test has 1 more address (10.1.0.6): --all-addresses asks it"},
		{"both.test", 6, false, nil, ""},
		{"both.test", 0, true, nil, ""},
		{"both.test both.test 10.1.0.5", 0, false, nil, "both.test has 1 more address (10.1.0.6): --all-addresses asks it"},
		{"both.test 10.1.0.0/24", 0, false, nil, ""},
		{"both.test/30", 0, false, nil, ""},
		{"four.test gone.test", 0, false, nil, ""},
	} {
		r, err := Parse(t.Context(), strings.Fields(tt.words), Options{Family: tt.family, AllAddresses: tt.all, HasRoute: tt.route, Resolver: testDNS()})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Notes, "\n"); got != tt.want {
			t.Errorf("%s, -%d, all %v: %q, want %q", tt.words, tt.family, tt.all, got, tt.want)
		}
	}
	dns, words := &fakeDNS{hosts: map[string]string{}}, []string{}
	for i := range 15 {
		words = append(words, fmt.Sprintf("h%d.test", i))
		dns.hosts[words[i]] = fmt.Sprintf("10.0.%d.1 10.0.%d.2 10.0.%d.3 10.0.%d.4 10.0.%d.5", i, i, i, i, i)
	}
	r, err := Parse(t.Context(), words, Options{Resolver: dns})
	if err != nil || len(r.Notes) != mostNoted+1 || r.Notes[0] != "h0.test has 4 more addresses (10.0.0.2, 10.0.0.3, 10.0.0.4, …): --all-addresses asks them" ||
		r.Notes[mostNoted] != "5 more names have addresses that are not asked" {
		t.Errorf("%v, %q", err, r.Notes)
	}
}
