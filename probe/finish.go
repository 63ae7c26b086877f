package probe

import "sonde/probe/wire"

// Finish gives the packet at b[start:], which asks p, what every packet of IP may be
// given and no kind writes itself: options of the IP header. Packets of kinds that ask
// the link have none. A kind recognises its own packets without them.
func (s *Source) Finish(b []byte, start int, p Probe) []byte {
	if c := &s.Craft[p.Variant]; len(c.IPOptions) > 0 {
		return wire.InsertIPOptions(b, start, c.IPOptions)
	}
	return b
}

// Fragmented is how many bytes of payload each fragment of packet, which asks p, is to
// have; 0: it stays whole, since it fits.
func (s *Source) Fragmented(packet []byte, p Probe) int {
	if size := int(s.Craft[p.Variant].Fragment); size > 0 && wire.PayloadSize(packet) > size {
		return size
	}
	return 0
}

// AppendFragment writes the fragment of packet, which asks p, that begins size bytes times
// number into its payload. It returns false behind the last one.
func (s *Source) AppendFragment(b, packet []byte, p Probe, size, number int) ([]byte, bool) {
	at := size * number
	if at >= wire.PayloadSize(packet) {
		return b, false
	}
	// What fragments have in common on IPv6 tells nothing that an answer could be forged by.
	id := uint32(s.Proof(saltFragment, p.Target, p.Port, s.Ports.Of(p)))
	return wire.AppendFragment(b, packet, at, size, id), true
}
