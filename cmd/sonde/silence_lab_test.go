package main

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sonde/probe"
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
			if got := o.ports[5000].Doubt; got != probe.ICMPAnswers {
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
				if got := o.ports[port].Doubt; got != probe.ICMPAnswers {
					t.Errorf("silence of port %d: %q", port, got)
				}
			}
			o.wantText(t, "Silence means open or dropped")
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
				if got := o.ports[port].Doubt; got != probe.ICMPSilent {
					t.Errorf("silence of port %d: %q", port, got)
				}
			}
			o.wantText(t, "Silence proves nothing")
		})
	}
}

// A host that limits its ICMP is recognised; what that hides is said, and found with
// --confirm, in no less than half of the time that was announced, and no falsehood is
// confirmed. The limits are that of a firewall, and the kernel's own: four a second to
// each address, after a few at once. Each is a test by itself, since it waits for up to
// a minute: others go on beside it.
func TestUDPLimitOfFirewall(t *testing.T)     { byFirewall.check(t, families()[0]) }
func TestUDPLimitOfFirewallIPv6(t *testing.T) { byFirewall.check(t, families()[1]) }
func TestUDPLimitOfKernel(t *testing.T)       { byKernel.check(t, families()[0]) }
func TestUDPLimitOfKernelIPv6(t *testing.T)   { byKernel.check(t, families()[1]) }

// icmpLimit is how a host limits the errors that it sends.
type icmpLimit struct {
	ports int // 1000 and following: closed, but for the last two
	set   func(n *office)
	least time.Duration // from one error to the next
	right float64       // share of ports that --confirm must get right
}

var byFirewall = icmpLimit{60, func(n *office) {
	n.server.Firewall(
		lab.Rule{Chain: lab.Output, Proto: "icmp", ICMPType: "3", Rate: 10, Do: lab.Accept},
		lab.Rule{Chain: lab.Output, Proto: "icmp", ICMPType: "3", Do: lab.Drop},
		lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1", Rate: 10, Do: lab.Accept},
		lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "1", Do: lab.Drop})
}, 45 * time.Millisecond, 0.95}

var byKernel = icmpLimit{30, func(n *office) {
	n.server.Sysctl("net/ipv4/icmp_ratelimit", "250")
	n.server.Sysctl("net/ipv6/icmp/ratelimit", "250")
}, 100 * time.Millisecond, 1}

func (l *icmpLimit) check(t *testing.T, f family) {
	t.Parallel()
	n := newOffice(t)
	n.server.UDP(53, lab.DNS(map[string][]netip.Addr{}))
	last := 1000 + l.ports - 1
	n.server.UDP(last, lab.Sink)
	n.server.UDP(last-1, lab.Sink)
	l.set(n)
	line := fmt.Sprintf("udp -PN -p 53,1000-%d", last)

	o := ask(t, n.client, line, f.server)
	o.wantPort(t, 53, "open (udp-response)")
	hidden := uint64(0)
	for port, p := range o.ports {
		if p.Doubt == probe.ICMPLimit {
			hidden++
		}
		if p.State == probe.OpenFiltered && p.Doubt != probe.ICMPLimit {
			t.Errorf("port %d is silent, and that is called %q", port, p.Doubt)
		}
	}
	limit := o.finding(probe.ICMPLimit)
	if limit == nil || limit.Count != hidden || limit.Every < l.least {
		t.Fatalf("%d ports are hidden; %+v", hidden, limit)
	}
	t.Logf("%d hidden, one each %v, %v to confirm; it took %v", hidden, limit.Every, limit.Cost, o.took)

	sure := askWithin(t, 3*time.Minute, n.client, line+" --confirm", f.server)
	wrong, confirmed := 0, 0
	for port, p := range sure.ports {
		if !p.Confirmed && p.State == probe.OpenFiltered {
			continue // on a busy machine it may be so slow that it meets no limit
		}
		confirmed++
		want := probe.Closed
		switch {
		case port == 53:
			want = probe.Open
		case port >= last-1:
			want = probe.OpenFiltered
		}
		if p.State != want {
			wrong++
			if p.Confirmed && p.State == probe.OpenFiltered {
				t.Errorf("port %d is closed, and confirmed to be silent", port)
			}
		}
	}
	t.Logf("known in %v, %d of %d ports, %d wrong", sure.took, confirmed, l.ports+1, wrong)
	if share := float64(wrong) / float64(l.ports); 1-share < l.right {
		t.Errorf("%d of %d ports are wrong", wrong, confirmed)
	}
	if sure.took < limit.Cost/2 { // a busy machine makes it longer, never shorter
		t.Errorf("confirming took %v, %v were announced", sure.took, limit.Cost)
	}
}
