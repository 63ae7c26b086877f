package probe

import "sonde/probe/wire"

// Mask asks for the netmask (RFC 950), which hardly anybody tells any more: those
// who do are old, or printers. ICMPv6 has no such message. No payload comes back,
// so identifier and sequence number are all of the proof, some 28 bits.
var Mask = Register(Entry{Kind: mask{&query{
	name: "mask", doc: "ICMP address mask request, IPv4 only", asks: "address mask request", salt: 'K',
	request: wire.MaskRequest, reply: wire.MaskReply, reason: MaskReply,
	appendPayload: func(b []byte, _ uint64, _ uint16) []byte { return append(b, 0, 0, 0, 0) },
}}, Ping: "M"})

type mask struct{ *query }

func (mask) Traits() Traits { return Traits{OnlyIPv4: true} }
