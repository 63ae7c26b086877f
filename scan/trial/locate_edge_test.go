package trial_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/scan"
	"sonde/scan/simnet"
	"sonde/scan/trial"
)

// search runs l in virtual time with what base says, for as long as it takes or lasts, and
// returns how many packets left.
func search(t *testing.T, text string, l trial.Locate, base scan.Plan, lasts time.Duration, seen func(*simnet.Link)) (loc *trial.Location, stats scan.Stats, sent uint64, err error) {
	t.Helper()
	n, perr := simnet.Parse(t.Name(), text)
	if perr != nil {
		t.Fatal(perr)
	}
	l.Guilty, l.Innocent = crafts(t, l.Target.Is6())
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), lasts)
		defer cancel()
		link := n.Open()
		if seen != nil {
			seen(link)
		}
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 2200}}
		if e := scan.Serve(cfg, func(e *scan.Engine) error {
			loc, stats, err = l.Run(ctx, e, base)
			return nil
		}); e != nil {
			t.Error(e)
		}
		sent = link.Counts().Sent
	})
	return loc, stats, sent, err
}

// TestLocateRefuses: what cannot be asked with every TTL from ports of its own is refused
// before anything is sent.
func TestLocateRefuses(t *testing.T) {
	c := chain{}
	a := netip.MustParseAddr("10.9.0.5")
	for _, test := range []struct {
		l    trial.Locate
		base scan.Plan
		says string
	}{
		{trial.Locate{Target: a, Kind: probe.Connect, Port: 80}, scan.Plan{}, "packets of our own"},
		{trial.Locate{Target: a, Kind: probe.SYN, Port: 80}, scan.Plan{Sockets: true}, "packets of our own"},
		{trial.Locate{Target: a, Kind: probe.Neighbour}, scan.Plan{}, "routers pass on"},
		{trial.Locate{Target: a}, scan.Plan{}, "packets of our own"},
		{trial.Locate{Target: a, Kind: probe.SYN, Port: 80}, scan.Plan{SourcePort: 53}, "a source port for each"},
		{trial.Locate{Target: a, Kind: probe.SYN, Port: 80}, scan.Plan{Source: netip.MustParseAddr("10.0.0.77")}, "foreign source"},
		{trial.Locate{Target: a, Kind: probe.UDP, Port: 69}, scan.Plan{}, "TFTP"},
	} {
		loc, _, sent, err := search(t, c.text(), test.l, test.base, time.Hour, nil)
		if loc != nil || err == nil || !strings.Contains(err.Error(), test.says) || sent > 0 {
			t.Errorf("%+v, %v: %+v, %v, %d packets, want %q", test.l, test.base, loc, err, sent, test.says)
		}
	}
}

// TestLocateShort: nobody answers; the way is longer than is asked; time is up. All of it
// is told as what it is, and in bounded time.
func TestLocateShort(t *testing.T) {
	each(t, func(t *testing.T, q question, target string) {
		l := trial.Locate{Target: netip.MustParseAddr(target), Kind: q.kind, Port: q.port}
		dead := chain{rules: [4]string{"drop"}, routers: [4]string{"silent", "silent", "silent", "silent"}}
		loc, stats, _, err := search(t, dead.text(), l, scan.Plan{}, time.Hour, nil)
		if err != nil || loc.Found || loc.Enough || loc.P != 1 || stats.Elapsed > 10*time.Second || !stats.Complete {
			t.Errorf("nobody answers: %+v, %v, %+v", loc, err, stats)
		}

		c := chain{rules: [4]string{"", "drop tos 184"}}
		few := l
		few.Hops = 2
		if loc, _, _, err := search(t, c.text(), few, scan.Plan{}, time.Hour, nil); err != nil || loc.Found || !loc.Enough || len(loc.Hops) != 2 {
			t.Errorf("two hops: %+v, %v", loc, err)
		}
		few.Hops = 3
		if loc, _, _, err := search(t, c.text(), few, scan.Plan{}, time.Hour, nil); err != nil || !loc.Found || loc.Near.TTL != 2 || loc.Far.TTL != 3 || loc.Far.Target {
			t.Errorf("three hops: %+v, %v", loc, err)
		}
		lost := chain{rules: [4]string{"", "drop tos 184", "", "drop"}}
		if loc, _, _, err := search(t, lost.text(), l, scan.Plan{}, time.Hour, nil); err != nil || !loc.Found || loc.Near.TTL != 2 || loc.Far.TTL != 3 || len(loc.Hops) != 4 {
			t.Errorf("a target that nobody gets to: %+v, %v", loc, err)
		}
		loc, stats, _, err = search(t, c.text(), l, scan.Plan{}, 2*time.Second, nil)
		if err != nil || loc.Found || loc.Enough || !stats.Interrupted || stats.Complete || len(loc.Hops) != 5 || loc.Hops[4].Innocent.Reached == 0 {
			t.Errorf("time is up: %+v, %v, %+v", loc, err, stats)
		}
	})
}

// TestLocateUnsent: what this machine does not send is neither variant's fault.
func TestLocateUnsent(t *testing.T) {
	each(t, func(t *testing.T, q question, target string) {
		l := trial.Locate{Target: netip.MustParseAddr(target), Kind: q.kind, Port: q.port}
		c := chain{rules: [4]string{"", "", "drop tos 184"}}
		loc, stats, _, err := search(t, "send-error EPERM 30%\n"+c.text(), l, scan.Plan{}, time.Hour, nil)
		if err != nil || !loc.Found || loc.Near.TTL != 3 || loc.Far.TTL != 4 || stats.SendErrors == 0 {
			t.Errorf("%+v, %v, %+v", loc, err, stats)
			return
		}
		for _, h := range loc.Hops {
			if h.Innocent.Reached+h.Innocent.Expired < h.Innocent.Sent*4/5 && q.name != "udp closed" {
				t.Errorf("hop %d: %+v", h.TTL, h.Innocent)
			}
		}
	})
}
