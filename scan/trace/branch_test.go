package trace_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/simnet"
	"sonde/scan/trace"
)

// tree is a network whose first router balances over so many next hops, each of which
// over so many of its own, and so on; then all meet at one router before the target.
type tree struct {
	text  strings.Builder
	n     int
	edges map[string]bool // "ttl from to", of IPv6 targets by their addresses
	v6    bool
}

// newTree makes one of which every router that balances does so in this way ("flow",
// "packet").
func newTree(v6 bool, how string, fans ...int) *tree {
	t := &tree{v6: v6, edges: map[string]bool{}}
	t.text.WriteString("iface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\nrouter r9 10.8.0.9 fd08::9\n")
	depth := uint8(len(fans) + 2)
	t.branch("r1", 1, how, fans, "10.0.0.2", "fd00::2")
	t.edges[fmt.Sprint(depth+1, " ", t.pick("10.8.0.9", "fd08::9"), " ", t.pick("10.9.0.5", "fd09::5"))] = true
	t.edges[fmt.Sprint("1 - ", t.pick("10.0.0.2", "fd00::2"))] = true
	t.text.WriteString("path 10.9.0.0/16 r1 r9\npath fd09::/64 r1 r9\nhosts 10.9.0.5\n\ttcp open 80\nhosts fd09::5\n\ttcp open 80\n")
	return t
}

func (t *tree) pick(v4, v6 string) string {
	if t.v6 {
		return v6
	}
	return v4
}

// branch writes a router, and before it those behind it.
func (t *tree) branch(name string, ttl int, how string, fans []int, v4, v6 string) {
	own := t.pick(v4, v6)
	if len(fans) == 0 {
		fmt.Fprintf(&t.text, "router %s %s %s\n", name, v4, v6)
		t.edges[fmt.Sprint(ttl+1, " ", own, " ", t.pick("10.8.0.9", "fd08::9"))] = true
		return
	}
	var names []string
	for range fans[0] {
		t.n++
		child, c4, c6 := fmt.Sprintf("n%d", t.n), fmt.Sprintf("10.7.%d.%d", t.n/200, t.n%200+1), fmt.Sprintf("fd07::%x", t.n)
		t.branch(child, ttl+1, how, fans[1:], c4, c6)
		t.edges[fmt.Sprint(ttl+1, " ", own, " ", t.pick(c4, c6))] = true
		names = append(names, child)
	}
	fmt.Fprintf(&t.text, "router %s %s %s\n\tsplit %s %s\n", name, v4, v6, how, strings.Join(names, " "))
}

// mda is how many questions the algorithm asks on average that asks one flow after the
// other, told how many routers balance load.
func mda(fans []int, rng *rand.Rand) int {
	balancers, width := 0, 1
	for _, n := range fans {
		balancers += width
		width *= n
	}
	s := trace.NewStopping(0.05 / float64(balancers+1)) // and one that it does not know of
	type flow []int
	var flows []flow
	choose := func() flow {
		var f flow
		at := 0
		f = append(f, 0)
		for _, n := range fans {
			at = at*n + rng.IntN(n)
			f = append(f, at)
		}
		f = append(f, 0, 0)
		flows = append(flows, f)
		return f
	}
	probes := 0
	hops := len(fans) + 3
	asked := make([][]flow, hops)
	for hop := range hops {
		before := map[int]bool{0: true}
		if hop > 0 {
			clear(before)
			for _, f := range asked[hop-1] {
				before[f[hop-1]] = true
			}
		}
		var nodes []int
		for n := range before {
			nodes = append(nodes, n)
		}
		slices.Sort(nodes)
		for _, node := range nodes {
			through, next := 0, map[int]bool{}
			used := 0
			for through == 0 || through < s.After(len(next)) {
				var f flow
				if hop == 0 {
					f = choose()
				} else {
					for used < len(asked[hop-1]) && asked[hop-1][used][hop-1] != node {
						used++
					}
					if used == len(asked[hop-1]) { // another flow, and where does it go?
						f = choose()
						asked[hop-1] = append(asked[hop-1], f)
						probes++
						continue
					}
					f = asked[hop-1][used]
					used++
				}
				asked[hop] = append(asked[hop], f)
				probes++
				through++
				next[f[hop]] = true
			}
		}
	}
	return probes
}

// branch finds all ways in virtual time.
func branch(t *testing.T, network string, seed uint64, flows int, c trace.Config) (*trace.Graph, simnet.Counts) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	n.Seed = seed
	c.Hops, c.Times = 30, 3
	var g *trace.Graph
	var counts simnet.Counts
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			w, err := trace.Run(context.Background(), e, scan.Plan{}, c)
			if err != nil {
				return err
			}
			g, err = trace.Branch(context.Background(), e, scan.Plan{}, c, flows, &w)
			counts = link.Counts()
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	return g, counts
}

// edges are those of a graph as those of a tree.
func edges(g *trace.Graph) map[string]bool {
	found := map[string]bool{}
	for _, e := range g.Edges {
		from := "-"
		if e.From.IsValid() {
			from = e.From.String()
		}
		found[fmt.Sprint(e.TTL, " ", from, " ", e.To)] = true
	}
	return found
}

// TestAllWays: ways over balancers of 2, 4 and 16 next hops, nested, are all found in 95 of
// 100 networks, with no more questions than the algorithm asks that asks one by one; and no
// way is found that is not there.
func TestAllWays(t *testing.T) {
	const seeds = 100
	cryptotest.SetGlobalRandom(t, 1) // flow labels
	for _, fans := range [][]int{{2}, {4}, {16}, {2, 4}, {2, 16}} {
		for _, v6 := range []bool{false, true} {
			if v6 && len(fans) == 2 && fans[1] == 16 {
				continue // as of IPv4, and it takes as long
			}
			tree := newTree(v6, "flow", fans...)
			network := tree.text.String()
			c := trace.Config{Target: netip.MustParseAddr(tree.pick("10.9.0.5", "fd09::5")), Kind: probe.SYN, Port: 80}
			t.Run(fmt.Sprint(fans, " ", c.Target), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				complete, sent, most := 0, 0, 0
				for seed := range uint64(seeds) {
					g, _ := branch(t, network, seed+1, 1024, c)
					found := edges(g)
					whole := true
					for e := range tree.edges {
						whole = whole && found[e]
					}
					for e := range found {
						if !tree.edges[e] {
							t.Errorf("seed %d: there is no %s", seed, e)
						}
					}
					for _, e := range g.Edges {
						if e.Balancing == report.PerPacket || e.Balancing == report.BehindPerPacket {
							t.Errorf("seed %d: %+v", seed, e)
						}
					}
					if whole {
						complete++
					}
					if !g.Settled {
						t.Errorf("seed %d: not settled with %d flows", seed, g.Flows)
					}
					sent += g.Discovery
					most += mda(fans, rng)
				}
				t.Logf("%d of %d complete, %d questions each, by the algorithm %d", complete, seeds, sent/seeds, most/seeds)
				if complete < 95 {
					t.Errorf("complete in %d of %d", complete, seeds)
				}
				if sent > most {
					t.Errorf("%d questions each, the algorithm asks %d", sent/seeds, most/seeds)
				}
			})
		}
	}
}

// everyAsking runs a test by every protocol and in both families.
func everyAsking(t *testing.T, run func(t *testing.T, v6 bool, c trace.Config)) {
	t.Helper()
	for _, a := range asked {
		for _, v6 := range []bool{false, true} {
			c := trace.Config{Target: target4, Kind: a.kind, Port: a.port}
			if v6 {
				c.Target = target6
			}
			t.Run(fmt.Sprint(a.name, " ", c.Target), func(t *testing.T) { run(t, v6, c) })
		}
	}
}

// TestByPacket: routers that send packets of one flow several ways are called that, whatever
// asks; what lies behind them is not told of one of them, and where their ways meet all is
// as before.
func TestByPacket(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	everyAsking(t, func(t *testing.T, v6 bool, c trace.Config) {
		called := 0
		const seeds = 100
		tree := newTree(v6, "packet", 2)
		for seed := range uint64(seeds) {
			g, _ := branch(t, tree.text.String(), seed+1, 256, c)
			n := 0
			for _, e := range g.Edges {
				switch {
				case e.Balancing == report.PerPacket && e.TTL == 2 && e.From.IsValid():
					n++
				case e.Balancing == report.PerPacket, e.Balancing == report.BehindPerPacket:
					t.Errorf("seed %d: %+v", seed, e)
				case e.TTL == 3 && e.From.IsValid() && n > 0:
					t.Errorf("seed %d: from one of several: %+v", seed, e)
				}
			}
			if n == 2 {
				called++
			}
		}
		t.Logf("%d of %d", called, seeds)
		if called < 95 {
			t.Errorf("called so in %d of %d", called, seeds)
		}
	})
}

// TestHashed: by which fields a router chooses is told where packets show it.
func TestHashed(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	everyAsking(t, func(t *testing.T, v6 bool, c trace.Config) {
		ports, source := c.Kind != probe.Echo, "source port"
		if !ports {
			source = "icmp checksum or identifier"
		}
		for _, tt := range []struct {
			by   string
			want []string
		}{
			{"src,dst,sport,icmp", []string{source}},
			{"src,dst,sport,dport,icmp", []string{source, "destination port"}},
			{"src,dst,sport,dport,label,icmp", []string{source, "destination port", "flow label"}},
			{"src,dst,label", []string{"flow label"}},
		} {
			by := tt.by
			want := slices.DeleteFunc(slices.Clone(tt.want), func(f string) bool {
				return f == "flow label" && !v6 || f == "destination port" && !ports
			})
			if len(want) == 0 {
				continue // nothing that is asked differs in what is hashed
			}
			tree := newTree(v6, "flow by "+by, 4)
			right := 0
			const seeds = 4
			for seed := range uint64(seeds) {
				g, _ := branch(t, tree.text.String(), seed+1, 256, c)
				for _, e := range g.Edges {
					if e.Balancing == report.PerFlow {
						all := slices.Concat(e.Hashed, e.Idle)
						if !slices.Equal(e.Hashed, want) {
							t.Logf("seed %d, by %s: %+v", seed, by, e)
						}
						slices.Sort(all)
						if slices.Equal(e.Hashed, want) && len(slices.Compact(all)) == len(e.Hashed)+len(e.Idle) {
							right++
						}
						break
					}
				}
			}
			if right < seeds-1 {
				t.Errorf("by %s: right in %d of %d", by, right, seeds)
			}
		}
	})
}

// TestTranslatedFlows: flows are told apart, though a NAT before the router that balances has
// changed addresses, and errors quote these.
func TestTranslatedFlows(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	everyAsking(t, func(t *testing.T, v6 bool, c trace.Config) {
		for _, nat := range []string{"nat 192.0.2.1 nat6", "nat 192.0.2.1 nat6 sport 1024"} {
			nat = strings.Replace(nat, " nat6", "", 1)
			if v6 {
				nat = strings.Replace(nat, "192.0.2.1", "2001:db8::1", 1)
			}
			if c.Kind == probe.Echo && strings.Contains(nat, "sport") {
				continue
			}
			tree := newTree(v6, "flow", 4)
			network := strings.Replace(tree.text.String(), "router r1 10.0.0.2 fd00::2", "router r1 10.0.0.2 fd00::2 "+nat, 1)
			g, _ := branch(t, network, 1, 256, c)
			found := edges(g)
			for e := range tree.edges {
				if !found[e] && !strings.HasPrefix(e, "4 ") { // the host answers the translated address
					t.Errorf("%s: there is %s: %v", nat, e, found)
				}
			}
			for _, e := range g.Edges {
				if e.Balancing == report.PerPacket {
					t.Errorf("%s: %+v", nat, e)
				}
			}
		}
	})
}

// TestFewFlows: with fewer flows than tell, nothing is called settled that is not.
func TestFewFlows(t *testing.T) {
	everyAsking(t, func(t *testing.T, v6 bool, c trace.Config) {
		tree := newTree(v6, "flow", 16)
		for _, flows := range []int{2, 5, 17, 40} {
			g, _ := branch(t, tree.text.String(), 1, flows, c)
			if g.Settled || g.Flows > flows {
				t.Errorf("%d flows: settled %v by %d", flows, g.Settled, g.Flows)
			}
			for e := range edges(g) {
				if !tree.edges[e] {
					t.Errorf("%d flows: there is no %s", flows, e)
				}
			}
		}
	})
}
