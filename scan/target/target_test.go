package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fakeDNS answers from a table and counts what is under way.
type fakeDNS struct {
	hosts        map[string]string // name → addresses, separated by blanks
	delay        time.Duration
	asked        atomic.Int32
	now, busiest atomic.Int32
}

func (f *fakeDNS) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	f.asked.Add(1)
	if n := f.now.Add(1); n > f.busiest.Load() {
		f.busiest.Store(n)
	}
	defer f.now.Add(-1)
	if f.delay > 0 {
		select {
		case <-time.After(f.delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	var out []netip.Addr
	for s := range strings.FieldsSeq(f.hosts[host]) {
		a := netip.MustParseAddr(s)
		if network == "ip" || network == "ip4" && a.Unmap().Is4() || network == "ip6" && !a.Unmap().Is4() {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

func testDNS() *fakeDNS {
	return &fakeDNS{hosts: map[string]string{
		"both.test":  "2001:db8::5 10.1.0.5 10.1.0.6",
		"four.test":  "10.1.0.7",
		"four2.test": "10.1.0.7",
		"six.test":   "2001:db8::7",
		"map.test":   "::ffff:10.1.0.9",
	}}
}

func ranges(s *Set) string {
	var out []string
	for _, r := range s.Ranges() {
		if r.From() == r.To() {
			out = append(out, r.From().String())
		} else {
			out = append(out, r.String())
		}
	}
	for _, a := range s.Zoned() {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}

func hosts(r *Result) string {
	var out []string
	for h := range r.Named {
		s := h.Addr.String()
		if h.Name != "" {
			s += "=" + h.Name
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		words        string
		exclude      string
		named, swept string
	}{
		{"10.0.0.1", "", "10.0.0.1", ""},
		{"10.0.0.1 10.0.0.1,10.0.0.1", "", "10.0.0.1", ""},
		{"2001:db8::1", "", "2001:db8::1", ""},
		{"::ffff:10.0.0.1", "", "10.0.0.1", ""},
		{"fe80::1%eth0 fe80::1%br-lan", "", "fe80::1%eth0 fe80::1%br-lan", ""},
		{"10.0.0.7/24", "", "", "10.0.0.0-10.0.0.255"},
		{"10.0.0.7/32 2001:db8::9/128", "", "10.0.0.7 2001:db8::9", ""},
		{"10.0.0.0/8", "", "", "10.0.0.0-10.255.255.255"},
		{"2001:db8::77/120", "", "", "2001:db8::-2001:db8::ff"},
		{"2001:db8::/108", "", "", "2001:db8::-2001:db8::f:ffff"},
		{"::ffff:10.0.0.0/120", "", "", "10.0.0.0-10.0.0.255"},
		{"10.0.0.1-10.0.0.40", "", "", "10.0.0.1-10.0.0.40"},
		{"10.0.0.1-40", "", "", "10.0.0.1-10.0.0.40"},
		{"10.0.0.1\u201310.0.0.40", "", "", "10.0.0.1-10.0.0.40"},
		{"2001:db8::1-2001:db8::40", "", "", "2001:db8::1-2001:db8::40"},
		{"10.0.0-3.1,5-9", "", "", "10.0.0.1 10.0.0.5-10.0.0.9 10.0.1.1 10.0.1.5-10.0.1.9 10.0.2.1 10.0.2.5-10.0.2.9 10.0.3.1 10.0.3.5-10.0.3.9"},
		{"10.0.0.*", "", "", "10.0.0.0-10.0.0.255"},
		{"10.0-1.*.*", "", "", "10.0.0.0-10.1.255.255"},
		{"10.0,2.0.5", "", "", "10.0.0.5 10.2.0.5"},
		{"10.0.0.9-12,1-2,2", "", "", "10.0.0.1-10.0.0.2 10.0.0.9-10.0.0.12"},
		{"10.0.0.5-5", "", "10.0.0.5", ""},
		{"10.0.0.1,5-9,10.0.1.0/30,::5", "", "::5", "10.0.0.1 10.0.0.5-10.0.0.9 10.0.1.0-10.0.1.3"},
		// Overlaps are asked once, and what is named is not swept.
		{"10.0.0.0/29 10.0.0.4-10.0.0.9 10.0.0.3", "", "10.0.0.3", "10.0.0.0-10.0.0.2 10.0.0.4-10.0.0.9"},
		{"10.0.0.0/29 2001:db8::/126 10.0.0.3", "10.0.0.0-10.0.0.2,2001:db8::1", "10.0.0.3", "10.0.0.4-10.0.0.7 2001:db8:: 2001:db8::2-2001:db8::3"},
		{"10.0.0.0/29 10.0.0.3", "10.0.0.3", "", "10.0.0.0-10.0.0.2 10.0.0.4-10.0.0.7"},
		{"fe80::1%a fe80::1%b fe80::2%a", "fe80::2,fe80::1%b", "fe80::1%a", ""},
		{"10.0.0.1", "10.0.0.0/24", "", ""},
		// Names.
		{"both.test", "", "10.1.0.5=both.test", ""},
		{"four.test four2.test 10.1.0.7", "", "10.1.0.7=four.test", ""},
		{"10.1.0.7 four2.test", "", "10.1.0.7=four2.test", ""},
		{"map.test", "", "10.1.0.9=map.test", ""},
		{"six.test", "", "2001:db8::7=six.test", ""}, // no route: still asked, the run says so
		{"four.test/30", "", "", "10.1.0.4-10.1.0.7"},
		{"both.test/31", "", "", "10.1.0.4-10.1.0.5"},
		{"six.test/126", "", "", "2001:db8::4-2001:db8::7"},
		{"four.test/32", "", "10.1.0.7=four.test", ""},
		{"10.1.0.0/29", "both.test", "", "10.1.0.0-10.1.0.4 10.1.0.7"},
	} {
		t.Run(tt.words, func(t *testing.T) {
			opt := Options{Resolver: testDNS(), HasRoute: netip.Addr.Is4}
			if tt.exclude != "" {
				opt.Exclude = strings.Fields(tt.exclude)
			}
			r, err := Parse(t.Context(), strings.Fields(tt.words), opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := hosts(r); got != tt.named {
				t.Errorf("named %q, want %q", got, tt.named)
			}
			if got := ranges(r.Swept); got != tt.swept {
				t.Errorf("swept %q, want %q", got, tt.swept)
			}
			if uint64(len(slices.Collect(r.Named))) != r.NamedSet.Len() || r.All.Len() != r.NamedSet.Len()+r.Swept.Len() || len(r.Unresolved) != 0 {
				t.Errorf("named %d, in set %d, swept %d, all %d, unresolved %v", len(slices.Collect(r.Named)), r.NamedSet.Len(), r.Swept.Len(), r.All.Len(), r.Unresolved)
			}
		})
	}
}

func TestParseFamilies(t *testing.T) {
	for _, tt := range []struct {
		name   string
		family int
		all    bool
		route  func(netip.Addr) bool
		want   string
	}{
		{"first", 0, false, nil, "2001:db8::5=both.test"},
		{"first with a route", 0, false, netip.Addr.Is4, "10.1.0.5=both.test"},
		{"-4", 4, false, nil, "10.1.0.5=both.test"},
		{"-6", 6, false, netip.Addr.Is4, "2001:db8::5=both.test"},
		{"all", 0, true, netip.Addr.Is4, "2001:db8::5=both.test 10.1.0.5=both.test 10.1.0.6=both.test"},
		{"all -4", 4, true, nil, "10.1.0.5=both.test 10.1.0.6=both.test"},
	} {
		r, err := Parse(t.Context(), []string{"both.test"}, Options{Family: tt.family, AllAddresses: tt.all, HasRoute: tt.route, Resolver: testDNS()})
		if err != nil {
			t.Fatal(err)
		}
		if got := hosts(r); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := r.Name(slices.Collect(r.Named)[0].Addr); got != "both.test" {
			t.Errorf("%s: name %q", tt.name, got)
		}
	}
	// -4 and -6 choose for names, not for addresses.
	r, err := Parse(t.Context(), []string{"2001:db8::1", "six.test"}, Options{Family: 4, Resolver: testDNS()})
	if err != nil || hosts(r) != "2001:db8::1" || len(r.Unresolved) != 1 {
		t.Errorf("-4: %v, %q, %v", err, hosts(r), r.Unresolved)
	}
}

// TestSpare: with all addresses of a name, which of them only that made targets.
func TestSpare(t *testing.T) {
	for _, tt := range []struct {
		words string
		all   bool
		route func(netip.Addr) bool
		want  string
	}{
		{"both.test", false, nil, ""},
		{"both.test", true, nil, "10.1.0.5 10.1.0.6"},
		{"both.test", true, netip.Addr.Is4, "2001:db8::5 10.1.0.6"},
		{"both.test", true, func(netip.Addr) bool { return false }, "10.1.0.5 10.1.0.6"},
		{"both.test 10.1.0.6", true, nil, "10.1.0.5"},
		{"10.1.0.6 both.test", true, nil, "10.1.0.5"},
		{"10.1.0.6 10.1.0.7", true, nil, ""},
	} {
		r, err := Parse(t.Context(), strings.Fields(tt.words), Options{AllAddresses: tt.all, HasRoute: tt.route, Resolver: testDNS()})
		if err != nil {
			t.Fatal(err)
		}
		var spare []string
		for h := range r.Named {
			if h.Spare {
				spare = append(spare, h.Addr.String())
			}
		}
		if got := strings.Join(spare, " "); got != tt.want {
			t.Errorf("%s, all %v: spare are %q, want %q", tt.words, tt.all, got, tt.want)
		}
	}
}

// A name that does not resolve does not keep the others from being asked.
func TestParseUnresolved(t *testing.T) {
	r, err := Parse(t.Context(), []string{"gone.test", "four.test", "10.0.0.0/30", "lost.test/24"}, Options{Resolver: testDNS()})
	if err != nil {
		t.Fatal(err)
	}
	if hosts(r) != "10.1.0.7=four.test" || r.Swept.Len() != 4 || len(r.Unresolved) != 2 || r.Unresolved[1].Name != "lost.test" {
		t.Errorf("%q, %d, %v", hosts(r), r.Swept.Len(), r.Unresolved)
	}
	if got, want := r.Unresolved[0].Error(), `the name "gone.test" has no address`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	_, err = Parse(t.Context(), []string{"10.0.0.1"}, Options{Resolver: testDNS(), Exclude: []string{"gone.test"}})
	if u := new(Unresolved); !errors.As(err, &u) || err.Error() != `cannot exclude: the name "gone.test" has no address` {
		t.Errorf("an exclusion that does not resolve: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	slow := testDNS()
	slow.delay = time.Minute
	r, err = Parse(ctx, []string{"four.test"}, Options{Resolver: slow})
	if err != nil || len(r.Unresolved) != 1 || !errors.Is(r.Unresolved[0], context.Canceled) {
		t.Errorf("cancelled: %v, %v", err, r.Unresolved)
	}
}

// Lookups run side by side, bounded, once for each name, and keep the order.
func TestParseLooksUpInParallel(t *testing.T) {
	dns := &fakeDNS{hosts: map[string]string{}, delay: 20 * time.Millisecond}
	var words []string
	for i := range 60 {
		name := fmt.Sprintf("h%d.test", i)
		dns.hosts[name] = fmt.Sprintf("10.9.0.%d", 200-i)
		words = append(words, name, name)
	}
	r, err := Parse(t.Context(), words, Options{Resolver: dns})
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range slices.Collect(r.Named) {
		if want := fmt.Sprintf("10.9.0.%d", 200-i); h.Addr.String() != want {
			t.Fatalf("host %d is %v, want %s", i, h.Addr, want)
		}
	}
	if dns.asked.Load() != 60 || dns.busiest.Load() < 2 || dns.busiest.Load() > maxLookups {
		t.Errorf("%d lookups, at most %d at a time", dns.asked.Load(), dns.busiest.Load())
	}
}

func TestParseErrors(t *testing.T) {
	for word, want := range map[string]string{
		"10.0.0":                   `target "10.0.0": an IPv4 address has four octets, this has 3; for the network write 10.0.0.0/24 or 10.0.0.*`,
		"10":                       `target "10": is a number, and no target; if a port was meant, write -p 10`,
		"10.0.0.256":               `target "10.0.0.256": the octet 256 is above 255`,
		"10.0.0.1.2":               `target "10.0.0.1.2": an IPv4 address has four octets, this has 5`,
		"10.0.0.010":               `target "10.0.0.010": the octet 010 has a leading zero, which some read as octal; write 10.0.0.10`,
		"10..0.1":                  `target "10..0.1": an octet is missing between two dots`,
		"10.0.1.":                  `target "10.0.1.": an octet is missing between two dots`,
		"10.0.0.99999999999":       `target "10.0.0.99999999999": the octet 99999999999 is above 255`,
		"10.0.0.5-":                `target "10.0.0.5-": the range "5-" lacks an end; a range is like 1-254, and * is all`,
		"10.0.0.-5":                `target "10.0.0.-5": the range "-5" lacks an end; a range is like 1-254, and * is all`,
		"10.0.0.9-5":               `target "10.0.0.9-5": the range "9-5" runs backwards; write 10.0.0.5-9`,
		"10.0.0.1-2-3":             `target "10.0.0.1-2-3": "2-3" is no octet; it is a number from 0 to 255, a range like 1-9, or *`,
		"10.0.0.1-10.0.0":          `target "10.0.0.1-10.0.0": an IPv4 address has four octets, this has 3`,
		"10.0.0.9-10.0.0.5":        `target "10.0.0.9-10.0.0.5": the range runs backwards; write 10.0.0.5-10.0.0.9`,
		"10.*.*.1-9":               "",
		"10.*.*.1-9,11":            `target "10.*.*.1-9,11": stands for 131072 separate ranges, more than 65536; split it into several targets`,
		"*.*.*.1":                  `target "*.*.*.1": stands for 16777216 separate ranges, more than 65536; split it into several targets`,
		"10.0.0.1*":                `target "10.0.0.1*": "1*" is no octet; it is a number from 0 to 255, a range like 1-9, or *`,
		"10.0.0.1,":                "",
		",10.0.0.1":                "",
		"10.0.0.1,,":               `target "10.0.0.1,,": nothing stands beside a comma`,
		",":                        `target ",": nothing stands beside a comma`,
		"10.0.0.0/33":              `target "10.0.0.0/33": the prefix length 33 is above 32`,
		"10.0.0.0/":                `target "10.0.0.0/": the prefix length "" is no number from 0 to 32 (IPv6: 128); write 10.0.0.0`,
		"10.0.0.0/-1":              `target "10.0.0.0/-1": the prefix length "-1" is no number from 0 to 32 (IPv6: 128); write 10.0.0.0`,
		"10.0.0.0/+8":              `target "10.0.0.0/+8": the prefix length "+8" is no number from 0 to 32 (IPv6: 128); write 10.0.0.0`,
		"10.0.0.0/024":             `target "10.0.0.0/024": the prefix length "024" is no number from 0 to 32 (IPv6: 128); write 10.0.0.0/24 or 10.0.0.0`,
		"10.0.0.0/255.255.255.0":   "",
		"10.0.0/24":                `target "10.0.0/24": an IPv4 address has four octets, this has 3; write 10.0.0.0/24`,
		"10.0.0.1-5/24":            `target "10.0.0.1-5/24": an octet range has no prefix length; write 10.0.0.1-5`,
		"/24":                      `target "/24": has no address before the slash`,
		"2001:db8::/64":            `target "2001:db8::/64": a /64 holds 2^64 IPv6 addresses, too many to ask one by one; give a /108 or longer, or single addresses`,
		"::/0":                     `target "::/0": a /0 holds 2^128 IPv6 addresses, too many to ask one by one; give a /108 or longer, or single addresses`,
		"2001:db8::/129":           `target "2001:db8::/129": the prefix length 129 is above 128`,
		"2001:db8::1-2001:db9::":   `target "2001:db8::1-2001:db9::": the range holds more than 2^20 IPv6 addresses, too many to ask one by one`,
		"2001:db8::9-2001:db8::":   `target "2001:db8::9-2001:db8::": the range runs backwards; write 2001:db8::-2001:db8::9`,
		"2001:db8::1-9":            `target "2001:db8::1-9": the end of the range, "9", is no IPv6 address`,
		"2001:db8::1-10.0.0.1":     `target "2001:db8::1-10.0.0.1": the ends of the range are of different families`,
		"2001:db8::g":              `target "2001:db8::g": is no IPv6 address`,
		"2001:db8:::1":             `target "2001:db8:::1": is no IPv6 address`,
		"2001:db8::*":              `target "2001:db8::*": octet ranges are for IPv4; IPv6 has prefixes, and ranges of two addresses`,
		"fe80::1%":                 `target "fe80::1%": is no IPv6 address`,
		"fe80::1%e0-fe80::2%e0":    `target "fe80::1%e0-fe80::2%e0": a range cannot have a zone; only a single address can`,
		"fe80::%e0/120":            `target "fe80::%e0/120": a prefix cannot have a zone; only a single address can`,
		"fe80::1-fe80::2%e0":       `target "fe80::1-fe80::2%e0": a range cannot have a zone; only a single address can`,
		"10.0.0.1%eth0":            `target "10.0.0.1%eth0": a zone belongs to an IPv6 address, as in fe80::1%eth0`,
		"10.0.0.1:80":              `target "10.0.0.1:80": a target has no port; write 10.0.0.1 -p 80`,
		"0\x1b0:0":                 `target "0\x1b0:0": is no IPv6 address`,
		"fe80::1%e\x1b[2J":         `target "fe80::1%e\x1b[2J": the zone "e\x1b[2J" is no name of an interface`,
		"fe80::1%abcdefghijklmnop": `target "fe80::1%abcdefghijklmnop": the zone "abcdefghijklmnop" is longer than the name of an interface can be, 15 characters`,
		"[2001:db8::1]:443":        `target "[2001:db8::1]:443": a target has no port; write 2001:db8::1 -p 443`,
		"www.test:443":             `target "www.test:443": a target has no port; write www.test -p 443`,
		"http://www.test/":         `target "http://www.test/": is a URL, and a target is only the host in it; write www.test`,
		"www..test":                `target "www..test": has an empty label; a host name has something between the dots`,
		"ww w":                     `target "ww w": has blanks in it; write ww,w`,
		"\x1b[31m":                 `target "\x1b[31m": is neither an address nor a host name: '\x1b' cannot be in one`,
		"münchen.test":             `target "münchen.test": has letters outside ASCII; only its xn-- form can be looked up`,
		"-x":                       `target "-x": is neither a flag nor a target; a host name does not begin with a dash`,
		"":                         `target "": is empty`,
		"four.test/64":             `target "four.test/64": a /64 holds 2^64 IPv6 addresses, too many to ask one by one; give a /108 or longer, or single addresses`,
		"four.test/129":            `target "four.test/129": the prefix length 129 is above 128`,
		"0.0.0.0/0":                `these targets are 3702258688 public IPv4 addresses; more than 2^24 need an --exclude-file that lists who must not be asked`,
		"8.0.0.0/7":                `these targets are 33554432 public IPv4 addresses; more than 2^24 need an --exclude-file that lists who must not be asked`,
		"8.0.0.0/8":                "",
		"10.0.0.0/7":               "", // 11/8 is public, 10/8 is not
	} {
		_, err := Parse(t.Context(), []string{word}, Options{Ports: true, Resolver: testDNS()})
		switch {
		case err == nil && want != "":
			t.Errorf("%q is accepted, want %s", word, want)
		case err != nil && err.Error() != want:
			t.Errorf("%q:\n got %s\nwant %s", word, err, want)
		case err != nil:
			accepted(t, err.Error())
		}
	}
	if _, err := Parse(t.Context(), []string{"10.0.0.1"}, Options{Exclude: []string{"10.0.0"}}); err == nil || !strings.HasPrefix(err.Error(), `exclusion "10.0.0": `) {
		t.Errorf("exclusion: %v", err)
	}
	if _, err := Parse(t.Context(), []string{"four.test/24"}, Options{Family: 6, Resolver: testDNS()}); err == nil || err.Error() != `target "four.test/24": a /24 is for IPv4, and -6 asks for IPv6` {
		t.Errorf("name/24 with -6: %v", err)
	}
	if _, err := Parse(t.Context(), []string{"0.0.0.0/0"}, Options{ExcludeFile: true, Exclude: []string{"10.0.0.0/8"}}); err != nil {
		t.Errorf("everything with an exclude file: %v", err)
	}
	if _, err := Parse(t.Context(), []string{"8.0.0.0/7"}, Options{Exclude: []string{"9.0.0.0/8"}}); err != nil {
		t.Errorf("2^24 left after exclusion: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"10.0.0.7/24", "10.0.0-3.1,5-9", "fe80::1%eth0", "10.0.0.1-10.0.0.40", "name.test/24", "::/108,::5",
		"10.*.*.1", "[::1]:80", "2001:db8::1-2001:db8::40", "a,b", "0.0.0.0/0", "0\x1b0:0", "10.0.0.1,,", "1-2,3"} {
		f.Add(s, "10.0.0.3,::5")
	}
	f.Fuzz(func(t *testing.T, text, exclude string) {
		opt := Options{Resolver: testDNS(), ExcludeFile: true}
		if exclude != "" {
			opt.Exclude = []string{exclude}
		}
		r, err := Parse(t.Context(), strings.Fields(text), opt)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("the error is not one clean line: %q", err)
			}
			return
		}
		if r.All.Len() != r.NamedSet.Len()+r.Swept.Len() || r.NamedSet.Len() != uint64(len(slices.Collect(r.Named))) {
			t.Fatalf("%q: named %d (%v), swept %d, all %d", text, r.NamedSet.Len(), slices.Collect(r.Named), r.Swept.Len(), r.All.Len())
		}
		step := max(r.All.Len()/50, 1)
		for i := uint64(0); i < r.All.Len(); i += step {
			a := r.All.At(i)
			if j, ok := r.All.Index(a); !ok || j != i {
				t.Fatalf("%q: At(%d) = %v, Index of that = %d, %v", text, i, a, j, ok)
			}
			if r.NamedSet.excludes(a) == r.Swept.excludes(a) && a.Zone() == "" {
				t.Fatalf("%q: %v is in neither or both of named and swept", text, a)
			}
		}
	})
}
