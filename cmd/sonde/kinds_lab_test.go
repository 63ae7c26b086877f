package main

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/link"
	"sonde/scan/target"
)

// TestKindsBehindFirewall: every kind gives the same states over raw sockets and
// link-layer frames, asked from a host whose own firewall is stateful and drops
// everything else.
func TestKindsBehindFirewall(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.client.Firewall(lab.Stateful()...)
	n.router.TCP(22) // on the link; the server is behind it
	n.router.UDP(53, lab.Echo)
	n.server.TCP(22)
	n.server.UDP(53, lab.Echo)
	for _, h := range []*lab.Host{n.router, n.server} {
		h.Firewall(
			lab.Rule{Proto: "tcp", Dport: "445", Do: lab.Drop},
			lab.Rule{Proto: "udp", Dport: "445", Do: lab.Drop},
			lab.Rule{Dst: "10.2.0.11", Do: lab.Drop},
			lab.Rule{Dst: "fd02::11", Do: lab.Drop},
		)
	}
	n.server.Addr("eth0", "10.2.0.11/24", "fd02::11/64")
	n.router.Firewall(lab.Rule{Chain: lab.Forward, Proto: "tcp", Dport: "9000", Do: lab.AdminProhibited})

	muted := []string{"open|filtered no-response", "closed reset", "open|filtered no-response"}
	asked := map[string]bool{}
	for _, tt := range []struct {
		kind    probe.Kind
		ports   []uint16
		targets []string // IPv4, IPv6
		want    []string
	}{
		{probe.SYN, []uint16{22, 80, 445}, []string{"10.1.0.2", "fd01::2"}, []string{"open syn-ack", "closed reset", "filtered no-response"}},
		{probe.SYN, []uint16{22, 80, 445, 9000}, []string{"10.2.0.10", "fd02::10"},
			[]string{"open syn-ack", "closed reset", "filtered no-response", "filtered admin-prohibited"}},
		{probe.ACK, []uint16{22, 80, 445}, []string{"10.1.0.2", "fd01::2"}, []string{"unfiltered reset", "unfiltered reset", "filtered no-response"}},
		{probe.ACK, []uint16{22, 80, 445}, []string{"10.2.0.10", "fd02::10"}, []string{"unfiltered reset", "unfiltered reset", "filtered no-response"}},
		{probe.Window, []uint16{22, 80, 445}, []string{"10.1.0.2", "fd01::2", "10.2.0.10", "fd02::10"}, []string{"closed reset", "closed reset", "filtered no-response"}},
		{probe.FIN, []uint16{22, 80, 445}, []string{"10.1.0.2", "fd01::2", "10.2.0.10", "fd02::10"}, muted},
		{probe.Null, []uint16{22, 80, 445}, []string{"10.1.0.2", "fd01::2", "10.2.0.10", "fd02::10"}, muted},
		{probe.Xmas, []uint16{22, 80, 445}, []string{"10.1.0.2", "fd01::2", "10.2.0.10", "fd02::10"}, muted},
		{probe.Maimon, []uint16{22, 80, 445}, []string{"10.1.0.2", "fd01::2", "10.2.0.10", "fd02::10"}, []string{"closed reset", "closed reset", "open|filtered no-response"}},
		{probe.UDP, []uint16{53, 80, 445}, []string{"10.1.0.2", "fd01::2"},
			[]string{"open udp-response", "closed port-unreach", "open|filtered no-response"}},
		{probe.UDP, []uint16{53, 80, 445}, []string{"10.2.0.10", "fd02::10"},
			[]string{"open udp-response", "closed port-unreach", "open|filtered no-response"}},
		{probe.Echo, []uint16{0}, []string{"10.1.0.2", "fd01::2"}, []string{"up echo-reply"}},
		{probe.Echo, []uint16{0}, []string{"10.2.0.10", "fd02::10"}, []string{"up echo-reply"}},
		{probe.Echo, []uint16{0}, []string{"10.2.0.11", "fd02::11"}, []string{"unknown no-response"}},
		{probe.Timestamp, []uint16{0}, []string{"10.1.0.2", "10.2.0.10"}, []string{"up timestamp-reply"}},
		{probe.Mask, []uint16{0}, []string{"10.1.0.2", "10.2.0.10"}, []string{"unknown no-response"}}, // Linux tells nobody
		{probe.Neighbour, []uint16{0}, []string{"10.1.0.2", "fd01::2"}, []string{"up nd-reply"}},
		{probe.Neighbour, []uint16{0}, []string{"10.1.0.77", "fd01::77"}, []string{"down no-neighbour"}},
	} {
		asked[tt.kind.Name()] = true
		for _, target := range tt.targets {
			t.Run(tt.kind.Name()+" "+target, func(t *testing.T) {
				want := map[uint16]string{}
				for i, port := range tt.ports {
					want[port] = tt.want[i]
				}
				if want[0] == "up nd-reply" && target == "10.1.0.2" {
					want[0] = "up arp-reply"
				}
				stray := tt.kind.Traits().Stray
				for _, frames := range []bool{false, true} {
					if stray && !frames {
						continue // see TestStrayKindsNeedFrames
					}
					got, _ := askEngine(t, n.client, frames, tt.kind, tt.ports, netip.MustParseAddr(target), nil)
					if !maps.Equal(got, want) {
						t.Errorf("frames %v: %v\nwant %v", frames, got, want)
					}
				}
			})
		}
	}
	for _, e := range probe.Kinds() {
		if _, ok := probe.Packets(e.Kind); ok && !asked[e.Kind.Name()] {
			t.Errorf("nothing is asked by %s", e.Kind.Name())
		}
	}
}

// TestStrayKindsNeedFrames is why some kinds are never asked over raw sockets:
// this machine's firewall takes their answers for strays. That of an ACK it lets
// in only if connection tracking may begin in the middle of a connection.
func TestStrayKindsNeedFrames(t *testing.T) {
	t.Parallel()
	n := newOffice(t)
	n.client.Firewall(lab.Stateful()...)
	n.client.Sysctl("net/netfilter/nf_conntrack_tcp_loose", "0")
	for _, e := range probe.Kinds() {
		if !e.Kind.Traits().Stray {
			continue
		}
		for _, target := range []string{"10.2.0.10", "fd02::10"} {
			raw, _ := askEngine(t, n.client, false, e.Kind, []uint16{81}, netip.MustParseAddr(target), nil)
			frames, _ := askEngine(t, n.client, true, e.Kind, []uint16{81}, netip.MustParseAddr(target), nil)
			if !strings.HasSuffix(raw[81], "no-response") || !strings.HasSuffix(frames[81], "reset") {
				t.Errorf("%s %s: over raw sockets %s, by frames %s", e.Kind.Name(), target, raw[81], frames[81])
			}
		}
	}
}

// framed makes every packet leave as a frame.
type framed struct {
	*link.Table
	ways []scan.Way
}

func (f *framed) Ways() []scan.Way { return f.ways }

func newFramed(t *link.Table) *framed {
	f := &framed{t, slices.Clone(t.Ways())}
	for i := range f.ways {
		f.ways[i].Frames = true
	}
	return f
}

// askEngine asks ports of one target by one kind and returns state and reason of
// each. The link is opened on host; wrap, unless nil, puts something before it.
func askEngine(t *testing.T, host *lab.Host, frames bool, kind probe.Kind, ports []uint16, addr netip.Addr,
	wrap func(scan.Link) scan.Link) (got map[uint16]string, stats scan.Stats) {
	t.Helper()
	var b target.Builder
	b.Add(addr)
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	cfg := scan.Config{Start: time.Now(), Timing: scan.Template(4), Ports: probe.Ports{First: 61000, N: 1000}}
	cfg.Timing.MaxRetries = 1
	if frames { // not what the raw sockets used
		cfg.Ports.First = 62000
	}
	err = host.Do(func() error {
		table, err := link.NewTable(set.Each, nil, link.RouteOptions{})
		if err != nil {
			return err
		}
		needs := link.Needs{V4: true, V6: true, TCP: true, UDP: true, ICMP: true, Frames: frames, Neighbours: true,
			Ports: []link.PortRange{{First: cfg.Ports.First, Last: cfg.Ports.First + 999}}}
		cfg.Routes = table
		if frames {
			cfg.Routes = newFramed(table)
		}
		cfg.Link, err = link.Open(table, needs, link.Options{Start: cfg.Start})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		cfg.Link = wrap(cfg.Link)
	}
	plan := scan.Plan{Targets: set, Kinds: []probe.Kind{kind}, Seed: 7}
	for _, p := range ports {
		plan.Asks = append(plan.Asks, scan.Ask{Port: p})
	}
	got = map[uint16]string{}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = scan.Serve(cfg, func(e *scan.Engine) error {
		stats, err = e.Run(ctx, &plan, func(r *scan.Result) {
			got[r.Probe.Port] = fmt.Sprint(r.Verdict.State, " ", r.Verdict.Reason)
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, stats
}
