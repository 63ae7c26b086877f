package payload

import "encoding/binary"

// portmap calls procedure 0 of a version of the port mapper that there is not,
// and is told which versions there are. That is shorter than any answer of a
// version that exists, and needs no authentication.
//
// Tried on rpcbind 1.2.6; other implementations are unverified.
var _ = register(Payload{
	Name:   "portmap",
	Ports:  []uint16{111},
	Source: "RFC 5531 §9, RFC 1833 §3",
	Bits:   32,
	Append: func(b []byte, id uint64) []byte {
		for _, word := range [...]uint32{
			uint32(id),     //  0: xid
			rpcCall,        //  4: msg_type
			2,              //  8: rpcvers
			100000,         // 12: prog: the port mapper
			portmapVersion, // 16: vers
			0,              // 20: proc: NULL
			0, 0,           // 24: cred: AUTH_NONE, of no bytes
			0, 0, // 32: verf: AUTH_NONE, of no bytes
		} {
			b = binary.BigEndian.AppendUint32(b, word)
		}
		return b
	},
	Match: func(id uint64, b []byte) bool {
		if len(b) < 24 || len(b)%4 != 0 ||
			binary.BigEndian.Uint32(b) != uint32(id) || binary.BigEndian.Uint32(b[4:]) != rpcReply {
			return false
		}
		switch binary.BigEndian.Uint32(b[8:]) { // reply_stat
		case 0: // accepted: verf, accept_stat and what that brings
			verf := binary.BigEndian.Uint32(b[16:])
			if verf > 400 || verf%4 != 0 || len(b) < 24+int(verf) {
				return false
			}
			rest := b[20+verf:]
			switch status := binary.BigEndian.Uint32(rest); {
			case status == rpcProgMismatch: // lowest and highest version
				return len(rest) == 12
			default: // without results
				return status <= 5 && len(rest) == 4
			}
		case 1: // denied: of another RPC version, lowest and highest; or why not authenticated
			why := binary.BigEndian.Uint32(b[12:])
			return why == 0 && len(b) == 24
		}
		return false
	},
})

const (
	rpcCall         = 0
	rpcReply        = 1
	rpcProgMismatch = 2
	portmapVersion  = 104 // 2, 3 and 4 exist
)
