package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// highway is a client, three routers in a row and a server behind them, in both
// families. mallory is at the first router too, and sees nothing of the rest.
type highway struct {
	net                     *lab.Network
	client, server, mallory *lab.Host
	routers                 [3]*lab.Host
}

// A way is the addresses that answer on it, in one of the families.
type way struct {
	name    string
	hops    [4]string // the last is the server
	mallory string
	tos     func(uint8) lab.Action
	icmp    string
}

func ways() []way {
	return []way{
		{"IPv4", [4]string{"10.1.0.2", "10.12.0.2", "10.23.0.3", "10.3.0.10"}, "10.9.0.9", lab.SetTOS, "icmp"},
		{"IPv6", [4]string{"fd01::2", "fd12::2", "fd23::3", "fd03::10"}, "fd09::9", lab.SetClass, "icmpv6"},
	}
}

func (w *way) server() string { return w.hops[3] }

// oneWay is the delay of each link: hop n is 2n of them away.
const oneWay = 10 * time.Millisecond

// newHighway makes one whose links have this delay, 0 being plain links.
func newHighway(t *testing.T, delay time.Duration) *highway {
	n := labtest.New(t)
	h := &highway{net: n, client: n.Host("client"), server: n.Host("server"), mallory: n.Host("mallory")}
	for i := range h.routers {
		h.routers[i] = n.Router(fmt.Sprintf("r%d", i+1))
	}
	r1, r2, r3 := h.routers[0], h.routers[1], h.routers[2]
	link := n.Link
	if delay > 0 {
		link = func(a, b *lab.Host, addrs ...string) (string, string) { return n.SlowLink(a, b, delay, addrs...) }
	}
	link(h.client, r1, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	link(r1, r2, "10.12.0.1/24", "10.12.0.2/24", "fd12::1/64", "fd12::2/64")
	link(r2, r3, "10.23.0.2/24", "10.23.0.3/24", "fd23::2/64", "fd23::3/64")
	link(r3, h.server, "10.3.0.3/24", "10.3.0.10/24", "fd03::3/64", "fd03::10/64")
	n.Link(h.mallory, r1, "10.9.0.9/24", "10.9.0.1/24", "fd09::9/64", "fd09::1/64")
	h.client.Default("10.1.0.2", "fd01::2")
	h.mallory.Default("10.9.0.1", "fd09::1")
	r1.Default("10.12.0.2", "fd12::2")
	r2.Default("10.23.0.3", "fd23::3")
	r2.Route("10.1.0.0/24", "10.12.0.1")
	r2.Route("fd01::/64", "fd12::1")
	r3.Default("10.23.0.2", "fd23::2")
	h.server.Default("10.3.0.3", "fd03::3")
	for _, host := range []*lab.Host{r1, r2, r3, h.server} {
		host.NoICMPLimit()
	}
	return h
}

// route is "1 10.1.0.2, 2 *, 3 10.23.0.3": who answered at each hop that there
// is a record of.
func (o *outcome) route() string {
	var hops []string
	for _, h := range o.hops {
		from := "*"
		if h.From.IsValid() {
			from = h.From.String()
		}
		hops = append(hops, fmt.Sprint(h.TTL, " ", from))
	}
	return strings.Join(hops, ", ")
}

// wantRoute fails unless these answered, "*" being nobody, in JSON and in the
// text. reached says that the last one is the target.
func (o *outcome) wantRoute(t *testing.T, reached bool, from ...string) {
	t.Helper()
	var want []string
	for i, a := range from {
		want = append(want, fmt.Sprint(i+1, " ", a))
		if !o.rowHas(i+1, a) {
			t.Errorf("no line of the text says that hop %d is %s", i+1, a)
		}
	}
	if got := o.route(); got != strings.Join(want, ", ") {
		t.Errorf("the route is %s, want %s", got, strings.Join(want, ", "))
		return
	}
	for i, h := range o.hops {
		if last := i == len(o.hops)-1; h.Reached != (last && reached) {
			t.Errorf("hop %d: reached is %v", h.TTL, h.Reached)
		}
	}
}

// hopRow is the line of a hop in the text's table.
func (o *outcome) hopRow(ttl int) string {
	for line := range strings.Lines(o.text) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == fmt.Sprint(ttl) && line[0] == ' ' {
			return strings.TrimSuffix(line, "\n")
		}
	}
	return ""
}

func (o *outcome) rowHas(ttl int, address string) bool {
	words := strings.Fields(o.hopRow(ttl))
	return len(words) > 1 && words[1] == address
}

// changed tells whether a hop quotes a field of ours not as it was sent.
func changed(h *report.Hop) bool { return len(h.Changes) > 0 }

// rewritten is "dscp ef→cs0 1-2": what was changed, and between which hops, without values of
// what is another one in each packet.
func (o *outcome) rewritten() string {
	var list []string
	for _, r := range o.rewrites {
		values := " " + r.From + "→" + r.To
		if r.Field == "seq" {
			values = ""
		}
		list = append(list, fmt.Sprintf("%s%s %d-%d", r.Field, values, r.After.TTL, r.By.TTL))
	}
	return strings.Join(list, ", ")
}

// TestTraceRoute: who and how far away each hop is, whatever asks.
func TestTraceRoute(t *testing.T) {
	t.Parallel()
	h := newHighway(t, oneWay)
	h.server.TCP(80)
	h.server.UDP(53, lab.Echo)
	for _, w := range ways() {
		for _, tt := range []struct{ flags, reason string }{
			{"", "echo-reply"},
			{"-p 80", "syn-ack"},
			{"-p 81", "reset"},
			{"--proto udp -p 53", "udp-response"},
			{"--proto udp", "port-unreach"},
		} {
			t.Run(w.name+" "+tt.flags, func(t *testing.T) {
				o := ask(t, h.client, "trace --timeout 5s "+tt.flags, w.server())
				o.wantExit(t, job.ExitYes)
				o.wantText(t, "4 hops, reached.")
				o.wantRoute(t, true, w.hops[:]...)
				for _, hop := range o.hops {
					rtt, least := hop.Repeat, time.Duration(2*hop.TTL)*oneWay
					// The delay is a floor; what a busy machine adds to it is not
					// the trace's. A ceiling is what the whole run took.
					if rtt.Min < least || rtt.Max > o.took || rtt.Avg < rtt.Min || rtt.Max < rtt.Avg {
						t.Errorf("hop %d: %+v, want %v and more", hop.TTL, rtt, least)
					}
					if rtt.Answered == 0 || rtt.Answered > rtt.Sent || hop.TTL < 4 && rtt.Answered != 3 {
						t.Errorf("hop %d: %d of %d answered", hop.TTL, rtt.Answered, rtt.Sent)
					}
					if quotes := hop.TTL < 4 || tt.reason == "port-unreach"; quotes != (hop.Quoted >= 28) || changed(hop) {
						t.Errorf("hop %d: quotes %d bytes: %s", hop.TTL, hop.Quoted, jsonOf(hop))
					}
				}
				if last := o.hops[len(o.hops)-1]; last.Reason.String() != tt.reason {
					t.Errorf("reached by %s, want %s", last.Reason, tt.reason)
				}
				if o.end.ExitReason != "reached" || !o.end.Complete {
					t.Errorf("it ends with %+v", o.end)
				}
			})
		}
	}
}

// TestTraceWipe: a DSCP that the second router wipes is shown where it is first
// seen wiped; one that is wiped behind the last router by what the target quotes.
func TestTraceWipe(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		for _, tt := range []struct {
			name   string
			router int
			chain  lab.Chain
			first  int // the hop that is the first to quote it wiped
		}{
			{"as it comes to the second", 1, lab.Prerouting, 2},
			{"as it leaves the second", 1, lab.Postrouting, 3},
			{"as it leaves the last", 2, lab.Postrouting, 4},
			{"not at all", 0, "", 5},
		} {
			t.Run(w.name+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				h := newHighway(t, 0)
				if tt.chain != "" {
					h.routers[tt.router].Firewall(lab.Rule{Chain: tt.chain, Dst: w.server(), Do: w.tos(0)})
				}
				for _, flags := range []string{"--proto udp", "-p 81", "--proto icmp"} {
					o := ask(t, h.client, "trace --timeout 5s --dscp ef "+flags, w.server())
					o.wantExit(t, job.ExitYes)
					o.wantRoute(t, true, w.hops[:]...)
					for i, hop := range o.hops {
						if hop.Quoted == 0 { // a RST or an echo reply shows nothing
							if hop.HasTOS || changed(hop) || hop.TTL != 4 || !strings.Contains(o.hopRow(4), "not visible") {
								t.Errorf("%s: hop %d quotes nothing, and yet: %s", flags, hop.TTL, jsonOf(hop))
							}
							continue
						}
						seen, dscp := uint8(0xb8), "ef"
						var changes []report.Change
						if i+1 >= tt.first {
							seen, dscp = 0, "cs0"
							changes = []report.Change{{Field: "dscp", Sent: "ef", Seen: "cs0"}}
						}
						if !hop.HasTOS || hop.TOS != seen || !slices.Equal(hop.Changes, changes) {
							t.Errorf("%s: hop %d is to see %s: %s", flags, hop.TTL, dscp, jsonOf(hop))
						}
						row := o.hopRow(int(hop.TTL))
						if change := strings.Contains(row, "ef → cs0"); change != (i+1 == tt.first) || !change && !strings.Contains(row, " "+dscp) {
							t.Errorf("%s: the line of hop %d is %q", flags, hop.TTL, row)
						}
					}
					want := ""
					if tt.first < 4 || tt.first == 4 && flags == "--proto udp" {
						want = fmt.Sprintf("dscp ef→cs0 %d-%d", tt.first-1, tt.first)
						o.wantText(t, "dscp was changed from ef to cs0 b")
					}
					if got := o.rewritten(); got != want {
						t.Errorf("%s: %q, want %q", flags, got, want)
					}
					if tt.first == 4 && flags == "--proto icmp" {
						o.wantText(t, "its answer does not show dscp")
					}
				}
			})
		}
	}
}

// TestTraceSilentHop: a router that never says anything is a gap, not the end;
// also where two follow each other.
func TestTraceSilentHop(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			h := newHighway(t, 0)
			h.server.TCP(80)
			mute := lab.Rule{Chain: lab.Output, Proto: w.icmp, ICMPType: "3,11", Do: lab.Drop}
			if w.icmp == "icmpv6" {
				mute.ICMPType = "1,3"
			}
			h.routers[1].Firewall(mute)
			for _, flags := range []string{"", "-p 80", "--proto udp"} {
				o := ask(t, h.client, "trace "+flags, w.server())
				o.wantExit(t, job.ExitYes)
				o.wantRoute(t, true, w.hops[0], "*", w.hops[2], w.hops[3])
			}
			h.routers[0].Firewall(mute)
			h.routers[2].Firewall(mute)
			for _, flags := range []string{"", "-p 80", "--proto udp"} {
				o := ask(t, h.client, "trace "+flags, w.server())
				o.wantExit(t, job.ExitYes)
				if got, want := o.route(), "1 *, 2 *, 3 *, 4 "+w.server(); got != want {
					t.Errorf("the route is %s, want %s", got, want)
				}
			}
		})
	}
}

// TestTraceExitCodes: every exit code of a trace that a network can bring about.
func TestTraceExitCodes(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	h.server.TCP(80)
	h.server.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop})
	h.server.UDP(53, lab.DNS(map[string][]netip.Addr{"web.test": {netip.MustParseAddr("10.3.0.10")}}))
	h.routers[1].Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "9001", Do: lab.AdminProhibited})
	alone := h.net.Host("alone")
	h.net.Link(alone, h.net.Host("nobody"), "10.99.0.1/24", "10.99.0.2/24", "fd99::1/64", "fd99::2/64")
	nameServer(t, h.net, "10.3.0.10")
	for _, tt := range []struct {
		from *lab.Host
		line string
		exit int
		text string
	}{
		{h.client, "trace -p 80 10.3.0.10", job.ExitYes, "4 hops, reached."},
		{h.client, "trace -p 80 web.test", job.ExitYes, "4 hops, reached."},
		{h.client, "trace -p 81 fd03::10", job.ExitYes, "4 hops, reached."},
		{h.client, "trace -p 9001 10.3.0.10", job.ExitNo, "ends here: "},
		{h.client, "trace -p 9001 fd03::10", job.ExitNo, "ends here: "},
		{h.client, "trace -p 445 10.3.0.10", job.ExitSilence, "Not reached"},
		{h.client, "trace -p 445 fd03::10", job.ExitSilence, "Not reached"},
		{h.client, "trace --proto sctp 10.3.0.10", job.ExitUsage, ""},
		{alone, "trace 192.0.2.1", job.ExitLocal, ""},
		{alone, "trace -p 80 2001:db8::1", job.ExitLocal, ""},
		{h.client, "trace none.test", job.ExitName, ""},
		{h.client, "trace none.test web.test", job.ExitName, "4 hops, reached."},
	} {
		t.Run(tt.line, func(t *testing.T) {
			o := typed(t, tt.from, strings.Fields(tt.line)...)
			o.wantExit(t, tt.exit)
			o.wantText(t, tt.text)
			lines := strings.Count(o.stderr, "\n")
			switch {
			case tt.exit == job.ExitUsage || tt.exit == job.ExitName:
				if lines != 1 {
					t.Errorf("%d lines on stderr, want one clear one", lines)
				}
			case tt.exit != job.ExitLocal && lines > 0:
				t.Errorf("complaints on stderr: %s", o.stderr)
			case tt.exit == job.ExitLocal && lines == 0 && !strings.Contains(o.text, "local error: no route"):
				t.Error("nothing says what is wrong")
			}
		})
	}
}

// TestTraceUnprivileged: what the kernel asks finds the same way through the
// error queue of its sockets, and says so.
func TestTraceUnprivileged(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 5*time.Millisecond)
	h.server.TCP(80)
	h.server.UDP(53, lab.Echo)
	user := rights{name: asUser, start: asUser}
	for _, w := range ways() {
		for _, flags := range []string{"-p 80", "-p 81", "--proto udp -p 53", "--proto udp"} {
			for _, who := range []string{"root, --via connect", "user"} {
				t.Run(w.name+" "+flags+" "+who, func(t *testing.T) {
					var o *outcome
					if who == "user" {
						o = user.ask(t, h.client, "trace --timeout 5s "+flags, w.server())
						if o.stderr == "" {
							t.Error("nothing says that the kernel asks")
						}
					} else {
						o = ask(t, h.client, "trace --timeout 5s --via connect "+flags, w.server())
						o.wantRoute(t, true, w.hops[:]...)
					}
					o.wantExit(t, job.ExitYes)
					if got := strings.Join(o.scan.Methods, " "); got != "connect" {
						t.Errorf("method is %s", got)
					}
					if got, want := o.route(), fmt.Sprintf("1 %s, 2 %s, 3 %s, 4 %s", w.hops[0], w.hops[1], w.hops[2], w.hops[3]); got != want {
						t.Errorf("the route is %s, want %s", got, want)
					}
				})
			}
		}
	}
}

// TestTraceUnprivilegedEcho: where users may ping, the kernel's echo requests
// find the way too; where they may not, UDP does, which is said, unless it is echo that
// was asked for.
func TestTraceUnprivilegedEcho(t *testing.T) {
	t.Parallel()
	h := newHighway(t, 0)
	user := rights{name: asUser, start: asUser}
	for _, w := range ways() {
		o := user.typed(t, h.client, "trace", "--proto", "icmp", w.server())
		o.wantExit(t, job.ExitLocal)
		if o.stderr == "" || strings.Contains(o.text, w.hops[0]) {
			t.Error("nothing says that users may not ping here")
		}
		for _, who := range []string{"root, --via connect", "user"} {
			if who == "user" {
				o = user.ask(t, h.client, "trace --timeout 5s", w.server())
			} else {
				o = ask(t, h.client, "trace --timeout 5s --via connect", w.server())
			}
			o.wantExit(t, job.ExitYes)
			if got, want := o.route(), fmt.Sprintf("1 %s, 2 %s, 3 %s, 4 %s", w.hops[0], w.hops[1], w.hops[2], w.hops[3]); got != want {
				t.Errorf("%s: the route is %s, want %s", who, got, want)
			}
			said := strings.Join(o.scan.Notes, "\n")
			if o.scan.Trace.Proto != "udp" || !strings.Contains(said, "by udp 33434") || !strings.Contains(o.stderr, "by udp 33434") || !strings.Contains(o.text, "by udp 33434") {
				t.Errorf("%s: it is not said that udp asks: %q, %q", who, said, o.stderr)
			}
		}
	}
	group := "0 0"
	if otherUsers() {
		group = fmt.Sprint(nobody, nobody)
	}
	h.client.Sysctl("net/ipv4/ping_group_range", group)
	for _, w := range ways() {
		o := user.ask(t, h.client, "trace", w.server())
		o.wantExit(t, job.ExitYes)
		if got, want := o.route(), fmt.Sprintf("1 %s, 2 %s, 3 %s, 4 %s", w.hops[0], w.hops[1], w.hops[2], w.hops[3]); got != want {
			t.Errorf("the route is %s, want %s", got, want)
		}
	}
}
