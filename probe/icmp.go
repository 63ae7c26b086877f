package probe

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// errorReason names an ICMP or ICMPv6 error as a reason.
func errorReason(m wire.Message) Reason {
	switch m {
	case wire.NetUnreach:
		return NetUnreach
	case wire.HostUnreach:
		return HostUnreach
	case wire.ProtoUnreach:
		return ProtoUnreach
	case wire.PortUnreach:
		return PortUnreach
	case wire.NetProhibited:
		return NetProhibited
	case wire.HostProhibited:
		return HostProhibited
	case wire.AdminProhibited:
		return AdminProhibited
	case wire.NoRoute:
		return NoRoute
	case wire.AddrUnreach:
		return AddrUnreach
	case wire.BeyondScope:
		return BeyondScope
	case wire.PolicyFail:
		return PolicyFail
	case wire.RejectRoute:
		return RejectRoute
	case wire.TimeExceeded:
		return TimeExceeded
	case wire.ParamProblem:
		return ParamProblem
	case wire.PacketTooBig:
		return PacketTooBig
	}
	return NoResponse
}

// undecided is the verdict of events that say nothing about the target, and
// are the same for every kind. An ICMP error gives state filtered, tentatively;
// silence is the kind's own matter, so it gets the state silent.
func undecided(r *Reply, filtered, silent State) Verdict {
	switch r.Event {
	case ICMPError:
		return Verdict{State: filtered, Reason: errorReason(r.ICMP.Msg)}
	case LocalError:
		return Verdict{State: Unknown, Reason: ReasonLocalError}
	case NoNeighbour:
		return Verdict{State: Unknown, Reason: ReasonNoNeighbour}
	case Deadline:
		return Verdict{State: Unknown, Reason: ReasonDeadline}
	case Unseen:
		return Verdict{State: Unknown, Reason: SpoofedSource}
	}
	return Verdict{State: silent, Reason: NoResponse}
}

// claimError fills r from an ICMP error whose quote proved to be p.
func claimError(pkt *wire.Packet, p *Probe, r *Reply) {
	r.Event, r.From, r.IP = ICMPError, pkt.IP.Src, pkt.IP
	r.Layer, r.ICMP, r.Quote = wire.LayerICMP, pkt.ICMP, pkt.Quote
	r.Try = p.Try
	r.Who = Other
	if r.From == p.Target {
		r.Who = Target
	}
}

// claimAnswer fills what every answer of the target itself has.
func claimAnswer(pkt *wire.Packet, p *Probe, r *Reply) {
	r.Event, r.Who, r.From, r.IP, r.Layer = Answer, Target, pkt.IP.Src, pkt.IP, pkt.Layer
	r.Try, r.Size = p.Try, uint16(len(pkt.Payload))
	if r.From != p.Target {
		r.Who = Other
	}
}

// another tells whether p, which was filled in from a packet, names another address than
// the only target. What has the proof that the target was asked is about the target, too:
// a NAT has changed the address, or the target answers from another of its own.
func (s *Source) another(p *Probe) bool {
	return s.Only.IsValid() && s.Only != p.Target && s.Only.Is4() == p.Target.Is4()
}

// elsewhere is the same of an answer, which only in a trace may come from another address.
func (s *Source) elsewhere(p *Probe) bool { return s.Ports.KeepFlow && s.another(p) }

// transportSum reads the checksum, or another word, at offset off of the transport
// header of a packet that we built: no IPv4 options, no extension headers.
func transportSum(b []byte, off int) uint16 {
	if b[0]>>4 == 4 {
		return binary.BigEndian.Uint16(b[20+off:])
	}
	return binary.BigEndian.Uint16(b[40+off:])
}
