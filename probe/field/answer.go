package field

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// Echoes are what an answer of the target tells of the packet that it answers: fields that
// came, but of wscale not with which value, and fields that it would usually answer, and did
// not. These did not come, or were taken out of the answer, or the target does not use them:
// which, the answer does not tell.
type Echoes struct{ Came, Unanswered []string }

// Answered reads from an answer what came of sent. A host has SACK and window scale in a
// SYN-ACK only if the SYN had them, and the SYN's timestamp value (RFC 2018 §2, RFC 7323
// §2.2, §3.2), and ECE without CWR only after ECE with CWR (RFC 3168 §6.1.1). Its MSS is
// what it takes itself, and says nothing of ours (RFC 9293 §3.7.1); the ECN bits of its IP
// header are about the way back. An echo reply has the TOS of its request (RFC 1349 §5.1),
// and its ECN bits prove nothing. ip, and of tcp and icmp that of sent's transport, are the
// answer's.
func Answered(sent *wire.Excerpt, ip *wire.IP, tcp *wire.TCP, icmp *wire.ICMP) (e Echoes) {
	switch {
	case sent.Layer == wire.LayerTCP && tcp.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN|wire.ACK:
		e.handshake(sent, tcp)
	case sent.Layer == wire.LayerICMP && icmp.Msg == wire.EchoReply && sent.IP.TOS>>2 != 0:
		e.note("dscp", ip.TOS>>2 == sent.IP.TOS>>2)
	}
	return e
}

func (e *Echoes) note(name string, came bool) {
	if came {
		e.Came = append(e.Came, name)
	} else {
		e.Unanswered = append(e.Unanswered, name)
	}
}

// handshake reads a SYN-ACK.
func (e *Echoes) handshake(sent *wire.Excerpt, answer *wire.TCP) {
	const setup = wire.ECE | wire.CWR
	if sent.TCP.Flags&(setup|wire.SYN|wire.ACK) == setup|wire.SYN {
		e.note("flags", answer.Flags&setup == wire.ECE)
	}
	for _, o := range [...]struct {
		name string
		kind uint8
	}{{"sackok", wire.OptSackOK}, {"wscale", wire.OptWScale}} {
		if _, offered := wire.FindOption(sent.TCP.Options(), o.kind); offered {
			_, there := wire.FindOption(answer.Options(), o.kind)
			e.note(o.name, there)
		}
	}
	if ours, offered := wire.FindOption(sent.TCP.Options(), wire.OptTimestamp); offered && len(ours) == 8 {
		theirs, there := wire.FindOption(answer.Options(), wire.OptTimestamp)
		e.note("ts", there && len(theirs) == 8 && binary.BigEndian.Uint32(theirs[4:]) == binary.BigEndian.Uint32(ours))
	}
}
