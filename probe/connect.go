package probe

import "sonde/probe/wire"

// Connect lets the kernel complete the handshake: no privilege, no packet of
// our own. It calls a port closed only for a RST: an ICMP error in the socket's
// error queue is what it is.
var Connect = Register(Entry{Kind: connect{}, Scan: "T"})

type connect struct{}

func (connect) Name() string   { return "connect" }
func (connect) Doc() string    { return "TCP connect by the kernel: no privileges needed" }
func (connect) Asks() string   { return "connect" }
func (connect) Proto() string  { return "tcp" }
func (connect) Class() Class   { return ClassTCP }
func (connect) Traits() Traits { return Traits{Handshake: true} }
func (connect) Socket() Socket { return SocketConnect }

func (connect) Classify(p Probe, r *Reply) Verdict {
	switch {
	case r.Event != Answer:
		return undecided(r, Filtered, Filtered)
	case r.TCP.Flags&wire.RST != 0:
		return Verdict{Closed, ConnRefused, true}
	}
	return Verdict{Open, SynAck, true}
}
