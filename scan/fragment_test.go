package scan_test

import (
	"testing"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
	"sonde/scan/simnet"
)

// fragmented asks a host that takes no fragments, in parts of 16 bytes.
func fragmented(t *testing.T, timing scan.Timing, questions int) (o outcome, left []time.Duration, packets [][]byte) {
	t.Helper()
	timing.MaxRetries = 0
	o = simulate(t, job{network: mute, timing: timing, plan: scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN},
		Asks: asks(0, portRange(1, questions)...), Craft: []probe.Craft{{Window: 1, Given: probe.GivenData, Data: make([]byte, 24), Fragment: 16}}},
		link: func(l *simnet.Link) {
			l.OnSend = func(at time.Duration, b []byte, _ bool, _ wire.MAC) {
				left = append(left, at)
				packets = append(packets, append([]byte(nil), b...))
			}
		}})
	return o, left, packets
}

// TestFragments: a question leaves in as many packets as it has parts, each of which counts,
// and together they are what would have left whole.
func TestFragments(t *testing.T) {
	const questions, parts = 20, 3 // 20 bytes of TCP header and 24 of payload
	o, _, packets := fragmented(t, scan.Template(3), questions)
	if len(packets) != parts*questions || o.stats.Sent != parts*questions {
		t.Fatalf("%d packets left, %d are counted, want %d", len(packets), o.stats.Sent, parts*questions)
	}
	seen := map[uint32]int{}
	for i, b := range packets {
		var f wire.Fragment
		ok := f.Parse(b, wire.TypeIPv4)
		if !ok || f.Offset != 16*(i%parts) || f.More != (i%parts < parts-1) || f.IP.DF || wire.Checksum(b[:20]) != 0 {
			t.Fatalf("packet %d is %+v, %v: %x", i, f, ok, b)
		}
		seen[f.ID] += len(f.Data)
	}
	for id, size := range seen {
		if size%44 != 0 {
			t.Errorf("parts with ID %d have %d bytes", id, size)
		}
	}
	if len(seen) < questions*3/4 { // of 32,768 IDs few are the same by chance
		t.Errorf("%d IDs for %d datagrams", len(seen), questions)
	}
}

// TestFragmentsArePaced: the rate is of packets, not of questions.
func TestFragmentsArePaced(t *testing.T) {
	timing := scan.Template(3)
	timing.Rate = 30
	_, left, _ := fragmented(t, timing, 40)
	if len(left) != 120 {
		t.Fatalf("%d packets left", len(left))
	}
	// Three parts leave together, so one question more than a second has may fall into it.
	if most := fastest(left, time.Second); most > 36 {
		t.Errorf("%d packets in a second, at 30 a second", most)
	}
	if took := left[len(left)-1] - left[0]; took > 5*time.Second {
		t.Errorf("120 packets took %v, at 30 a second", took)
	}
}

// TestFragmentsAndNoRoom: where the link has no room in the middle of a question, that is
// asked again as a whole, and none is lost.
func TestFragmentsAndNoRoom(t *testing.T) {
	var whole int
	parts := map[uint16]map[int]bool{}
	o := simulate(t, job{network: "iface eth0 10.0.0.1/24\nsendbuf 50 2000/s\n" + routed[len("iface eth0 10.0.0.1/24\n"):] + "path 10.1.0.0/16 r1\nhosts 10.1.0.0/16\n\ttcp drop all\n",
		plan: scan.Plan{Targets: targets(t, "10.1.0.5/32"), Kinds: []probe.Kind{probe.SYN}, Tries: 1, Asks: asks(0, portRange(1, 500)...),
			Craft: []probe.Craft{{Window: 1, Given: probe.GivenData, Data: make([]byte, 24), Fragment: 16}}},
		link: func(l *simnet.Link) {
			l.OnSend = func(_ time.Duration, b []byte, _ bool, _ wire.MAC) {
				var f wire.Fragment
				f.Parse(b, wire.TypeIPv4)
				if parts[f.IP.ID] == nil {
					parts[f.IP.ID] = map[int]bool{}
				}
				parts[f.IP.ID][f.Offset] = true
			}
		}})
	for _, p := range parts {
		if len(p) == 3 {
			whole++
		}
	}
	if o.truth.SendFull == 0 {
		t.Error("the link always had room")
	}
	if whole != len(parts) || o.stats.SendErrors > 0 {
		t.Errorf("of %d datagrams %d left with all parts; %d errors", len(parts), whole, o.stats.SendErrors)
	}
}
