package capture

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"

	"sonde/probe/wire"
)

// AppendLine writes a packet as one line without its end, for --packet-trace:
//
//	SENT 0.0021 10.0.0.1:61003 > 10.0.0.2:80 tcp S seq 12345 win 64240 ttl 64 tos 0xb8 len 60 <mss=1460,sackok>
//
// at is in seconds on the run's clock. b is as for Writer.Packet. p is scratch
// space of the caller. Nothing in the line is a string from the network.
func AppendLine(line []byte, p *wire.Packet, dir Direction, at time.Duration, etherType uint16, b []byte) []byte {
	if dir == Sent {
		line = append(line, "SENT "...)
	} else {
		line = append(line, "RCVD "...)
	}
	line = strconv.AppendFloat(line, at.Seconds(), 'f', 4, 64)
	line = append(line, ' ')
	var f wire.Fragment
	part := f.Parse(b, etherType)
	if part && f.Offset == 0 { // the first one has ports: shown as if it were the whole
		b = uncut(&f)
	}
	if !p.Parse(b, etherType) {
		if part {
			return appendFragment(line, &f)
		}
		line = append(line, "not understood: type 0x"...)
		line = strconv.AppendUint(line, uint64(etherType), 16)
		line = number(line, " len ", uint64(len(b)))
		line = append(line, ' ')
		return hex.AppendEncode(line, b[:min(len(b), 64)])
	}
	switch p.Layer {
	case wire.LayerARP:
		return appendARP(line, &p.ARP)
	case wire.LayerTCP:
		line = appendFlow(line, p.IP.Src, p.IP.Dst, p.TCP.Src, p.TCP.Dst)
		line = append(line, " tcp "...)
		line = appendFlags(line, p.TCP.Flags)
		line = number(line, " seq ", uint64(p.TCP.Seq))
		if p.TCP.Flags&wire.ACK != 0 {
			line = number(line, " ack ", uint64(p.TCP.Ack))
		}
		line = number(line, " win ", uint64(p.TCP.Window))
		line = appendIP(line, &p.IP)
		line = appendPayload(line, p)
		if p.TCP.OptLen > 0 {
			line = append(line, " <"...)
			line = append(wire.AppendOptions(line, p.TCP.Options()), '>')
		}
	case wire.LayerUDP:
		line = appendFlow(line, p.IP.Src, p.IP.Dst, p.UDP.Src, p.UDP.Dst)
		line = append(line, " udp"...)
		line = appendIP(line, &p.IP)
		line = appendPayload(line, p)
	case wire.LayerICMP:
		line = p.IP.Src.AppendTo(line)
		line = append(line, " > "...)
		line = p.IP.Dst.AppendTo(line)
		line = appendICMP(line, p)
		line = appendIP(line, &p.IP)
		line = appendQuote(line, &p.Quote)
	}
	if part {
		line = append(line, ", of which this is"...)
		line = appendPart(line, &f)
	}
	return line
}

func appendARP(line []byte, a *wire.ARP) []byte {
	switch a.Op {
	case 1:
		line = append(line, "arp who has "...)
		line = a.TargetIP.AppendTo(line)
		line = append(line, "? tell "...)
		line = a.SenderIP.AppendTo(line)
		return appendMAC(append(line, " at "...), a.SenderMAC)
	case 2:
		line = append(line, "arp "...)
		line = a.SenderIP.AppendTo(line)
		return appendMAC(append(line, " is at "...), a.SenderMAC)
	}
	line = number(line, "arp operation ", uint64(a.Op))
	line = a.SenderIP.AppendTo(append(line, " from "...))
	return appendMAC(append(line, " at "...), a.SenderMAC)
}

// messages are the names of ICMP messages of both families.
var messages = [...]string{
	wire.EchoRequest: "echo-request", wire.EchoReply: "echo-reply",
	wire.TimestampRequest: "timestamp-request", wire.TimestampReply: "timestamp-reply",
	wire.MaskRequest: "mask-request", wire.MaskReply: "mask-reply",
	wire.Solicitation: "neighbour-solicitation", wire.Advertisement: "neighbour-advertisement",
	wire.NetUnreach: "net-unreach", wire.HostUnreach: "host-unreach", wire.ProtoUnreach: "proto-unreach",
	wire.PortUnreach: "port-unreach", wire.NetProhibited: "net-prohibited", wire.HostProhibited: "host-prohibited",
	wire.AdminProhibited: "admin-prohibited", wire.PacketTooBig: "packet-too-big", wire.TimeExceeded: "time-exceeded",
	wire.ParamProblem: "param-problem", wire.NoRoute: "no-route", wire.BeyondScope: "beyond-scope",
	wire.AddrUnreach: "addr-unreach", wire.PolicyFail: "policy-fail", wire.RejectRoute: "reject-route",
	wire.SourceQuench: "source-quench", wire.Redirect: "redirect",
}

// MessageName is the name of an ICMP message; "" for one that has none here.
func MessageName(m wire.Message) string {
	if int(m) < len(messages) {
		return messages[m]
	}
	return ""
}

func appendICMP(line []byte, p *wire.Packet) []byte {
	line = append(line, " icmp "...)
	if name := MessageName(p.ICMP.Msg); name != "" {
		line = append(append(line, name...), ' ')
	}
	line = strconv.AppendUint(line, uint64(p.ICMP.Type), 10)
	line = number(line, "/", uint64(p.ICMP.Code))
	switch m := p.ICMP.Msg; {
	case m >= wire.EchoRequest && m <= wire.MaskReply:
		line = number(line, " id ", uint64(p.ICMP.ID))
		line = number(line, " seq ", uint64(p.ICMP.Seq))
	case m == wire.Solicitation || m == wire.Advertisement:
		line = p.ND.Target.AppendTo(append(line, " target "...))
		if p.ND.HasMAC {
			line = appendMAC(append(line, " mac "...), p.ND.MAC)
		}
	case m == wire.PacketTooBig:
		line = number(line, " mtu ", uint64(p.ICMP.Info))
	}
	return line
}

// appendQuote writes what an ICMP error quotes.
func appendQuote(line []byte, q *wire.Quote) []byte {
	if q.Len == 0 {
		return line
	}
	line = append(line, " quoting "...)
	icmp := q.IP.Proto == wire.ProtoICMP || q.IP.Proto == wire.ProtoICMPv6
	switch {
	case q.HasPorts && !icmp:
		line = appendFlow(line, q.IP.Src, q.IP.Dst, q.Src, q.Dst)
	default:
		line = q.IP.Src.AppendTo(line)
		line = q.IP.Dst.AppendTo(append(line, " > "...))
	}
	switch {
	case q.IP.Proto == wire.ProtoTCP:
		line = append(line, " tcp"...)
	case q.IP.Proto == wire.ProtoUDP:
		line = append(line, " udp"...)
	case icmp:
		line = append(line, " icmp"...)
	default:
		line = number(line, " proto ", uint64(q.IP.Proto))
	}
	if icmp && q.HasPorts {
		line = number(line, " id ", uint64(q.Src))
		line = number(line, " seq ", uint64(q.Dst))
	}
	if q.HasSeq {
		line = number(line, " seq ", uint64(q.Seq))
	}
	line = appendIP(line, &q.IP)
	return number(line, " quoted ", uint64(q.Len))
}

// appendIP writes the fields of the IP header that a user can set.
func appendIP(line []byte, ip *wire.IP) []byte {
	line = number(line, " ttl ", uint64(ip.TTL))
	if ip.TOS != 0 {
		line = strconv.AppendUint(append(line, " tos 0x"...), uint64(ip.TOS), 16)
	}
	if ip.ID != 0 {
		line = number(line, " id ", uint64(ip.ID))
	}
	if ip.DF {
		line = append(line, " df"...)
	}
	return number(line, " len ", uint64(ip.Len))
}

func appendPayload(line []byte, p *wire.Packet) []byte {
	if len(p.Payload) == 0 {
		return line
	}
	return number(line, " data ", uint64(len(p.Payload)))
}

// appendFlow writes "10.0.0.1:61003 > 10.0.0.2:80".
func appendFlow(line []byte, src, dst netip.Addr, srcPort, dstPort uint16) []byte {
	line = netip.AddrPortFrom(src, srcPort).AppendTo(line)
	line = append(line, " > "...)
	return netip.AddrPortFrom(dst, dstPort).AppendTo(line)
}

// appendFlags writes TCP flags by their letters, "-" for none.
func appendFlags(line []byte, flags uint8) []byte {
	if flags == 0 {
		return append(line, '-')
	}
	return wire.AppendFlags(line, flags)
}

func appendMAC(line []byte, m wire.MAC) []byte {
	for i, c := range m {
		if i > 0 {
			line = append(line, ':')
		}
		line = hex.AppendEncode(line, []byte{c})
	}
	return line
}

func number(line []byte, name string, v uint64) []byte {
	return strconv.AppendUint(append(line, name...), v, 10)
}
