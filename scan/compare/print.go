package compare

import (
	"net/netip"

	"sonde/probe/wire"
)

// A print is a hash of some fields of a packet: the same in both files, if the way
// leaves these fields alone. Which prints serve depends on what stands on the way; each
// of them leaves out something that NATs, scrubbers or firewalls change.
const (
	printText    = iota // payload, TCP timestamps, ICMP sequence number
	printID             // IP ID
	printSeq            // TCP sequence number
	printNames          // all addresses and ports
	printPorts          // the ports alone
	printLabel          // IPv6 flow label
	printService        // the address and the port of the server
	printHost           // the server's port and the end of its address
	prints
)

// covers says which fields a print has: of pairs that were found by it, it is no news
// that these are the same.
var covers = [prints][]field{
	printText:    {fieldText, fieldTime, fieldICMP},
	printID:      {fieldID},
	printSeq:     {fieldSeq},
	printNames:   {fieldClient, fieldClientPort, fieldServer, fieldServerPort, fieldICMP},
	printPorts:   {fieldClientPort, fieldServerPort, fieldICMP},
	printLabel:   {fieldLabel},
	printService: {fieldServer, fieldServerPort, fieldICMP},
	printHost:    {fieldServer, fieldServerPort, fieldICMP},
}

// prints returns the prints of p; 0 stands for one that p has not.
func (p *packet) prints() (list [prints]uint64) {
	if p.kind == refusal {
		return list // it is rewritten the most, and found by its flow
	}
	base := mix(uint64(p.kind)<<16|uint64(p.proto)<<8|uint64(p.code), 0)
	if p.kind == echo || p.kind == reply {
		base = mix(base, uint64(p.seq))
	}
	content := mix(base, uint64(p.size))
	client, server := p.ends()
	names := uint64(client.Port())<<16 | uint64(server.Port())
	if p.sum != 0 || p.options.has&hasTime != 0 {
		list[printText] = mix(mix(content, p.sum), uint64(p.options.val)<<32|uint64(p.options.echo))
	}
	if p.id != 0 {
		list[printID] = mix(content, uint64(p.id))
	}
	if p.proto == wire.ProtoTCP && p.seq != 0 {
		list[printSeq] = mix(content, uint64(p.seq)<<8|uint64(p.flags&(wire.SYN|wire.FIN|wire.RST)))
		if p.kind == stream && p.size == 0 && p.flags&wire.FIN == 0 {
			list[printSeq] = mix(list[printSeq], uint64(p.ack)) // many of one number are none of one packet
		}
	}
	if p.label != 0 {
		list[printLabel] = mix(content, uint64(p.label))
	}
	list[printNames] = hashAddr(hashAddr(mix(content, names), client.Addr()), server.Addr())
	if p.kind != stream {
		list[printPorts] = mix(content, names)
		list[printService] = hashAddr(mix(base, uint64(server.Port())), server.Addr())
		list[printHost] = mix(base, uint64(server.Port())<<32|tail(server.Addr()))
	}
	for i := range list {
		if list[i] != 0 {
			list[i] = mix(list[i], uint64(i)+1) | 1
		}
	}
	return list
}

// ends are the two ends of the packet's flow: who asked, and who was asked.
func (p *packet) ends() (client, server netip.AddrPort) {
	if p.there {
		return p.src, p.dst
	}
	return p.dst, p.src
}
