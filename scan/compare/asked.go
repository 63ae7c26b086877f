package compare

// asked knows who asked in which flow, of those that had a packet lately.
type asked struct{ by, before map[flowKey]bool }

const askedMost = 1 << 15

// there tells whether p goes from who asked to who is asked.
func (a *asked) there(p *packet) bool {
	if p.kind == echo || p.kind == reply || p.kind == refusal {
		return p.kind == echo
	}
	forward := keyOf(p, true)
	backward := forward.turned()
	switch {
	case p.kind == syn || p.kind == synAck:
		// It tells by itself.
	case a.by[forward] || a.before[forward]:
		return true
	case a.by[backward] || a.before[backward]:
		return false
	}
	if a.by == nil || len(a.by) >= askedMost {
		a.by, a.before = map[flowKey]bool{}, a.by
	}
	there := asks(p)
	if !there {
		forward, backward = backward, forward
	}
	a.by[forward] = true
	delete(a.by, backward)
	return there
}

// flowKey names a flow in one file: who asked whom, by which protocol. It is bytes alone,
// to be found fast.
type flowKey struct {
	client, server         [16]byte
	clientPort, serverPort uint16
	proto                  uint8
}

// keyOf is the key of p's flow if p goes there, or if it does not.
func keyOf(p *packet, there bool) flowKey {
	client, server := p.src, p.dst
	if !there {
		client, server = server, client
	}
	return flowKey{client.Addr().As16(), server.Addr().As16(), client.Port(), server.Port(), p.proto}
}

// turned is the key of the flow in which the other one asked.
func (k flowKey) turned() flowKey {
	return flowKey{k.server, k.client, k.serverPort, k.clientPort, k.proto}
}

// wellKnown is the end of the ports that servers have. Clients have others, behind a NAT
// any of them.
const wellKnown = 1024

// asks tells of a packet that is the first of its flow whether it is of who asked.
func asks(p *packet) bool {
	switch p.kind {
	case syn, echo:
		return true
	case synAck, reply, refusal:
		return false
	}
	src, dst := p.src.Port(), p.dst.Port()
	if src < wellKnown && dst >= wellKnown {
		return false // it was captured from the middle on
	}
	return true
}
