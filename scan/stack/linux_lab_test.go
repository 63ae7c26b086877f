package stack_test

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"go4.org/netipx"

	"sonde/scan"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/network"
	"sonde/scan/stack"
	"sonde/scan/target"
)

func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }

// ask runs the questions from client to a host whose port 80 is open.
func ask(t *testing.T, client *lab.Host, addr string, closed uint16) (*stack.Answers, scan.Stats) {
	t.Helper()
	a := netip.MustParseAddr(addr)
	set, err := target.NewSet([]netipx.IPRange{netipx.IPRangeFrom(a, a)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var n *network.Network
	if err := client.Do(func() (err error) {
		n, err = network.Open(&network.Request{Targets: set, Proto: "tcp", Via: "raw", Probes: 100})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	cfg := scan.Config{Link: n.Link, Routes: n.Routes, Start: n.Start, Timing: scan.Template(3), Ports: n.Ports,
		Neighbours: n.Neighbours, Resolve: n.Resolve, Unresolved: n.Unresolved, Lost: n.Lost, Changing: n.Changing}
	var answers *stack.Answers
	var stats scan.Stats
	err = scan.Serve(cfg, func(e *scan.Engine) (err error) {
		answers, stats, err = stack.Run(t.Context(), e, scan.Plan{Seed: 1}, stack.Config{Target: a, Open: 80, Closed: closed, RTT: time.Second}) // on a machine that is busy
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return answers, stats
}

// TestLinux: the kernel of this machine, with its usual settings and with others, in both
// families.
func TestLinux(t *testing.T) {
	for _, c := range []struct{ name, sysctl, value string }{
		{name: "usual"},
		{"no timestamps", "net/ipv4/tcp_timestamps", "0"},
		{"no SACK", "net/ipv4/tcp_sack", "0"},
		{"no window scaling", "net/ipv4/tcp_window_scaling", "0"},
		{"TTL 128", "net/ipv4/ip_default_ttl", "128"},
		{"small buffers", "net/ipv4/tcp_rmem", "4096 65536 262144"},
		{"large buffers", "net/ipv4/tcp_rmem", "4096 1048576 67108864"},
		{"no ECN", "net/ipv4/tcp_ecn", "0"},
		{"always ECN", "net/ipv4/tcp_ecn", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			n := labtest.New(t)
			client, server := n.Host("client"), n.Host("server")
			n.Link(client, server, "10.1.0.1/24", "10.1.0.10/24", "fd01::1/64", "fd01::10/64")
			if c.sysctl != "" {
				server.Sysctl(c.sysctl, c.value)
			}
			server.TCP(80)
			for _, addr := range []string{"10.1.0.10", "fd01::10"} {
				began := time.Now()
				answers, stats := ask(t, client, addr, 61999)
				v := answers.Judge(nil)
				t.Logf("%v, %d sent: %v", time.Since(began), stats.Sent, answers.Features())
				if m := v.Match; m == nil || m.Name != "Linux 4.20 or newer" || m.InFamily < 0.9 || m.Confidence < 0.8 {
					t.Errorf("%s: %+v, unknown %.3f, others %v, against %v", addr, m, v.Unknown, v.Others, v.Against)
				} else {
					t.Logf("%s: %.3f %v for %v against %v", m.Name, m.Confidence, m.Hints, v.For, v.Against)
				}
			}
		})
	}
}
