package main

import (
	"testing"

	"sonde/probe"
	"sonde/scan/lab/labtest"
)

// TestManyOnLink scans more addresses on a link than the kernel's neighbour
// table is left to find: they are asked by ARP and ND of our own, and frames.
func TestManyOnLink(t *testing.T) {
	n := labtest.New(t)
	client, host := n.Host("client"), n.Host("host")
	n.Link(client, host, "10.1.0.1/22", "10.1.2.7/22", "fd01::1/64", "fd01::2:7/64")
	host.TCP(80)
	for _, target := range []string{"10.1.0.0/22", "fd01::2:0/118"} {
		o := ask(t, client, "tcp -PN -p 80,81 --open -T4 "+target)
		open := 0
		if r, ok := o.ports[80]; ok && r.State == probe.Open {
			open++
		}
		if open != 1 || o.exit != 0 {
			t.Errorf("%s: %v, exit %d", target, o.ports, o.exit)
		}
		if o.end.Sent > 3*1024+100 {
			t.Errorf("%s: %d packets sent: hosts that do not answer ARP or ND are not asked for ports", target, o.end.Sent)
		}
	}
}
