package output

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// jsonReply writes the fields of the answer: {"try","mac","ip","tcp"|"icmp"|
// "udp","quote"}.
func jsonReply(b []byte, r *probe.Reply) []byte {
	b = jsonOpen(b, "reply")
	if r.Try > 0 {
		b = jsonUint(b, "try", uint64(r.Try))
	}
	if r.MAC != (wire.MAC{}) {
		b = jsonMAC(b, "mac", r.MAC)
	}
	if r.IP.Src.IsValid() {
		b = jsonIP(b, &r.IP)
	}
	switch r.Layer {
	case wire.LayerTCP:
		if seen(r) {
			b = jsonTCP(b, &r.TCP)
		}
	case wire.LayerICMP:
		b = jsonICMP(b, &r.ICMP)
	case wire.LayerUDP:
		b = jsonOpen(b, "udp")
		b = jsonUint(b, "src_port", uint64(r.UDP.Src))
		if seen(r) {
			b = jsonUint(b, "dst_port", uint64(r.UDP.Dst))
			b = jsonUint(b, "len", uint64(r.UDP.Len))
			b = jsonUint(b, "checksum", uint64(r.UDP.Sum))
		}
		b = jsonUint(b, "payload", uint64(r.Size))
		b = jsonBool(b, "matches", r.Match)
		b = append(b, '}')
	}
	if r.Quote.Len > 0 {
		b = jsonQuote(b, &r.Quote)
	}
	return append(b, '}')
}

// seen tells whether the packet itself was seen: of what a kernel socket hears
// only some fields are known, and its destination is not among them.
func seen(r *probe.Reply) bool { return r.IP.Dst.IsValid() }

func jsonIP(b []byte, ip *wire.IP) []byte {
	b = jsonOpen(b, "ip")
	b = jsonAddr(b, "src", ip.Src)
	if ip.Dst.IsValid() {
		b = jsonAddr(b, "dst", ip.Dst)
	}
	b = jsonUint(b, "proto", uint64(ip.Proto))
	b = jsonUint(b, "ttl", uint64(ip.TTL))
	b = jsonUint(b, "tos", uint64(ip.TOS))
	if !ip.Dst.IsValid() {
		return append(b, '}')
	}
	if ip.Src.Is4() {
		b = jsonUint(b, "id", uint64(ip.ID))
		b = jsonBool(b, "df", ip.DF)
	} else {
		b = jsonUint(b, "flow", uint64(ip.Flow))
	}
	b = jsonUint(b, "len", uint64(ip.Len))
	return append(b, '}')
}

func jsonTCP(b []byte, t *wire.TCP) []byte {
	b = jsonOpen(b, "tcp")
	b = jsonUint(b, "seq", uint64(t.Seq))
	b = jsonUint(b, "ack", uint64(t.Ack))
	b = append(jsonKey(b, "flags"), '"')
	b = appendFlags(b, t.Flags)
	b = append(b, '"')
	b = jsonUint(b, "window", uint64(t.Window))
	b = append(jsonKey(b, "options"), '"')
	b = wire.AppendOptions(b, t.Options())
	b = append(b, '"')
	b = jsonUint(b, "src_port", uint64(t.Src))
	b = jsonUint(b, "dst_port", uint64(t.Dst))
	b = jsonUint(b, "checksum", uint64(t.Sum))
	b = jsonUint(b, "urgent", uint64(t.Urgent))
	return append(b, '}')
}

func jsonICMP(b []byte, m *wire.ICMP) []byte {
	b = jsonOpen(b, "icmp")
	b = jsonUint(b, "type", uint64(m.Type))
	b = jsonUint(b, "code", uint64(m.Code))
	if hasID(m.Msg) {
		b = jsonUint(b, "id", uint64(m.ID))
		b = jsonUint(b, "seq", uint64(m.Seq))
	} else {
		b = jsonUint(b, "info", uint64(m.Info))
	}
	return append(b, '}')
}

func jsonQuote(b []byte, q *wire.Quote) []byte {
	b = jsonOpen(b, "quote")
	b = jsonUint(b, "bytes", uint64(q.Len))
	b = jsonIP(b, &q.IP)
	if q.HasPorts {
		b = jsonUint(b, "src_port", uint64(q.Src))
		b = jsonUint(b, "dst_port", uint64(q.Dst))
	}
	if q.HasSeq {
		b = jsonUint(b, "seq", uint64(q.Seq))
	}
	if q.HasSum {
		b = jsonUint(b, "checksum", uint64(q.Sum))
	}
	if q.HasTCP {
		b = jsonTCP(b, &q.TCP)
	}
	return append(b, '}')
}

// hasID tells whether a message carries an identifier and a sequence number.
func hasID(m wire.Message) bool { return m >= wire.EchoRequest && m <= wire.MaskReply }

// flagLetters are the TCP flags from the lowest bit, as scapy and tcpdump
// abbreviate them.
const flagLetters = "FSRPAUEC"

func appendFlags(b []byte, flags uint8) []byte {
	for i := range len(flagLetters) {
		if flags&(1<<i) != 0 {
			b = append(b, flagLetters[i])
		}
	}
	return b
}
