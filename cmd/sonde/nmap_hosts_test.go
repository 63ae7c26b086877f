package main

import (
	"fmt"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/lab"
)

// TestHostsBesideNmap: what both say of a host that they were told not to ping,
// after one SYN or datagram to it. nmap says "up" of every host then: of one of
// which nothing at all is known, too. sonde says so of those that answered.
func TestHostsBesideNmap(t *testing.T) {
	needNmap(t)
	t.Parallel()
	n := newOffice(t)
	n.server.TCP(80)
	n.server.Firewall(lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop}, lab.Rule{Proto: "tcp", Dport: "446", Do: lab.AdminProhibited})
	n.router.Firewall(
		lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "447", Do: lab.AdminProhibited},
		lab.Rule{Chain: lab.Forward, Proto: "udp", Dport: "447", Do: lab.PortUnreach})
	n.router.Route("10.9.0.0/24", "blackhole")
	n.router.Route("fd09::/64", "blackhole")
	server := [2]string{"10.2.0.10", "fd02::10"}
	for _, tt := range []struct {
		name        string
		addrs       [2]string
		flag        string
		port        string
		nmap, sonde string
		why         string
	}{
		{"a listener", server, "-sS", "80", "up", "up (syn-ack)", ""},
		{"nobody at the port", server, "-sS", "81", "up", "up (reset)", ""},
		{"a reject by the host", server, "-sS", "446", "up", "up (admin-prohibited)", ""},
		{"no answer", server, "-sS", "445", "up", "not-tested", "nobody asked whether it is there, and it did not say so"},
		{"a reject by a router", server, "-sS", "447", "up", "not-tested", "that is the router's word, and the router's address"},
		{"a reject of UDP by a router", server, "-sU", "447", "up", "not-tested", "that is the router's word, and the router's address"},
		{"nobody behind a router", [2]string{"10.9.0.1", "fd09::1"}, "-sS", "80", "up", "not-tested", "silence is no evidence"},
		{"nobody on the link", [2]string{"10.1.0.77", "fd01::77"}, "-sS", "80", "down", "down (no-neighbour)", ""},
	} {
		for i, f := range families() {
			t.Run(tt.name+" "+f.name, func(t *testing.T) {
				args := []string{"-n", "-Pn", tt.flag, "-p", tt.port, "--max-retries", "0", "-T4", "-v", "-oX", "-"}
				if f.name == "IPv6" {
					args = append(args, "-6")
				}
				nmap := "not listed"
				for _, h := range runNmap(t, n.client, append(args, tt.addrs[i])...).Hosts {
					nmap = h.Status.State
				}
				line := "tcp -PN -p"
				if tt.flag == "-sU" {
					line = "udp -PN -p"
				}
				h := ask(t, n.client, line, tt.port, tt.addrs[i]).hosts[tt.addrs[i]]
				sonde := h.State.String()
				if h.State != probe.NotTested {
					sonde = fmt.Sprintf("%s (%s)", h.State, h.Reason)
				}
				t.Logf("nmap %s, sonde %s. %s", nmap, sonde, tt.why)
				if nmap != tt.nmap || sonde != tt.sonde {
					t.Errorf("nmap says %s, sonde %s; want %s and %s", nmap, sonde, tt.nmap, tt.sonde)
				}
				// What they differ in, and nothing else, needs a reason.
				if same := strings.HasPrefix(sonde, nmap); same != (tt.why == "") {
					t.Errorf("they say the same: %v; the reason for a difference: %q", same, tt.why)
				}
			})
		}
	}
}
