package output

import (
	"encoding/hex"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// reply writes the fields of the answer: {"try","mac","ip","tcp"|"icmp"|"udp",
// "quote"}.
func (l *line) reply(p *report.Packet) {
	l.open("reply")
	l.some("try", uint64(p.Try))
	l.mac("mac", p.MAC)
	if p.IP.Src.IsValid() {
		l.ip(&p.IP)
	}
	switch p.Layer {
	case wire.LayerTCP:
		if p.Seen() {
			l.tcp(&p.TCP)
		}
	case wire.LayerICMP:
		l.icmp(&p.ICMP)
	case wire.LayerUDP:
		l.open("udp")
		l.num("src_port", uint64(p.UDP.Src))
		if p.Seen() {
			l.num("dst_port", uint64(p.UDP.Dst))
			l.num("len", uint64(p.UDP.Len))
			l.num("checksum", uint64(p.UDP.Sum))
		}
		l.num("payload", uint64(p.Size))
		l.bool("matches", p.Match)
		l.shut()
	}
	if p.Quote.Len > 0 {
		l.quoted(&p.Quote)
	}
	l.shut()
}

func (l *line) ip(ip *wire.IP) {
	l.open("ip")
	l.addr("src", ip.Src)
	l.addr("dst", ip.Dst)
	l.num("proto", uint64(ip.Proto))
	l.num("ttl", uint64(ip.TTL))
	l.num("tos", uint64(ip.TOS))
	if ip.Dst.IsValid() {
		if ip.Src.Is4() {
			l.num("id", uint64(ip.ID))
			l.bool("df", ip.DF)
		} else {
			l.num("flow", uint64(ip.Flow))
		}
		l.num("len", uint64(ip.Len))
	}
	l.shut()
}

func (l *line) tcp(t *wire.TCP) {
	l.open("tcp")
	l.num("seq", uint64(t.Seq))
	l.num("ack", uint64(t.Ack))
	l.key("flags")
	l.b = append(wire.AppendFlags(append(l.b, '"'), t.Flags), '"')
	l.num("window", uint64(t.Window))
	l.key("options")
	l.b = append(wire.AppendOptions(append(l.b, '"'), t.Options()), '"')
	if !exactOptions(t.Options()) {
		l.key("options_hex")
		l.b = append(hex.AppendEncode(append(l.b, '"'), t.Options()), '"')
	}
	l.num("src_port", uint64(t.Src))
	l.num("dst_port", uint64(t.Dst))
	l.num("checksum", uint64(t.Sum))
	l.num("urgent", uint64(t.Urgent))
	l.shut()
}

// exactOptions tells whether wire.ParseOptions makes the same bytes again of what
// wire.AppendOptions writes: it pads with zeros to the next multiple of 4, but
// there may be more of them, behind the end of the options.
func exactOptions(opts []byte) bool {
	if len(opts)%4 != 0 {
		return false
	}
	for rest := opts; len(rest) > 0; {
		kind, _, next, ok := wire.NextOption(rest)
		if !ok {
			return true // to the end raw
		}
		if kind == wire.OptEOL {
			return len(rest) <= 4 || !zeros(rest)
		}
		rest = next
	}
	return true
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func (l *line) icmp(m *wire.ICMP) {
	l.open("icmp")
	l.num("type", uint64(m.Type))
	l.num("code", uint64(m.Code))
	if report.HasID(m.Msg) {
		l.num("id", uint64(m.ID))
		l.num("seq", uint64(m.Seq))
	} else {
		l.num("info", uint64(m.Info))
	}
	l.shut()
}

func (l *line) quoted(q *wire.Quote) {
	l.open("quote")
	l.num("bytes", uint64(q.Len))
	l.ip(&q.IP)
	if q.HasPorts {
		l.num("src_port", uint64(q.Src))
		l.num("dst_port", uint64(q.Dst))
	}
	if q.HasSeq {
		l.num("seq", uint64(q.Seq))
	}
	if q.HasSum {
		l.num("checksum", uint64(q.Sum))
	}
	if q.HasTCP {
		l.tcp(&q.TCP)
	}
	l.mpls(q.Labels())
	l.shut()
}
