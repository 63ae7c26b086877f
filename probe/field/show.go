package field

import "sonde/probe/wire"

// AppendAll writes the fields of a packet, each on a line of its own after a line's end,
// called as their flags are:
//
//	ttl           64
//
// The payload is in hex: nothing in it is a string from the network.
func AppendAll(b []byte, p *wire.Packet) []byte {
	for i := range table {
		f := &table[i]
		if f.Read == nil || !f.chosen() {
			continue
		}
		value, ok := f.Read(p)
		if !ok || value == "" {
			continue
		}
		b = append(append(b, "\n  "...), f.Name...)
		for n := len(f.Name); n < len("source-port"); n++ {
			b = append(b, ' ')
		}
		b = append(append(b, "  "...), value...)
	}
	return b
}
