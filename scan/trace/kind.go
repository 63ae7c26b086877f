package trace

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// traced makes a kind whose time-exceeded errors are answers: they are what a
// trace asks for. Every answer is final, since each question is asked once.
func traced(k probe.Kind) probe.Kind {
	p, packets := k.(probe.PacketKind)
	s, sockets := k.(probe.SocketKind)
	switch {
	case packets && sockets:
		return both{p, s}
	case packets:
		return packetHop{p}
	case sockets:
		return socketHop{s}
	}
	return k
}

type packetHop struct{ probe.PacketKind }

func (h packetHop) Classify(p probe.Probe, r *probe.Reply) probe.Verdict {
	return final(h.PacketKind, p, r)
}

type socketHop struct{ probe.SocketKind }

func (h socketHop) Classify(p probe.Probe, r *probe.Reply) probe.Verdict {
	return final(h.SocketKind, p, r)
}

type both struct {
	probe.PacketKind
	socket probe.SocketKind
}

func (h both) Socket() probe.Socket { return h.socket.Socket() }

func (h both) Classify(p probe.Probe, r *probe.Reply) probe.Verdict {
	return final(h.PacketKind, p, r)
}

func final(k probe.Kind, p probe.Probe, r *probe.Reply) probe.Verdict {
	v := k.Classify(p, r)
	if r.Event == probe.ICMPError && (r.ICMP.Msg == wire.TimeExceeded || r.ICMP.Msg.IsError()) {
		v.Final = true
	}
	return v
}
