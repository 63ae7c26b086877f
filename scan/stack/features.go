package stack

import (
	"strconv"

	"sonde/fingerprint/stack"
	"sonde/probe"
	"sonde/probe/wire"
)

// Features is what answers say of the stack. Silence says something only where another
// question as odd was answered, so that the way lets such questions through.
func (a *Answers) Features() stack.Features {
	f := stack.Features{}
	if len(a.synAcks) > 0 {
		f = Shape(&a.synAcks[0].reply)
	}
	a.clocks(f)
	a.reversed(f)
	a.resets(f)
	a.odd(f)
	a.icmp(f)
	for name, value := range f {
		if value == "" {
			delete(f, name)
		}
	}
	return f
}

// clocks is what the series of SYN-ACKs tells.
func (a *Answers) clocks(f stack.Features) {
	asks := a.asks()
	if len(asks) == 0 {
		return
	}
	if a.v6 {
		flow := "zero"
		for i := range a.synAcks {
			if a.synAcks[i].reply.IP.Flow != 0 {
				flow = "set"
			}
		}
		f[stack.IPFlow] = flow
	} else {
		f[stack.IPID] = stack.IDClass(asks)
	}
	if !a.guarded {
		f[stack.ClockISN] = stack.ISNClass(asks)
	}
	if _, ts := wire.FindOption(a.synAcks[0].reply.TCP.Options(), wire.OptTimestamp); ts {
		f[stack.ClockTS], f[stack.ClockScope] = stack.Timestamps(asks)
	}
}

// reversed is what the SYN-ACK to the offer in the opposite order tells.
func (a *Answers) reversed(f stack.Features) {
	r := a.changed.tcp()
	if r == nil || !isSynAck(r) {
		return
	}
	f[stack.SynReversed] = Order(r.TCP.Options())
	f[stack.SynECN] = map[uint8]string{0: "no", wire.ECE: "yes", wire.CWR: "cwr", wire.ECE | wire.CWR: "both"}[r.TCP.Flags&(wire.ECE|wire.CWR)]
}

// resets is what the RSTs of the closed port tell.
func (a *Answers) resets(f stack.Features) {
	if r := a.closed.reset(); r != nil {
		f[stack.ResetWindow] = zero(uint32(r.TCP.Window))
		f[stack.ResetTTL] = began(r, f)
		if !a.v6 {
			f[stack.ResetDF] = yes(r.IP.DF)
			f[stack.ResetID] = zero(uint32(r.IP.ID))
		}
	}
	passed := a.toACK.reset() != nil || a.toFPU.reset() != nil || a.none.reset() != nil
	switch r := a.toACK.reset(); {
	case r != nil:
		f[stack.StrayTTL] = began(r, f)
		f[stack.ResetACK] = map[bool]string{true: "RA", false: "R"}[r.TCP.Flags&wire.ACK != 0]
	case passed && a.toACK.silent() && !a.guarded: // on loopback the guard keeps its answer back
		f[stack.ResetACK] = stack.Silent
	}
	switch {
	case a.toFPU.reset() != nil:
		f[stack.ResetFPU] = "rst"
	case passed && a.toFPU.silent():
		f[stack.ResetFPU] = stack.Silent
	}
}

// odd is what the open port makes of segments that begin no connection.
func (a *Answers) odd(f stack.Features) {
	switch none := a.openNone.tcp(); {
	case none != nil && none.TCP.Flags&wire.RST != 0:
		f[stack.OddNull] = "rst"
	case a.openNone.silent() && a.none.reset() != nil:
		f[stack.OddNull] = stack.Silent
	}
	switch every := a.every.tcp(); {
	case every != nil && isSynAck(every):
		f[stack.OddSFPU] = "syn-ack"
	case every != nil && every.TCP.Flags&wire.RST != 0:
		f[stack.OddSFPU] = "rst"
	case a.every.silent() && a.toFPU.reset() != nil && a.none.reset() != nil:
		f[stack.OddSFPU] = stack.Silent
	}
}

// icmp is what the echo reply tells, and the error of a closed UDP port.
func (a *Answers) icmp(f stack.Features) {
	if r := a.echoed.reply; r != nil && r.Event == probe.Answer {
		switch r.ICMP.Code {
		case 0:
			f[stack.EchoCode] = "zero"
		case 9:
			f[stack.EchoCode] = "same"
		default:
			f[stack.EchoCode] = strconv.Itoa(int(r.ICMP.Code))
		}
		f[stack.EchoTTL] = began(r, f)
		if !a.v6 {
			f[stack.EchoDF] = yes(r.IP.DF)
		}
	}
	r := a.closedUDP.reply
	if r == nil || r.Event != probe.ICMPError || r.ICMP.Msg != wire.PortUnreach {
		return
	}
	f[stack.UnreachTTL] = began(r, f)
	if a.v6 {
		return // an error there has as much of the packet as has room in 1280 bytes (RFC 4443 section 3.1)
	}
	f[stack.UnreachTOS], f[stack.UnreachDF] = tosWord(r.IP.TOS&^3), yes(r.IP.DF)
	switch n := r.Quote.Len; n {
	case 20 + 8 + datagram:
		f[stack.UnreachSize] = "all"
	default:
		f[stack.UnreachSize] = strconv.Itoa(n)
	}
}

// began is with which TTL a packet left, beside that of the SYN-ACK.
func began(r *probe.Reply, f stack.Features) string {
	ttl := stack.Began(r.IP.TTL)
	switch f[stack.IPTTL] {
	case "":
		return ""
	case ttl:
		return stack.Alike
	}
	return ttl
}

// zero is the word of a number that is 0 or not.
func zero(n uint32) string {
	if n == 0 {
		return "zero"
	}
	return "set"
}
