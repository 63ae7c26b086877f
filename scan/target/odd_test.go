package target

import (
	"regexp"
	"strings"
	"testing"
)

// TestOddWords: words as people paste them are taken where the meaning is certain;
// for all others the error says what to write, and that is accepted.
func TestOddWords(t *testing.T) {
	for word, want := range map[string]string{
		"[2001:db8::1]":            "=2001:db8::1",
		"[fe80::1%eth0]":           "=fe80::1%eth0",
		"[2001:db8::]/120":         "=2001:db8::-2001:db8::ff",
		"10.0.0.1.":                "=10.0.0.1",
		"www.test.":                "=",
		"10.0.0.1/255.255.255.0":   "=10.0.0.0-10.0.0.255",
		"10.0.0.1/255.255.255.255": "=10.0.0.1",
		"10.0.0.1/255.255.255.254": "=10.0.0.0-10.0.0.1",
		"10.0.0.1,10.0.0.2,":       "=10.0.0.1-10.0.0.2",

		"[::1]:80":              "a target has no port; write ::1 -p 80",
		"www.test:80":           "a target has no port; write www.test -p 80",
		"10.0.0.0/24:80":        "a target has no port; write 10.0.0.0/24 -p 80",
		"http://www.test":       "is a URL, and a target is only the host in it; write www.test",
		"https://www.test:8/x":  "a target has no port; write www.test -p 8",
		"http://u@www.test/x":   "is a URL, and a target is only the host in it; write www.test",
		"http://[::1]/":         "is a URL, and a target is only the host in it; write [::1]",
		"http://":               "is a URL, and a target is only the host in it",
		"root@www.test":         "names a user, and a target has none; write www.test",
		`"10.0.0.1"`:            "has quotes, brackets or a semicolon around it; write 10.0.0.1",
		"<10.0.0.1>":            "has quotes, brackets or a semicolon around it; write 10.0.0.1",
		"10.0.0.1;":             "has quotes, brackets or a semicolon around it; write 10.0.0.1",
		"[10.0.0.1]":            "is neither an address nor a host name: '[' cannot be in one",
		"10.0.0.1 - 10.0.0.9":   "has blanks in it; write 10.0.0.1-10.0.0.9",
		"10.0.0.1 10.0.0.9":     "has blanks in it; write 10.0.0.1,10.0.0.9",
		"80":                    "is a number, and no target; if a port was meant, write -p 80",
		"65536":                 "is an address as one number; write 0.1.0.0",
		"2130706433":            "is an address as one number; write 127.0.0.1",
		"4294967296":            "is a number, and no target",
		"0x7f000001":            "is written in hexadecimal; write 127.0.0.1",
		"0x7F.0.0.1":            "is written in hexadecimal; write 127.0.0.1",
		"0x7f.1":                "is written in hexadecimal; write 127.0.0.1",
		"10.0x1":                "is written in hexadecimal; write 10.0.0.1",
		"300.1":                 "an IPv4 address has four octets, this has 2",
		"10.1":                  "an IPv4 address has four octets, this has 2; for the network write 10.1.0.0/16 or 10.1.*.*",
		"10.1-5":                "an IPv4 address has four octets, this has 2; for the network write 10.1-5.*.*",
		"10.0/24":               "an IPv4 address has four octets, this has 2; write 10.0.0.0/24",
		"010.000.000.001":       "the octet 010 has a leading zero, which some read as octal; write 10.0.0.1",
		"10.0.0.09-012":         "the octet 09 has a leading zero, which some read as octal; write 10.0.0.9-12",
		"010.0.0.0/8":           "the octet 010 has a leading zero, which some read as octal; write 10.0.0.0/8",
		"10.0.0.1/0.0.0.255":    "the mask 0.0.0.255 has its ones at the end; write 10.0.0.1/24",
		"10.0.0.1/0.0.0.0":      "the mask 0.0.0.0 has its ones at the end; write 10.0.0.1/32",
		"10.0.0.1/255.0.255.0":  "the mask 255.0.255.0 is of no network: its ones must come first, as in 255.255.255.0",
		"10.0.0.1/255.0.0.256":  `the mask "255.0.0.256": the octet 256 is above 255`,
		"-":                     "stands alone; a range is two addresses with a dash between them",
		"0a:1b:2c:3d:4e:5f":     "is a hardware address; a target is an IP address or a name",
		"10.0.0.1\u00ad":        "has a character that cannot be seen, U+00AD; write 10.0.0.1",
		"10.0.0.1\u00a0":        "has a character that cannot be seen, U+00A0; write 10.0.0.1",
		"\u202a2001:db8::1":     "has a character that cannot be seen, U+202A; write 2001:db8::1",
		"１0.0.0.1":              "has '１' (U+FF11), which only looks like ASCII; write 10.0.0.1",
		"10。0。0。1":              "has '。' (U+3002), which only looks like ASCII; write 10.0.0.1",
		"2001:db9::-2001:db8::": "the range runs backwards",
	} {
		r, err := Parse(t.Context(), []string{word}, Options{Ports: true, Resolver: testDNS()})
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), "target "+quoted(word)+": ")
			accepted(t, got)
		} else {
			got = "=" + ranges(r.All)
		}
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", word, got, want)
		}
	}
	// Where no ports are asked, none is proposed.
	for word, want := range map[string]string{"80": "is a number, and no target", "www.test:80": "a target has no port; write www.test"} {
		if _, err := Parse(t.Context(), []string{word}, Options{}); err == nil || err.Error() != `target "`+word+`": `+want {
			t.Errorf("%s: %v", word, err)
		}
	}
}

var proposal = regexp.MustCompile(`write (.+)$`)

// accepted fails unless what a message proposes is accepted.
func accepted(t *testing.T, message string) {
	t.Helper()
	m := proposal.FindStringSubmatch(message)
	if m == nil {
		return
	}
	for word := range strings.SplitSeq(m[1], " or ") {
		word, port, _ := strings.Cut(word, "-p ")
		if word = strings.TrimSpace(word); word != "" {
			if _, err := Parse(t.Context(), []string{word}, Options{Resolver: testDNS()}); err != nil {
				t.Errorf("%s: the proposal %q is refused: %v", message, word, err)
			}
		}
		if port != "" {
			if _, err := ParsePorts(port, TCP, nil); err != nil {
				t.Errorf("%s: the proposal %q is refused: %v", message, port, err)
			}
		}
	}
}
