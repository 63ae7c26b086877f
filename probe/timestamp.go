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

// OnlyIPv4 implements IPv4Kind.
func (timestamp) OnlyIPv4() {}

// appendTimestamp writes the time when we asked, which comes back and so is the
// proof, and room for the target's two. The high bit says that it is not the
// milliseconds since midnight which it might be.
func appendTimestamp(b []byte, proof uint64, _ uint16) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(proof>>16)|1<<31)
	return append(b, make([]byte, 8)...)
}
