package stack

import (
	"encoding/hex"
	"slices"
	"strconv"

	"sonde/fingerprint/stack"
	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan"
)

// Answers are what a host answered to the questions of Run: of each the packet, or that it
// stayed silent.
type Answers struct {
	v6, guarded bool

	synAcks []timed // to the offer, as they came
	changed answer  // to the offer in the opposite order, with ECE and CWR
	every   answer  // of the open port, to SYN, FIN, PSH and URG

	closed, toACK, toFPU answer // of the closed port, to SYN, ACK, and FIN, PSH and URG
	none, openNone       answer // of the closed and the open port, to no flag

	echoed, closedUDP answer
}

// answer is what became of a question: nothing yet, a reply or silence.
type answer struct {
	asked bool
	reply *probe.Reply // nil: silence
}

// timed is a SYN-ACK of one of the connections whose clocks are looked at.
type timed struct {
	flow  int
	reply probe.Reply
}

// take notes what became of a question. What this machine could not ask is not asked.
func (a *answer) take(r *scan.Result) {
	switch r.Reply.Event {
	case probe.Answer, probe.ICMPError:
		if r.Reply.Who == probe.Target && !r.Reply.Weak {
			reply := r.Reply
			a.asked, a.reply = true, &reply
		}
	case probe.Silence:
		a.asked = r.Reply.Unproven == 0 // replies that prove nothing are not silence
	}
}

// silent tells whether a question was asked and not answered.
func (a *answer) silent() bool { return a.asked && a.reply == nil }

// tcp is the answer's segment, if it is one.
func (a *answer) tcp() *probe.Reply {
	if a.reply == nil || a.reply.Event != probe.Answer || a.reply.Layer != wire.LayerTCP {
		return nil
	}
	return a.reply
}

// reset is the answer if it is a RST.
func (a *answer) reset() *probe.Reply {
	if r := a.tcp(); r != nil && r.TCP.Flags&wire.RST != 0 {
		return r
	}
	return nil
}

func (a *Answers) clock(r *scan.Result) {
	if r.Reply.Event == probe.Answer && isSynAck(&r.Reply) {
		a.synAcks = append(a.synAcks, timed{int(r.Probe.Flow), r.Reply})
	}
}

func (a *Answers) variant(r *scan.Result) {
	if r.Probe.Variant == variantReversed {
		a.changed.take(r)
	} else {
		a.every.take(r)
	}
}

func (a *Answers) stray(r *scan.Result, open uint16) {
	switch r.Probe.Kind {
	case askSYN:
		a.closed.take(r)
	case askACK:
		a.toACK.take(r)
	case askFPU:
		a.toFPU.take(r)
	case askNone:
		if r.Probe.Port == open {
			a.openNone.take(r)
		} else {
			a.none.take(r)
		}
	}
}

func (a *Answers) echo(r *scan.Result) { a.echoed.take(r) }

func (a *Answers) unreach(r *scan.Result) {
	if r.Reply.Event != probe.Silence {
		a.closedUDP.take(r)
	}
}

// Heard is how many questions were answered.
func (a *Answers) Heard() (n int) {
	for _, one := range []*answer{&a.changed, &a.every, &a.closed, &a.toACK, &a.toFPU, &a.none, &a.openNone, &a.echoed, &a.closedUDP} {
		if one.reply != nil {
			n++
		}
	}
	return n + len(a.synAcks)
}

// isSynAck tells whether a reply accepts a connection.
func isSynAck(r *probe.Reply) bool {
	return r.Layer == wire.LayerTCP && r.TCP.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN|wire.ACK
}

// Shape is what one SYN-ACK tells to the offer of Run, which is what a port scan offers
// where the user does not choose.
func Shape(r *probe.Reply) stack.Features {
	f := stack.Features{}
	if !isSynAck(r) || !r.IP.Src.IsValid() {
		return f
	}
	mss, scale, ts := uint16(0), 0, false
	if v, ok := wire.FindOption(r.TCP.Options(), wire.OptMSS); ok && len(v) == 2 {
		mss = uint16(v[0])<<8 | uint16(v[1])
	}
	if v, ok := wire.FindOption(r.TCP.Options(), wire.OptWScale); ok && len(v) == 1 {
		scale = int(v[0])
		f[stack.SynScale] = strconv.Itoa(scale)
	}
	_, ts = wire.FindOption(r.TCP.Options(), wire.OptTimestamp)
	f[stack.SynOptions] = Order(r.TCP.Options())
	f[stack.SynWindow] = stack.Window(r.TCP.Window, mss, scale, ts)
	f[stack.IPTTL] = stack.Began(r.IP.TTL)
	if r.IP.Src.Is4() {
		f[stack.IPDF] = yes(r.IP.DF)
	}
	return f
}

// Order is the order of options, a letter each: M for the MSS, S SACK, T timestamps, W
// window scale, N NOP, L each byte of the end of the list, ? all others; "none" for none.
func Order(options []byte) string {
	if len(options) == 0 {
		return "none"
	}
	var b []byte
	for len(options) > 0 {
		size := 1
		switch kind := options[0]; kind {
		case wire.OptEOL:
			b = append(b, 'L')
		case wire.OptNOP:
			b = append(b, 'N')
		default:
			letter, ok := letters[kind]
			if !ok {
				letter = '?'
			}
			b = append(b, letter)
			if len(options) < 2 || options[1] < 2 || int(options[1]) > len(options) {
				return string(append(b, '!')) // malformed
			}
			size = int(options[1])
		}
		options = options[size:]
	}
	return string(b)
}

var letters = map[byte]byte{wire.OptMSS: 'M', wire.OptSackOK: 'S', wire.OptTimestamp: 'T', wire.OptWScale: 'W'}

// yes is the word of a flag.
func yes(flag bool) string {
	if flag {
		return "yes"
	}
	return "no"
}

// asks are the SYN-ACKs in the order of their coming, each sequence number once: a host
// that repeats its SYN-ACK tells no new one.
func (a *Answers) asks() (list []stack.Ask) {
	for i := range a.synAcks {
		r := &a.synAcks[i].reply
		ask := stack.Ask{Flow: a.synAcks[i].flow, At: r.At, ISN: r.TCP.Seq, ID: r.IP.ID}
		if v, ok := wire.FindOption(r.TCP.Options(), wire.OptTimestamp); ok && len(v) == 8 {
			ask.TS = uint32(v[0])<<24 | uint32(v[1])<<16 | uint32(v[2])<<8 | uint32(v[3])
		}
		list = append(list, ask)
	}
	slices.SortFunc(list, func(x, y stack.Ask) int { return int(x.At - y.At) })
	return list
}

// tosWord is a TOS byte as rows have it: "c0".
func tosWord(tos uint8) string {
	if tos == 0 {
		return "0"
	}
	return hex.EncodeToString([]byte{tos})
}

// TTL is that of the first SYN-ACK, as it came; 0: there was none.
func (a *Answers) TTL() uint8 {
	if len(a.synAcks) == 0 {
		return 0
	}
	return a.synAcks[0].reply.IP.TTL
}

// Refused tells whether the closed port answered by a RST.
func (a *Answers) Refused() bool { return a.closed.reset() != nil }
