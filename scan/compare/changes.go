package compare

import (
	"strconv"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// aspect is a field that may be changed on the way, as it is shown.
type aspect uint8

const (
	aspectSrc aspect = iota
	aspectSport
	aspectDst
	aspectDport
	aspectIdent // of ICMP, in the place of ports
	aspectTTL
	aspectDSCP
	aspectECN
	aspectID
	aspectDF
	aspectLabel
	aspectLength
	aspectPayload
	aspectSeq
	aspectAck
	aspectFlags
	aspectWindow
	aspectMSS
	aspectWScale
	aspectSackOK
	aspectTime
	aspectEcho
	aspectOptions
	aspects
)

// aspectNames are what records call them. Values of payload and tcp-options are not
// shown.
var aspectNames = [aspects]string{"src", "sport", "dst", "dport", "id", "ttl", "dscp", "ecn", "ip-id", "df", "flow-label", "length", "payload",
	"seq", "ack", "flags", "window", "mss", "wscale", "sackok", "ts", "ts-echo", "tcp-options"}

// aspects are the fields of p as numbers, to be compared; 0: it has none.
func (p *packet) aspects() (v [aspects]uint64) {
	some := func(a aspect, there bool, n uint64) {
		if there {
			v[a] = n + 1
		}
	}
	v[aspectSrc], v[aspectDst] = hashAddr(1, p.src.Addr())|1, hashAddr(1, p.dst.Addr())|1
	if client, _ := p.ends(); p.kind == echo || p.kind == reply {
		v[aspectIdent] = uint64(client.Port()) + 1
	} else {
		v[aspectSport], v[aspectDport] = uint64(p.src.Port())+1, uint64(p.dst.Port())+1
	}
	v[aspectTTL], v[aspectDSCP], v[aspectECN] = uint64(p.ttl)+1, uint64(p.tos>>2)+1, uint64(p.tos&3)+1
	some(aspectID, p.src.Addr().Is4(), uint64(p.id))
	some(aspectDF, p.src.Addr().Is4(), bitOf(p.df))
	some(aspectLabel, !p.src.Addr().Is4(), uint64(p.label))
	some(aspectLength, p.kind != refusal, uint64(p.size))
	v[aspectPayload] = p.sum
	if p.proto != wire.ProtoTCP || p.kind == refusal {
		return v
	}
	v[aspectSeq], v[aspectFlags], v[aspectWindow] = uint64(p.seq)+1, uint64(p.flags)+1, uint64(p.window)+1
	some(aspectAck, p.flags&wire.ACK != 0, uint64(p.ack))
	o := &p.options
	some(aspectMSS, o.has&hasMSS != 0, uint64(o.mss))
	some(aspectWScale, o.has&hasWScale != 0, uint64(o.wscale))
	some(aspectSackOK, o.has&hasSackOK != 0, 0)
	some(aspectTime, o.has&hasTime != 0, uint64(o.val))
	some(aspectEcho, o.has&hasTime != 0, uint64(o.echo))
	v[aspectOptions] = uint64(o.order)
	return v
}

// differ calls f for each field in which got is not what was sent.
func differ(sent, got *packet, f func(a aspect, before, after uint64)) {
	a, b := sent.aspects(), got.aspects()
	for i := range aspects {
		switch {
		case a[i] == b[i]:
		case sent.kind == stream && sent.size != got.size && i > aspectECN:
			// It was cut, or put together, by a network card: nobody changed it.
		case i == aspectPayload && (a[i] == 0 || b[i] == 0):
			// One of the captures has not kept it.
		case i == aspectOptions && sent.options.has != got.options.has && sent.options.others == got.options.others:
			// Which of those with a name are there is shown one by one.
		default:
			f(i, a[i], b[i])
		}
	}
}

// changes are the fields in which got is not what was sent.
func changes(sent, got *packet) (list []report.Change) {
	differ(sent, got, func(a aspect, before, after uint64) {
		list = append(list, report.Change{Field: aspectNames[a], Sent: sent.text(a, before), Seen: got.text(a, after)})
	})
	return list
}

// text is a value of aspects for people; "": there is none.
func (p *packet) text(a aspect, v uint64) string {
	if v == 0 {
		return ""
	}
	switch a {
	case aspectSrc:
		return p.src.Addr().String()
	case aspectDst:
		return p.dst.Addr().String()
	case aspectDSCP:
		return wire.DSCPName(uint8(v - 1))
	case aspectECN:
		return wire.ECNName(uint8(v - 1))
	case aspectPayload, aspectOptions:
		return ""
	case aspectSackOK:
		return "yes"
	case aspectDF:
		if v == 1 {
			return "no"
		}
		return "yes"
	case aspectFlags:
		return wire.FlagsText(uint8(v - 1))
	}
	return strconv.FormatUint(v-1, 10)
}

func bitOf(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
