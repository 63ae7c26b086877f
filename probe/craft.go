package probe

import "sonde/probe/wire"

// Craft is the shape of the packets of one variant. The zero value is what kinds send
// by themselves, but for the window. What can be chosen, by which name, and where it
// applies is in the table of probe/field.
type Craft struct {
	TTL        uint8 // 0: 64
	TOS        uint8
	TCPOptions []byte // of a SYN, encoded, padded to 4 bytes
	Timestamp  int    // offset in TCPOptions of the timestamp's value, which is filled in; 0: none
	Window     uint16

	Given     Given  // which of these were chosen; the others are the kind's own
	ID        uint16 // IP ID
	NoDF      bool   // without the bit that forbids fragments
	FlowLabel uint32
	Flags     uint8
	Seq, Ack  uint32
	Urgent    uint16 // 0: none
	Data      []byte // the payload

	IPOptions []byte // padded to 4 bytes
	BadSum    bool   // the checksum of the transport header is wrong
	Fragment  uint16 // bytes of payload in each fragment, a multiple of 8; 0: left whole
}

// Given says which fields of a Craft were chosen, where the zero value could be meant.
type Given uint8

// The fields of a Craft that may be chosen to be zero.
const (
	GivenID Given = 1 << iota
	GivenDF
	GivenFlowLabel
	GivenFlags
	GivenSeq
	GivenAck
	GivenData
)

// Has tells whether g is among what was chosen.
func (c *Craft) Has(g Given) bool { return c.Given&g != 0 }

// WithoutSegment is c for packets that are asked beside those that it was chosen for,
// such as the pings before a port scan: they have what routers look at, and the rest is
// their own.
func (c Craft) WithoutSegment() Craft {
	return Craft{TTL: c.TTL, TOS: c.TOS, TCPOptions: c.TCPOptions, Timestamp: c.Timestamp, Window: 64240}
}

// ip puts the fields of the IP header that were chosen into ip.
func (c *Craft) ip(ip *wire.IP) {
	if c.TTL != 0 {
		ip.TTL = c.TTL
	}
	ip.TOS = c.TOS
	// Without a word about it what may leave in fragments may be made smaller on the
	// way, too.
	ip.DF = !c.NoDF && (c.Fragment == 0 || c.Has(GivenDF))
	if c.Has(GivenID) {
		ip.ID = c.ID
	}
	if c.Has(GivenFlowLabel) {
		ip.Flow = c.FlowLabel
	}
}

// tcp puts the fields of the TCP header that were chosen into t.
func (c *Craft) tcp(t *wire.TCP) {
	t.Window, t.Urgent = c.Window, c.Urgent
	if c.Has(GivenSeq) {
		t.Seq = c.Seq
	}
	if c.Has(GivenAck) {
		t.Ack = c.Ack
	}
}

// flags are those of a segment whose kind has own.
func (c *Craft) flags(own uint8) uint8 {
	if c.Has(GivenFlags) {
		return c.Flags
	}
	return own
}

// took tells whether n is how much of the sequence a segment with these flags may be
// answered as having taken: SYN, payload and FIN are one each, and so many bytes (RFC
// 9293 §3.4). Some stacks do not count the FIN; and a SYN may be acknowledged without its
// payload (§3.10.7.2), or with it (RFC 7413).
func (c *Craft) took(flags uint8, n uint32) bool {
	syn, fin := uint32(flags&wire.SYN)/wire.SYN, uint32(flags&wire.FIN)/wire.FIN
	with := syn + uint32(len(c.Data))
	return n == with+fin || n == with || flags&wire.SYN != 0 && n == syn
}

// known tells whether the number by which an answer to a segment with these flags proves
// itself was chosen, so that it is no secret.
func (c *Craft) known(flags uint8) bool {
	if flags&wire.ACK != 0 {
		return c.Has(GivenAck)
	}
	return c.Has(GivenSeq)
}

// Headers are how many bytes those of a kind's packets have, of the shape of c: of IP, and
// behind that.
func Headers(k Kind, c *Craft, v6 bool) (ip, segment int) {
	ip, segment = 20+len(c.IPOptions), 8
	if v6 {
		ip = 40
	}
	if k.Class() == ClassTCP {
		segment = 20
	}
	if k.Traits().Options {
		segment += len(c.TCPOptions)
	}
	return ip, segment
}
