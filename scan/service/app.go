package service

import (
	"context"
	"net/netip"

	"sonde/scan/service/protocol"
)

// app asks for one page more where the first one makes it worth it, and names the program
// that says who it is by that. What the first page said of a server stays as Info.
func (p *port) app(ctx context.Context, s *stream, to netip.AddrPort, secure bool, f *finding) {
	if f.HTTP == nil || f.page.Status == 0 {
		return
	}
	for _, a := range protocol.Apps {
		if a.Ask == nil {
			if facts, ok := a.Read(f.page); ok {
				f.program(facts)
				return
			}
		}
	}
	for _, a := range protocol.Apps {
		if a.Ask == nil {
			continue
		}
		target := a.Ask(f.page)
		if target == "" {
			continue
		}
		next := p.visit(ctx, s, place{to: to, secure: secure, target: target})
		if facts, ok := a.Read(next.page); ok && next.HTTP != nil {
			f.program(facts)
			f.How += "+" + target
			return
		}
		return // one page more, and no other
	}
}

// program takes over what a web page tells of the program that made it.
func (f *finding) program(facts protocol.Facts) {
	f.Info = join(f.Info, facts.Info)
	f.Product, f.Version, f.CPE = facts.Product, facts.Version, facts.CPE
	if facts.Host != "" {
		f.Host = facts.Host
	}
}
