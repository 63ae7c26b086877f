package output

import (
	"encoding/hex"
	"strconv"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// reply reads the fields of an answer; nil where there are none.
func (o *object) reply() *report.Packet {
	if !o.has("reply") {
		return nil
	}
	in := o.open("reply")
	p := &report.Packet{Try: uint8(in.num("try", 8)), MAC: in.mac("mac")}
	if in.has("ip") {
		p.IP = in.ip()
	}
	switch {
	case in.has("tcp"):
		if p.Layer, p.TCP = wire.LayerTCP, in.tcp(); !p.Seen() {
			in.fail("tcp", "of a packet that was not seen")
		}
	case in.has("icmp"):
		p.Layer, p.ICMP = wire.LayerICMP, in.icmp(&p.IP)
	case in.has("udp"):
		p.Layer = wire.LayerUDP
		u := in.open("udp")
		u.need("src_port", "payload", "matches")
		p.UDP.Src, p.Size, p.Match = uint16(u.num("src_port", 16)), uint16(u.num("payload", 16)), u.bool("matches")
		if p.Seen() {
			u.need("dst_port", "len", "checksum")
			p.UDP.Dst, p.UDP.Len, p.UDP.Sum = uint16(u.num("dst_port", 16)), uint16(u.num("len", 16)), uint16(u.num("checksum", 16))
		}
	}
	if in.has("quote") {
		p.Quote = in.quoted()
	}
	return p
}

// ip reads an IP header, as far as it was seen.
func (o *object) ip() wire.IP {
	in := o.open("ip")
	in.need("src", "proto", "ttl", "tos")
	ip := wire.IP{Src: in.addr("src"), Dst: in.addr("dst"), Proto: uint8(in.num("proto", 8)), TTL: uint8(in.num("ttl", 8)), TOS: uint8(in.num("tos", 8))}
	switch {
	case !ip.Dst.IsValid():
		return ip
	case ip.Src.Is4():
		in.need("id", "df")
		ip.ID, ip.DF = uint16(in.num("id", 16)), in.bool("df")
	default:
		in.need("flow")
		ip.Flow = uint32(in.num("flow", 20))
	}
	in.need("len")
	ip.Len = uint16(in.num("len", 16))
	return ip
}

func (o *object) tcp() wire.TCP {
	in := o.open("tcp")
	in.need("seq", "ack", "flags", "window", "options", "src_port", "dst_port", "checksum", "urgent")
	t := wire.TCP{Src: uint16(in.num("src_port", 16)), Dst: uint16(in.num("dst_port", 16)), Seq: uint32(in.num("seq", 32)),
		Ack: uint32(in.num("ack", 32)), Window: uint16(in.num("window", 16)), Sum: uint16(in.num("checksum", 16)),
		Urgent: uint16(in.num("urgent", 16)), Flags: in.flags("flags")}
	opts, _, err := wire.ParseOptions(in.str("options"), false)
	if err != nil {
		in.fail("options", err.Error())
	}
	if in.has("options_hex") {
		if opts, err = hex.DecodeString(in.str("options_hex")); err != nil {
			in.fail("options_hex", err.Error())
		}
	}
	if len(opts) > len(t.Opt) {
		in.fail("options", "are longer than a header is")
	}
	t.OptLen = uint8(copy(t.Opt[:], opts))
	return t
}

func (o *object) flags(key string) (flags uint8) {
	rest := o.str(key)
	for i := range len(wire.FlagLetters) {
		if rest != "" && rest[0] == wire.FlagLetters[i] {
			flags |= 1 << i
			rest = rest[1:]
		}
	}
	if rest != "" {
		o.fail(key, "are no TCP flags in the order "+wire.FlagLetters)
	}
	return flags
}

// icmp reads a message; in which family it means what its numbers say, its IP
// header tells.
func (o *object) icmp(ip *wire.IP) wire.ICMP {
	in := o.open("icmp")
	in.need("type", "code")
	m := wire.ICMP{Type: uint8(in.num("type", 8)), Code: uint8(in.num("code", 8))}
	v6 := ip.Src.Is6()
	if ip.Proto == wire.ProtoICMP || ip.Proto == wire.ProtoICMPv6 {
		v6 = ip.Proto == wire.ProtoICMPv6
	}
	if m.Msg = wire.MessageOf(v6, m.Type, m.Code); report.HasID(m.Msg) {
		m.ID, m.Seq = uint16(in.num("id", 16)), uint16(in.num("seq", 16))
	} else {
		m.Info = uint32(in.num("info", 32))
	}
	return m
}

func (o *object) quoted() wire.Quote {
	in := o.open("quote")
	in.need("bytes", "ip")
	q := wire.Quote{Len: int(in.num("bytes", 31)), IP: in.ip(), HasPorts: in.has("src_port"), HasSeq: in.has("seq"),
		HasSum: in.has("checksum"), HasTCP: in.has("tcp")}
	if q.Len == 0 {
		return wire.Quote{}
	}
	if q.HasPorts {
		in.need("dst_port")
		q.Src, q.Dst = uint16(in.num("src_port", 16)), uint16(in.num("dst_port", 16))
	}
	q.Seq, q.Sum = uint32(in.num("seq", 32)), uint16(in.num("checksum", 16))
	if q.HasTCP {
		q.TCP = in.tcp()
	}
	stack := in.mpls()
	if len(stack) > len(q.MPLS) {
		in.fail("mpls", "has more labels than are kept")
	}
	q.MPLSLen = uint8(copy(q.MPLS[:], stack))
	return q
}

// mpls reads a label stack.
func (o *object) mpls() (stack []wire.Label) {
	list, n := o.array("mpls")
	for i := range n {
		in := list.open(strconv.Itoa(i))
		in.need("label", "tc", "bottom", "ttl")
		stack = append(stack, wire.NewLabel(uint32(in.num("label", 20)), uint8(in.num("tc", 3)), in.bool("bottom"), uint8(in.num("ttl", 8))))
	}
	return stack
}
