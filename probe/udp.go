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
	if s.Ports.KeepFlow {
		if len(s.data)%2 != 0 { // the checksum adds up 16-bit words
			s.data = append(s.data, 0)
		}
		s.data = binary.BigEndian.AppendUint16(s.data, mark)
	}
	ip := header(s, p, wire.ProtoUDP, proof)
	return wire.AppendUDP(b, &ip, &wire.UDP{Src: src, Dst: p.Port}, s.data)
}

// AppendPayload writes what p's port is asked.
func AppendPayload(b []byte, s *Source, p Probe) []byte {
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
	if quoted(s, pkt, wire.ProtoUDP) {
		q := &pkt.Quote
		if !s.Ports.Into(q.Src, p) && !s.Roaming.Into(q.Src, p) {
			return false
		}
		p.Target, p.Port = q.IP.Dst, q.Dst
		marked := k.markOfUDP(s, q, p)
		claimError(pkt, p, r)
		s.scratch = k.Append(s.scratch[:0], s, *p)
		// The checksum alone proves little where few bits of ours are in it.
		weak := len(s.data) == 0 || s.Ports.KeepFlow || guessable(p.Port)
		// Only TFTP is asked from a roaming port, and never from another one.
		if q.Src != transportSum(s.scratch, 0) || !marked || !q.HasSum || q.Sum != transportSum(s.scratch, 6) || weak && !sameHeader(s.scratch, &q.IP) {
			r.Event = Unsolicited
		}
		return true
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
	claimAnswer(pkt, p, r)
	r.UDP = pkt.UDP
	r.Match = PayloadMatches(s, *p, pkt.Payload)
	return true
}

// guessable tells whether what p's port is asked has no room for an identifier.
func guessable(port uint16) bool {
	ask := payload.For(port)
	return ask != nil && ask.Guessable
}

// sameHeader compares what our header b and a quoted one have of the proof: the
// IP ID or the flow label. The checksum of an empty datagram proves nothing.
func sameHeader(b []byte, q *wire.IP) bool {
	if b[0]>>4 == 4 {
		return binary.BigEndian.Uint16(b[4:]) == q.ID
	}
	return binary.BigEndian.Uint32(b)&0xfffff == q.Flow
}

// matches tells whether answer carries the identifier of the question to port.
func matches(s *Source, p *Probe, port uint16, answer []byte) bool {
	ask := payload.For(port)
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
