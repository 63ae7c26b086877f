package output

import (
	"net/netip"
	"strconv"

	"sonde/probe"
	"sonde/probe/wire"
)

// fieldWidth is the column at which a field's value starts.
const fieldWidth = 22

// appendReply writes every field of an answer, one a line (-v).
func appendReply(b []byte, r *probe.Reply) []byte {
	if r.Try > 0 {
		b = fieldUint(b, "answers try", uint64(r.Try))
	}
	if r.MAC != (wire.MAC{}) {
		b = append(appendMAC(field(b, "mac"), r.MAC), '\n')
	}
	if r.IP.Src.IsValid() {
		b = appendIPFields(b, "ip.", &r.IP)
	}
	switch r.Layer {
	case wire.LayerTCP:
		if seen(r) {
			b = appendTCPFields(b, "tcp.", &r.TCP)
		}
	case wire.LayerICMP:
		b = appendICMPFields(b, &r.ICMP)
	case wire.LayerUDP:
		b = fieldUint(b, "udp.src_port", uint64(r.UDP.Src))
		if seen(r) {
			b = fieldUint(b, "udp.dst_port", uint64(r.UDP.Dst))
			b = fieldUint(b, "udp.len", uint64(r.UDP.Len))
			b = fieldHex(b, "udp.checksum", uint64(r.UDP.Sum))
		}
		b = fieldUint(b, "udp.payload", uint64(r.Size))
		b = fieldBool(b, "udp.matches", r.Match)
	}
	if q := &r.Quote; q.Len > 0 {
		b = fieldUint(b, "quote.bytes", uint64(q.Len))
		b = appendIPFields(b, "quote.ip.", &q.IP)
		if q.HasPorts {
			b = fieldUint(b, "quote.src_port", uint64(q.Src))
			b = fieldUint(b, "quote.dst_port", uint64(q.Dst))
		}
		if q.HasSeq {
			b = fieldUint(b, "quote.seq", uint64(q.Seq))
		}
		if q.HasSum {
			b = fieldHex(b, "quote.checksum", uint64(q.Sum))
		}
		if q.HasTCP {
			b = appendTCPFields(b, "quote.tcp.", &q.TCP)
		}
	}
	return b
}

func appendIPFields(b []byte, in string, ip *wire.IP) []byte {
	b = fieldAddr(b, in+"src", ip.Src)
	b = fieldAddr(b, in+"dst", ip.Dst)
	b = fieldUint(b, in+"proto", uint64(ip.Proto))
	b = fieldUint(b, in+"ttl", uint64(ip.TTL))
	b = fieldHex(b, in+"tos", uint64(ip.TOS))
	if !ip.Dst.IsValid() {
		return b
	}
	if ip.Src.Is4() {
		b = fieldUint(b, in+"id", uint64(ip.ID))
		b = fieldBool(b, in+"df", ip.DF)
	} else {
		b = fieldHex(b, in+"flow", uint64(ip.Flow))
	}
	return fieldUint(b, in+"len", uint64(ip.Len))
}

func appendTCPFields(b []byte, in string, t *wire.TCP) []byte {
	b = fieldUint(b, in+"src_port", uint64(t.Src))
	b = fieldUint(b, in+"dst_port", uint64(t.Dst))
	b = fieldUint(b, in+"seq", uint64(t.Seq))
	b = fieldUint(b, in+"ack", uint64(t.Ack))
	b = append(appendFlags(field(b, in+"flags"), t.Flags), '\n')
	b = fieldUint(b, in+"window", uint64(t.Window))
	b = fieldHex(b, in+"checksum", uint64(t.Sum))
	b = fieldUint(b, in+"urgent", uint64(t.Urgent))
	return append(wire.AppendOptions(field(b, in+"options"), t.Options()), '\n')
}

func appendICMPFields(b []byte, m *wire.ICMP) []byte {
	b = fieldUint(b, "icmp.type", uint64(m.Type))
	b = fieldUint(b, "icmp.code", uint64(m.Code))
	if hasID(m.Msg) {
		b = fieldUint(b, "icmp.id", uint64(m.ID))
		return fieldUint(b, "icmp.seq", uint64(m.Seq))
	}
	return fieldHex(b, "icmp.info", uint64(m.Info))
}

// appendNames writes what the look-ups brought (-v).
func appendNames(b []byte, r *Record) []byte {
	for _, name := range r.Names {
		b = append(AppendText(field(b, "forward name"), name), '\n')
	}
	if !r.Looked {
		return b
	}
	b = field(b, "reverse name")
	if r.PTR == "" {
		b = append(b, "none"...)
	} else {
		b = AppendText(b, r.PTR)
	}
	b = append(b, '\n')
	if len(r.Names) > 0 && r.PTR != "" {
		b = field(b, "names")
		if r.Differ {
			b = append(b, "forward and reverse disagree\n"...)
		} else {
			b = append(b, "forward and reverse agree\n"...)
		}
	}
	return b
}

func field(b []byte, name string) []byte { return padTo(append(b, "  "...), name, fieldWidth) }

func fieldUint(b []byte, name string, v uint64) []byte {
	return append(strconv.AppendUint(field(b, name), v, 10), '\n')
}

func fieldHex(b []byte, name string, v uint64) []byte {
	return append(strconv.AppendUint(append(field(b, name), "0x"...), v, 16), '\n')
}

func fieldBool(b []byte, name string, v bool) []byte {
	return append(strconv.AppendBool(field(b, name), v), '\n')
}

func fieldAddr(b []byte, name string, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	return append(appendAddr(field(b, name), a), '\n')
}
