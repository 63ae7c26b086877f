package probe

import (
	"encoding/binary"

	"sonde/probe/payload"
	"sonde/probe/wire"
)

// UDP asks in the words of the protocol that lives on the port. An answer
// proves itself by both addresses and ports, an ICMP error by quoting the
// datagram's checksum.
var UDP = Register(Entry{Kind: udp{}, Ping: "U", Ports: "53"})

type udp struct{}

func (udp) Name() string   { return "udp" }
func (udp) Doc() string    { return "UDP, with a question of the port's own protocol" }
func (udp) Asks() string   { return "UDP packet" }
func (udp) Proto() string  { return "udp" }
func (udp) Class() Class   { return ClassUDP }
func (udp) Traits() Traits { return Traits{Datagram: true, Payload: true} }
func (udp) Socket() Socket { return SocketDatagram }

// tftp answers from a new port (RFC 1350 §4). It is the only such protocol, so
// an answer to one of the Roaming ports is its.
const tftp = 69

// udpPort is p's source port.
func udpPort(s *Source, p Probe) uint16 {
	if p.Port == tftp && s.Roaming.N > 0 {
		return s.Roaming.Of(p)
	}
	return s.Ports.Of(p)
}

func (k udp) Append(b []byte, s *Source, p Probe) []byte {
	return k.appendMarked(b, s, p, s.mark(p))
}

func (udp) appendMarked(b []byte, s *Source, p Probe, mark uint16) []byte {
	src := udpPort(s, p)
	proof := s.Proof(saltUDP, p.Target, p.Port, src)
	s.data = AppendPayload(s.data[:0], s, p)
	if s.Ports.KeepFlow && !s.Craft[p.Variant].Has(GivenData) {
		if len(s.data)%2 != 0 { // the checksum adds up 16-bit words
			s.data = append(s.data, 0)
		}
		if s.few(&p) {
			s.data = append(s.data, byte(proof>>40), byte(proof>>32), byte(proof>>24), byte(proof>>16), byte(proof>>8), byte(proof))
		}
		s.data = binary.BigEndian.AppendUint16(s.data, mark)
	}
	ip := header(s, p, wire.ProtoUDP, proof)
	return s.summed(wire.AppendUDP(b, &ip, &wire.UDP{Src: src, Dst: p.Port}, s.data), len(b), p)
}

// AppendPayload writes what p's port is asked.
func AppendPayload(b []byte, s *Source, p Probe) []byte {
	if c := &s.Craft[p.Variant]; c.Has(GivenData) {
		return append(b, c.Data...)
	}
	if ask := payload.For(p.Port); ask != nil {
		return ask.Append(b, s.Proof(saltUDP, p.Target, p.Port, 0))
	}
	return b
}

// PayloadMatches tells whether answer, which came from p's port, carries the
// transaction identifier of what AppendPayload wrote. Without one it is false.
func PayloadMatches(s *Source, p Probe, answer []byte) bool {
	return p.Port != tftp && matches(s, &p, p.Port, answer)
}

func (k udp) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if errorAbout(s, pkt, wire.ProtoUDP) {
		if !s.Roaming.Into(pkt.Quote.Src, p) && !s.into(&pkt.Quote, p) {
			return false
		}
		return claimQuote(k, s, pkt, p, r)
	}
	if pkt.Layer != wire.LayerUDP || pkt.IP.Dst != s.Addr {
		return false
	}
	p.Target, p.Port = pkt.IP.Src, pkt.UDP.Src
	switch {
	case pkt.IP.Src == s.Addr && s.isOwn(k, pkt):
		return false
	case s.Roaming.Into(pkt.UDP.Dst, p):
		p.Port = tftp
	case !s.Ports.Into(pkt.UDP.Dst, p):
		return false
	case s.Ports.Fixed && p.Port >= 1024 && matches(s, p, tftp, pkt.Payload):
		p.Port = tftp // with one port for everything only the words tell
	}
	if own := *p; s.elsewhere(p) {
		if own.Target = s.Only; PayloadMatches(s, own, pkt.Payload) {
			*p = own
		}
	}
	claimAnswer(pkt, p, r)
	r.UDP = pkt.UDP
	if p.Port == tftp && s.Roaming.N > 0 && !s.Roaming.Into(pkt.UDP.Dst, p) { // it was never asked from that port
		r.Event = Unsolicited
		return true
	}
	r.Match = PayloadMatches(s, *p, pkt.Payload)
	return true
}

// judge tries the places in which a traced datagram has its mark.
func (k udp) judge(s *Source, q *wire.Quote, p *Probe) strength {
	if !s.Ports.KeepFlow {
		return k.proven(s, q, p)
	}
	plain := *p
	plain.TTL = 0
	s.scratch = k.appendMarked(s.scratch[:0], s, plain, 0)
	without, size := transportSum(s.scratch, 6), len(s.data)
	proof := s.Proof(saltUDP, p.Target, p.Port, q.Src)
	var places [3]markedBy
	for i := range places {
		c, marked := plain, false
		switch i {
		case 0:
			marked = size >= 2 && size <= int(q.DataLen) && s.unmark(binary.BigEndian.Uint16(q.Data[size-2:]), &c)
		case 1:
			marked = s.markOfUDP(q, s.moved(without, q, &plain), &c)
		case 2:
			marked = readID(s, proof, &q.IP, &c)
		}
		if marked {
			places[i] = markedBy{c, k.proven(s, q, &c)}
		}
	}
	return elect(places[:], p)
}

// proven says how far q proves that p was asked.
func (k udp) proven(s *Source, q *wire.Quote, p *Probe) strength {
	s.scratch = k.Append(s.scratch[:0], s, *p)
	if q.Src != transportSum(s.scratch, 0) {
		return nothing // only TFTP is asked from a roaming port, and never from another one
	}
	return s.strength(q, p, s.scratch, s.few(p) && !(s.Ports.KeepFlow && !s.Craft[p.Variant].Has(GivenData)))
}

// few tells whether there are few bits in what p's port is asked, or none, that only we
// could know: then the checksum proves little.
func (s *Source) few(p *Probe) bool {
	ask := payload.For(p.Port)
	return ask == nil || ask.Guessable || s.Craft[p.Variant].Has(GivenData)
}

// matches tells whether answer carries the identifier of the question to port.
func matches(s *Source, p *Probe, port uint16, answer []byte) bool {
	ask := payload.For(port)
	if s.Craft[p.Variant].Has(GivenData) {
		return false
	}
	return ask != nil && (ask.Bits > 0 || ask.NewPort) && ask.Match(s.Proof(saltUDP, p.Target, port, 0), answer)
}

// isOwn tells whether pkt is a datagram of ours that loopback brought back: it
// is the one that asks in the opposite direction.
func (s *Source) isOwn(k udp, pkt *wire.Packet) bool {
	own := Probe{Target: pkt.IP.Dst, Port: pkt.UDP.Dst}
	if !s.Ports.Into(pkt.UDP.Src, &own) {
		return false
	}
	s.scratch = k.Append(s.scratch[:0], s, own)
	return pkt.UDP.Sum == transportSum(s.scratch, 6)
}

func (udp) Classify(p Probe, r *Reply) Verdict {
	switch {
	case r.Event == Answer:
		return Verdict{Open, UDPResponse, true}
	case r.Event == ICMPError && r.Who == Target && r.ICMP.Msg == wire.PortUnreach:
		return Verdict{Closed, PortUnreach, false}
	}
	return undecided(r, Filtered, OpenFiltered)
}
