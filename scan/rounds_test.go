package scan_test

import (
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// asking is one packet of a plan in rounds.
type asking struct {
	at     time.Duration
	target string
	port   uint16
	source uint16
	window uint16
	seq    uint32
	number uint16 // of an echo request, whose identifier alone may be another's, too
}

// inRounds runs a plan in rounds, and returns what left.
func inRounds(t *testing.T, network string, timing scan.Timing, p scan.Plan) (outcome, []asking) {
	t.Helper()
	p.Settle, p.Order = scan.SettleNever, scan.InRounds
	var left []asking
	o := simulate(t, job{network: network, timing: timing, plan: p, link: func(l *simnet.Link) {
		l.OnSend = func(at time.Duration, b []byte, frame bool, _ wire.MAC) {
			var pkt wire.Packet
			etherType := uint16(wire.TypeIPv4)
			switch {
			case b[0]>>4 == 6:
				etherType = wire.TypeIPv6
			case b[0]>>4 == 0:
				etherType = wire.TypeARP
			}
			pkt.Parse(b, etherType)
			a := asking{at: at, target: pkt.IP.Dst.String(), port: pkt.TCP.Dst + pkt.UDP.Dst, source: pkt.TCP.Src + pkt.UDP.Src + pkt.ICMP.ID, window: pkt.TCP.Window, seq: pkt.TCP.Seq, number: pkt.ICMP.Seq}
			left = append(left, a)
		}
	}})
	if !o.stats.Complete || o.stats.PortsReused {
		t.Errorf("%+v", o.stats)
	}
	return o, left
}

const both = "iface eth0 10.0.0.1/24 fd00::1/64\nroute 0.0.0.0/0 via 10.0.0.2\nroute ::/0 via fd00::2\nrouter r1 10.0.0.2 fd00::2\n"

const rounds = both + "\tline delay 5ms\npath 10.1.0.0/16 r1\npath fd01::/64 r1\nhosts 10.1.0.0/24\n\ttcp closed all\n\tudp echo all\nhosts fd01::/120\n\ttcp closed all\n\tudp echo all\n"

// TestRounds: between two repetitions of a question lies an interval, whatever the
// rate, and a round begins only when the one before has left; each repetition of a
// question has a source port of its own, and is one packet.
func TestRounds(t *testing.T) {
	for _, tt := range []struct {
		rate     float64
		interval time.Duration
		took     time.Duration // from the first to the last packet
	}{{0, time.Second, 3 * time.Second}, {2, time.Second, 11 * 500 * time.Millisecond}, {0, 0, 10 * time.Millisecond}} {
		for _, host := range []string{"10.1.0.5/32", "fd01::5/128"} {
			timing := scan.Template(3)
			timing.Rate = tt.rate
			o, left := inRounds(t, rounds, timing, scan.Plan{Targets: targets(t, host), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 22, 80, 443), Reps: 4, Interval: tt.interval})
			if len(left) != 12 || len(o.results) != 12 {
				t.Fatalf("%d packets, %d results", len(left), len(o.results))
			}
			last, used := map[uint16]time.Duration{}, map[[2]uint16]bool{}
			for i, a := range left {
				if before, ok := last[a.port]; ok && a.at-before < tt.interval {
					t.Errorf("port %d is asked %v after the last time, want %v", a.port, a.at-before, tt.interval)
				}
				if a.port != left[i%3].port {
					t.Errorf("packet %d is to port %d, want %d: the rounds overlap, or differ in order", i, a.port, left[i%3].port)
				}
				key := [2]uint16{a.port, a.source}
				if used[key] {
					t.Errorf("port %d is asked twice from port %d", a.port, a.source)
				}
				last[a.port], used[key] = a.at, true
			}
			if took := (left[11].at - left[0].at).Round(10 * time.Millisecond); took != tt.took {
				t.Errorf("rate %v, interval %v: took %v, want %v", tt.rate, tt.interval, took, tt.took)
			}
			for _, r := range o.results {
				if r.Verdict.State != probe.Closed || r.Tries != 1 || r.RTT != 10*time.Millisecond {
					t.Errorf("%+v", r)
				}
			}
		}
	}
}

// TestRoundsWaitAlike: what other answers took does not make a repetition silent. One
// host answers at once, and then takes as long as it may.
func TestRoundsWaitAlike(t *testing.T) {
	for _, timeout := range []time.Duration{0, 300 * time.Millisecond} {
		want := timeout
		if want == 0 {
			want = time.Second
		}
		timing := scan.Template(3)
		timing.Timeout = timeout
		o, _ := inRounds(t, both+"path 10.1.0.0/16 r1\nhosts 10.1.0.5\n\tline down 10ms-10s\n", timing, scan.Plan{Targets: targets(t, "10.1.0.5/32"),
			Kinds: []probe.Kind{probe.Echo}, Asks: asks(0, 0), Reps: 40, Interval: time.Millisecond})
		silent := 0
		for _, r := range o.results {
			if r.Reply.Event == probe.Silence {
				silent++
			}
		}
		if silent < 25 || silent == 40 {
			t.Errorf("%d of 40 silent", silent)
		}
		if took := o.elapsed.Round(10 * time.Millisecond); took != want+40*time.Millisecond {
			t.Errorf("timeout %v: took %v", timeout, o.elapsed)
		}
	}
}

// TestRoundsOfOneSourcePort: with -g repetitions are further apart than a half-open
// target swallows them for, and each answer is that of its repetition.
func TestRoundsOfOneSourcePort(t *testing.T) {
	for _, state := range []string{"open", "closed"} {
		for _, host := range []string{"10.1.0.5", "fd01::5"} {
			o, left := inRounds(t, both+"\tline delay 5ms\npath 10.1.0.0/16 r1\npath fd01::/64 r1\nhosts "+host+" half-open strict\n\ttcp "+state+" 80\n", scan.Template(3),
				scan.Plan{Targets: targets(t, map[string]string{"10.1.0.5": "10.1.0.5/32", "fd01::5": "fd01::5/128"}[host]), Kinds: []probe.Kind{probe.SYN},
					Asks: asks(0, 80, 81), Reps: 5, Interval: 10 * time.Millisecond, SourcePort: 4025})
			seen := map[uint32]int{}
			for _, r := range o.results {
				if r.Reply.Event != probe.Answer || r.RTT != 10*time.Millisecond {
					t.Errorf("%s: repetition %d: %+v after %v", host, r.Probe.Rep, r.Verdict, r.RTT)
				}
				seen[r.Probe.Rep]++
			}
			if len(seen) != 5 || o.stats.Duplicates > 0 {
				t.Errorf("%s: %v, %d duplicates", host, seen, o.stats.Duplicates)
			}
			for i, a := range left[2:] {
				if a.source != 4025 || a.at-left[i].at < 600*time.Millisecond {
					t.Errorf("asked from port %d after %v", a.source, a.at-left[i].at)
				}
			}
		}
	}
}

// TestRoundsOfNeighbours: nothing in ARP and ND tells the repetition, but each is
// answered.
func TestRoundsOfNeighbours(t *testing.T) {
	for _, hosts := range []string{"10.0.0.8/30", "fd00::8/126"} {
		network := "iface eth0 10.0.0.1/24 fd00::1/64 mac 02:00:00:00:00:01\n\tline delay 2ms\nhosts " + hosts + "\n"
		o, _ := inRounds(t, network, scan.Template(3), scan.Plan{Targets: targets(t, hosts), Kinds: []probe.Kind{probe.Neighbour}, Asks: asks(0, 0), Reps: 3, Interval: time.Second})
		seen := map[uint32]int{}
		for _, r := range o.results {
			if r.Reply.Event == probe.Answer && r.RTT == 4*time.Millisecond {
				seen[r.Probe.Rep]++
			}
		}
		if seen[0] != 4 || seen[1] != 4 || seen[2] != 4 {
			t.Errorf("%s: answered by repetition: %v", hosts, seen)
		}
	}
}

// TestRoundsRest: of more repetitions than there are source ports, each still has one
// that nobody had towards this port for a minute; identifiers of an echo need not rest.
func TestRoundsRest(t *testing.T) {
	for _, tt := range []struct {
		kind     probe.Kind
		interval time.Duration
		longer   time.Duration // than a minute, or not
	}{{probe.SYN, time.Millisecond, time.Minute}, {probe.UDP, 10 * time.Millisecond, time.Minute}, {probe.SYN, 20 * time.Millisecond, 0}, {probe.Echo, time.Millisecond, 0}} {
		port := uint16(80)
		if tt.kind == probe.Echo {
			port = 0
		}
		o, left := inRounds(t, rounds, scan.Template(4), scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{tt.kind}, Asks: asks(0, port), Reps: 4100, Interval: tt.interval})
		last := map[uint16]time.Duration{}
		for _, a := range left {
			if before, ok := last[a.source]; ok && tt.kind != probe.Echo && a.at-before < time.Minute {
				t.Fatalf("%s: source port %d is used again after %v", tt.kind.Name(), a.source, a.at-before)
			}
			last[a.source] = a.at
		}
		if waited := o.elapsed >= time.Minute; len(left) != 4100 || waited != (tt.longer > 0 || tt.interval == 20*time.Millisecond) {
			t.Errorf("%s every %v: %d packets, took %v", tt.kind.Name(), tt.interval, len(left), o.elapsed)
		}
		for _, r := range o.results {
			if r.Reply.Event == probe.Silence {
				t.Fatalf("%s: repetition %d is silent", tt.kind.Name(), r.Probe.Rep)
			}
		}
	}
}

// TestRoundsAreShared: shards part the questions, each with all of its repetitions.
func TestRoundsAreShared(t *testing.T) {
	asked := map[uint16]int{}
	for shard := range uint64(3) {
		o, _ := inRounds(t, rounds, scan.Template(3), scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 1, 2, 3, 4, 5, 6, 7),
			Reps: 4, Interval: time.Second, Seed: 5, Shard: shard, Shards: 3})
		mine := map[uint16]int{}
		for _, r := range o.results {
			mine[r.Probe.Port]++
		}
		for port, n := range mine {
			if n != 4 {
				t.Errorf("shard %d asks port %d %d times", shard, port, n)
			}
			asked[port]++
		}
	}
	for port := uint16(1); port <= 7; port++ {
		if asked[port] != 1 {
			t.Errorf("port %d is asked by %d shards", port, asked[port])
		}
	}
}

// TestRoundsOfVariants: every round has each variant once, in an order of its own, so that
// whatever comes and goes meets all of them alike.
func TestRoundsOfVariants(t *testing.T) {
	const variants, reps = 6, 40
	for _, host := range []string{"10.1.0.5/32", "fd01::5/128"} {
		p := scan.Plan{Targets: targets(t, host), Kinds: []probe.Kind{probe.SYN}, Asks: asks(0, 22), Variants: variants, Reps: reps, Interval: 100 * time.Millisecond, Seed: 7}
		for v := range uint16(variants) {
			p.Craft = append(p.Craft, probe.Craft{Window: 1000 + v})
		}
		o, left := inRounds(t, rounds, scan.Template(3), p)
		if len(left) != variants*reps || len(o.results) != variants*reps {
			t.Fatalf("%d packets, %d results", len(left), len(o.results))
		}
		orders, first := map[[variants]uint16]bool{}, map[uint16]int{}
		for round := range reps {
			var order [variants]uint16
			seen := map[uint16]bool{}
			for i, a := range left[round*variants:][:variants] {
				order[i] = a.window
				seen[a.window] = true
			}
			if len(seen) != variants {
				t.Errorf("round %d has %v", round, order)
			}
			orders[order] = true
			first[order[0]]++
		}
		if len(orders) < reps*3/4 || len(first) != variants {
			t.Errorf("%d orders in %d rounds; first were %v", len(orders), reps, first)
		}
	}
}

// TestSameFlows: each repetition of a flow is the same packet again, far enough from the
// one before, and each has its own answer.
func TestSameFlows(t *testing.T) {
	const flows, reps = 40, 4
	for _, q := range []struct {
		kind probe.Kind
		port uint16
	}{{probe.SYN, 22}, {probe.UDP, 53}, {probe.Echo, 0}} {
		for _, host := range []string{"10.1.0.5/32", "fd01::5/128"} {
			o, left := inRounds(t, rounds, scan.Template(3), scan.Plan{Targets: targets(t, host), Kinds: []probe.Kind{q.kind}, Asks: asks(0, q.port), Flows: flows, Reps: reps, SameFlows: true})
			if len(left) != flows*reps || len(o.results) != flows*reps {
				t.Fatalf("%s: %d packets, %d results", q.kind.Name(), len(left), len(o.results))
			}
			last := map[[2]uint16]asking{}
			for _, a := range left {
				flow := [2]uint16{a.source, a.number}
				if before, ok := last[flow]; ok && (a.at-before.at < 600*time.Millisecond || a.seq != before.seq) {
					t.Errorf("%s: %+v after %+v", q.kind.Name(), a, before)
				}
				last[flow] = a
			}
			if len(last) != flows {
				t.Errorf("%s: %d source ports, want %d", q.kind.Name(), len(last), flows)
			}
			for _, r := range o.results {
				if r.Reply.Event != probe.Answer || r.RTT != 10*time.Millisecond {
					t.Errorf("%s: %+v", q.kind.Name(), r)
				}
			}
		}
	}
}
