package scan

import (
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
	e := &Engine{cfg: cfg, pacer: newPacer(cfg.Timing)}
	a := newRun(e, 1, p).asker()
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
		if lk, ok := kind.(probe.LinkKind); ok {
			etherType, _ = lk.Frame(q)
		}
		a.arena = kind.Append(a.arena[:0], &a.sources[q.Way], q)
		if !each(etherType, a.arena, q) {
			return nil
		}
	}
	return nil
}
