package payload

import (
	"bytes"
	"encoding/binary"
)

// dht pings a node of BitTorrent's distributed hash table. We say that we are
// read-only, so that it does not add us to its table (BEP 43).
//
// Tried on Transmission 3.00; other clients are unverified.
var _ = register(Payload{
	Name:   "bittorrent-dht",
	Ports:  []uint16{6881},
	Source: "BEP 5, BEP 43",
	Bits:   64,
	Append: func(b []byte, id uint64) []byte {
		b = append(b, "d1:ad2:id20:sonde-------"...) // a dictionary: arguments: our node ID of 20 bytes
		b = binary.BigEndian.AppendUint64(b, id)
		b = append(b, "e1:q4:ping2:roi1e"...) // query, read-only
		b = appendDHTTransaction(b, id)       // repeated in the answer
		return append(b, "1:y1:qe"...)        // kind: a query
	},
	// The keys of a dictionary are sorted, and the kind is the last.
	Match: func(id uint64, b []byte) bool {
		var buffer [len(dhtTransaction) + 8]byte
		return len(b) > 0 && b[0] == 'd' &&
			(bytes.HasSuffix(b, []byte("1:y1:re")) || bytes.HasSuffix(b, []byte("1:y1:ee"))) &&
			bytes.Contains(b, appendDHTTransaction(buffer[:0], id))
	},
})

const dhtTransaction = "1:t8:" // the key and 8 bytes

func appendDHTTransaction(b []byte, id uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, dhtTransaction...), id)
}
