package scan

import "context"

// Lend lends a block of up to n source ports for questions like those of p, so that
// several plans can ask in the same flows: they name ports of the block as their
// SourcePort. It returns how many there are, which is 0 where ctx ended first, and what
// to call when all is asked.
func (e *Engine) Lend(ctx context.Context, p *Plan, n int) (first uint16, got int, giveBack func()) {
	n = min(n, int(lendable(e.cfg.Ports)))
	if n < 1 || p.Compile() != nil {
		return 0, 0, func() {}
	}
	for {
		l, _, wait := e.ledger.take(e.now(), p, n, n)
		if l != nil {
			return e.cfg.Ports.First + uint16(l.first), l.n, func() { e.ledger.giveBack(e.now(), l) }
		}
		if !e.Wait(ctx, wait, nil) {
			return 0, 0, func() {}
		}
	}
}
