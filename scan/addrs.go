package scan

import "net/netip"

// Addrs is a small set of targets, written out. Zones do not count in Index: what
// comes in has none.
type Addrs struct {
	list []netip.Addr
	at   map[netip.Addr]uint64
}

// NewAddrs returns the set of addrs, in their order.
func NewAddrs(addrs ...netip.Addr) *Addrs {
	l := &Addrs{at: make(map[netip.Addr]uint64, len(addrs))}
	for _, a := range addrs {
		l.add(a)
	}
	return l
}

func (l *Addrs) add(a netip.Addr) {
	if _, ok := l.at[a.WithZone("")]; !ok {
		l.at[a.WithZone("")] = uint64(len(l.list))
		l.list = append(l.list, a)
	}
}

// Len, At and Index implement Targets.
func (l *Addrs) Len() uint64            { return uint64(len(l.list)) }
func (l *Addrs) At(i uint64) netip.Addr { return l.list[i] }
func (l *Addrs) Index(a netip.Addr) (uint64, bool) {
	i, ok := l.at[a.WithZone("")]
	return i, ok
}
