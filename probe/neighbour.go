package probe

import (
	"net/netip"

	"sonde/probe/wire"
)

// Neighbour asks who has an address on the link: ARP (RFC 826) for IPv4, a
// neighbour solicitation (RFC 4861 §4.3) for IPv6. Nothing in the answer is
// secret, so it counts only for an address that was asked, within the wait.
var Neighbour = Register(Entry{Kind: neighbour{}, Ping: "R"})

type neighbour struct{}

func (neighbour) Name() string  { return "neighbour" }
func (neighbour) Doc() string   { return "ARP or ND: who has this address on the link" }
func (neighbour) Asks() string  { return "ARP or ND request" }
func (neighbour) Proto() string { return "" }
func (neighbour) Class() Class  { return ClassLink }

func (neighbour) Traits() Traits { return Traits{Link: true} }

func (neighbour) Frame(p Probe) (uint16, wire.MAC) {
	if p.Target.Is4() {
		return wire.TypeARP, wire.Broadcast
	}
	_, mac := wire.SolicitedNode(p.Target)
	return wire.TypeIPv6, mac
}

func (neighbour) Append(b []byte, s *Source, p Probe) []byte {
	target := p.Target.WithZone("")
	if target.Is4() {
		sender := s.Own
		if !sender.Is4() {
			sender = netip.IPv4Unspecified() // an ARP probe, RFC 5227 §2.1.1
		}
		return wire.AppendARP(b, &wire.ARP{Op: 1, SenderMAC: s.MAC, SenderIP: sender, TargetIP: target})
	}
	group, _ := wire.SolicitedNode(target)
	ip := wire.IP{Src: s.Own, Dst: group, Proto: wire.ProtoICMPv6, TTL: 255}
	return wire.AppendND(b, &ip, &wire.ND{Target: target, MAC: s.MAC, HasMAC: true}, true)
}

func (neighbour) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	switch {
	case pkt.Layer == wire.LayerARP && pkt.ARP.Op == 2: // whomever it names as the asker, RFC 826
		p.Target, r.MAC = pkt.ARP.SenderIP, pkt.ARP.SenderMAC
	case pkt.Layer == wire.LayerICMP && pkt.ICMP.Msg == wire.Advertisement && pkt.IP.TTL == 255 &&
		(pkt.IP.Dst == s.Own || pkt.IP.Dst == allNodesGroup):
		p.Target, r.MAC = pkt.ND.Target, pkt.ND.MAC
		if !pkt.ND.HasMAC { // RFC 4861 §7.2.4 lets unicast answers leave it out
			r.MAC = pkt.MAC
		}
	default:
		return false
	}
	r.Event, r.Who, r.From, r.Layer, r.IP = Answer, Target, p.Target, pkt.Layer, pkt.IP
	if pkt.Layer == wire.LayerICMP {
		r.ICMP = pkt.ICMP
	}
	return true
}

func (neighbour) Classify(p Probe, r *Reply) Verdict {
	switch {
	case r.Event == Answer && p.Target.Is4():
		return Verdict{Up, ARPReply, true}
	case r.Event == Answer:
		return Verdict{Up, NDReply, true}
	case r.Event == Silence:
		return Verdict{Down, ReasonNoNeighbour, false}
	}
	return undecided(r, Unknown, Down)
}
