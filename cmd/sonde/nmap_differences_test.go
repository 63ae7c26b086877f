package main

import (
	"slices"
	"strings"
	"testing"
)

// difference is one row of what nmap 7.93 and sonde say differently, and why
// sonde's word is the right one. In a verdict * is the reason that a type and
// code has in the table of meanings, and @ who said so, if not the target.
type difference struct {
	kinds  string // letters, see asking
	family string
	// whats are what is there: a type and code, whoever it comes from, or what
	// else the maze calls it.
	whats       string
	nmap, sonde string
	why         string
}

// unheard are the errors about which nmap says nothing, whoever they come from.
const unheard4, unheard6 = "3/4 3/5 3/6 3/7 3/8 3/11 3/12 3/14 3/15 12/0", "2/0 3/0 3/1 4/2 a-loop"

var differences = []difference{
	{"SAW", "IPv4", unheard4, "filtered (no-response)", "filtered (*)",
		"RFC 1122 §3.2.2.1: an unreachable of any code, or a parameter problem, is an answer"},
	{"FNXMU", "IPv4", unheard4, "open|filtered (no-response)", "filtered (*)",
		"the probe was not delivered, and somebody said so: the port is not silent"},
	{"SAW", "IPv6", unheard6, "filtered (no-response)", "filtered (*)",
		"RFC 4443 §3.2 to §3.4 are errors as those of §3.1 are"},
	{"FNXMU", "IPv6", unheard6, "open|filtered (no-response)", "filtered (*)",
		"the probe was not delivered, and somebody said so: the port is not silent"},
	{"SAWFNXMU", "IPv6", "4/0", "open (param-problem@)", "filtered (*)",
		"RFC 4443 §3.4: whoever finds a header field erroneous discards the packet, so no port saw it"},
	{"SAWFNXMU", "IPv6", "1/5", "filtered (admin-prohibited@)", "filtered (*)",
		"RFC 4443 §3.1 gives code 5 a meaning of its own"},

	{"S", "", "error,-then-the-port", "filtered (*)", "open (syn-ack)", "the port spoke for itself"},
	{"U", "", "error,-then-the-port", "filtered (*)", "open (udp-response)", "the port spoke for itself"},
	{"SWFNXM", "", "error,-then-RST", "filtered (*)", "closed (reset)", "the port spoke for itself"},
	{"A", "", "error,-then-RST", "filtered (*)", "unfiltered (reset)", "the port spoke for itself"},

	{"T", "IPv4", "3/3", "closed (conn-refused)", "filtered (*)",
		"ECONNREFUSED is what Linux makes of this error, too; there was no RST"},
	{"T", "IPv6", "1/4", "closed (conn-refused)", "filtered (*)",
		"ECONNREFUSED is what Linux makes of this error, too; there was no RST"},
	{"T", "IPv4", "3/5 12/0", "open (syn-ack)", "filtered (*)",
		"EOPNOTSUPP and EPROTO end a connect that was never established"},
	{"T", "IPv6", "4/0 4/1 4/2", "open (syn-ack)", "filtered (*)",
		"EPROTO ends a connect that was never established"},
	{"T", "IPv6", "1/7", "open (syn-ack)", "filtered (no-response)",
		"EPROTO ends a connect that was never established; the code means nothing that there is a word for"},
	{"T", "IPv4", "3/9", "filtered (net-unreach)", "filtered (*)", "the errno is the same, the code is not"},
	{"T", "IPv4", "3/10 3/13 3/14 3/15 11/0 a-loop", "filtered (host-unreach)", "filtered (*)", "the errno is the same, the code is not"},
	{"T", "IPv4", "3/7", "filtered (no-response)", "filtered (*)", "EHOSTDOWN is what Linux makes of host unknown (RFC 1122 §3.2.2.1): somebody answered"},
	{"T", "IPv4", "3/8", "filtered (dest-unreach)", "filtered (*)", "ENONET is source host isolated (RFC 1122 §3.2.2.1), of which the host is not reached"},
	{"T", "IPv6", "1/0 error,-then-the-port error,-then-RST", "filtered (net-unreach)", "filtered (*)", "the errno is the same, the code is not"},
	{"T", "IPv6", "1/2 3/0 3/1 a-loop", "filtered (addr-unreach)", "filtered (*)", "the errno is the same, the code is not"},
	{"T", "IPv6", "1/5 1/6", "filtered (admin-prohibited)", "filtered (*)", "the errno is the same, the code is not"},
}

// meanings says what an error of type and code is called.
var meanings = map[string]map[string]string{
	"IPv4": {
		"3/3": "port-unreach", "3/4": "packet-too-big", "3/5": "host-unreach", "3/6": "net-unreach", "3/7": "host-unreach",
		"3/8": "host-unreach", "3/9": "net-prohibited", "3/10": "host-prohibited", "3/11": "net-unreach", "3/12": "host-unreach",
		"3/13": "admin-prohibited", "3/14": "admin-prohibited", "3/15": "admin-prohibited",
		"11/0": "time-exceeded", "a-loop": "time-exceeded", "12/0": "param-problem",
		"error,-then-the-port": "host-unreach", "error,-then-RST": "host-unreach",
	},
	"IPv6": {
		"1/0": "no-route", "1/2": "beyond-scope", "1/4": "port-unreach", "1/5": "policy-fail", "1/6": "reject-route",
		"2/0": "packet-too-big", "3/0": "time-exceeded", "3/1": "time-exceeded", "a-loop": "time-exceeded",
		"4/0": "param-problem", "4/1": "param-problem", "4/2": "param-problem",
		"error,-then-the-port": "no-route", "error,-then-RST": "no-route",
	},
}

// asked tells whether the row is about a.
func (d *difference) asked(a asking) bool {
	return strings.Contains(d.kinds, a.kind) && (d.family == "" || d.family == a.family)
}

// short is what there is at a spot as the table has it: without who says it.
func short(what string) string {
	what = strings.TrimPrefix(what, "a device: ")
	what = strings.TrimSuffix(strings.TrimSuffix(what, " from the target"), " from the way")
	return strings.ReplaceAll(what, " ", "-")
}

// sender is who says it, as verdictText writes it. Of a connect nmap knows the
// errno, and nothing of a sender: there it is left out.
func sender(a asking, what string) string {
	device := strings.HasPrefix(what, "a device: ")
	switch {
	case a.kind == "T":
	case device && (strings.HasSuffix(what, "from the way") || strings.Contains(what, "error, then")):
		return " from box"
	case what == "a loop", strings.HasSuffix(what, "from the way"):
		return " from core"
	}
	return ""
}

// differenceOf returns what the programs say of what is asked, if the table has
// it.
func differenceOf(a asking, what string) (nmap, sonde string, listed bool) {
	for _, d := range differences {
		if d.asked(a) && slices.Contains(strings.Fields(d.whats), short(what)) {
			fill := strings.NewReplacer("*", meanings[a.family][short(what)]+sender(a, what), "@", sender(a, what))
			return fill.Replace(d.nmap), fill.Replace(d.sonde), true
		}
	}
	return "", "", false
}

// wantInMaze fails if the table has rows about what is nowhere: all that is
// listed must occur.
func wantInMaze(t *testing.T, a asking, all []spot) {
	t.Helper()
	there := map[string]bool{}
	for _, s := range all {
		there[short(s.what)] = true
	}
	for _, d := range differences {
		for _, w := range strings.Fields(d.whats) {
			if d.asked(a) && !there[w] {
				t.Errorf("%v: the table has %s, which is nowhere", a, w)
			}
		}
	}
}
