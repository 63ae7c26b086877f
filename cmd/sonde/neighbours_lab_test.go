package main

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
)

// claimants is a client on a link with somebody who claims addresses there.
func claimants(t *testing.T, of []string, gap time.Duration, macs ...string) *lab.Host {
	n := labtest.New(t)
	client, other := n.Host("client"), n.Host("other")
	n.Link(client, other, "192.0.2.1/24", "192.0.2.2/24", "fd01::1/64", "fd01::2/64")
	for _, o := range of {
		other.Claim("eth0", netip.MustParsePrefix(o), gap, macs...)
	}
	return client
}

// TestTwoMachinesOneAddress: that a second hardware address answers for an address is
// said, of a host and of a range, for ARP and ND, in a sweep and where ports are asked.
func TestTwoMachinesOneAddress(t *testing.T) {
	t.Parallel()
	client := claimants(t, []string{"192.0.2.11/32", "fd01::11/128"}, 10*time.Millisecond, "02:00:00:00:00:a1", "02:00:00:00:00:b2", "02:00:00:00:00:a1")
	for _, line := range []string{"sweep -v 192.0.2.11", "sweep 192.0.2.8-192.0.2.15", "tcp -PN -sF -p 80 192.0.2.11",
		"sweep -v fd01::11", "sweep fd01::10/125", "sweep fd01::10/125 192.0.2.8/29", "tcp -PN -sF -p 80 fd01::11"} {
		o := ask(t, client, line)
		f := o.finding(probe.AddressConflict)
		for try := 1; f == nil && try < 5; try++ { // on a busy machine the second may answer when all is over
			o = ask(t, client, line)
			f = o.finding(probe.AddressConflict)
		}
		if f == nil || len(f.MACs) != 2 || f.MACs[0] != (wire.MAC{2, 0, 0, 0, 0, 0xa1}) || f.MACs[1] != (wire.MAC{2, 0, 0, 0, 0, 0xb2}) {
			t.Errorf("%s: %+v", line, f)
		}
		o.wantText(t, "02:00:00:00:00:a1, 02:00:00:00:00:b2")
		if o.finding(probe.SharedMAC) != nil {
			t.Errorf("%s: two addresses are no proxy's", line)
		}
	}
}

// TestOneMachineTwice: duplicates of one machine, and the address of a virtual router
// beside that of the machine that has it, are no second machine.
func TestOneMachineTwice(t *testing.T) {
	t.Parallel()
	for _, macs := range [][]string{{"02:00:00:00:00:a1", "02:00:00:00:00:a1"}, {"02:00:00:00:00:a1", "00:00:5e:00:01:07"},
		{"00:00:0c:07:ac:01", "02:00:00:00:00:a1"}, {"00:07:b4:00:01:01", "00:07:b4:00:01:02"}} {
		client := claimants(t, []string{"192.0.2.11/32", "fd01::11/128"}, 0, macs...)
		for _, target := range []string{"192.0.2.11", "fd01::11"} {
			o := ask(t, client, "sweep -v "+target)
			if len(o.findings) > 0 || o.end.Received != 2 {
				t.Errorf("%v: %v, %d received", macs, o.findings, o.end.Received)
			}
		}
	}
}

// TestOneMachineManyAddresses: one hardware address for many addresses is one finding
// with their count, for four or more; a host with three is none.
func TestOneMachineManyAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		claimed, swept string
		count          uint64 // 0: no finding
	}{
		{"192.0.2.64/26", "192.0.2.64/26", 64}, {"fd01::40/122", "fd01::40/122", 64},
		{"192.0.2.64/30", "192.0.2.64/26", 4}, {"fd01::40/126", "fd01::40/122", 4},
		{"192.0.2.64/26", "192.0.2.64-192.0.2.66", 0}, {"fd01::40/126", "fd01::40-fd01::42", 0},
	} {
		client := claimants(t, []string{tt.claimed}, 0, "02:00:00:00:00:c3")
		o := ask(t, client, "sweep "+tt.swept)
		f := o.finding(probe.SharedMAC)
		switch {
		case tt.count == 0 && f != nil, tt.count > 0 && (f == nil || f.Count != tt.count || !slices.Equal(f.MACs, []wire.MAC{{2, 0, 0, 0, 0, 0xc3}})):
			t.Errorf("sweep %s: %+v, want a count of %d", tt.swept, f, tt.count)
		case tt.count > 0 && len(o.findings) != 1:
			t.Errorf("sweep %s: %d findings", tt.swept, len(o.findings))
		}
	}
}
