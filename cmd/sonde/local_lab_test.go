package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/lab"
)

// ownFailure is why nothing can leave this machine.
type ownFailure struct {
	name   string
	make   func(o *office)
	target [2]string // of each family; "": there is no such thing
	says   string    // a regular expression
	// unseen tells of which runs this cannot be known.
	unseen func(line string) bool
}

func ownFailures() []ownFailure {
	far := [2]string{"10.66.0.9", "fd66::9"}
	route := func(word string) func(o *office) {
		return func(o *office) {
			o.client.Route("10.66.0.0/16", word)
			o.client.Route("fd66::/16", word)
		}
	}
	reject := func(do lab.Action) func(o *office) {
		return func(o *office) {
			proto := ""
			if do == lab.Reset {
				proto = "tcp"
			}
			o.client.Firewall(lab.Rule{Chain: lab.Output, Proto: proto, Dst: "10.2.0.0/24", Do: do}, lab.Rule{Chain: lab.Output, Proto: proto, Dst: "fd02::/64", Do: do})
		}
	}
	full := func(o *office) { o.client.FullQueue("eth0") }
	// Frames do not pass the firewall of the kernel's own IP.
	frames := func(line string) bool { return strings.Contains(line, "-sF") }
	return []ownFailure{
		{"no route", func(o *office) {
			o.client.TakeRoute("0.0.0.0/0", "10.1.0.2")
			o.client.TakeRoute("::/0", "fd01::2")
		}, far, "no route", nil},
		{"prohibit", route("prohibit"), far, "a route says prohibited", nil},
		{"blackhole", route("blackhole"), far, "a route says blackhole", nil},
		{"unreachable", route("unreachable"), far, "a route says unreachable", nil},
		{"link-local without zone", func(*office) {}, [2]string{"", "fe80::1"}, "needs a zone, as in fe80::1%eth0", nil},
		{"interface down", func(o *office) { o.client.Down("eth0") }, [2]string{"10.1.0.2", "fd01::2"}, "the interface of the route is down|no route", nil},
		{"no carrier", func(o *office) { o.router.Down("eth0") }, [2]string{"10.1.0.2", "fd01::2"}, "the interface of the route is down", nil},
		{"no address of the family", func(o *office) {
			o.client.TakeAddr("eth0", "10.1.0.1/24", "fd01::1/64")
		}, [2]string{"10.2.0.10", ""}, "no route|no address", nil},
		{"broadcast", func(*office) {}, [2]string{"10.1.0.255", ""}, "a broadcast address", nil},
		{"a firewall of our own", func(o *office) {
			o.client.Firewall(lab.Rule{Chain: lab.Output, Dst: "10.2.0.0/24", Do: lab.Drop}, lab.Rule{Chain: lab.Output, Dst: "fd02::/64", Do: lab.Drop})
		}, [2]string{"10.2.0.10", "fd02::10"}, "not permitted: by a firewall|kept back on this machine: by a firewall", frames},
		{"a queue that takes nothing", full, [2]string{"10.2.0.10", "fd02::10"}, "no room left to send", func(line string) bool {
			// It is tried for five seconds. Where the kernel asks for the next hop, it says no
			// more than that nobody answers.
			return !slices.Contains([]string{"sweep -PE", "tcp -PN -p 80,81", "udp -PN -p 53,54", "tcp -PN -sF -p 80", "trace"}, line)
		}},
		{"a queue that takes nothing, on the link", full, [2]string{"10.1.0.2", "fd01::2"}, "no room left to send", func(line string) bool {
			return line != "sweep" && line != "fp -PN -p 80"
		}},
		{"a firewall of our own that rejects", reject(lab.AdminProhibited), [2]string{"10.2.0.10", "fd02::10"}, "not permitted: by a firewall", frames},
		{"a firewall of our own that says unreachable", reject(lab.PortUnreach), [2]string{"10.2.0.10", "fd02::10"}, "not permitted: by a firewall", frames},
		{"a firewall of our own that resets", reject(lab.Reset), [2]string{"10.2.0.10", "fd02::10"}, "not permitted: by a firewall", func(line string) bool {
			// Only TCP is reset; and a connection of the kernel's is refused like any other.
			return frames(line) || !strings.Contains(line, "tcp") && !strings.Contains(line, "fp") && line != "trace -p 80" || strings.Contains(line, "connect")
		}},
	}
}

// errnoWords are what the C library says of error numbers, which sends people elsewhere.
var errnoWords = regexp.MustCompile(`(?i)errno|invalid argument|operation not permitted|permission denied|network is unreachable|no route to host|no buffer space|message too long|cannot assign requested`)

// TestOwnFailures: whatever keeps packets from leaving this machine, it is unknown
// (local-error), exit 4, in words of our own, with nobody suspected; and nothing is said
// to have been sent that was not on the wire.
func TestOwnFailures(t *testing.T) {
	t.Parallel()
	for _, f := range ownFailures() {
		for _, line := range []string{"sweep", "sweep -PE", "tcp -PN -p 80,81", "tcp -PN -T5 -p 1-3000", "tcp -PN -p 80,81 --via connect", "udp -PN -p 53,54", "udp -PN -p 53,54 --via connect",
			"tcp -PN -sF -p 80", "fp -PN -p 80", "trace", "trace -p 80", "trace --proto udp"} {
			for _, target := range f.target {
				if target == "" || f.unseen != nil && f.unseen(line) {
					continue
				}
				t.Run(strings.Join([]string{f.name, line, target}, ", "), func(t *testing.T) {
					t.Parallel()
					o := newOffice(t)
					wire := o.router.Capture("eth0")
					f.make(o)
					got := ask(t, o.client, line, target)
					got.wantExit(t, job.ExitLocal)
					said := got.text + got.stderr
					if errnoWords.MatchString(said) || !regexp.MustCompile(f.says).MatchString(said) {
						t.Errorf("it says\n%s\nwant %q", said, f.says)
					}
					for _, p := range got.ports {
						if p.State != probe.Unknown || p.Reason != probe.ReasonLocalError {
							t.Errorf("port %d is %s", p.Port.Port, p.state())
						}
					}
					for _, h := range got.hosts {
						if h.State == probe.Down || h.State == probe.Up || h.Doubt.Middlebox() {
							t.Errorf("the host is %s, %q", h.state(), h.Doubt)
						}
					}
					left := len(wire.Packets().In().Probes())
					if said := got.end.Sent - got.end.Neighbours; left > 0 || said > 0 {
						t.Errorf("%d packets left, %d are said to", left, said)
					}
				})
			}
		}
	}
}
