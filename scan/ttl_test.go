package scan_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// twoRouters is a host that answers behind two routers, in both families, each line of
// which takes a second there and as long back.
const twoRouters = `
iface eth0 10.0.0.1/24 fd00::1/64
	line delay 1s
route 0.0.0.0/0 via 10.0.0.2
route ::/0 via fd00::2
router r1 10.0.0.2 fd00::2
router r2 10.2.0.1 fd02::1
path 10.1.0.0/16 r1 r2
path fd01::/64 r1 r2
hosts 10.1.0.5
	tcp open 22; udp echo 53
hosts fd01::5
	tcp open 22; udp echo 53
`

// TestTTLsOnPorts asks each TTL of each repetition and variant from a port of its own:
// every answer is told to its question, also of a target that says nothing about the TTL,
// and where answers take longer than the next repetitions take to leave.
func TestTTLsOnPorts(t *testing.T) {
	for _, k := range []struct {
		kind probe.Kind
		port uint16
	}{{probe.SYN, 22}, {probe.UDP, 53}, {probe.Echo, 0}} {
		for _, target := range []string{"10.1.0.5/32", "fd01::5/128"} {
			for _, others := range []uint16{0, 400} {
				t.Run(fmt.Sprint(k.kind.Name(), " ", target, " ", others), func(t *testing.T) { ttlsOnPorts(t, k.kind, k.port, target, others) })
			}
		}
	}
}

// ttlsOnPorts does that where a plan before it has used as many of 500 ports as others says.
func ttlsOnPorts(t *testing.T, kind probe.Kind, port uint16, target string, others uint16) {
	n, err := simnet.Parse(t.Name(), twoRouters)
	if err != nil {
		t.Fatal(err)
	}
	const ttls, variants, reps = 3, 2, 40
	synctest.Test(t, func(t *testing.T) {
		link := n.Open()
		at := map[uint16]time.Duration{} // by source port, when it was used last
		tooSoon := 0
		link.OnSend = func(now time.Duration, b []byte, _ bool, _ wire.MAC) {
			header := 20
			if b[0]>>4 == 6 {
				header = 40
			}
			port := binary.BigEndian.Uint16(b[header:])
			if kind == probe.Echo {
				port = binary.BigEndian.Uint16(b[header+6:])
			}
			if last, ok := at[port]; ok && now-last < 2*time.Second {
				tooSoon++
			}
			at[port] = now
		}
		cfg := scan.Config{Link: link, Routes: link, Start: time.Now(), Timing: scan.Template(3), Ports: probe.Ports{First: 61000, N: 500}}
		cfg.Timing.FirstWait = 3 * time.Second
		got := map[probe.Probe]probe.Verdict{}
		err := scan.Serve(cfg, func(e *scan.Engine) error {
			if others > 0 {
				p := scan.Plan{Targets: targets(t, target), Kinds: []probe.Kind{kind}, Asks: asks(0, port), Reps: uint32(others), Settle: scan.SettleNever, Order: scan.ByBlock}
				if _, err := e.Run(t.Context(), &p, func(*scan.Result) {}); err != nil {
					return err
				}
			}
			p := scan.Plan{Targets: targets(t, target), Kinds: []probe.Kind{kind}, Asks: asks(0, port), TTLs: ttls, Variants: variants, Reps: reps,
				Craft: make([]probe.Craft, variants), Settle: scan.SettleNever, Order: scan.ByBlock, Interval: 100 * time.Millisecond}
			_, err := e.Run(t.Context(), &p, func(r *scan.Result) {
				got[r.Probe] = r.Verdict
				if r.RTT < 1900*time.Millisecond || r.RTT > 2100*time.Millisecond {
					t.Errorf("%+v: round trip %v, want 2 s", r.Probe, r.RTT)
				}
			})
			return err
		})
		if err != nil {
			t.Error(err)
		}
		for q, v := range got {
			if q.TTL < ttls != (v.Reason == probe.TimeExceeded) || v.Reason == probe.NoResponse {
				t.Errorf("%+v: %v", q, v.Reason)
			}
		}
		if len(got) != ttls*variants*reps || tooSoon > 0 {
			t.Errorf("%d questions answered, want %d; %d packets left from a port that was still waited for", len(got), ttls*variants*reps, tooSoon)
		}
	})
}
