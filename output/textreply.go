package output

import (
	"net/netip"
	"strconv"
	"strings"

	"sonde/probe/field"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// fieldWidth is the column at which a field's value starts.
const fieldWidth = 22

// appendReply writes every field of an answer, one a line (-v): those that can be chosen of
// a packet of ours as the same table has them, and called as their flags are.
func appendReply(b []byte, r *report.Packet) []byte {
	if r.Try > 0 {
		b = fieldUint(b, "answers try", uint64(r.Try))
	}
	if r.MAC != (wire.MAC{}) {
		b = append(appendMAC(named(b, "mac"), r.MAC), '\n')
	}
	if !r.IP.Src.IsValid() {
		return b
	}
	b = appendHeaders(b, "", &wire.Packet{IP: r.IP, Layer: r.Layer, TCP: r.TCP, UDP: r.UDP, ICMP: r.ICMP}, r.Seen())
	if r.Layer == wire.LayerUDP {
		b = fieldUint(b, "data-length", uint64(r.Size))
		b = fieldBool(b, "matches", r.Match)
	}
	if r.Quote.Len > 0 {
		b = appendQuote(b, &r.Quote)
	}
	return b
}

// appendQuote writes what an ICMP error quotes of our packet, as far as it goes.
func appendQuote(b []byte, q *wire.Quote) []byte {
	const in = "quote."
	b = fieldUint(b, in+"bytes", uint64(q.Len))
	p := wire.Packet{IP: q.IP}
	if q.HasTCP {
		p.Layer, p.TCP = wire.LayerTCP, q.TCP
	}
	b = appendHeaders(b, in, &p, q.IP.Dst.IsValid())
	if !q.HasTCP && q.HasPorts {
		b = fieldUint(b, in+"source-port", uint64(q.Src))
		b = fieldUint(b, in+"port", uint64(q.Dst))
	}
	if !q.HasTCP && q.HasSeq {
		b = fieldUint(b, in+"seq", uint64(q.Seq))
	}
	if !q.HasTCP && q.HasSum {
		b = fieldHex(b, in+"checksum", uint64(q.Sum))
	}
	if q.MPLSLen > 0 {
		b = append(appendLabels(named(b, in+"mpls"), q.Labels()), '\n')
	}
	return b
}

// appendHeaders writes the headers of a packet: what no flag chooses, and then the rows of
// the table. whole says that all of them were seen; of what a kernel's socket heard only
// some fields of the IP header are known, and the port.
func appendHeaders(b []byte, in string, p *wire.Packet, whole bool) []byte {
	b = fieldAddr(b, in+"source", p.IP.Src)
	b = fieldAddr(b, in+"destination", p.IP.Dst)
	b = fieldUint(b, in+"protocol", uint64(p.IP.Proto))
	if whole {
		b = fieldUint(b, in+"length", uint64(p.IP.Len))
		switch p.Layer {
		case wire.LayerTCP:
			b = fieldUint(b, in+"port", uint64(p.TCP.Dst))
			b = fieldHex(b, in+"checksum", uint64(p.TCP.Sum))
		case wire.LayerUDP:
			b = fieldUint(b, in+"port", uint64(p.UDP.Dst))
			b = fieldHex(b, in+"checksum", uint64(p.UDP.Sum))
		}
	}
	shown := *p
	if shown.Layer == wire.LayerNone { // of a quote that shows no more
		shown.Layer = wire.LayerICMP
	}
	for _, f := range field.All() {
		heard := f.Name == "tos" || f.Name == "dscp" || f.Name == "ecn" || f.Name == "ttl" || f.Name == "source-port" && p.Layer == wire.LayerUDP
		if f.Read == nil || strings.HasPrefix(f.Name, "data") || !whole && !heard {
			continue
		}
		if value, ok := f.Read(&shown); ok {
			b = append(append(named(b, in+f.Name), value...), '\n')
		}
	}
	if p.Layer == wire.LayerICMP {
		b = appendICMPFields(b, &p.ICMP)
	}
	return b
}

func appendICMPFields(b []byte, m *wire.ICMP) []byte {
	b = fieldUint(b, "icmp.type", uint64(m.Type))
	b = fieldUint(b, "icmp.code", uint64(m.Code))
	if report.HasID(m.Msg) {
		b = fieldUint(b, "icmp.id", uint64(m.ID))
		return fieldUint(b, "icmp.seq", uint64(m.Seq))
	}
	return fieldHex(b, "icmp.info", uint64(m.Info))
}

func named(b []byte, name string) []byte { return padTo(append(b, "  "...), name, fieldWidth) }

func fieldUint(b []byte, name string, v uint64) []byte {
	return append(strconv.AppendUint(named(b, name), v, 10), '\n')
}

func fieldHex(b []byte, name string, v uint64) []byte {
	return append(strconv.AppendUint(append(named(b, name), "0x"...), v, 16), '\n')
}

func fieldBool(b []byte, name string, v bool) []byte {
	return append(strconv.AppendBool(named(b, name), v), '\n')
}

func fieldAddr(b []byte, name string, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	return append(appendAddr(named(b, name), a), '\n')
}

func appendMAC(b []byte, m wire.MAC) []byte {
	for i, c := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return b
}
