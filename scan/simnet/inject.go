package simnet

import (
	"time"

	"sonde/probe/wire"
	"sonde/scan"
)

// Inject makes a packet arrive at our machine, from nowhere: at (or now, if
// that is over) on the link's clock, with p's Type (0: as its first nibble
// says), MAC and B, which is copied.
func (l *Link) Inject(at time.Duration, p scan.Packet) {
	defer l.signal()
	l.mu.Lock()
	defer l.mu.Unlock()
	i, f := l.flights.get()
	f.b = append(f.b, p.B...)
	f.mac = p.MAC
	f.etype = p.Type
	if f.etype == 0 {
		f.etype = wire.TypeIPv4
		if len(p.B) > 0 && p.B[0]>>4 == 6 {
			f.etype = wire.TypeIPv6
		}
	}
	f.stage = atUs
	f.injected = true
	l.counts.Injected++
	l.events.push(event{at: max(at, l.now), kind: step, slot: i})
}
