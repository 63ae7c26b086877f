package trial_test

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"go4.org/netipx"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/network"
	"sonde/scan/target"
	"sonde/scan/trial"
)

func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }

// kernels is a chain of four routers between a client and a server, all of them Linux with
// its usual limit of ICMP errors.
type kernels struct {
	client, server *lab.Host
	routers        [4]*lab.Host
}

// addresses of the server.
var labTargets = []string{"10.5.0.10", "fd05::10"}

func newKernels(t *testing.T) *kernels {
	n := labtest.New(t)
	k := &kernels{client: n.Host("client"), server: n.Host("server")}
	hosts := []*lab.Host{k.client}
	for i := range k.routers {
		k.routers[i] = n.Router(fmt.Sprint("router ", i+1))
		hosts = append(hosts, k.routers[i])
	}
	hosts = append(hosts, k.server)
	for i := range hosts[1:] {
		far := 2
		if i == 4 {
			far = 10
		}
		n.Link(hosts[i], hosts[i+1], fmt.Sprintf("10.%d.0.1/24", i+1), fmt.Sprintf("10.%d.0.%d/24", i+1, far),
			fmt.Sprintf("fd0%d::1/64", i+1), fmt.Sprintf("fd0%d::%d/64", i+1, far))
	}
	for i, h := range hosts[:5] {
		if i < 4 {
			h.Default(fmt.Sprintf("10.%d.0.2", i+1), fmt.Sprintf("fd0%d::2", i+1))
		}
		if i > 0 { // back to the client
			for net := 1; net < i; net++ {
				h.Route(fmt.Sprintf("10.%d.0.0/24", net), fmt.Sprintf("10.%d.0.1", i))
				h.Route(fmt.Sprintf("fd0%d::/64", net), fmt.Sprintf("fd0%d::1", i))
			}
		}
	}
	k.server.Default("10.5.0.1", "fd05::1")
	k.server.TCP(80)
	k.server.UDP(53, lab.Echo)
	return k
}

// labCase is what the routers of a chain do.
type labCase struct {
	name  string
	at    int // this one, from 1, treats guilty packets so behind its check of the TTL
	do    lab.Action
	share float64 // so many of them; 0: all
	mute  int     // this one sends no time exceeded; 0: none is so
}

// rules sets the routers' rules.
func (k *kernels) rules(c labCase) {
	for _, dst := range labTargets {
		r := lab.Rule{Chain: lab.Forward, Dst: dst, TOS: 0xb8, Share: c.share, Do: c.do}
		if c.do == lab.Reset {
			r.Proto = "tcp"
		}
		k.routers[c.at-1].Firewall(r)
	}
	if c.mute > 0 {
		k.routers[c.mute-1].Firewall(lab.Rule{Chain: lab.Output, Proto: "icmp", ICMPType: "11", Do: lab.Drop},
			lab.Rule{Chain: lab.Output, Proto: "icmpv6", ICMPType: "3", Do: lab.Drop})
	}
}

// locate searches from the client.
func (k *kernels) locate(t *testing.T, addr string, q question) (got located) {
	t.Helper()
	a := netip.MustParseAddr(addr)
	set, err := target.NewSet([]netipx.IPRange{netipx.IPRangeFrom(a, a)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := trial.Locate{Target: a, Kind: q.kind, Port: q.port}
	l.Guilty, l.Innocent = crafts(t, a.Is6())
	proto := q.kind.Proto()
	var n *network.Network
	if err := k.client.Do(func() (err error) {
		n, err = network.Open(&network.Request{Targets: set, Proto: proto, Via: "raw", Probes: 100})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	began := time.Now()
	cfg := scan.Config{Link: n.Link, Routes: n.Routes, Start: n.Start, Timing: scan.Template(3), Ports: n.Ports,
		Neighbours: n.Neighbours, Resolve: n.Resolve, Unresolved: n.Unresolved, Lost: n.Lost, Changing: n.Changing}
	err = scan.Serve(cfg, func(e *scan.Engine) (err error) {
		got.Location, got.stats, err = l.Run(t.Context(), e, scan.Plan{Seed: 1})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got.took = time.Since(began)
	return got
}

// TestLocateLab: real kernels, one of which treats what has the guilty TOS in another way,
// at each of four places, by every protocol, in both families; also where a router is
// silent, and where the router itself answers.
func TestLocateLab(t *testing.T) {
	asked := []question{{"tcp", probe.SYN, 80}, {"udp", probe.UDP, 53}, {"echo", probe.Echo, 0}}
	for _, c := range []labCase{
		{"1", 1, lab.Drop, 0, 0}, {"2", 2, lab.Drop, 0, 0}, {"3", 3, lab.Drop, 0, 0}, {"4", 4, lab.Drop, 0, 0},
		{"silent at", 2, lab.Drop, 0, 2}, {"silent behind", 1, lab.Drop, 0, 2}, {"silent before", 4, lab.Drop, 0, 1},
		{"three in ten", 2, lab.Drop, 0.3, 0}, {"reset", 2, lab.Reset, 0, 0}, {"prohibited", 3, lab.AdminProhibited, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			k := newKernels(t)
			k.rules(c)
			for _, r := range k.routers {
				if c.share > 0 { // with it that takes a minute or two
					r.NoICMPLimit()
				}
			}
			for i, q := range asked {
				if c.do == lab.Reset && q.kind != probe.SYN {
					continue
				}
				addr := labTargets[(i+c.at)%2]
				got := k.locate(t, addr, q)
				t.Logf("%s %s: %s, P %.2g, %v, %d sent", q.name, addr, got.show(), got.P, got.took, got.stats.Sent)
				exact, honest := got.right(c.at, between(c.at, c.mute))
				if !exact && !(c.share > 0 && honest) {
					t.Errorf("%s %s: %s, want %s", q.name, addr, got.show(), between(c.at, c.mute))
					for _, h := range got.Hops {
						t.Logf("%+v", h)
					}
				}
				if c.do != lab.Drop {
					far := got.Far.TTL
					if h := got.Hops[far-1].Guilty; c.do == lab.Reset && h.Reached == 0 || c.do == lab.AdminProhibited && h.Refused == 0 {
						t.Errorf("%s %s: nobody answers the guilty at hop %d: %+v", q.name, addr, far, h)
					}
				}
			}
		})
	}
}
