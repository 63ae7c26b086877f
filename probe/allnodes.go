package probe

import (
	"net/netip"

	"sonde/probe/wire"
)

// AllNodes asks everybody on a link at once: an echo request to the group of all nodes
// (RFC 4291 §2.7.1), which no router passes on. Everybody answers for itself.
//
// AllNodesOption is the same with an option that nobody knows, which even those must
// refuse, by an ICMP error that quotes it, who answer no echo requests to groups (RFC
// 4443 §2.4 (e.3)).
//
// There is no MLD query here: who sends one, from the lowest address on the link, takes
// the part of the router that has to ask (RFC 3810 §7.6.2).
var (
	AllNodes       Kind = newAllNodes("all-nodes", 'N', false)
	AllNodesOption Kind = newAllNodes("all-nodes-option", 'O', true)
)

// AllNodesGroup is whom they ask, on a link that its zone names.
func AllNodesGroup(zone string) netip.Addr { return allNodesGroup.WithZone(zone) }

// allNodesGroup is also where neighbours say something unbidden, and some answer all the
// same (RFC 4861 §7.2.4, §7.2.6).
var allNodesGroup = netip.IPv6LinkLocalAllNodes()

type allNodes struct {
	*query
	option bool
}

func newAllNodes(name string, salt uint8, option bool) allNodes {
	return allNodes{&query{
		name: name, doc: "ICMPv6 echo request to everybody on the link", asks: "echo request to all nodes", salt: salt,
		request: wire.EchoRequest, reply: wire.EchoReply, reason: EchoReply, appendPayload: appendEcho, same: 8,
	}, option}
}

func (allNodes) Traits() Traits { return Traits{Group: true} }

// Frame implements LinkKind.
func (allNodes) Frame(p Probe) (uint16, wire.MAC) {
	return wire.TypeIPv6, wire.GroupMAC(p.Target.WithZone(""))
}

// Append writes a packet with hop limit 1: it is for the link alone.
func (k allNodes) Append(b []byte, s *Source, p Probe) []byte {
	start := len(b)
	p.TTL = 1
	b = k.query.Append(b, s, p)
	if k.option {
		b = wire.InsertUnknownOption(b, start)
	}
	return b
}

// Claim finds in an answer, from whomever, what was sent to the group.
func (k allNodes) Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool {
	if pkt.Layer != wire.LayerICMP || pkt.IP.Dst != s.Addr || s.Addr.Is4() {
		return false
	}
	if k.option != (pkt.Quote.Len > 0) {
		return false
	}
	if k.option {
		if pkt.Quote.IP.Dst != allNodesGroup || !k.query.Claim(s, pkt, p, r) {
			return false
		}
	} else {
		if pkt.ICMP.Msg != k.reply {
			return false
		}
		p.Target = allNodesGroup
		if k.identify(s, pkt.ICMP.ID, pkt.ICMP.Seq, pkt.Payload, p) < strong {
			return false // some other program's
		}
		claimAnswer(pkt, p, r)
		r.ICMP = pkt.ICMP
	}
	r.MAC = pkt.MAC
	if !pkt.IP.Src.IsLinkLocalUnicast() { // it may come from anywhere
		r.Event = Unsolicited
	}
	return true
}

// Classify says what an answer means for who gave it. The option is refused by who has
// received it: that is an answer, too.
func (k allNodes) Classify(p Probe, r *Reply) Verdict {
	switch {
	case r.Event == Answer:
		return Verdict{Up, k.reason, true}
	case k.option && r.Event == ICMPError && r.ICMP.Msg == wire.ParamProblem:
		return Verdict{Up, ParamProblem, true}
	}
	return undecided(r, Unknown, Unknown)
}
