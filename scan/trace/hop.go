package trace

import (
	"net/netip"
	"slices"
	"time"

	"sonde/probe"
	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan"
)

// Hop is what is known of one hop.
type Hop struct {
	TTL      uint8
	From     netip.Addr // who answered; zero: nobody
	Reached  bool       // the target answered here: Reason is what it said
	Ends     bool       // a router ended the way here: Reason is what it said
	Reason   probe.Reason
	Refused  probe.Reason // what a router said who refused, where Reason is something else; NoResponse: none did
	Errno    uint16       // why this machine could not ask, with probe.ReasonLocalError; 0: not known
	Sent     uint32
	Received uint32
	Min, Max time.Duration // round-trip times, where Timed > 0
	Total    time.Duration // of all Timed answers
	Timed    uint32
	Quoted   int          // bytes of our packet that it quoted; 0: none
	Quote    wire.Quote   // the longest quote
	AsTo     netip.Addr   // the target of the way that it was found on, where it was not asked on this one
	Others   []netip.Addr // further addresses that answered for this TTL
	Labels   []wire.Label // the MPLS label stack that the first answer with one told of
	// Echoes are what the target's answer shows of our packet.
	Echoes field.Echoes
	// Readings say what became of each field of our packet, as Quote shows it.
	Readings []field.Reading
	// QuotedSrc and QuotedDst are the addresses of our packet as it is quoted, where a
	// NAT has changed one; else zero.
	QuotedSrc, QuotedDst netip.Addr

	voices []voice
	raw    raw
	left   left
}

// left are the TTLs that were left of the latest answers when they came; 0: none came.
type left struct {
	tcp     uint8 // of one by TCP
	target  uint8 // of the target's
	expired uint8 // of the word that the packet had expired
}

// raw is what answers carry, as bytes.
type raw struct {
	quoted    []byte // of our packet, the longest
	sent      []byte // that packet
	extension []byte // of the first answer that had one
}

// voice is somebody who answered for a TTL, by what he said.
type voice struct {
	from   netip.Addr
	reason probe.Reason
	says   saying
}

// saying is what an answer says about the way.
type saying uint8

const (
	expired saying = iota // the packet got there, and its TTL did not suffice to go on
	refused               // it got there, and was not passed on
	dropped               // the same in words of a host: it may be the target, by another address
	arrived               // the target itself
)

// saysOf tells what a reply to a packet of the kind asked says about the way to target.
func saysOf(target netip.Addr, asked probe.Kind, r *probe.Reply) saying {
	switch {
	case r.Event == probe.Answer: // it has the proof, whatever its address
		return arrived
	case r.ICMP.Msg == wire.TimeExceeded:
		return expired
	case r.From == target.WithZone(""):
		return arrived
	case ofHost(asked, r):
		return dropped
	}
	return refused
}

// ofHost tells whether an error is one that only the host sends that the packet was for:
// routers send others (RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1, RFC 4443 §3.1, §3.4). A port
// unreachable counts only if UDP was asked: firewalls send it for any packet, in their own
// name.
func ofHost(asked probe.Kind, r *probe.Reply) bool {
	switch r.ICMP.Msg {
	case wire.PortUnreach:
		return asked.Traits().Datagram
	case wire.ProtoUnreach:
		return true
	case wire.ParamProblem:
		return r.IP.Src.Is6() && r.ICMP.Code == 1 // unrecognized next header
	}
	return false
}

// has tells whether somebody said this.
func (h *Hop) has(says saying) bool {
	return slices.ContainsFunc(h.voices, func(v voice) bool { return v.says == says })
}

// first is the first voice that said this; nil: nobody did.
func (h *Hop) first(says saying) *voice {
	for i := range h.voices {
		if h.voices[i].says == says {
			return &h.voices[i]
		}
	}
	return nil
}

// stops tells whether all who answered refused.
func (h *Hop) stops() bool { return len(h.voices) > 0 && !h.has(expired) && !h.has(arrived) }

// result adds what became of a question, which left as sent; nil: that is not known.
func (h *Hop) result(r *scan.Result, says saying, sent []byte) {
	if r.Tries > 0 {
		h.Sent++
	}
	if r.Reply.Event != probe.Answer && r.Reply.Event != probe.ICMPError {
		if h.Received == 0 {
			h.Reason, h.Errno = r.Verdict.Reason, r.Reply.Errno
		}
		return
	}
	h.answer(&r.Reply, r.Verdict.Reason, says, sent)
	h.time(r.RTT)
}

// answer adds an answer to a packet that left as sent.
func (h *Hop) answer(r *probe.Reply, reason probe.Reason, says saying, sent []byte) {
	h.Received++
	if v := (voice{r.From, reason, says}); !slices.Contains(h.voices, v) {
		h.voices = append(h.voices, v)
	}
	if r.Layer == wire.LayerTCP {
		h.left.tcp = r.IP.TTL
	}
	if says == arrived && r.Event == probe.Answer && h.Echoes.Came == nil && h.Echoes.Unanswered == nil {
		h.echoes(r, sent)
	}
	if len(h.raw.extension) == 0 {
		h.raw.extension = r.Extension
	}
	if says == arrived {
		h.left.target = r.IP.TTL
	}
	if says == expired {
		h.left.expired = r.IP.TTL
	}
	q := &r.Quote
	if q.Len > h.Quoted {
		h.Quoted, h.Quote = q.Len, *q
		h.raw.sent, h.raw.quoted = sent, r.Quoted
	}
	if len(h.Labels) == 0 {
		h.Labels = slices.Clone(q.Labels())
	}
	if r.Moved && !h.QuotedSrc.IsValid() {
		h.QuotedSrc, h.QuotedDst = q.IP.Src, q.IP.Dst
	}
}

// echoes reads from an answer of the target what came of a packet that left as sent.
func (h *Hop) echoes(r *probe.Reply, packet []byte) {
	var sent wire.Excerpt
	if sent.Parse(packet) {
		h.Echoes = field.Answered(&sent, &r.IP, &r.TCP, &r.ICMP)
	}
}

// time adds a round trip, if it is known.
func (h *Hop) time(d time.Duration) {
	if d < 0 {
		return
	}
	if h.Timed == 0 || d < h.Min {
		h.Min = d
	}
	h.Max = max(h.Max, d)
	h.Total += d
	h.Timed++
}

// sum makes of the voices who the hop is, and what it said: the target before a router
// that a packet expired at, and that before one that refused.
func (h *Hop) sum() {
	var v *voice
	for _, says := range []saying{arrived, expired, dropped, refused} {
		if v = h.first(says); v != nil {
			break
		}
	}
	if v == nil {
		return
	}
	h.From, h.Reason, h.Reached = v.from, v.reason, v.says == arrived
	for i := range h.voices {
		o := &h.voices[i]
		if h.Reached && o.says == arrived && o.reason == probe.SynAck {
			h.Reason = probe.SynAck // a RST beside it may be to one SYN too many
		}
		if (o.says == refused || o.says == dropped) && o.reason != h.Reason && h.Refused == probe.NoResponse {
			h.Refused = o.reason
		}
		if o.from != h.From && !slices.Contains(h.Others, o.from) {
			h.Others = append(h.Others, o.from)
		}
	}
}
