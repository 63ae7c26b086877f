package probe

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// Timestamp asks for the time of day (RFC 792): firewalls that stop echo forget
// it at times. ICMPv6 has no such message.
var Timestamp = Register(Entry{Kind: timestamp{&query{
	name: "timestamp", doc: "ICMP timestamp request, IPv4 only", asks: "timestamp request", salt: 'P',
	request: wire.TimestampRequest, reply: wire.TimestampReply, reason: TimestampReply,
	appendPayload: appendTimestamp, same: 4,
}}, Ping: "P"})

type timestamp struct{ *query }

func (timestamp) Traits() Traits { return Traits{OnlyIPv4: true} }

// appendTimestamp writes the time when we asked, which comes back and so is proof,
// and room for the target's two. The high bit says that it is not the milliseconds
// since midnight which it might be.
func appendTimestamp(b []byte, proof uint64, seq uint16) []byte {
	b = binary.BigEndian.AppendUint32(b, 1<<31|uint32(proof>>33)<<16&0x7fff0000|uint32(^seq))
	return append(b, make([]byte, 8)...)
}
