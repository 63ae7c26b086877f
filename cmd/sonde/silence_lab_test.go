package main

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sonde/scan/lab"
)

// TestUDPSilence: what silence of a UDP port means depends on whether the host
// says port unreachable for others, and is said.
func TestUDPSilence(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.server.UDP(53, lab.DNS(map[string][]netip.Addr{}))
	n.server.UDP(5000, lab.Sink)
	n.server.Firewall(lab.Rule{Proto: "udp", Dport: "6000", Do: lab.Drop})
	for _, f := range families() {
		t.Run("by the kernel "+f.name, func(t *testing.T) {
			o := ask(t, n.client, "udp -PN --via connect -p 5000,7000", f.server)
			o.wantPort(t, 5000, "open|filtered (no-response)")
			o.wantPort(t, 7000, "closed (port-unreach)")
			if got := o.ports[5000].Silence; got != "icmp-answers" {
				t.Errorf("silence of port 5000: %q", got)
			}
		})
		t.Run("told "+f.name, func(t *testing.T) {
			o := ask(t, n.client, "udp -PN -p 53,5000,6000,7000", f.server)
			o.wantPort(t, 53, "open (udp-response)")
			o.wantPort(t, 5000, "open|filtered (no-response)")
			o.wantPort(t, 6000, "open|filtered (no-response)")
			o.wantPort(t, 7000, "closed (port-unreach)")
			for _, port := range []int{5000, 6000} {
				if got := o.ports[port].Silence; got != "icmp-answers" {
					t.Errorf("silence of port %d: %q", port, got)
				}
			}
			o.wantText(t, "Silence means open or dropped")
			if o.took > 3*time.Second {
				t.Errorf("it took %v", o.took)
			}
		})
	}
	mute := n.server.Firewall(
		lab.Rule{Chain: lab.Output, Proto: "icmp", Do: lab.Drop},
		lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1", Do: lab.Drop})
	defer mute.Remove()
	for _, f := range families() {
		t.Run("not told "+f.name, func(t *testing.T) {
			o := ask(t, n.client, "udp -PN -p 53,5000,6000,7000", f.server)
			for _, port := range []int{5000, 6000, 7000} {
				o.wantPort(t, port, "open|filtered (no-response)")
				if got := o.ports[port].Silence; got != "icmp-silent" {
					t.Errorf("silence of port %d: %q", port, got)
				}
			}
			o.wantText(t, "Silence proves nothing")
		})
	}
}

// TestUDPLimit: a host that limits its ICMP is recognised; what that hides is said,
// and found with --confirm in about the time that was announced. The limits are
// that of a firewall, and the kernel's own: one a second to each address, after a
// few at once.
func TestUDPLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		ports    int // 1000 and following: closed, but for the last two
		limit    func(n *office)
		every    [2]float64 // ms
		right    float64    // share of ports that --confirm must get right
		longest  time.Duration
		families []family
	}{
		{"firewall", 200, func(n *office) {
			n.server.Firewall(
				lab.Rule{Chain: lab.Output, Proto: "icmp", ICMPType: "3", Rate: 10, Do: lab.Accept},
				lab.Rule{Chain: lab.Output, Proto: "icmp", ICMPType: "3", Do: lab.Drop},
				lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1", Rate: 10, Do: lab.Accept},
				lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1", Do: lab.Drop})
		}, [2]float64{45, 160}, 0.95, time.Minute, families()},
		{"kernel", 40, func(n *office) {
			n.server.Sysctl("net/ipv4/icmp_ratelimit", "1000")
			n.server.Sysctl("net/ipv6/icmp/ratelimit", "1000")
		}, [2]float64{100, 1500}, 1, time.Minute, families()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range tt.families {
				t.Run(f.name, func(t *testing.T) {
					t.Parallel()
					n := newOffice(t)
					n.server.UDP(53, lab.DNS(map[string][]netip.Addr{}))
					last := 1000 + tt.ports - 1
					n.server.UDP(last, lab.Sink)
					n.server.UDP(last-1, lab.Sink)
					tt.limit(n)
					line := fmt.Sprintf("udp -PN -p 53,1000-%d", last)

					o := ask(t, n.client, line, f.server)
					o.wantPort(t, 53, "open (udp-response)")
					hidden := 0
					for port, p := range o.ports {
						if p.Silence == "icmp-limit" {
							hidden++
						}
						if p.State == "open|filtered" && p.Silence != "icmp-limit" {
							t.Errorf("port %d is silent, and that is called %q", port, p.Silence)
						}
					}
					limit := o.finding("icmp-limit")
					if limit == nil || limit.Count != hidden || limit.Every < tt.every[0] || limit.Every > tt.every[1] {
						t.Fatalf("%d ports are hidden; %+v", hidden, limit)
					}
					t.Logf("%d hidden, one each %.0f ms, %.1f s to confirm; it took %v", hidden, limit.Every, limit.Cost, o.took)

					sure := askWithin(t, tt.longest, n.client, line+" --confirm", f.server)
					wrong := 0
					for port, p := range sure.ports {
						want := "closed"
						switch {
						case port == 53:
							want = "open"
						case port >= last-1:
							want = "open|filtered"
						}
						if p.State != want {
							wrong++
						}
					}
					t.Logf("confirmed in %v, %d of %d wrong", sure.took, wrong, tt.ports)
					if share := float64(wrong) / float64(tt.ports); 1-share < tt.right {
						t.Errorf("%d of %d ports are wrong", wrong, tt.ports)
					}
					if took := (sure.took - o.took).Seconds(); took > 3*limit.Cost+2 || took < limit.Cost/4 {
						t.Errorf("confirming took %.1f s, %.1f s were announced", took, limit.Cost)
					}
				})
			}
		})
	}
}
