package ports_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/ports"
	"sonde/scan/simnet"
	"sonde/scan/sweep"
)

// outcome is what a scan reported.
type outcome struct {
	ports    map[uint16]ports.Port
	host     *sweep.Host
	findings []ports.Finding
	stats    scan.Stats
	elapsed  time.Duration
}

func (o *outcome) count(state probe.State) (n int) {
	for _, p := range o.ports {
		if p.Verdict.State == state {
			n++
		}
	}
	return n
}

// finding returns the one about something; nil: there is none.
func (o *outcome) finding(about probe.Doubt) *ports.Finding {
	i := slices.IndexFunc(o.findings, func(f ports.Finding) bool { return f.About == about })
	if i < 0 {
		return nil
	}
	return &o.findings[i]
}

// ask scans one target in virtual time.
func ask(t *testing.T, network, target string, s *ports.Scan) outcome {
	t.Helper()
	n, err := simnet.Parse(t.Name(), network)
	if err != nil {
		t.Fatal(err)
	}
	o := outcome{ports: map[uint16]ports.Port{}}
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			began := time.Now()
			s.Engine, s.Curious = e, true
			s.Port = func(p *ports.Port) {
				if _, ok := o.ports[p.Probe.Port]; ok {
					t.Errorf("port %d is reported twice", p.Probe.Port)
				}
				if o.host != nil {
					t.Errorf("port %d after its host", p.Probe.Port)
				}
				o.ports[p.Probe.Port] = *p
			}
			s.Finding = func(f *ports.Finding) { o.findings = append(o.findings, *f) }
			s.Host = func(h *sweep.Host, _ int) { c := *h; o.host = &c }
			var err error
			o.stats, err = s.Run(ctx, scan.NewAddrs(netip.MustParseAddr(target)))
			o.elapsed = time.Since(began)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if len(o.ports) != len(s.Ports) || o.host == nil {
		t.Fatalf("%d of %d ports reported, host %v", len(o.ports), len(s.Ports), o.host)
	}
	return o
}

func from(first, n uint16) []uint16 {
	var list []uint16
	for i := range n {
		list = append(list, first+i)
	}
	return list
}

// place is a network of two routers, with a statement for the second one.
func place(router2, hosts string) string {
	return `
iface eth0 10.0.0.1/24 fd00::1/64 mac 02:00:00:00:00:01
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2 mac 02:00:00:00:00:02
	line delay 5ms
router r2 10.9.0.2 fd09::2
` + router2 + `
path 10.4.0.0/16 r1 r2
path fd04::/64 r1 r2
` + hosts
}

// both gives a host of both families the same lines.
func both(options, lines string) string {
	return fmt.Sprintf("hosts 10.4.0.5 %s\n%s\nhosts fd04::5 %s\n%s\n", options, lines, options, lines)
}

var families = []string{"10.4.0.5", "fd04::5"}

// TestProxy: where somebody answers SYN-ACK for every port, open ports are marked
// and the host is not called up by them; where a handshake is completed with
// them, the truth is shown.
func TestProxy(t *testing.T) {
	network := place("\trule syn-ack tcp", both("no echo", "\ttcp open 80"))
	for _, target := range families {
		o := ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: from(75, 12)})
		for port, p := range o.ports {
			if p.Verdict.State != probe.Open || p.Doubt != probe.Canary {
				t.Errorf("%s port %d: %v, doubt %q", target, port, p.Verdict.State, p.Doubt)
			}
		}
		if f := o.finding(probe.Canary); f == nil || f.Count != 12 || f.Port == 0 {
			t.Errorf("%s: findings %+v", target, o.findings)
		}
		if o.host.State != probe.Unknown || o.host.Doubt != probe.Canary {
			t.Errorf("%s: the host is %v, doubt %q", target, o.host.State, o.host.Doubt)
		}

		truth := func(_ context.Context, port netip.AddrPort, _ time.Duration) ports.Confirmation {
			switch port.Port() {
			case 80:
				return ports.Accepted
			case 81:
				return ports.Ignored
			}
			return ports.Cut
		}
		o = ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: from(75, 12), Confirm: truth})
		for port, p := range o.ports {
			want, doubt := probe.Closed, probe.NoDoubt
			switch port {
			case 80:
				want = probe.Open
			case 81:
				want, doubt = probe.Filtered, probe.Tarpit
			}
			if p.Verdict.State != want || p.Doubt != doubt || !p.Confirmed {
				t.Errorf("%s port %d confirmed: %v, doubt %q; want %v", target, port, p.Verdict.State, p.Doubt, want)
			}
		}
		if o.host.State != probe.Up || o.finding(probe.Canary) == nil || o.finding(probe.Nearer) != nil {
			t.Errorf("%s: the host is %v; findings %+v", target, o.host.State, o.findings)
		}

		// Who accepts any connection proves nothing by it.
		all := func(context.Context, netip.AddrPort, time.Duration) ports.Confirmation { return ports.Accepted }
		o = ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: from(75, 12), Confirm: all})
		if n := o.count(probe.Open); n != 12 || o.ports[80].Doubt != probe.Canary || o.host.State != probe.Unknown {
			t.Errorf("%s: %d open, doubt %q, host %v", target, n, o.ports[80].Doubt, o.host.State)
		}
	}
}

// TestHonestHost: an ordinary host is not doubted, whatever its ports say.
func TestHonestHost(t *testing.T) {
	for _, os := range []string{"linux", "windows", "oldbsd", "bare"} {
		network := place("", both("os "+os, "\ttcp open 80-90; tcp drop 95"))
		for _, target := range families {
			o := ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: from(80, 20)})
			for port, p := range o.ports {
				if p.Doubt != probe.NoDoubt {
					t.Errorf("%s, %s port %d: doubt %q", os, target, port, p.Doubt)
				}
			}
			if len(o.findings) > 0 || o.host.State != probe.Up || o.count(probe.Open) != 11 || o.count(probe.Closed) != 8 {
				t.Errorf("%s, %s: %v, %+v", os, target, o.host.State, o.findings)
			}
		}
	}
}

// TestFewPorts: who asks for few ports is not asked for others.
func TestFewPorts(t *testing.T) {
	network := place("", both("", "\ttcp open 80"))
	for _, target := range families {
		if o := ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: []uint16{80, 81}}); o.stats.Sent != 2 {
			t.Errorf("%s: %d packets sent for two ports", target, o.stats.Sent)
		}
	}
}

// TestForgedResets: a router that resets some ports of a host is nearer than the
// host; one that resets all ports of nobody makes nobody up.
func TestForgedResets(t *testing.T) {
	network := place("\trule rst tcp 81-83\n", both("", "\ttcp open 80"))
	for _, target := range families {
		o := ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: []uint16{80, 81, 82, 83, 84}})
		f := o.finding(probe.Nearer)
		if f == nil || f.Count != 3 || !slices.Equal(f.Ports, []uint16{81, 82, 83}) || f.Hops != 2 || f.Far != 3 {
			t.Errorf("%s: findings %+v", target, o.findings)
		}
	}
	network = place("\trule rst tcp\n", "")
	for i, target := range families {
		o := ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: from(80, 12)})
		by := []string{"10.9.0.2", "fd09::2"}[i]
		if o.host.State != probe.Unknown || o.host.By != netip.MustParseAddr(by) || o.finding(probe.ResetInPlace) == nil {
			t.Errorf("%s: the host is %v by %v, findings %+v", target, o.host.State, o.host.By, o.findings)
		}
	}
	network = place("", both("no echo", ""))
	for _, target := range families {
		o := ask(t, network, target, &ports.Scan{Kind: probe.SYN, Ports: from(80, 12)})
		if o.host.State != probe.Up || len(o.findings) > 0 || o.count(probe.Closed) != 12 {
			t.Errorf("%s, which is there: %v, %+v", target, o.host.State, o.findings)
		}
	}
}

// TestSilence says what silence of UDP ports means: open or dropped, where closed
// ones are told; nothing, where none is.
func TestSilence(t *testing.T) {
	for _, tt := range []struct {
		name, options, lines string
		ports                []uint16
		about                probe.Doubt
	}{
		{"told", "", "\tudp closed all; udp drop 70-72; udp silent 80", []uint16{70, 71, 72, 80, 90}, probe.ICMPAnswers},
		{"one port", "", "\tudp closed all; udp drop 80", []uint16{80}, probe.ICMPAnswers},
		{"not told", "", "\tudp drop all; udp echo 53", []uint16{53, 70, 80}, probe.ICMPSilent},
		{"many, told", "", "\tudp closed all; udp drop 100-199", from(100, 100), probe.ICMPAnswers},
	} {
		for _, target := range families {
			o := ask(t, place("", both(tt.options, tt.lines)), target, &ports.Scan{Kind: probe.UDP, Ports: tt.ports})
			if len(o.findings) != 1 || o.findings[0].About != tt.about {
				t.Errorf("%s, %s: %+v", tt.name, target, o.findings)
			}
			for port, p := range o.ports {
				if want := p.Verdict.State == probe.OpenFiltered; want != (p.Doubt == tt.about) {
					t.Errorf("%s, %s port %d: %v, %q", tt.name, target, port, p.Verdict.State, p.Doubt)
				}
			}
			if len(tt.ports) == 1 && o.elapsed > 2800*time.Millisecond {
				t.Errorf("%s, %s: it took %v", tt.name, target, o.elapsed)
			}
		}
	}
}

// TestICMPLimit: a host that tells of one closed port a second is recognised, and
// what it would cost to ask at its pace is said and true.
func TestICMPLimit(t *testing.T) {
	for _, tt := range []struct {
		limit   string
		ports   uint16
		between [2]time.Duration // what is said of the limit
		most    time.Duration    // confirming takes
	}{
		{"1/s burst 6", 40, [2]time.Duration{700 * time.Millisecond, 1300 * time.Millisecond}, time.Minute},
		{"1/s burst 6", 98, [2]time.Duration{700 * time.Millisecond, 1300 * time.Millisecond}, 150 * time.Second},
		{"10/s burst 5", 200, [2]time.Duration{50 * time.Millisecond, 150 * time.Millisecond}, time.Minute},
	} {
		network := place("", both("limit "+tt.limit, "\tudp closed all; udp served 53; udp silent 100,111"))
		for _, target := range families {
			list := append(from(100, tt.ports), 53)
			o := ask(t, network, target, &ports.Scan{Kind: probe.UDP, Ports: list})
			f := o.finding(probe.ICMPLimit)
			if f == nil || f.Every < tt.between[0] || f.Every > tt.between[1] || f.Count != o.count(probe.OpenFiltered) {
				t.Fatalf("%s, %s: %d open|filtered, findings %+v", tt.limit, target, o.count(probe.OpenFiltered), o.findings)
			}
			if o.ports[53].Verdict.State != probe.Open || o.elapsed > 6*time.Second {
				t.Errorf("%s, %s: port 53 %v, after %v", tt.limit, target, o.ports[53].Verdict.State, o.elapsed)
			}
			sure := ask(t, network, target, &ports.Scan{Kind: probe.UDP, Ports: list, Patience: true})
			if sure.count(probe.OpenFiltered) != 2 || sure.count(probe.Closed) != int(tt.ports)-2 || !sure.ports[100].Confirmed || sure.elapsed > tt.most {
				t.Errorf("%s, %s: confirmed %d closed and %d open|filtered, after %v", tt.limit, target, sure.count(probe.Closed), sure.count(probe.OpenFiltered), sure.elapsed)
			}
			if took := sure.elapsed - o.elapsed; took < f.Cost/2 || took > 2*f.Cost || took > f.Most {
				t.Errorf("%s, %s: confirming took %v, %v was announced, %v at most", tt.limit, target, took, f.Cost, f.Most)
			}
		}
	}
}

// TestLossIsNoLimit: where packets are lost, that is not called a limit, or it
// costs no accuracy.
func TestLossIsNoLimit(t *testing.T) {
	network := place("\tline loss 20%", both("", "\tudp closed all; udp silent 100-129"))
	for _, target := range families {
		o := ask(t, network, target, &ports.Scan{Kind: probe.UDP, Ports: from(100, 60), Patience: true})
		if o.count(probe.OpenFiltered) < 30 || o.count(probe.Closed) < 29 {
			t.Errorf("%s: %d closed, %d open|filtered", target, o.count(probe.Closed), o.count(probe.OpenFiltered))
		}
	}
}

// TestCutShort: a scan that is ended reports each port once, and what it held.
func TestCutShort(t *testing.T) {
	network := place("\trule syn-ack tcp 1-99", both("limit 1/s burst 6", "\tudp closed all"))
	for limit := 5 * time.Millisecond; limit < 3*time.Second; limit = limit*5/4 + time.Millisecond {
		for _, kind := range []probe.Kind{probe.SYN, probe.UDP} {
			n, err := simnet.Parse(t.Name(), network)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[uint16]bool{}
			synctest.Test(t, func(t *testing.T) {
				link := n.Open()
				cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 4000}}
				scan.Serve(cfg, func(e *scan.Engine) error {
					ctx, cancel := context.WithTimeout(context.Background(), limit)
					defer cancel()
					s := &ports.Scan{Engine: e, Curious: true, Patience: true, Kind: kind, Ports: from(80, 40),
						Port: func(p *ports.Port) {
							if seen[p.Probe.Port] {
								t.Errorf("%s after %v: port %d twice", kind.Name(), limit, p.Probe.Port)
							}
							seen[p.Probe.Port] = true
						}, Host: func(*sweep.Host, int) {}, Finding: func(*ports.Finding) {}}
					_, err := s.Run(ctx, scan.NewAddrs(netip.MustParseAddr("10.4.0.5")))
					return err
				})
			})
		}
	}
}
