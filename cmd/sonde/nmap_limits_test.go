package main

import (
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// TestLimitedErrorsBesideNmap: where ICMP errors are limited, by the kernel's
// defaults (to each destination one a second after a burst of six, as RFC 1812
// §4.3.2.8 asks for a limit) or by a firewall, both ask on until they know, or
// call the port what silence makes it, which for a SYN is the same.
func TestLimitedErrorsBesideNmap(t *testing.T) {
	needNmap(t)
	t.Parallel()
	n := labtest.New(t)
	client, server := n.Host("client"), n.Host("server")
	n.Link(client, server, "10.2.0.1/24", "10.2.0.10/24", "fd02::1/64", "fd02::10/64")
	// Two errors a second, and the rest in silence.
	server.Firewall(
		lab.Rule{Proto: "tcp", Dport: "1000-1019", Rate: 2, Burst: 2, Do: lab.AdminProhibited},
		lab.Rule{Proto: "tcp", Dport: "1000-1019", Do: lab.Drop})
	for _, f := range families() {
		for _, tt := range []struct {
			kind, line, ports string
			count             int
			want              string
			refill            time.Duration // one program must not live on what the other left
		}{
			{"-sU", "udp -PN --timeout 1s --max-retries 8 -p", "7001-7008", 8, "closed", 7 * time.Second}, // two more than the burst
			{"-sS", "tcp -PN -p", "1000-1019", 20, "filtered", 2 * time.Second},
		} {
			t.Run(tt.kind+" "+f.name, func(t *testing.T) {
				args := []string{"-n", "-Pn", tt.kind, "-p", tt.ports, "--max-retries", "8", "-T4", "-d3", "-oX", "-"}
				if f.name == "IPv6" {
					args = append(args, "-6")
				}
				nmap, sonde := map[string]int{}, map[string]int{}
				for _, h := range runNmap(t, client, append(args, f.server)...).Hosts {
					for _, p := range h.Ports {
						nmap[p.State.State]++
					}
				}
				time.Sleep(tt.refill)
				again := 0
				for _, p := range ask(t, client, tt.line, tt.ports, f.server).ports {
					sonde[p.State.String()]++
					if p.Tries > 1 {
						again++
					}
				}
				t.Logf("%s %s: %d ports, nmap %v, sonde %v, %d of them asked again", tt.kind, f.name, tt.count, nmap, sonde, again)
				if nmap[tt.want] != tt.count || sonde[tt.want] != tt.count {
					t.Errorf("nmap %v, sonde %v; want %d %s", nmap, sonde, tt.count, tt.want)
				}
				if again == 0 {
					t.Error("the limit was not met")
				}
			})
		}
	}
}
