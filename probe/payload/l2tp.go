package payload

import "encoding/binary"

// l2tp asks for a control connection. There is no lighter question that must be
// answered. Since we never go on, the server repeats its answer a few times and
// gives up (RFC 2661 §5.8).
//
// Tried on xl2tpd 1.3.18; other implementations are unverified.
var _ = register(Payload{
	Name:   "l2tp",
	Ports:  []uint16{1701},
	Source: "RFC 2661 §3.1, §4.1, §6.1",
	Bits:   15,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, l2tpHead...)
		b = binary.BigEndian.AppendUint16(b, l2tpTunnel(id))
		return append(b, l2tpTail...)
	},
	// Whatever comes for the tunnel that we named: SCCRP, a refusal, or the bare
	// acknowledgement, which has no attributes.
	Match: func(id uint64, b []byte) bool {
		if len(b) < l2tpHeaderLen || binary.BigEndian.Uint16(b) != l2tpControl ||
			int(binary.BigEndian.Uint16(b[2:])) != len(b) ||
			binary.BigEndian.Uint16(b[4:]) != l2tpTunnel(id) {
			return false
		}
		avp := b[l2tpHeaderLen:] // the first is the message type
		if len(avp) == 0 {
			return true
		}
		if len(avp) < 8 || binary.BigEndian.Uint32(avp[2:]) != 0 {
			return false
		}
		message := binary.BigEndian.Uint16(avp[6:])
		return message == l2tpReply || message == l2tpStop
	},
})

// l2tpTunnel makes the identifier of our end of a tunnel, which is never zero.
func l2tpTunnel(id uint64) uint16 { return uint16(id) | 1<<15 }

const (
	l2tpControl   = 0xc802 // type, length and sequence bits; version 2
	l2tpHeaderLen = 12
	l2tpReply     = 2 // SCCRP
	l2tpStop      = 4 // StopCCN

	l2tpHead = "\xc8\x02" + //  0
		"\x00\x39" + //  2: length of the whole message
		"\x00\x00\x00\x00" + //  4: tunnel and session ID: none yet
		"\x00\x00\x00\x00" + //  8: Ns, Nr
		"\x80\x08\x00\x00\x00\x00\x00\x01" + // 12: Message Type: SCCRQ; mandatory, 8 bytes, of the IETF, as all that follow
		"\x80\x08\x00\x00\x00\x02\x01\x00" + // 20: Protocol Version 1.0
		"\x80\x0a\x00\x00\x00\x03\x00\x00\x00\x03" + // 28: Framing Capabilities: both
		"\x80\x08\x00\x00\x00\x09" // 38: Assigned Tunnel ID, whose 2 bytes follow at 44
	l2tpTail = "\x80\x0b\x00\x00\x00\x07sonde" // 46: Host Name
)
