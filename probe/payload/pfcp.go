package payload

import "encoding/binary"

// pfcp asks whether a node of a 5G core is alive. A node must answer that from
// anybody, whether it has an association with him or not (§6.2.2).
//
// Unverified.
var pfcp = register(Payload{
	Name:   "pfcp",
	Ports:  []uint16{8805},
	Source: "3GPP TS 29.244 §6.2.2, §7.2.2, §7.4.2",
	Bits:   24,
	Append: func(b []byte, id uint64) []byte {
		b = append(b,
			pfcpVersion1,         // 0: no session
			pfcpHeartbeatRequest, // 1: message type
			0, 12,                // 2: length of what follows
			byte(id>>16), byte(id>>8), byte(id), // 4: sequence number, repeated in the answer
			0,           // 7: spare
			0, 96, 0, 4) // 8: recovery time stamp: since when we run, in seconds since 1900
		return binary.BigEndian.AppendUint32(b, pfcpSince) // 12
	},
	Match: func(id uint64, b []byte) bool {
		return len(b) >= 16 && b[0]&^0x04 == pfcpVersion1 && // flag FO aside
			b[1] == pfcpHeartbeatResponse && int(binary.BigEndian.Uint16(b[2:])) == len(b)-4 &&
			b[4] == byte(id>>16) && b[5] == byte(id>>8) && b[6] == byte(id)
	},
})

const (
	pfcpVersion1          = 1 << 5
	pfcpHeartbeatRequest  = 1
	pfcpHeartbeatResponse = 2
	pfcpSince             = 3_786_825_600 // 2020-01-01; always the same, so that we never seem to have restarted
)
