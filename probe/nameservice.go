package probe

import (
	"net/netip"

	"sonde/probe/payload"
	"sonde/probe/wire"
)

// The name services of a link: a host is asked for the name of its own address. What
// it says is in Reply.Name, and its own word: whoever has the address may say anything.
// Nothing of it passes a router (hop limit 1). An answer proves itself by both
// addresses and ports, and by our ID and question in it.
var (
	MDNS    Kind = nameService{payload.MDNS}
	LLMNR   Kind = groupNameService{nameService{payload.LLMNR}}
	NetBIOS Kind = nameService{payload.NetBIOS}
)

// NameServices are their kinds, with the ports that they ask.
func NameServices() []NameService {
	return []NameService{{MDNS, payload.MDNS.Port}, {LLMNR, payload.LLMNR.Port}, {NetBIOS, payload.NetBIOS.Port}}
}

// NameService is a name service as a kind of question.
type NameService struct {
	Kind Kind
	Port uint16
}

type nameService struct{ *payload.NameService }

func (k nameService) Name() string { return k.NameService.Name }
func (k nameService) Doc() string {
	return "the name that a host on the link says it has, by " + k.NameService.Name
}
func (k nameService) Asks() string { return k.NameService.Name + " question" }
func (nameService) Proto() string  { return "udp" }
func (nameService) Class() Class   { return ClassUDP }
func (k nameService) Traits() Traits {
	return Traits{Datagram: true, OnlyIPv4: !k.V6}
}

// id is the transaction identifier of the question to a target.
func (k nameService) id(s *Source, target netip.Addr) uint16 {
	return uint16(s.Proof(saltUDP, target.WithZone(""), k.Port, 0))
}

func (k nameService) Append(b []byte, s *Source, p Probe) []byte {
	target := p.Target.WithZone("")
	src := s.Ports.Of(p)
	s.data = k.AppendQuestion(s.data[:0], k.id(s, target), target)
	p.TTL = 1
	ip := header(s, p, wire.ProtoUDP, s.Proof(saltUDP, target, k.Port, src))
	if k.Group != nil {
		ip.Dst = k.Group(target)
	}
	return wire.AppendUDP(b, &ip, &wire.UDP{Src: src, Dst: k.Port}, s.data)
}

func (k nameService) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if errorAbout(s, pkt, wire.ProtoUDP) {
		if pkt.Quote.Dst != k.Port || !s.into(&pkt.Quote, p) {
			return false
		}
		return claimQuote(k, s, pkt, p, r)
	}
	if pkt.Layer != wire.LayerUDP || pkt.IP.Dst != s.Addr || pkt.UDP.Src != k.Port || !s.Ports.Into(pkt.UDP.Dst, p) {
		return false
	}
	p.Target, p.Port = pkt.IP.Src, k.Port
	claimAnswer(pkt, p, r)
	r.UDP = pkt.UDP
	name, ok := k.ReadAnswer(pkt.Payload, k.id(s, p.Target), p.Target)
	if !ok {
		r.Event = Unsolicited
		return true
	}
	r.Name, r.Match = name, true
	return true
}

// judge says how far a quote proves that p was asked.
func (k nameService) judge(s *Source, q *wire.Quote, p *Probe) strength {
	s.scratch = k.Append(s.scratch[:0], s, *p)
	return s.strength(q, p, s.scratch, false)
}

func (k nameService) Classify(p Probe, r *Reply) Verdict {
	switch {
	case r.Event == Answer:
		return Verdict{Up, UDPResponse, true}
	case r.Event == ICMPError && r.Who == Target: // nobody listens there
		return Verdict{Up, errorReason(r.ICMP.Msg), true}
	}
	return undecided(r, Unknown, Unknown)
}

// groupNameService is one whose questions go to a group.
type groupNameService struct{ nameService }

// Frame implements LinkKind.
func (k groupNameService) Frame(p Probe) (uint16, wire.MAC) {
	group := k.Group(p.Target.WithZone(""))
	if group.Is4() {
		return wire.TypeIPv4, wire.GroupMAC(group)
	}
	return wire.TypeIPv6, wire.GroupMAC(group)
}
