package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sonde/scan/job"
	"sonde/scan/lab"
)

// nftRule is what nftables of a router does to packets for the server: what is to be said of
// it, "field from→to", by which questions.
type nftRule struct {
	name        string
	rule, rule6 string // rule6: of IPv6, where that is another one
	want, want6 string // "": nothing can be seen of it
	asks        []string
	back        [2]string // a rule for what comes back, of both families
}

// by are the questions that a rule is tried with. The server refuses UDP, and tcp 81.
var (
	byAll = []string{"--proto udp", "-p 80", "-p 81", "--proto icmp"}
	bySYN = []string{"-p 80", "-p 81"}
)

var nftRules = []nftRule{
	{name: "EF wiped", rule: "ip dscp set cs0", rule6: "ip6 dscp set cs0", want: "dscp ef→cs0", asks: byAll},
	{name: "ECN bleached", rule: "ip ecn set not-ect", rule6: "ip6 ecn set not-ect", want: "ecn ect0→not-ect", asks: byAll},
	{name: "MSS clamped", rule: "tcp flags syn tcp option maxseg size set 1300", want: "mss 1460→1300", want6: "mss 1440→1300", asks: bySYN},
	{name: "SACK stripped", rule: "reset tcp option sack-perm", want: "sackok on→", asks: bySYN},
	{name: "window scale stripped", rule: "reset tcp option window", want: "wscale 7→", asks: bySYN},
	{name: "sequence number", rule: "tcp sequence set 305419896", want: "seq", asks: bySYN},
	{name: "window", rule: "tcp window set 1000", want: "window 64240→1000", asks: bySYN},
	{name: "source port", rule: "tcp sport set 1024", want: "source-port 40000→1024", asks: bySYN,
		back: [2]string{"tcp dport 1024 tcp dport set 40000", "tcp dport 1024 tcp dport set 40000"}},
	{name: "destination port", rule: "udp dport set 8080", want: "dport 33434→8080", asks: []string{"--proto udp"}},
	{name: "source", rule: "ip saddr set 100.64.0.7", rule6: "ip6 saddr set fd64::7", want: "src 10.1.0.1→100.64.0.7", want6: "src fd01::1→fd64::7", asks: byAll,
		back: [2]string{"ip daddr 100.64.0.7 ip daddr set 10.1.0.1", "ip6 daddr fd64::7 ip6 daddr set fd01::1"}},
}

// nft loads rules for a hook of a router.
func nft(t *testing.T, h *lab.Host, table, hook string, rules ...string) {
	t.Helper()
	text := "table inet " + table + " {\n chain c {\n  type filter hook " + hook + " priority mangle;\n  " + strings.Join(rules, "\n  ") + "\n }\n}\n"
	cmd := h.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("PEERS=1, but %v (Debian package nftables): %s\n%s", err, out, text)
	}
}

// load has router number n, from 0, do it to what goes to the server, at a hook.
func (r *nftRule) load(t *testing.T, h *highway, n int, w *way, hook string) {
	match, rule, back := "ip daddr ", r.rule, r.back[0]
	if w.icmp == "icmpv6" {
		match, back = "ip6 daddr ", r.back[1]
		if r.rule6 != "" {
			rule = r.rule6
		}
	}
	nft(t, h.routers[n], "there"+hook, hook, match+w.server()+" "+rule)
	if back != "" {
		nft(t, h.routers[n], "back", "prerouting", back)
	}
}

// said is "dscp ef→cs0 1-2" where router n, from 0, does it at a hook.
func (r *nftRule) said(w *way, n int, hook string) string {
	want := r.want
	if w.icmp == "icmpv6" && r.want6 != "" {
		want = r.want6
	}
	if hook == "prerouting" {
		n--
	}
	return fmt.Sprintf("%s %d-%d", want, n+1, n+2)
}

// backRoutes leads answers to a translated address to router n, from 0.
func (h *highway) backRoutes(n int) {
	if n == 0 {
		h.routers[1].Route("100.64.0.7/32", "10.12.0.1")
		h.routers[1].Route("fd64::7/128", "fd12::1")
	}
}

// TestChangesOfPeers: nftables of Linux changes one field at each of three routers, as
// packets come and as they leave; that is said, of the right place, and nothing else. What
// the last router does as they leave only the target's refusal of UDP shows.
func TestChangesOfPeers(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it runs nft: PEERS=1 runs it")
	}
	for _, w := range ways() {
		for _, r := range nftRules {
			for i, hook := range []string{"prerouting", "postrouting", "prerouting", "postrouting"} {
				n := min(i, 2)
				if i != 3 && slices.Contains([]string{"source", "source port", "destination port"}, r.name) {
					hook = "postrouting" // as a NAT does
				}
				t.Run(fmt.Sprint(w.name, " ", r.name, " ", n+1, " ", hook), func(t *testing.T) {
					t.Parallel()
					h := newHighway(t, 0)
					h.server.TCP(80)
					h.backRoutes(n)
					r.load(t, h, n, &w, hook)
					for _, flags := range r.asks {
						want := r.said(&w, n, hook)
						if n == 2 && hook == "postrouting" && flags != "--proto udp" {
							want = ""
						}
						port := "-g 40000 "
						if flags == "--proto icmp" {
							port = ""
						}
						o := ask(t, h.client, "trace --timeout 5s --dscp ef --ecn 2 "+port+flags, w.server())
						if got := o.rewritten(); got != want {
							t.Errorf("%s: %q, want %q\n%s", flags, got, want, o.text)
						}
						if last := o.hops[len(o.hops)-1]; want == "" && flags == "-p 80" && (r.want == "sackok on→" || r.want == "wscale 7→") {
							field, _, _ := strings.Cut(r.want, " ")
							if !slices.Equal(last.Unanswered, []string{field}) || !strings.Contains(o.text, "its answer does not show "+field+":") {
								t.Errorf("the answer of the target: %q\n%s", last.Unanswered, o.text)
							}
						}
						if r.name != "sequence number" { // of which the answer acknowledges another one
							o.wantExit(t, job.ExitYes)
						}
						if want != "" && !strings.Contains(o.text, fmt.Sprintf("hop %d (%s)", o.rewrites[0].By.TTL, o.rewrites[0].By.From)) {
							t.Errorf("no sentence under the hop:\n%s", o.text)
						}
					}
				})
			}
		}
	}
}

// TestChangesOfPeersTwice: two routers at once, TTLs that are set, and NATs of which
// nothing can be seen, since the kernel corrects what errors quote.
func TestChangesOfPeersTwice(t *testing.T) {
	if os.Getenv("PEERS") != "1" {
		t.Skip("it runs nft: PEERS=1 runs it")
	}
	for _, w := range ways() {
		t.Run(w.name+" two", func(t *testing.T) {
			t.Parallel()
			h := newHighway(t, 0)
			h.server.TCP(80)
			nftRules[0].load(t, h, 0, &w, "prerouting")
			nftRules[3].load(t, h, 1, &w, "postrouting")
			o := ask(t, h.client, "trace --timeout 5s --dscp ef -p 80", w.server())
			if got := o.rewritten(); got != "dscp ef→cs0 0-1, sackok on→ 2-3" {
				t.Errorf("%q\n%s", got, o.text)
			}
		})
		t.Run(w.name+" TTL", func(t *testing.T) {
			t.Parallel()
			for n, want := range []string{"ttl 1→37 0-1", "ttl 1→38 1-2", "ttl 1→39 2-3"} {
				h := newHighway(t, 0)
				r := nftRule{rule: "ip ttl set 40", rule6: "ip6 hoplimit set 40"}
				r.load(t, h, n, &w, "prerouting")
				o := ask(t, h.client, "trace --timeout 5s --proto udp", w.server())
				if got := o.rewritten(); got != want {
					t.Errorf("%q, want %q\n%s", got, want, o.text)
				}
			}
		})
		t.Run(w.name+" masquerade", func(t *testing.T) {
			t.Parallel()
			for n := range 3 {
				h := newHighway(t, 0)
				h.server.TCP(80)
				cmd := h.routers[n].Command("nft", "table inet nat { chain c { type nat hook postrouting priority srcnat; meta l4proto { tcp, udp } masquerade to :2000-2999; }; }")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				for _, flags := range []string{"-p 80", "--proto udp"} {
					o := ask(t, h.client, "trace --timeout 5s "+flags, w.server())
					o.wantExit(t, job.ExitYes)
					if got := o.rewritten(); got != "" {
						t.Errorf("router %d, %s: %q\n%s", n+1, flags, got, o.text)
					}
				}
			}
		})
	}
}
