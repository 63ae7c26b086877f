package wire

// Hops returns how many hops a packet has come that arrived with this TTL: 1 from
// our own link. It supposes that it began with the next of the numbers that
// systems begin with: 32, 64, 128 or 255.
func Hops(ttl uint8) uint8 {
	for _, began := range [...]uint8{32, 64, 128} {
		if ttl <= began {
			return began - ttl + 1
		}
	}
	return 255 - ttl + 1
}
