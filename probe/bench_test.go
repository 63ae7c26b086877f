package probe_test

import (
	"testing"

	"sonde/probe"
	"sonde/probe/probetest"
	"sonde/probe/wire"
)

// BenchmarkAppend builds one packet of each kind and sort.
func BenchmarkAppend(b *testing.B) {
	for _, q := range questions() {
		b.Run(q.name, func(b *testing.B) {
			s, packet := source(!q.p.Target.Is4()), make([]byte, 0, 2000)
			b.ReportAllocs()
			for b.Loop() {
				packet = q.kind.Append(packet[:0], s, q.p)
			}
		})
	}
}

// BenchmarkClaim parses the first reply to each of these packets and finds out
// what it answers.
func BenchmarkClaim(b *testing.B) {
	for _, q := range questions() {
		s := source(!q.p.Target.Is4())
		reply := probetest.Replies(q.kind.Append(nil, s, q.p), etherType(q.kind, q.p))[0]
		b.Run(q.name, func(b *testing.B) {
			var packet wire.Packet
			var p probe.Probe
			var r probe.Reply
			b.ReportAllocs()
			for b.Loop() {
				if !packet.Parse(reply.B, reply.Type) || !q.kind.Claim(s, &packet, &p, &r) {
					b.Fatal("it is not claimed")
				}
			}
		})
	}
}
