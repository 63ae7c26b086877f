package probe

import "sonde/probe/wire"

// Carriers are the places in a packet of ours in which something stands that only we
// know, so that whoever repeats it has seen the packet.
type Carriers uint8

// The carriers of proof.
const (
	InSeq   Carriers = 1 << iota // sequence number; identifier and sequence number of ICMP
	InAck                        // acknowledged number
	InID                         // IP ID, or flow label
	InTime                       // timestamp option
	InData                       // payload
	InSum                        // checksum of UDP, as far as its payload has a secret
	InPorts                      // the source port, of a try that is on its way
)

// Left is what a craft leaves of the carriers of a kind.
type Left struct {
	Answer Carriers // what an answer repeats
	Quote  Carriers // what an ICMP error repeats
	Mark   Carriers // in what the packets of a traced flow are told apart
}

// Prover is a PacketKind that can do without some of its carriers, since it says which
// are left. Others have packets that are shaped as a whole.
type Prover interface {
	PacketKind
	Left(c *Craft, v6 bool) Left
}

// LeftOf says what a craft leaves of k's carriers, for targets of one family. Of a kind
// that does not say that itself nothing is left as soon as its segment is not its own;
// of one that asks the link everything is, for no craft is about that.
func LeftOf(k Kind, c *Craft, v6 bool) Left {
	if p, ok := k.(Prover); ok {
		return p.Left(c, v6)
	}
	if c.Given&(GivenFlags|GivenSeq|GivenAck|GivenData) != 0 && !k.Traits().Link {
		return Left{}
	}
	return Left{Answer: InSeq | InPorts, Quote: InSeq | InPorts}
}

// inHeader is what is left of the IP header: it proves, and, of IPv4, has a mark.
func inHeader(c *Craft, v6 bool) (proof, mark Carriers) {
	switch {
	case v6 && !c.Has(GivenFlowLabel):
		return InID, 0
	case !v6 && !c.Has(GivenID):
		return InID, InID
	}
	return 0, 0
}

// leftOfTCP is what is left of a segment with these flags.
func leftOfTCP(c *Craft, v6 bool, flags uint8) Left {
	proof, mark := inHeader(c, v6)
	l := Left{Answer: InPorts, Quote: InPorts | proof, Mark: mark}
	if !c.Has(GivenSeq) {
		l.Quote |= InSeq
		l.Mark |= InSeq
	}
	if flags&wire.ACK != 0 && !c.Has(GivenAck) {
		l.Quote |= InAck
	}
	if c.Timestamp > 0 {
		l.Mark |= InTime
	}
	switch {
	case c.known(flags):
	case flags&wire.ACK != 0:
		l.Answer |= InAck
	default:
		l.Answer |= InSeq
	}
	return l
}

// Left implements Prover.
func (syn) Left(c *Craft, v6 bool) Left { return leftOfTCP(c, v6, c.flags(wire.SYN)) }

// Left implements Prover.
func (k stray) Left(c *Craft, v6 bool) Left { return leftOfTCP(c, v6, c.flags(k.flags)) }

// Left implements Prover.
func (udp) Left(c *Craft, v6 bool) Left {
	proof, mark := inHeader(c, v6)
	l := Left{Answer: InPorts, Quote: InPorts | proof, Mark: mark}
	if !c.Has(GivenData) {
		l.Quote |= InData | InSum
		l.Mark |= InData | InSum
	}
	return l
}

// Left implements Prover.
func (k *query) Left(c *Craft, v6 bool) Left {
	proof, _ := inHeader(c, v6)
	l := Left{Answer: InSeq, Quote: InSeq | proof}
	if k.same > 0 && !(k.free && c.Has(GivenData)) {
		l.Answer |= InData
		l.Quote |= InData
		// Without a payload that makes up for it the mark would change the checksum, by
		// which routers balance load: that would be no flow any more.
		l.Mark |= InSeq
	}
	return l
}
