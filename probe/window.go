package probe

import "sonde/probe/wire"

// Window sends what ACK sends and looks at the window of the RST. RFC 9293 leaves
// it open; some systems, older BSDs among them, fill in that of the socket, so
// that an open port has one and a closed one 0. Where all ports say the same,
// that is the system's habit and tells nothing.
var Window = Register(Entry{Kind: window{stray{
	name: "window", doc: "TCP ACK: the window of the RST tells open from closed, on some systems", asks: "ACK", flags: wire.ACK, salt: 'W',
}}, Scan: "W"})

type window struct{ stray }

func (window) Classify(p Probe, r *Reply) Verdict {
	if v, ok := accepted(r); ok {
		return v
	}
	switch {
	case r.Event != Answer:
		return undecided(r, Filtered, Filtered)
	case r.TCP.Window > 0:
		return Verdict{Open, Reset, true}
	}
	return Verdict{Closed, Reset, true}
}
