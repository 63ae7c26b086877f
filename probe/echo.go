package probe

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// Echo is what ping sends (RFC 792, RFC 4443 §4.1).
var Echo = Register(Entry{Kind: echo{&query{
	name: "echo", doc: "ICMP echo request, as ping sends it", asks: "echo request", salt: 'E',
	request: wire.EchoRequest, reply: wire.EchoReply, reason: EchoReply,
	appendPayload: appendEcho, same: 8, free: true,
}}, Ping: "E"})

// echoSize is the payload of ping: 56 bytes make an 84-byte packet on IPv4.
const echoSize = 56

type echo struct{ *query }

func (echo) Socket() Socket { return SocketPing }

// appendEcho writes the proof, the sequence number, and bytes that count, as ping's
// do.
func appendEcho(b []byte, proof uint64, seq uint16) []byte {
	b = binary.BigEndian.AppendUint64(b, proof&^0xffff|uint64(^seq))
	for i := byte(8); i < echoSize; i++ {
		b = append(b, i)
	}
	return b
}
