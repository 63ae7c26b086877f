package scan_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// linux is the SYN of a Linux client: mss, sackok, ts, nop, wscale.
func linux(t testing.TB) []probe.Craft {
	t.Helper()
	opts, ts, err := wire.ParseOptions("linux", false)
	if err != nil {
		t.Fatal(err)
	}
	return []probe.Craft{{TCPOptions: opts, Timestamp: ts, Window: 64240}}
}

// outcome is what a simulated run left behind.
type outcome struct {
	results []scan.Result
	stats   scan.Stats
	elapsed time.Duration
	truth   simnet.Counts
	network *simnet.Network
}

// job is a run on a simulated network.
type job struct {
	network string
	seed    uint64
	plan    scan.Plan
	timing  scan.Timing
	ctx     func(context.Context) (context.Context, context.CancelFunc)
	link    func(*simnet.Link) // before the first packet
	resolve bool               // who sends raw IP packets asks for next hops, too
	away    *stretch           // the ways out are lost, as the Link's lines must be
}

// simulate runs a plan in virtual time.
func simulate(t *testing.T, j job) outcome {
	t.Helper()
	n, err := simnet.Parse(t.Name(), j.network)
	if err != nil {
		t.Fatal(err)
	}
	if j.seed != 0 {
		n.Seed = j.seed
	}
	if j.plan.Craft == nil {
		j.plan.Craft = linux(t)
	}
	if j.timing.FirstWait == 0 {
		j.timing = scan.Template(3)
	}
	o := outcome{network: n}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		link := n.Open()
		if j.link != nil {
			j.link(link)
		}
		cfg := scan.Config{Link: link, Routes: link, Start: start, Timing: j.timing, Ports: probe.Ports{First: 61000, N: 4000}}
		ctx := context.Background()
		cfg.Resolve = j.resolve
		if j.away != nil {
			cfg.Lost = j.away.lost(start)
		}
		if j.ctx != nil {
			c, cancel := j.ctx(ctx)
			defer cancel()
			ctx = c
		}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			var err error
			o.stats, err = e.Run(ctx, &j.plan, func(r *scan.Result) { o.results = append(o.results, *r) })
			return err
		})
		if err != nil {
			t.Error(err)
		}
		o.elapsed = time.Since(start)
		o.truth = link.Counts()
	})
	return o
}

// states maps ports to what was found, for plans of one target.
func (o *outcome) states() map[uint16]probe.Verdict {
	m := map[uint16]probe.Verdict{}
	for _, r := range o.results {
		m[r.Probe.Port] = r.Verdict
	}
	return m
}

const oneHost = `
iface eth0 10.0.0.1/24 fd00::1/64
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
	line delay 5ms
	rule admin-prohibited tcp 9100
path 10.1.0.0/16 r1
path fd01::/64 r1
hosts 10.1.0.5
	tcp open 22,80
	tcp drop 445
	tcp port-unreach 9200
	udp served 53
	udp drop 80
hosts fd01::5
	tcp open 22,80
	tcp drop 445
	tcp port-unreach 9200
	udp served 53
	udp drop 80
`

func TestStates(t *testing.T) {
	for _, target := range []string{"10.1.0.5/32", "fd01::5/128"} {
		o := simulate(t, job{network: oneHost, plan: scan.Plan{
			Targets: targets(t, target), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 22, 80, 445, 9000, 9100, 9200),
		}})
		want := map[uint16]probe.Verdict{
			22: {State: probe.Open, Reason: probe.SynAck, Final: true}, 80: {State: probe.Open, Reason: probe.SynAck, Final: true},
			445: {State: probe.Filtered, Reason: probe.NoResponse}, 9000: {State: probe.Closed, Reason: probe.Reset, Final: true},
			9100: {State: probe.Filtered, Reason: probe.AdminProhibited}, 9200: {State: probe.Filtered, Reason: probe.PortUnreach},
		}
		got := o.states()
		for port, v := range want {
			if got[port] != v {
				t.Errorf("%s port %d is %v (%v), want %v (%v)", target, port, got[port].State, got[port].Reason, v.State, v.Reason)
			}
		}
		if len(o.results) != len(want) {
			t.Errorf("%d results for %d questions", len(o.results), len(want))
		}
		for _, r := range o.results {
			if r.Probe.Port == 9100 && r.Reply.From != netip.MustParseAddr(map[bool]string{true: "10.0.0.2", false: "fd00::2"}[r.Probe.Target.Is4()]) {
				t.Errorf("9100 was prohibited by %v", r.Reply.From)
			}
			if r.Probe.Port == 22 && (r.RTT < 10*time.Millisecond || r.RTT > 11*time.Millisecond) {
				t.Errorf("round trip %v, want 10 ms", r.RTT)
			}
		}
		if !o.stats.Complete || o.stats.Unsolicited != 0 || o.stats.Sent != o.truth.Sent {
			t.Errorf("%+v, truly sent %d", o.stats, o.truth.Sent)
		}
	}
}

func TestUDPStates(t *testing.T) {
	for _, target := range []string{"10.1.0.5/32", "fd01::5/128"} {
		o := simulate(t, job{network: oneHost, plan: scan.Plan{
			Targets: targets(t, target), Kinds: []probe.Kind{probe.UDP}, Asks: asks(0, 53, 80, 9000),
		}})
		got := o.states()
		for port, want := range map[uint16]probe.State{53: probe.Open, 80: probe.OpenFiltered, 9000: probe.Closed} {
			if got[port].State != want {
				t.Errorf("%s udp %d is %v (%v), want %v", target, port, got[port].State, got[port].Reason, want)
			}
		}
		if o.elapsed > 3*time.Second {
			t.Errorf("took %v", o.elapsed)
		}
	}
}

// TestTimeOfSilence holds the times that users are promised.
func TestTimeOfSilence(t *testing.T) {
	const silent = "iface eth0 10.0.0.1/24\nroute 0.0.0.0/0 via 10.0.0.2\nrouter r1 10.0.0.2\npath 10.1.0.0/16 r1\nhosts 10.1.0.5\n\ttcp drop all\n\ttcp open 22\n"
	tests := []struct {
		name   string
		ports  []uint16
		timing scan.Timing
		want   time.Duration
		sent   uint64
	}{
		{"three filtered", []uint16{445, 446, 447}, scan.Template(3), 2 * time.Second, 9},
		{"three filtered, T4", []uint16{445, 446, 447}, scan.Template(4), time.Second, 9},
		{"three filtered, T5", []uint16{445, 446, 447}, scan.Template(5), 150 * time.Millisecond, 6},
		{"one open", []uint16{22}, scan.Template(3), 0, 1},
		{"exactly one try", []uint16{445}, scan.Timing{FirstWait: time.Second, MaxRetries: 0, Start: 100, Quiet: 100}, time.Second, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := simulate(t, job{network: silent, timing: tt.timing, plan: scan.Plan{
				Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, tt.ports...),
			}})
			if o.elapsed < tt.want || o.elapsed > tt.want+10*time.Millisecond {
				t.Errorf("took %v, want %v", o.elapsed, tt.want)
			}
			if o.stats.Sent != tt.sent {
				t.Errorf("sent %d, want %d", o.stats.Sent, tt.sent)
			}
		})
	}
}
