package network

import (
	"net/netip"

	"sonde/scan/link"
)

// Link is an Ethernet link of this machine, which has neighbours to be asked.
type Link struct {
	Name     string
	Prefixes []netip.Prefix // of its interface, as they are: with our own address
}

// Links lists the Ethernet links that carry packets.
func Links() ([]Link, error) {
	all, err := link.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []Link
	for _, i := range all {
		if i.Medium == link.Ethernet && i.Carrier == link.Up {
			list = append(list, Link{i.Name, i.Addrs})
		}
	}
	return list, nil
}
