package report

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// Packet is an answer, field by field, as far as it was seen: the zero value of
// a field that was not seen is no fact about it.
type Packet struct {
	Try   uint8    // the try that it answers; 0: cannot be told
	MAC   wire.MAC // of the sender, for ARP and ND
	IP    wire.IP  // Src zero: not seen
	Layer wire.Layer
	TCP   wire.TCP // with wire.LayerTCP, as the next two with theirs
	ICMP  wire.ICMP
	UDP   wire.UDP
	Size  uint16 // payload bytes of UDP
	Match bool   // UDP: the payload carries our transaction identifier
	Quote wire.Quote
}

// Seen tells whether the packet itself was seen: of what a kernel socket hears
// only some fields are known, and its destination is not among them.
func (p *Packet) Seen() bool { return p.IP.Dst.IsValid() }

// PacketOf copies what a reply shows of its packet; nil if it is none, as where
// the kernel asked (connect) or nobody answered.
func PacketOf(r *probe.Reply) *Packet {
	if !r.IP.Src.IsValid() && r.MAC == (wire.MAC{}) {
		return nil
	}
	p := &Packet{Try: r.Try, MAC: r.MAC, Layer: r.Layer, Quote: r.Quote, IP: shownIP(r.IP)}
	if r.Quote.Len > 0 {
		p.Quote.IP = shownIP(r.Quote.IP)
		p.Quote.Data, p.Quote.DataLen = [wire.QuotedData]byte{}, 0 // nobody is shown it
	} else {
		p.Quote = wire.Quote{}
	}
	switch {
	case r.Layer == wire.LayerTCP && p.Seen():
		p.TCP = r.TCP
	case r.Layer == wire.LayerICMP:
		p.ICMP = r.ICMP
		if HasID(r.ICMP.Msg) {
			p.ICMP.Info = 0
		} else {
			p.ICMP.ID, p.ICMP.Seq = 0, 0
		}
	case r.Layer == wire.LayerUDP:
		p.UDP, p.Size, p.Match = r.UDP, r.Size, r.Match
		if !p.Seen() {
			p.UDP = wire.UDP{Src: r.UDP.Src}
		}
	default:
		p.Layer = wire.LayerNone
	}
	return p
}

// shownIP is h without what a header of its family does not have, or what was not
// seen of it.
func shownIP(h wire.IP) wire.IP {
	switch {
	case !h.Src.IsValid():
		return wire.IP{}
	case !h.Dst.IsValid():
		return wire.IP{Src: h.Src, Proto: h.Proto, TTL: h.TTL, TOS: h.TOS}
	case h.Src.Is4():
		h.Flow = 0
	default:
		h.ID, h.DF = 0, false
	}
	return h
}

// HasID tells whether an ICMP message carries an identifier and a sequence number.
func HasID(m wire.Message) bool { return m >= wire.EchoRequest && m <= wire.MaskReply }
