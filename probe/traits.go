package probe

// Traits is what a kind is like, as far as anybody beside it must know. Nobody
// outside this package compares kinds or looks at their types to find that out.
// The zero value is a kind that asks the host itself, in both families: silence
// says nothing about it, and its answers are let in by this machine's firewall.
type Traits struct {
	// Handshake: it begins a TCP connection, so that an open port answers SYN-ACK.
	// Only then can a port that nobody uses show that somebody answers for all
	// ports (canaries), and only then is there a handshake to complete (--confirm).
	// See HalfOpen for --rst-guard.
	Handshake bool
	// Options: its packets carry Craft.TCPOptions (--tcp-options).
	Options bool
	// Payload: its packets carry Craft.Data (--data).
	Payload bool
	// Datagram: an open port may leave it unanswered, and a closed one is told of by
	// an ICMP error of the host. So it has to be found out what silence means there.
	Datagram bool
	// Stray: it belongs to no connection. A stateful firewall of this machine may
	// drop the answers, so it has to be sent and heard as link-layer frames, on which
	// such a firewall has no say.
	Stray bool
	// Link: it asks the link itself (ARP, ND), so nothing in it is of IP, and no
	// router passes it on. Such a kind is a LinkKind.
	Link bool
	// Group: it asks a group of hosts, each of which answers for itself, so that a second
	// answer is none too many.
	Group bool
	// OnlyIPv4: IPv6 has nothing like it.
	OnlyIPv4 bool
}

// Packets returns k as the kind that asks by packets of our own; false if only the
// kernel asks by it, or if k is nil.
func Packets(k Kind) (PacketKind, bool) {
	p, ok := k.(PacketKind)
	return p, ok
}

// HalfOpen tells whether k begins connections by packets of our own. Our kernel
// knows nothing of them, so it answers SYN-ACKs by RSTs, which --rst-guard keeps
// back.
func HalfOpen(k Kind) bool {
	_, ours := Packets(k)
	return ours && k.Traits().Handshake
}

// BySocket returns the kind by which the kernel asks without privileges what k
// asks: k itself where it can, and Connect for all others that begin a connection.
// It returns false if there is none, or if k is nil.
func BySocket(k Kind) (SocketKind, bool) {
	if s, ok := k.(SocketKind); ok {
		return s, true
	}
	if k != nil && k.Traits().Handshake {
		return Connect.(SocketKind), true
	}
	return nil, false
}

// WithVerdicts returns a kind that asks as k does and recognises the same answers,
// but has classify say what they mean. classify is given k.
func WithVerdicts(k Kind, classify func(k Kind, p Probe, r *Reply) Verdict) Kind {
	p, packets := k.(PacketKind)
	s, sockets := k.(SocketKind)
	l, link := k.(LinkKind)
	switch {
	case link:
		return &linkVerdicts{l, classify}
	case packets && sockets:
		return &bothVerdicts{packetVerdicts{p, classify}, s}
	case packets:
		return &packetVerdicts{p, classify}
	case sockets:
		return &socketVerdicts{s, classify}
	}
	return k
}

// The kinds of WithVerdicts are pointers, since kinds must be comparable and
// functions are not.
type (
	packetVerdicts struct {
		PacketKind
		classify func(Kind, Probe, *Reply) Verdict
	}
	socketVerdicts struct {
		SocketKind
		classify func(Kind, Probe, *Reply) Verdict
	}
	linkVerdicts struct {
		LinkKind
		classify func(Kind, Probe, *Reply) Verdict
	}
	bothVerdicts struct {
		packetVerdicts
		socket SocketKind
	}
)

func (k *packetVerdicts) Classify(p Probe, r *Reply) Verdict { return k.classify(k.PacketKind, p, r) }
func (k *socketVerdicts) Classify(p Probe, r *Reply) Verdict { return k.classify(k.SocketKind, p, r) }
func (k *linkVerdicts) Classify(p Probe, r *Reply) Verdict   { return k.classify(k.LinkKind, p, r) }

func (k *bothVerdicts) Socket() Socket { return k.socket.Socket() }
