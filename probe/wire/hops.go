package wire

// Hops returns how many hops a packet has come that arrived with this TTL: 1 from
// our own link; 0 where the TTL is 0, which is to say not known. It supposes that the
// packet began with the next of the numbers that systems begin with: 32, 64, 128 or
// 255. So what arrives with 30 began with 32 and has come 3 hops: had it begun with
// 64, that would be 35, and hardly any way is so long.
func Hops(ttl uint8) uint8 {
	if ttl == 0 {
		return 0
	}
	for _, began := range [...]uint8{32, 64, 128} {
		if ttl <= began {
			return began - ttl + 1
		}
	}
	return 255 - ttl + 1
}
