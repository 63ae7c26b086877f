package main

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"sonde/scan/job"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"
)

// TestTraceAllWays: real routers that balance over four ways by addresses and ports: all
// four are found, by TCP and UDP, and how the router chooses; and no ICMP, which has no
// ports, is balanced.
func TestTraceAllWays(t *testing.T) {
	t.Parallel()
	n := labtest.New(t)
	client, first, last, server := n.Host("client"), n.Router("first"), n.Router("last"), n.Host("server")
	n.Link(client, first, "10.1.0.1/24", "10.1.0.2/24", "fd01::1/64", "fd01::2/64")
	var ways4, ways6 []string
	middle := []*lab.Host{}
	for i := range 4 {
		r := n.Router(fmt.Sprintf("m%d", i))
		n.Link(first, r, fmt.Sprintf("10.2.%d.1/24", i), fmt.Sprintf("10.2.%d.2/24", i), fmt.Sprintf("fd02:%x::1/64", i), fmt.Sprintf("fd02:%x::2/64", i))
		n.Link(r, last, fmt.Sprintf("10.3.%d.1/24", i), fmt.Sprintf("10.3.%d.2/24", i), fmt.Sprintf("fd03:%x::1/64", i), fmt.Sprintf("fd03:%x::2/64", i))
		r.Default(fmt.Sprintf("10.3.%d.2", i), fmt.Sprintf("fd03:%x::2", i))
		r.Route("10.1.0.0/24", fmt.Sprintf("10.2.%d.1", i))
		r.Route("fd01::/64", fmt.Sprintf("fd02:%x::1", i))
		ways4, ways6 = append(ways4, fmt.Sprintf("10.2.%d.2", i)), append(ways6, netip.MustParseAddr(fmt.Sprintf("fd02:%x::2", i)).String())
		middle = append(middle, r)
	}
	n.Link(last, server, "10.9.0.1/24", "10.9.0.5/24", "fd09::1/64", "fd09::5/64")
	client.Default("10.1.0.2", "fd01::2")
	server.Default("10.9.0.1", "fd09::1")
	last.Default("10.3.0.1", "fd03:0::1")
	first.Multipath("10.9.0.0/24", ways4...)
	first.Multipath("fd09::/64", ways6...)
	server.TCP(80)
	for _, h := range append(middle, first, last, server) {
		h.NoICMPLimit()
	}
	for _, f := range []struct {
		server, first string
		ways          []string
	}{{"10.9.0.5", "10.1.0.2", ways4}, {"fd09::5", "fd01::2", ways6}} {
		for _, by := range []string{"-p 80", "--proto udp", "--proto icmp"} {
			t.Run(f.server+" "+by, func(t *testing.T) {
				o := ask(t, client, "trace -n --timeout 5s --flows 256 "+by, f.server)
				o.wantExit(t, job.ExitYes)
				var next []string
				reached := false
				for _, e := range o.edges {
					if e.From.IsValid() && e.From.String() == f.first {
						next = append(next, e.To.String())
						if by != "--proto icmp" && (e.Balancing != report.PerFlow || !slices.Contains(e.Hashed, "source port") || !slices.Contains(e.Hashed, "destination port") || slices.Contains(e.Hashed, "flow label")) {
							t.Errorf("%s", jsonOf(e))
						}
					}
					if e.Balancing == report.PerPacket || e.Balancing == report.BehindPerPacket || !e.Settled {
						t.Errorf("%s", jsonOf(e))
					}
					reached = reached || e.Reached
				}
				slices.Sort(next)
				ways := slices.Sorted(slices.Values(f.ways))
				if by == "--proto icmp" {
					if len(next) != 1 {
						t.Errorf("icmp goes to %v", next)
					}
				} else if !slices.Equal(next, ways) {
					t.Errorf("the ways are %v, want %v", next, ways)
				}
				if !reached {
					t.Error("not reached")
				}
				if o.end.Received-o.end.Resolved > o.end.Sent-o.end.Neighbours {
					t.Errorf("%d packets sent, and %d answers", o.end.Sent, o.end.Received)
				}
				o.wantText(t, "ALL WAYS, with 95 % confidence")
			})
		}
	}
}
