package trace_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/simnet"
	"sonde/scan/trace"
)

// routersOf has a target behind three routers, of which these options tell.
func routersOf(options [3]string, target string) string {
	return fmt.Sprintf(`
kernel-rst off
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 %[1]s
    line delay 2ms
router r2 10.1.0.2 fd01::2 %[2]s
    line delay 2ms
router r3 10.2.0.2 fd02::2 %[3]s
    line delay 2ms
path 10.9.0.0/16 r1 r2 r3
path fd09::/64 r1 r2 r3
hosts 10.9.0.5 %[4]s
hosts fd09::5 %[4]s
`, options[0], options[1], options[2], target)
}

func TestMTU(t *testing.T) {
	for _, tt := range []struct {
		name    string
		routers [3]string
		target  string
		want    string
	}{
		{"as the interface", [3]string{}, "\n tcp open 80", "1500 at hop 4, the target"},
		{"the first says so", [3]string{"mtu 1400"}, "\n tcp open 80", "1400 at hop 4, the target; hop 1 takes 1400"},
		{"the last says so", [3]string{"", "", "mtu 1281"}, "\n tcp open 80", "1281 at hop 4, the target; hop 3 takes 1281"},
		{"two say so", [3]string{"mtu 1492", "", "mtu 1400"}, "\n tcp open 80", "1400 at hop 4, the target; hop 1 takes 1492; hop 3 takes 1400"},
		{"nobody says so", [3]string{"", "mtu 1373 untold"}, "\n tcp open 80", "1373 at hop 4, the target; 1374 vanish between hop 2 and hop 3"},
		{"nobody at the first", [3]string{"mtu 1300 untold"}, "\n tcp open 80", "1300 at hop 4, the target; 1301 vanish between hop 1 and hop 2"},
		{"nobody at the last", [3]string{"", "", "mtu 1471 untold"}, "\n tcp open 80", "1471 at hop 4, the target; 1472 vanish between hop 3 and hop 4, the target"},
		{"one says so, one does not", [3]string{"mtu 1450", "", "mtu 1333 untold"}, "\n tcp open 80", "1333 at hop 4, the target; hop 1 takes 1450; 1334 vanish between hop 3 and hop 4, the target"},
		{"one does not know which", [3]string{"", "mtu 1392 tells 0"}, "\n tcp open 80", "1380 at hop 4, the target; hop 2 takes less than 1500"},
		{"one lies", [3]string{"", "mtu 1392 tells 9000"}, "\n tcp open 80", "1380 at hop 4, the target; hop 2 takes less than 1500"},
		{"one says less than may be", [3]string{"", "mtu 1392 tells 60"}, "\n tcp open 80", "1380 at hop 4, the target; hop 2 takes less than 1500"},
		{"each hop less", [3]string{"mtu 1480", "mtu 1430", "mtu 1290"}, "\n tcp open 80", "1290 at hop 4, the target; hop 1 takes 1480; hop 2 takes 1430; hop 3 takes 1290"},
		{"a hop is silent", [3]string{"", "mtu 1350 untold silent"}, "\n tcp open 80", "1350 at hop 4, the target; 1351 vanish between hop 1 and hop 3"},
		{"nobody answers", [3]string{"silent", "silent", "silent"}, "no echo\n tcp drop all; udp drop all", "nothing"},
		{"a UDP port that says nothing", [3]string{"", "mtu 1400"}, "\n udp silent 33434", "1400 at hop 4, the target; hop 2 takes 1400"},
		{"silent target", [3]string{"", "mtu 1400"}, "no echo\n tcp drop all; udp drop all", "1400 at hop 3; hop 2 takes 1400"},
		{"silent target, nobody says so", [3]string{"mtu 1400 untold"}, "no echo\n tcp drop all; udp drop all", "1400 at hop 3; 1401 vanish between hop 1 and hop 2"},
	} {
		for _, kind := range []probe.Kind{probe.SYN, probe.Echo, probe.UDP} {
			for _, target := range []netip.Addr{target4, target6} {
				t.Run(fmt.Sprintf("%s by %s to %v", tt.name, kind.Name(), target), func(t *testing.T) {
					c := trace.Config{Target: target, Kind: kind, Port: 80, Hops: 12, Times: 3}
					switch kind {
					case probe.Echo:
						c.Port = 0
					case probe.UDP:
						c.Port = 33434
					}
					want := tt.want
					if kind == probe.UDP && strings.Contains(tt.target, "silent 33434") {
						want = strings.Replace(want, "hop 4, the target", "hop 3", 1)
					}
					m := sound(t, routersOf(tt.routers, tt.target), c)
					if got := told(m); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
				})
			}
		}
	}
}

// Loss makes nothing vanish that a longer packet shows to come, and what is found costs a
// bounded number of packets, whatever routers say.
func TestMTULoss(t *testing.T) {
	wrong, most := 0, uint64(0)
	const runs = 100
	for seed := range runs {
		network := fmt.Sprintf("seed %d\n%s", seed+1, routersOf([3]string{"", "mtu 1389 untold"}, "\n tcp open 80"))
		network = strings.Replace(network, "line delay 2ms", "line delay 2ms loss 2%", 3)
		m := sound(t, network, trace.Config{Target: target4, Kind: probe.SYN, Port: 80, Hops: 12, Times: 3})
		if got := told(m); got != "1389 at hop 4, the target; 1390 vanish between hop 2 and hop 3" {
			t.Logf("seed %d: %s", seed+1, got)
			wrong++
		}
		if m != nil {
			most = max(most, m.Stats.Sent)
		}
	}
	// Three packets of one length are lost one after the other about once in 600 lengths,
	// of which 30 are tried; what seems to vanish is tried again.
	if wrong > 2 || most > 300 {
		t.Errorf("%d of %d wrong, %d packets at most", wrong, runs, most)
	}
}

// sound traces a way and measures it.
func sound(t *testing.T, network string, c trace.Config) (m *trace.MTU) {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			ctx := context.Background()
			way, err := trace.Run(ctx, e, scan.Plan{}, c)
			if err != nil {
				return err
			}
			m, err = trace.Sound(ctx, e, scan.Plan{}, c, &way, 1500)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	return m
}

// told is a measurement in words.
func told(m *trace.MTU) string {
	if m == nil {
		return "nothing"
	}
	at := func(ttl uint8, target bool) string {
		if target {
			return fmt.Sprintf("hop %d, the target", ttl)
		}
		return fmt.Sprintf("hop %d", ttl)
	}
	text := fmt.Sprintf("%d at %s", m.Most, at(m.Hop.TTL, m.Target))
	for _, l := range m.Limits {
		if l.MTU == 0 {
			text += fmt.Sprintf("; hop %d takes less than %d", l.By.TTL, l.Sent)
			continue
		}
		text += fmt.Sprintf("; hop %d takes %d", l.By.TTL, l.MTU)
	}
	if h := m.Hole; h != nil {
		text += fmt.Sprintf("; %d vanish between %s and %s", h.Least, at(h.After.TTL, false), at(h.By.TTL, h.Target))
	}
	return text
}
