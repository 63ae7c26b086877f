package link

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"sonde/probe/wire"
)

// face is what there is to know of an interface.
type face struct {
	index    int
	name     string
	mac      wire.MAC
	mtu      int
	ether    bool
	loopback bool
	up       bool // by the administrator
	carrier  bool // something is at the other end
}

// faceOf picks out what a Way tells. Frames need addresses where the link has
// Ethernet ones and resolves them: not on loopback, not on TUN.
func faceOf(a *netlink.LinkAttrs) face {
	f := face{index: a.Index, name: a.Name, mtu: a.MTU, loopback: a.RawFlags&unix.IFF_LOOPBACK != 0,
		up: a.RawFlags&unix.IFF_UP != 0, carrier: a.RawFlags&unix.IFF_LOWER_UP != 0}
	f.ether = a.EncapType == "ether" && a.RawFlags&(unix.IFF_NOARP|unix.IFF_LOOPBACK) == 0
	copy(f.mac[:], a.HardwareAddr)
	return f
}

// fits refuses a source that is an address of another interface than f: the
// answers would come there, and not be heard. One of the loopback interface, as
// routers have, belongs to all.
func (k *kernel) fits(source netip.Addr, f face) error {
	other := ""
	for _, own := range k.own {
		if own.Addr() != source {
			continue
		}
		at := k.byIndex(own.iface)
		if at.index == f.index || at.loopback {
			return nil
		}
		other = at.name
	}
	if other == "" {
		return nil
	}
	return fmt.Errorf("source %v is an address of %s, so replies do not come in by %s", source, other, f.name)
}

func (k *kernel) byName(name string) (face, bool) {
	for _, f := range k.faces {
		if f.name == name {
			return f, true
		}
	}
	return face{}, false
}

func (k *kernel) byIndex(index int) face {
	for _, f := range k.faces {
		if f.index == index {
			return f
		}
	}
	return face{index: index}
}

func (k *kernel) names() (all []string) {
	for _, f := range k.faces {
		all = append(all, f.name)
	}
	return all
}

// zone returns the index of the interface that an IPv6 zone names, by name or
// by number (RFC 4007 §11.2); 0 if there is none.
func (k *kernel) zone(zone string) int {
	if f, ok := k.byName(zone); ok {
		return f.index
	}
	if n, err := strconv.Atoi(zone); err == nil && k.byIndex(n).name != "" {
		return n
	}
	return 0
}
