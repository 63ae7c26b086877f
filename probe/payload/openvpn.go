package payload

import "encoding/binary"

// openvpn begins a session as a client does. The server answers with the reset
// of its own side, and forgets us since nothing follows. A server that wants
// every packet signed or encrypted by a key known before (tls-auth, tls-crypt)
// stays silent, which is what that is for.
//
// Tried on OpenVPN 2.6.14.
var _ = register(Payload{
	Name:   "openvpn",
	Ports:  []uint16{1194},
	Source: "OpenVPN Wire Protocol, control channel packets",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, openvpnClientReset<<3)       //  0: opcode, key ID 0
		b = binary.BigEndian.AppendUint64(b, id)   //  1: session ID
		b = append(b, 0)                           //  9: packets acknowledged: none
		return binary.BigEndian.AppendUint32(b, 0) // 10: packet ID, the first
	},
	Match: func(id uint64, b []byte) bool {
		const acks = 10 // offset
		if len(b) < acks || b[0] != openvpnServerReset<<3 {
			return false
		}
		session := acks + 4*int(b[9]) // behind the acknowledged packets: whose they are
		return b[9] > 0 && len(b) >= session+8+4 && binary.BigEndian.Uint64(b[session:]) == id
	},
})

const (
	openvpnClientReset = 7 // P_CONTROL_HARD_RESET_CLIENT_V2
	openvpnServerReset = 8
)
