package probe

import "sonde/probe/wire"

// ACK acknowledges something that was never sent; whoever has no such
// connection answers RST with the acknowledged number as its sequence number
// (RFC 9293 §3.10.7.1). It passes filters that only stop SYNs.
var ACK = Register(Entry{Kind: ack{stray{
	name: "ack", doc: "TCP ACK: answers RST unless filtered", asks: "ACK", flags: wire.ACK, salt: 'A',
}}, Scan: "A", Ping: "A", Ports: "80"})

type ack struct{ stray }

func (ack) Classify(p Probe, r *Reply) Verdict {
	if _, ok := accepted(r); ok {
		return Verdict{Unfiltered, SynAck, true}
	}
	if r.Event == Answer {
		return Verdict{Unfiltered, Reset, true}
	}
	return undecided(r, Filtered, Filtered)
}
