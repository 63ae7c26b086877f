package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// decode has gopacket decode b. It must go through NewPacket, which recovers
// from the panics of its decoders.
func decode(b []byte, etherType uint16) gopacket.Packet {
	first := gopacket.LayerType(layers.LayerTypeIPv4)
	switch etherType {
	case TypeIPv6:
		first = layers.LayerTypeIPv6
	case TypeARP:
		first = layers.LayerTypeARP
	}
	return gopacket.NewPacket(b, first, gopacket.DecodeOptions{})
}

// differences lists values of which Parse and gopacket do not report the same.
type differences []string

func (d *differences) compare(name string, got, want any) {
	if got != want {
		*d = append(*d, fmt.Sprintf("%s %v, by gopacket %v", name, got, want))
	}
}

func (d *differences) ofIP(ip *IP, g gopacket.Packet) {
	switch h := g.NetworkLayer().(type) {
	case *layers.IPv4:
		d.compare("source", ip.Src, addrOf(h.SrcIP))
		d.compare("destination", ip.Dst, addrOf(h.DstIP))
		d.compare("protocol", ip.Proto, uint8(h.Protocol))
		d.compare("TTL", ip.TTL, h.TTL)
		d.compare("TOS", ip.TOS, h.TOS)
		d.compare("ID", ip.ID, h.Id)
		d.compare("DF", ip.DF, h.Flags&layers.IPv4DontFragment != 0)
		d.compare("flow label", ip.Flow, uint32(0))
	case *layers.IPv6:
		d.compare("source", ip.Src, addrOf(h.SrcIP))
		d.compare("destination", ip.Dst, addrOf(h.DstIP))
		d.compare("hop limit", ip.TTL, h.HopLimit)
		d.compare("traffic class", ip.TOS, h.TrafficClass)
		d.compare("flow label", ip.Flow, h.FlowLabel)
		d.compare("DF", ip.DF, false)
	default:
		*d = append(*d, "gopacket sees no IP header")
	}
}

func addrOf(b []byte) netip.Addr {
	addr, _ := netip.AddrFromSlice(b)
	return addr
}

func (d *differences) ofTCP(t *TCP, g gopacket.Packet) {
	h, ok := g.Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok {
		*d = append(*d, "gopacket sees no TCP header")
		return
	}
	d.compare("source port", t.Src, uint16(h.SrcPort))
	d.compare("destination port", t.Dst, uint16(h.DstPort))
	d.compare("sequence number", t.Seq, h.Seq)
	d.compare("acknowledgement", t.Ack, h.Ack)
	d.compare("flags", t.Flags, h.Contents[13])
	d.compare("window", t.Window, h.Window)
	d.compare("checksum", t.Sum, h.Checksum)
	d.compare("urgent", t.Urgent, h.Urgent)
	d.compare("options", string(t.Options()), string(h.Contents[20:]))
	rest := t.Options()
	for i, want := range h.Options {
		kind, value, next, ok := NextOption(rest)
		if !ok {
			break // gopacket lists the malformed one before it gives up
		}
		d.compare(fmt.Sprintf("kind of option %d", i), kind, uint8(want.OptionType))
		d.compare(fmt.Sprintf("value of option %d", i), string(value), string(want.OptionData))
		rest = next
	}
}

func (d *differences) ofUDP(u *UDP, g gopacket.Packet) {
	h, ok := g.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok {
		*d = append(*d, "gopacket sees no UDP header")
		return
	}
	d.compare("source port", u.Src, uint16(h.SrcPort))
	d.compare("destination port", u.Dst, uint16(h.DstPort))
	d.compare("length", u.Len, h.Length)
	d.compare("checksum", u.Sum, h.Checksum)
}

func (d *differences) ofPayload(payload []byte, g gopacket.Packet) {
	if h := g.TransportLayer(); h != nil {
		d.compare("payload", string(payload), string(h.LayerPayload()))
	}
}

func (d *differences) ofICMP(p *Packet, g gopacket.Packet) {
	m := &p.ICMP
	if h, ok := g.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		d.compare("type", m.Type, h.TypeCode.Type())
		d.compare("code", m.Code, h.TypeCode.Code())
		if m.Msg.isQuery() {
			d.compare("identifier", m.ID, h.Id)
			d.compare("sequence number", m.Seq, h.Seq)
		}
		return
	}
	h, ok := g.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if !ok {
		*d = append(*d, "gopacket sees no ICMP header")
		return
	}
	d.compare("type", m.Type, h.TypeCode.Type())
	d.compare("code", m.Code, h.TypeCode.Code())
	if echo, ok := g.Layer(layers.LayerTypeICMPv6Echo).(*layers.ICMPv6Echo); ok {
		d.compare("identifier", m.ID, echo.Identifier)
		d.compare("sequence number", m.Seq, echo.SeqNumber)
	}
	if ns, ok := g.Layer(layers.LayerTypeICMPv6NeighborSolicitation).(*layers.ICMPv6NeighborSolicitation); ok && m.Msg == Solicitation {
		d.compare("target", p.ND.Target, addrOf(ns.TargetAddress))
	}
	if na, ok := g.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement); ok && m.Msg == Advertisement {
		d.compare("target", p.ND.Target, addrOf(na.TargetAddress))
		d.compare("router flag", p.ND.Router, na.Router())
		d.compare("solicited flag", p.ND.Solicited, na.Solicited())
		d.compare("override flag", p.ND.Override, na.Override())
	}
}

// gopacketStops tells why gopacket reports no transport header where Parse
// does: reasons that are all right.
func gopacketStops(g gopacket.Packet) string {
	if g.Layer(gopacket.LayerTypeFragment) != nil {
		return "gopacket looks into no fragment, not even an only one"
	}
	if e := g.ErrorLayer(); e != nil {
		text := e.Error().Error()
		for _, known := range []string{
			// Options of IPv4 and of extension headers, which Parse does not read:
			"Invalid ip4 option length", "IP option length exceeds", "Invalid IP option type", "IPv6 header TLV option too small",
			"Unknown IPv6 routing header type", // nor of routing headers
		} {
			if strings.Contains(text, known) {
				return known
			}
		}
	}
	return ""
}

// parseRefuses tells why Parse returns false where gopacket finds nothing wrong
// with b: reasons that are all right.
func parseRefuses(b []byte, g gopacket.Packet) string {
	switch h := g.NetworkLayer().(type) {
	case *layers.IPv4:
		if h.Version != 4 {
			return "gopacket does not look at the version"
		}
		if binary.BigEndian.Uint16(b[2:]) == 0 {
			return "gopacket takes length 0 for segmentation offload"
		}
	case *layers.IPv6:
		if h.Version != 6 {
			return "gopacket does not look at the version"
		}
		if at, _ := findFragment(b); at != 0 {
			return "gopacket does not mind neighbour discovery in fragments"
		}
		if h.HopByHop != nil && ipv6Header+int(h.Length) < len(b) {
			return "gopacket forgets the payload length behind a hop-by-hop header"
		}
	}
	return ""
}

func TestAgainstGopacket(t *testing.T) {
	g := newGenerator(9)
	p := new(Packet)
	parsed, mutants, quotes := 0, 0, 0
	stops, refused := map[string]int{}, map[string]int{}
	for i := range 30000 {
		b := g.packet()
		if i%3 != 0 {
			b = g.mutate(b)
		}
		etherType := typeOf(b)
		d := decode(b, etherType)
		if !p.Parse(b, etherType) {
			if i%3 == 0 {
				t.Fatalf("not parsed: %x", b)
			}
			if (d.TransportLayer() != nil || d.Layer(layers.LayerTypeICMPv4) != nil || d.Layer(layers.LayerTypeICMPv6) != nil) &&
				d.ErrorLayer() == nil && !d.Metadata().Truncated {
				reason := parseRefuses(b, d)
				if refused[reason]++; reason == "" {
					t.Errorf("%x: not parsed, but by gopacket: %v", b, d)
				}
			}
			continue
		}
		parsed++
		if i%3 != 0 {
			mutants++
		}
		if reason := gopacketStops(d); reason != "" {
			stops[reason]++
			continue
		}
		var diff differences
		diff.ofIP(&p.IP, d)
		switch p.Layer {
		case LayerTCP:
			diff.ofTCP(&p.TCP, d)
			diff.ofPayload(p.Payload, d)
		case LayerUDP:
			diff.ofUDP(&p.UDP, d)
			diff.ofPayload(p.Payload, d)
		case LayerICMP:
			diff.ofICMP(p, d)
		}
		if p.Quote.HasTCP {
			quoted := decode(p.Payload[:p.Quote.Len], etherType)
			if gopacketStops(quoted) == "" {
				quotes++
				diff.ofIP(&p.Quote.IP, quoted)
				diff.ofTCP(&p.Quote.TCP, quoted)
			}
		}
		if diff != nil {
			t.Errorf("%x: %s (%v)", b, strings.Join(diff, "; "), d.ErrorLayer())
		}
	}
	t.Logf("%d packets compared, %d of them mutated, %d quotes; gopacket stopped: %v; refused: %v", parsed, mutants, quotes, stops, refused)
	if parsed < 15000 || mutants < 5000 || quotes < 1000 {
		t.Error("too few packets to prove anything")
	}
}

func TestARPAgainstGopacket(t *testing.T) {
	g := newGenerator(10)
	base := AppendARP(nil, &ARP{
		Op: 2, SenderMAC: MAC{1, 2, 3, 4, 5, 6}, SenderIP: a4, TargetMAC: MAC{7, 8, 9, 10, 11, 12}, TargetIP: b4,
	})
	p := new(Packet)
	for i := range 5000 {
		b := base
		if i > 0 {
			b = g.mutate(b)
		}
		d, ok := decode(b, TypeARP).Layer(layers.LayerTypeARP).(*layers.ARP)
		supported := ok && b[0] == 0 && // of which gopacket keeps the second byte alone
			(d.AddrType == layers.LinkTypeEthernet || d.AddrType == 6) && d.Protocol == layers.EthernetTypeIPv4 &&
			d.HwAddressSize == 6 && d.ProtAddressSize == 4
		if p.Parse(b, TypeARP) != supported {
			t.Errorf("%x: parsed %v, by gopacket %v", b, !supported, supported)
		}
		if !supported {
			continue
		}
		var diff differences
		diff.compare("operation", p.ARP.Op, d.Operation)
		diff.compare("sender MAC", string(p.ARP.SenderMAC[:]), string(d.SourceHwAddress))
		diff.compare("target MAC", string(p.ARP.TargetMAC[:]), string(d.DstHwAddress))
		diff.compare("sender", p.ARP.SenderIP, addrOf(d.SourceProtAddress))
		diff.compare("target", p.ARP.TargetIP, addrOf(d.DstProtAddress))
		if diff != nil {
			t.Errorf("%x: %s", b, strings.Join(diff, "; "))
		}
	}
}
