package job

import (
	"context"
	"net/netip"

	"sonde/probe"
	"sonde/probe/payload"
	"sonde/scan"
	"sonde/scan/report"
	"sonde/scan/service"
)

// quietMost is how many silent UDP ports of a host are asked in other protocols than their
// own, unless --thorough wants it of all.
const quietMost = 16

// quiet takes a UDP port that said nothing to what the scan asked, and asks it in other
// protocols: what is not where it is expected answers nothing else. The record of the port
// waits for that, and is of an open one if there is an answer. quiet returns whether it does
// all this.
func (p *portScan) quiet(ctx context.Context, res *scan.Result, told *report.Port) bool {
	f := p.fp
	if f == nil || p.spec.Command != "fp" || !p.kind.Traits().Datagram || told.State != probe.OpenFiltered || payload.SilentByDesign(told.Port) || p.scan.Source.IsValid() {
		return false
	}
	f.mu.Lock()
	n := f.quietAsked[told.Addr]
	f.quietAsked[told.Addr]++
	f.mu.Unlock()
	if n >= quietMost && !p.spec.Ask.Thorough {
		return false
	}
	r := report.Clone(told).(*report.Port)
	port, rtt := netip.AddrPortFrom(res.Probe.Target, res.Probe.Port), max(res.RTT, 0)
	f.wg.Go(func() {
		answered := false
		if f.room.Acquire(ctx, 1) == nil {
			leave := f.enter(rtt)
			f.datagrams(ctx, port, service.Options{RTT: rtt, Timeout: datagramPatient + 10*rtt, Unusual: true}, func(a *service.Answer, err error) bool {
				if answered = err == nil && (a.Service != "" || len(a.Raw) > 0); answered {
					r.State, r.Reason = probe.Open, probe.UDPResponse
				}
				p.record(r)
				return answered
			})
			leave()
		} else {
			p.record(r)
		}
		if !answered {
			p.count(r.State, r.Reason)
		}
	})
	return true
}
