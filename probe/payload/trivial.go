package payload

import "encoding/binary"

// appendAnything writes what the services ask for that answer every datagram,
// whatever is in it: the identifier, so that the checksum tells the flow, behind
// two zero bytes, so that nobody who sends it back seems to answer in text.
func appendAnything(b []byte, id uint64) []byte {
	b = append(b, 0, 0)
	return binary.BigEndian.AppendUint64(b, id)
}

// trivialLimit is the most that RFC 864, 865 and 866 let an answer hold.
const trivialLimit = 512
