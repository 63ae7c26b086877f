package probe_test

import (
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

func TestNoAllocation(t *testing.T) {
	b := make([]byte, 0, 2000)
	for _, q := range questions() {
		s := source(!q.p.Target.Is4())
		b = q.kind.Append(b[:0], s, q.p) // s gets its buffers
		if n := testing.AllocsPerRun(100, func() { b = q.kind.Append(b[:0], s, q.p) }); n != 0 {
			t.Errorf("%s: %v allocations to ask", q.name, n)
		}
		for _, reply := range probetest.Replies(q.kind.Append(nil, s, q.p), etherType(q.kind, q.p)) {
			var pkt wire.Packet
			var p probe.Probe
			var r probe.Reply
			pkt.Parse(reply.B, reply.Type)
			q.kind.Claim(s, &pkt, &p, &r)
			if n := testing.AllocsPerRun(100, func() { q.kind.Claim(s, &pkt, &p, &r) }); n != 0 {
				t.Errorf("%s, %s: %v allocations to claim", q.name, reply.Name, n)
			}
		}
	}
}
