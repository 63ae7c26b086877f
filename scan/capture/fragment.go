package capture

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// appendFragment writes a part of a packet that does not tell its ports, as AppendLine does:
//
//	10.0.0.1 > 10.0.0.2 fragment of tcp 4660 bytes 16 to 31, more ttl 64 len 36
func appendFragment(line []byte, f *wire.Fragment) []byte {
	ip := f.IP
	line = ip.Src.AppendTo(line)
	line = ip.Dst.AppendTo(append(line, " > "...))
	line = append(line, " fragment of "...)
	switch ip.Proto {
	case wire.ProtoTCP:
		line = append(line, "tcp "...)
	case wire.ProtoUDP:
		line = append(line, "udp "...)
	case wire.ProtoICMP, wire.ProtoICMPv6:
		line = append(line, "icmp "...)
	default:
		line = append(number(line, "proto ", uint64(ip.Proto)), ' ')
	}
	line = number(line, "", uint64(f.ID))
	line = appendPart(line, f)
	ip.ID = 0 // said already
	return appendIP(line, &ip)
}

// uncut is the datagram that f begins, as far as f has it; a UDP datagram, which tells its
// length, with zeros behind.
func uncut(f *wire.Fragment) []byte {
	const udpHeader = 8
	size := len(f.Data)
	if f.Proto == wire.ProtoUDP && size >= udpHeader {
		size = max(size, int(binary.BigEndian.Uint16(f.Data[4:])))
	}
	b := append(f.Whole(nil, size, false), f.Data...)
	return append(b, make([]byte, size-len(f.Data))...)
}

// appendPart writes which part f is: " bytes 16 to 31, more".
func appendPart(line []byte, f *wire.Fragment) []byte {
	line = number(line, " bytes ", uint64(f.Offset))
	line = number(line, " to ", uint64(max(f.Offset+len(f.Data)-1, f.Offset)))
	if f.More {
		line = append(line, ", more"...)
	}
	return line
}
