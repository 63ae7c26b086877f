package job

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// unverified is who answered packets with a wrong checksum (--badsum): no stack takes them
// (RFC 9293 §3.1, RFC 1122 §4.1.3.4), so somebody answers who does not look.
type unverified struct {
	mu    sync.Mutex
	ports map[netip.Addr]*report.Finding
}

// mostUnverified is how many ports of a host are named.
const mostUnverified = 100

// verifies tells whether r may come from a target that looks at checksums: not where it
// answers a packet with a wrong one.
func (j *job) verifies(r *probe.Reply) bool {
	link := r.Layer == wire.LayerNone || r.Layer == wire.LayerARP || r.ICMP.Msg == wire.Advertisement // no craft is about that
	return !j.asked.crafts[0].BadSum || r.Event != probe.Answer || link
}

// unverifiedHost reports a host that answered such a packet, in a sweep.
func (j *job) unverifiedHost(ctx context.Context, addr netip.Addr, r *probe.Reply) {
	if !j.verifies(r) {
		j.put(ctx, &report.Finding{Addr: addr, Doubt: probe.Unverified})
	}
}

// unverified notes a port that answered such a packet.
func (j *job) unverified(u *unverified, addr netip.Addr, port uint16, r *probe.Reply) {
	if j.verifies(r) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	f := u.ports[addr]
	if f == nil {
		if u.ports == nil {
			u.ports = map[netip.Addr]*report.Finding{}
		}
		f = &report.Finding{Addr: addr, Doubt: probe.Unverified}
		u.ports[addr] = f
	}
	if f.Count++; len(f.Ports) < mostUnverified {
		f.Ports = append(f.Ports, port)
	}
}

// finding returns what is to be said of a host, once; nil: nothing.
func (u *unverified) finding(addr netip.Addr, proto string) *report.Finding {
	u.mu.Lock()
	defer u.mu.Unlock()
	f := u.ports[addr]
	delete(u.ports, addr)
	if f != nil {
		f.Proto = proto
		slices.Sort(f.Ports)
	}
	return f
}
