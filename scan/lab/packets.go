package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Packet is one captured frame. Its bytes are Data(), its layers are gopacket's.
type Packet struct {
	gopacket.Packet
	At   time.Time // when the kernel passed it on
	Out  bool      // the host sent it
	Wire int       // bytes on the wire; more than len(Data()) if it was cut
}

// Packets is what a capture has seen, in order.
type Packets []*Packet

// Find returns those that match accepts.
func (p Packets) Find(match func(*Packet) bool) Packets {
	var found Packets
	for _, x := range p {
		if match(x) {
			found = append(found, x)
		}
	}
	return found
}

// Out returns those that the host sent.
func (p Packets) Out() Packets { return p.Find(func(x *Packet) bool { return x.Out }) }

// In returns those that the host received.
func (p Packets) In() Packets { return p.Find(func(x *Packet) bool { return !x.Out }) }

// Probes returns those that are neither ARP nor neighbour discovery.
func (p Packets) Probes() Packets {
	return p.Find(func(x *Packet) bool { return !x.Neighbour() })
}

// String has one line for each packet.
func (p Packets) String() string {
	var b strings.Builder
	for _, x := range p {
		b.WriteString(x.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// TCP returns the TCP header, or nil.
func (p *Packet) TCP() *layers.TCP {
	l, _ := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	return l
}

// UDP returns the UDP header, or nil.
func (p *Packet) UDP() *layers.UDP {
	l, _ := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	return l
}

// IPv4 returns the IPv4 header, or nil.
func (p *Packet) IPv4() *layers.IPv4 {
	l, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	return l
}

// IPv6 returns the IPv6 header, or nil.
func (p *Packet) IPv6() *layers.IPv6 {
	l, _ := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
	return l
}

// ICMP returns type and code of an ICMP or ICMPv6 message.
func (p *Packet) ICMP() (typ, code uint8, ok bool) {
	switch l := p.Layer(layers.LayerTypeICMPv4).(type) {
	case *layers.ICMPv4:
		return l.TypeCode.Type(), l.TypeCode.Code(), true
	}
	switch l := p.Layer(layers.LayerTypeICMPv6).(type) {
	case *layers.ICMPv6:
		return l.TypeCode.Type(), l.TypeCode.Code(), true
	}
	return 0, 0, false
}

// Addrs returns source and destination, of IP or ARP; zero if there are none.
func (p *Packet) Addrs() (src, dst netip.Addr) {
	var s, d []byte
	if l := p.IPv4(); l != nil {
		s, d = l.SrcIP, l.DstIP
	} else if l := p.IPv6(); l != nil {
		s, d = l.SrcIP, l.DstIP
	} else if l, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		s, d = l.SourceProtAddress, l.DstProtAddress
	}
	src, _ = netip.AddrFromSlice(s)
	dst, _ = netip.AddrFromSlice(d)
	return src.Unmap(), dst.Unmap()
}

// Neighbour tells whether the packet is ARP or neighbour discovery (RFC 4861:
// ICMPv6 types 133 to 137).
func (p *Packet) Neighbour() bool {
	if p.Layer(layers.LayerTypeARP) != nil {
		return true
	}
	typ, _, ok := p.ICMP()
	return ok && p.IPv6() != nil && typ >= 133 && typ <= 137
}

// String is one line: direction, addresses, and what it is.
func (p *Packet) String() string {
	way := "in "
	if p.Out {
		way = "out"
	}
	src, dst := p.Addrs()
	line := fmt.Sprintf("%s %s %v > %v", p.At.Format("15:04:05.000000"), way, src, dst)
	if t := p.TCP(); t != nil {
		return line + fmt.Sprintf(" TCP %d > %d %s seq %d ack %d", t.SrcPort, t.DstPort, flagLetters(t), t.Seq, t.Ack)
	}
	if u := p.UDP(); u != nil {
		return line + fmt.Sprintf(" UDP %d > %d length %d", u.SrcPort, u.DstPort, u.Length)
	}
	if l := p.Layer(layers.LayerTypeICMPv4); l != nil {
		return line + " ICMP " + l.(*layers.ICMPv4).TypeCode.String()
	}
	if l := p.Layer(layers.LayerTypeICMPv6); l != nil {
		return line + " ICMPv6 " + l.(*layers.ICMPv6).TypeCode.String()
	}
	if l, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		return line + fmt.Sprintf(" ARP operation %d", l.Operation)
	}
	return line + fmt.Sprintf(" %d bytes", p.Wire)
}

// flagLetters writes flags as S, SA, R, ….
func flagLetters(t *layers.TCP) string {
	var b []byte
	for _, f := range []struct {
		set    bool
		letter byte
	}{{t.FIN, 'F'}, {t.SYN, 'S'}, {t.RST, 'R'}, {t.PSH, 'P'}, {t.ACK, 'A'}, {t.URG, 'U'}, {t.ECE, 'E'}, {t.CWR, 'C'}} {
		if f.set {
			b = append(b, f.letter)
		}
	}
	return string(b)
}
