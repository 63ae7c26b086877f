package trace_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"sonde/probe"
	"sonde/scan/trace"
)

// chain is a network of three routers, to each of which an option may be given, and a host
// behind them.
func chain(options [3]string) string {
	return fmt.Sprintf(`
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 %s
router r2 10.2.0.1 fd02::1 %s
router r3 10.3.0.1 fd03::1 %s
path 10.9.0.0/16 r1 r2 r3
path fd09::/64 r1 r2 r3
hosts 10.9.0.5
	tcp open 80
hosts fd09::5
	tcp open 80
`, options[0], options[1], options[2])
}

// changes is "dscp ef→cs0 1-2": each change with the hops that it stands between, 0 being
// us; of fields that are others in each packet without values.
func changes(w *trace.Way) string {
	var list []string
	for _, c := range w.Changes() {
		after := uint8(0)
		if c.After != nil {
			after = c.After.TTL
		}
		values := " " + c.From + "→" + c.To
		if c.Field == "seq" || c.Field == "ip-id" || c.Field == "source-port" {
			values = ""
		}
		list = append(list, fmt.Sprintf("%s%s %d-%d", c.Field, values, after, c.By.TTL))
	}
	return strings.Join(list, ", ")
}

var (
	bySYN  = asking{"tcp", probe.SYN, 80, ""}
	byUDP  = asking{"udp", probe.UDP, 33434, ""}
	byEcho = asking{"icmp", probe.Echo, 0, ""}
)

// eachFamily traces a chain by one protocol in both families.
func eachFamily(t *testing.T, options [3]string, a asking, check func(t *testing.T, v6 bool, w *trace.Way)) {
	t.Helper()
	for _, target := range []netip.Addr{target4, target6} {
		t.Run(fmt.Sprint(strings.Join(options[:], "|"), " ", a.name, " ", target), func(t *testing.T) {
			w, _ := run(t, chain(options), 46<<2|2, trace.Config{Target: target, Kind: a.kind, Port: a.port})
			check(t, target.Is6(), &w)
		})
	}
}

// rewriting is what a router may do, and what is to be said of it.
type rewriting struct {
	option string
	want   string // on IPv4; "": nothing
	want6  string // on IPv6, if that is another one
	asks   []asking
}

var rewritings = []rewriting{
	{"dscp 0", "dscp ef→cs0", "", []asking{bySYN, byUDP, byEcho}},
	{"ecn 0", "ecn ect0→not-ect", "", []asking{bySYN, byUDP, byEcho}},
	{"mss 1300", "mss 1460→1300", "mss 1440→1300", []asking{bySYN}},
	{"strip sackok", "sackok on→", "", []asking{bySYN}},
	{"strip wscale", "wscale 7→", "", []asking{bySYN}},
	{"seq 3405691582", "seq", "", []asking{bySYN}},
	{"sport 1024", "source-port", "", []asking{bySYN, byUDP}},
	{"port 8080", "dport 33434→8080", "", []asking{byUDP}},
	{"nat 100.64.0.7", "src 10.0.0.1→100.64.0.7", "none", []asking{bySYN, byUDP, byEcho}},
	{"nat fd64::7", "none", "src fd00::1→fd64::7", []asking{bySYN, byUDP, byEcho}},
	{"scrub", "ip-id", "none", []asking{bySYN, byUDP, byEcho}},
}

// late tells whether a router does it as the packet leaves.
func (r *rewriting) late() bool {
	verb, _, _ := strings.Cut(r.option, " ")
	return strings.Contains("seq sport port nat late", verb)
}

// said is what is to be said of it at router n, from 1: it is first seen where the packet
// comes next, if that quotes it. Only a target that refuses UDP does.
func (r *rewriting) said(n int, a asking, v6 bool) string {
	want := r.want
	if v6 && r.want6 != "" {
		want = r.want6
	}
	if r.late() {
		n++
	}
	if want == "none" || n == 4 && a.kind != probe.UDP {
		return ""
	}
	return fmt.Sprintf("%s %d-%d", want, n-1, n)
}

// TestChangesOfOneRouter: whatever each of three routers does is named, in the right place,
// and nothing else is.
func TestChangesOfOneRouter(t *testing.T) {
	for _, r := range rewritings {
		for n := 1; n <= 3; n++ {
			for _, a := range r.asks {
				var options [3]string
				options[n-1] = r.option
				eachFamily(t, options, a, func(t *testing.T, v6 bool, w *trace.Way) {
					if got, want := changes(w), r.said(n, a, v6); got != want || !w.Reached || len(w.Hops) != 4 {
						t.Errorf("router %d: %q, want %q; %s", n, got, want, show(*w))
					}
				})
			}
		}
	}
}

// TestChangesOfTwoRouters: two of them at once, at any two routers or at one.
func TestChangesOfTwoRouters(t *testing.T) {
	for i, r := range rewritings {
		for k, o := range rewritings {
			if i >= k || strings.Contains(r.option, "nat") || !oneOf(r.asks, bySYN) || !oneOf(o.asks, bySYN) || r.late() && o.late() {
				continue
			}
			first, second := 1+(i+k)%3, 1+(i+2*k)%3
			var options [3]string
			options[first-1] = r.option
			options[second-1] += " " + o.option
			eachFamily(t, options, bySYN, func(t *testing.T, v6 bool, w *trace.Way) {
				got, said := ", "+changes(w)+",", 0
				for _, want := range []string{r.said(first, bySYN, v6), o.said(second, bySYN, v6)} {
					if want == "" {
						continue
					}
					if said++; !strings.Contains(got, ", "+want+",") {
						t.Errorf("%s does not say %q", got, want)
					}
				}
				if len(w.Changes()) > said {
					t.Errorf("%s says more than %q at router %d and %q at router %d", got, r.option, first, o.option, second)
				}
			})
		}
	}
}

func oneOf(list []asking, a asking) bool {
	for _, o := range list {
		if o.name == a.name {
			return true
		}
	}
	return false
}

// TestCleanWays: of 1,000 ways through networks that change nothing, of any length, with
// whatever quotes and hosts, nothing is said.
func TestCleanWays(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 100
	}
	for i := range n {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		var b, names strings.Builder
		for r := range 1 + rng.IntN(8) {
			fmt.Fprintf(&b, "router r%d 10.%d.0.2 fd0%d::2 ttl %d", r, r, r, []int{64, 128, 255}[rng.IntN(3)])
			fmt.Fprintf(&names, " r%d", r)
			switch rng.IntN(6) {
			case 0:
				fmt.Fprintf(&b, " quote %d", 8+rng.IntN(60))
			case 1:
				fmt.Fprint(&b, " silent")
			case 2:
				fmt.Fprint(&b, " takes 0")
			}
			fmt.Fprintf(&b, "\n\tline delay %dms jitter 3ms loss %d%%\n", rng.IntN(20), rng.IntN(10)*(i%2))
		}
		network := "seed " + fmt.Sprint(i+1) + "\niface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\n" + b.String() +
			"path 10.9.0.0/16" + names.String() + "\npath fd09::/64" + names.String() + "\n"
		for _, host := range []string{"10.9.0.5", "fd09::5"} {
			network += fmt.Sprintf("hosts %s os %s\n\ttcp open 80\n", host, []string{"linux", "windows", "oldbsd", "bare"}[rng.IntN(4)])
		}
		a := []asking{bySYN, {"tcp", probe.SYN, 81, ""}, byUDP, byEcho}[rng.IntN(4)]
		target := []netip.Addr{target4, target6}[rng.IntN(2)]
		w, _ := run(t, network, uint8(rng.Uint32()), trace.Config{Target: target, Kind: a.kind, Port: a.port})
		if got := changes(&w); got != "" {
			t.Errorf("%s by %s: %s; %s\n%s", target, a.name, got, show(w), network)
		}
	}
}
