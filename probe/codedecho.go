package probe

import "sonde/probe/wire"

// CodedEcho is an echo request with a code that none has (RFC 792 and RFC 4443 §4.1 have
// 0): some systems repeat it, some write their own, some do not answer. It tells systems
// apart, not who is there, so no letter names it.
var CodedEcho Kind = &query{
	name: "coded-echo", doc: "ICMP echo request of code 9", asks: "echo request of code 9", salt: 'C',
	request: wire.EchoRequest, reply: wire.EchoReply, reason: EchoReply,
	appendPayload: appendEcho, same: 8, code: 9,
}
