package job

import (
	"net/netip"
	"sync"

	fingerprints "sonde/fingerprint/stack"
	"sonde/probe"
	"sonde/scan/ports"
	"sonde/scan/report"
)

// passive makes of the SYN-ACKs of a port scan what they tell of the systems, without a
// packet more.
type passive struct {
	mu    sync.Mutex
	hosts map[netip.Addr]*systemOf // of hosts under way
}

// newPassive returns nil where nothing is made of them: that is for -v, and what is offered
// must be what stacks are known by.
func newPassive(j *job, kind probe.Kind) *passive {
	s := j.spec
	if s.Command != "tcp" || !s.Show.Verbose || j.kept != nil || !j.network.Raw() || !probe.HalfOpen(kind) || len(s.crafted()) > 0 || s.Packet.TCPOptions != "" {
		return nil
	}
	return &passive{hosts: map[netip.Addr]*systemOf{}}
}

// port takes a port that was decided.
func (p *passive) port(res *ports.Port) {
	if p == nil || res.Verdict.State != probe.Open || res.Doubt.Middlebox() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[res.Probe.Target]
	if h == nil {
		h = &systemOf{first: res.Probe.Port, ttl: res.Reply.IP.TTL}
		p.hosts[res.Probe.Target] = h
	}
	h.took(res.Probe.Port, &res.Reply)
}

// host is what the SYN-ACKs of a host come to when its ports are all in, those of most of
// them; nil: it cannot be told.
func (p *passive) host(addr netip.Addr) *report.OS {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[addr]
	delete(p.hosts, addr)
	if h == nil || len(h.shapes) == 0 {
		return nil
	}
	most := &h.shapes[0]
	for i := range h.shapes {
		if len(h.shapes[i].ports) > len(most.ports) {
			most = &h.shapes[i]
		}
	}
	v := fingerprints.Builtin().Judge(most.features)
	if v.Match == nil {
		return nil
	}
	r := systemRecord(addr, v, most.features, h.ttl)
	r.Passive = true
	return r
}
