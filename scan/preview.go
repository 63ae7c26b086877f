package scan

import (
	"context"

	"sonde/probe"
	"sonde/probe/wire"
)

// Preview calls each with the first packet of every question of p, in the order
// of asking, until it returns false. It sends nothing. Questions that the
// kernel would ask for us, and those that have no way, have a nil packet.
func Preview(cfg Config, p *Plan, each func(etherType uint16, packet []byte, q probe.Probe) bool) error {
	if err := p.Compile(); err != nil {
		return err
	}
	r := newRun(newEngine(cfg), 1, p)
	r.borrow(context.Background()) // never waits: it is the first
	a := r.asker()
	for i := range p.Len() {
		q := p.At(i)
		q.Try, q.Way = 1, cfg.Routes.Way(q.Target)
		kind, ok := p.Kinds[q.Kind].(probe.PacketKind)
		if !ok || p.Sockets || cfg.Routes.Ways()[q.Way].Err != nil {
			if !each(0, nil, q) {
				return nil
			}
			continue
		}
		etherType := uint16(wire.TypeIPv6)
		if q.Target.Is4() {
			etherType = wire.TypeIPv4
		}
		s := &a.sources[q.Way]
		a.arena = kind.Append(a.arena[:0], s, q)
		size := 0
		if lk, ok := kind.(probe.LinkKind); ok {
			etherType, _ = lk.Frame(q)
		} else {
			a.arena = s.Finish(a.arena, 0, q)
			size = s.Fragmented(a.arena, q)
		}
		for n, b := 0, a.arena; ; n++ {
			if size > 0 {
				more := false
				if b, more = s.AppendFragment(nil, a.arena, q, size, n); !more {
					break
				}
			}
			if !each(etherType, b, q) {
				return nil
			}
			if size == 0 {
				break
			}
		}
	}
	return nil
}
