package wire

// messageRow says what the codes first to last of an ICMP type mean.
type messageRow struct {
	typ, first, last uint8
	msg              Message
}

// The messages of ICMP (RFC 792 and those that added to it). Where a receiver
// has to ignore the code, or the meaning does not depend on it, a row has all
// codes. The first row of a message is what is written.
var messages4 = [...]messageRow{
	{0, 0, 255, EchoReply}, // RFC 792, as the request's; hosts mirror its code
	{8, 0, 255, EchoRequest},
	{13, 0, 255, TimestampRequest},
	{14, 0, 255, TimestampReply},
	{17, 0, 255, MaskRequest}, // RFC 950
	{18, 0, 255, MaskReply},

	{3, 0, 0, NetUnreach},
	{3, 1, 1, HostUnreach},
	{3, 2, 2, ProtoUnreach},
	{3, 3, 3, PortUnreach},
	{3, 4, 4, PacketTooBig}, // fragmentation needed, RFC 1191
	{3, 5, 5, HostUnreach},  // source route failed
	{3, 6, 6, NetUnreach},   // network unknown, RFC 1122 §3.2.2.1
	{3, 7, 8, HostUnreach},  // host unknown, host isolated
	{3, 9, 9, NetProhibited},
	{3, 10, 10, HostProhibited},
	{3, 11, 11, NetUnreach},      // for this type of service
	{3, 12, 12, HostUnreach},     // for this type of service
	{3, 13, 15, AdminProhibited}, // RFC 1812 §5.2.7.1

	{11, 0, 1, TimeExceeded}, // in transit, in reassembly
	{12, 0, 255, ParamProblem},
	{4, 0, 0, SourceQuench},
	{5, 0, 255, Redirect},
}

// The messages of ICMPv6 (RFC 4443, RFC 4861).
var messages6 = [...]messageRow{
	{129, 0, 255, EchoReply},
	{128, 0, 255, EchoRequest},
	{135, 0, 0, Solicitation}, // other codes are to be discarded, RFC 4861 §7.1
	{136, 0, 0, Advertisement},

	{1, 0, 0, NoRoute},
	{1, 1, 1, AdminProhibited},
	{1, 2, 2, BeyondScope},
	{1, 3, 3, AddrUnreach},
	{1, 4, 4, PortUnreach},
	{1, 5, 5, PolicyFail},
	{1, 6, 6, RejectRoute},

	{2, 0, 255, PacketTooBig}, // code ignored by the receiver, RFC 4443 §3.2
	{3, 0, 1, TimeExceeded},
	{4, 0, 255, ParamProblem},
	{137, 0, 255, Redirect},
}

// messages returns the table of a family.
func messages(v6 bool) []messageRow {
	if v6 {
		return messages6[:]
	}
	return messages4[:]
}

// messageOf returns what an ICMP type and code mean.
func messageOf(v6 bool, typ, code uint8) Message {
	for i := range messages(v6) {
		r := &messages(v6)[i]
		if r.typ == typ && r.first <= code && code <= r.last {
			return r.msg
		}
	}
	return OtherMessage
}

// isQuery tells whether the message has an identifier and a sequence number in
// bytes 4 to 7 (RFC 792, RFC 950, RFC 4443 §4).
func (m Message) isQuery() bool { return m >= EchoRequest && m <= MaskReply }

// MessageOf returns what an ICMP type and code mean, ICMPv6 where v6 says so.
func MessageOf(v6 bool, typ, code uint8) Message { return messageOf(v6, typ, code) }
