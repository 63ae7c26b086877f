package main

import (
	"bytes"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// mission is a network with the addresses that stand in the command lines that
// people type.
type mission struct {
	client, host, firewall, silent, public *lab.Host
}

func newMission(t *testing.T) *mission {
	n := labtest.New(t)
	m := &mission{client: n.Host("client"), host: n.Host("host"), firewall: n.Host("firewall"), silent: n.Host("silent"), public: n.Host("public")}
	router, dns, world := n.Router("router"), n.Host("dns"), n.Switch("world")
	router.NoICMPLimit()
	n.Link(m.client, router, "10.101.0.1/24", "10.101.0.2/24")
	m.client.Default("10.101.0.2")
	join := func(h *lab.Host, network, number string) {
		router.Addr("eth1", network+"1/24")
		world.Plug(h, network+number+"/24")
		h.Default(network + "1")
	}
	world.Plug(router)
	join(m.host, "10.101.192.", "10")
	join(dns, "10.101.193.", "53")
	join(m.firewall, "12.92.96.", "37")
	join(m.silent, "10.1.145.", "10")
	join(m.public, "8.8.8.", "8")

	m.host.TCP(80, 443)
	m.host.UDP(12053, lab.Echo)
	m.host.Firewall(
		lab.Rule{Proto: "udp", Dport: "80", Do: lab.Drop},
		lab.Rule{Proto: "udp", Dport: "12053", Sport: "53", Do: lab.Accept},
		lab.Rule{Proto: "udp", Dport: "12053", Do: lab.Drop},
	)
	m.firewall.Firewall(lab.Rule{Proto: "tcp", Dport: "445,28080,28443", Do: lab.Drop})
	dns.UDP(53, lab.DNS(map[string][]netip.Addr{
		"host.test":  {netip.MustParseAddr("10.101.192.10")},
		"other.test": {netip.MustParseAddr("10.101.192.10")},
	}))
	nameServer(t, n, "10.101.193.53")
	return m
}

// TestMissionLines runs the command lines of the mission as people type them:
// what they print is given as regular expressions of lines, in order.
func TestMissionLines(t *testing.T) {
	t.Parallel()
	m := newMission(t)
	for _, tt := range []struct {
		line string
		exit int
		want []string
	}{
		{"sweep 10.101.192.0/24", 0, []string{
			`^10\.101\.192\.10? +up, echo-reply, `, `^10\.101\.192\.10? +up, echo-reply, `, `^256 addresses: 2 up`}},
		{"udp -PN -p 80 10.101.192.10", 3, []string{
			`^80/udp +open\|filtered +http +no reply to 3 UDP packets$`}},
		{"tcp -PN -sS -p 445,28080,28443 12.92.96.37", 3, []string{
			`^12\.92\.96\.37  not tested \(-PN\), nothing answered$`,
			`^$`,
			`^PORT +STATE +SERVICE +REASON$`,
			`^445/tcp +filtered +microsoft-ds +no reply to 3 SYNs$`,
			`^28080/tcp +filtered +\S+ +no reply to 3 SYNs$`,
			`^28443/tcp +filtered +\S+ +no reply to 3 SYNs$`,
			`^$`,
			`^3 ports: 3 filtered\. 9 packets sent, 0 answers, [2-9]\.\d s$`}},
		{"udp -g 53 -p 12053 10.101.192.10", 0, []string{`^12053/udp +open +- +udp-response$`}},
		{"sweep -PE -e eth0 -S 10.42.48.1 10.1.145.10", 0, []string{
			`^10\.1\.145\.10 +unknown, sent 1 echo request as 10\.42\.48\.1; replies go there$`}},
		{"tcp -PN -sS -p 8081 --max-retries 0 -e eth0 -S 10.42.48.1 10.1.145.10", 0, []string{
			`^8081/tcp +unknown +\S+ +sent 1 SYN as 10\.42\.48\.1; replies go there$`}},
		{"tcp -PN -p T:80,443 10.101.192.10", 0, []string{
			`^80/tcp +open +http +syn-ack$`, `^443/tcp +open +https +syn-ack$`}},
		{"tcp -v -p 443 --timeout 5s host.test", 0, []string{
			`^10\.101\.192\.10 \(host\.test\)  up, syn-ack, `, `^443/tcp +open +https +syn-ack$`}},
		{"tcp -v -p 444 --timeout 5s host.test", 1, []string{`^444/tcp +closed `}},
		{"tcp -p 80 --tos 184 -g 4025 -v 10.101.192.10", 0, []string{
			`^80/tcp +open +http +syn-ack$`, `^ +port +4025$`, `^ +flags +SA$`, `^ +tcp-options +mss=1460,`}},
		{"sweep -PE -v 8.8.8.8", 0, []string{
			`^8\.8\.8\.8 +up, echo-reply, `, `^ +ttl +63$`, `^ +icmp\.type +0$`}},

		// Web pages make of "-" a minus sign (U+2212) or a dash (U+2013), and of
		// "--" one dash.
		{"tcp −PN −sS −p 445,28080,28443 12.92.96.37", 3, []string{`^445/tcp +filtered `, `^28080/tcp +filtered `, `^28443/tcp +filtered `}},
		{"udp −PN −p 80 10.101.192.10", 3, []string{`^80/udp +open\|filtered +http `}},
		{"sweep −PE −e eth0 −S 10.42.48.1 10.1.145.10", 0, []string{`sent 1 echo request as 10\.42\.48\.1`}},
		{"tcp –PN –sS –p 8081 –max-retries 0 –e eth0 –S 10.42.48.1 10.1.145.10", 0, []string{`sent 1 SYN as 10\.42\.48\.1`}},
		{"tcp –v –p 443 ––timeout 5s 10.101.192.10", 0, []string{`^443/tcp +open `}},
		{"tcp −p 80 –tos 184 −g4025 −v 10.101.192.10", 0, []string{`^ +port +4025$`}},
	} {
		t.Run(strings.ReplaceAll(tt.line, "/", "|"), func(t *testing.T) {
			o := typed(t, m.client, strings.Fields(tt.line)...)
			o.wantExit(t, tt.exit)
			if o.stderr != "" {
				t.Errorf("stderr: %s", o.stderr)
			}
			lines := strings.Split(o.text, "\n")
			for _, want := range tt.want {
				i := slices.IndexFunc(lines, regexp.MustCompile(want).MatchString)
				if i < 0 {
					t.Fatalf("no line (any more) that matches %s", want)
				}
				lines = lines[i+1:]
			}
		})
	}
}

// TestMissionNames: with -v a named host has its reverse name beside it, and
// whether they disagree.
func TestMissionNames(t *testing.T) {
	n := labtest.New(t)
	client, host := n.Host("client"), n.Host("host")
	n.Link(client, host, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	host.TCP(443)
	addrs := []netip.Addr{netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("fd01::2")}
	host.Addr("eth0", "fd01::3/64")
	forward, backward := lab.DNS(map[string][]netip.Addr{"host.test": addrs, "alias.test": addrs}), lab.DNS(map[string][]netip.Addr{"host.test": addrs, "liar.test": {netip.MustParseAddr("fd01::3")}})
	host.UDP(53, func(query []byte, from netip.AddrPort) []byte {
		if bytes.Contains(query, []byte("\x04arpa\x00")) {
			return backward(query, from)
		}
		return forward(query, from)
	})
	nameServer(t, n, "10.1.0.2")
	for _, tt := range []struct{ line, head, names string }{
		{"tcp -v -p 443 -4 host.test", "10.1.0.2 (host.test)  up, syn-ack", "forward and reverse agree"},
		{"tcp -v -p 443 -6 host.test", "fd01::2 (host.test)  up, syn-ack", "forward and reverse agree"},
		{"tcp -v -p 443 -4 alias.test", "10.1.0.2 (alias.test)  up, syn-ack", "disagree"},
		{"sweep -R -v 10.1.0.2", "10.1.0.2 (host.test)  up, arp-reply", "host.test"},
		{"sweep -R 10.1.0.2", "10.1.0.2 (host.test)  up, arp-reply", "1 up"},
		{"sweep -R fd01::3", "fd01::3 (liar.test, which leads elsewhere)", "up, nd-reply"},
		{"tcp -R -p 443 -4 alias.test", "10.1.0.2 (alias.test, reverse name host.test: they disagree)  up, syn-ack", "open"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			o := typed(t, client, strings.Fields(tt.line)...)
			o.wantExit(t, 0)
			o.wantText(t, tt.head, tt.names)
		})
	}
}
