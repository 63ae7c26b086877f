package wire

import "encoding/binary"

// tcpHeader is the size of a TCP header without options.
const tcpHeader = 20

// FlagLetters are the letters of the TCP flags (RFC 9293 §3.1) from the lowest bit on, FIN,
// to the highest, CWR, as scapy and tcpdump abbreviate them.
const FlagLetters = "FSRPAUEC"

// AppendFlags appends the letters of TCP flags, "SEC"; of none it appends nothing.
func AppendFlags(b []byte, flags uint8) []byte {
	for i := range len(FlagLetters) {
		if flags&(1<<i) != 0 {
			b = append(b, FlagLetters[i])
		}
	}
	return b
}

// FlagsText returns the letters of TCP flags, "SEC", and "none" for none.
func FlagsText(flags uint8) string {
	if flags == 0 {
		return "none"
	}
	return string(AppendFlags(nil, flags))
}

// parse fills t from the TCP header (RFC 9293 §3.1) at the start of b and
// returns its length with options; 0 where it is malformed or not all there.
// The four reserved bits beside the data offset are not kept.
func (t *TCP) parse(b []byte) (n int) {
	if len(b) < tcpHeader {
		return 0
	}
	n = int(b[12]>>4) * 4
	if n < tcpHeader || n > len(b) {
		return 0
	}
	t.Src = binary.BigEndian.Uint16(b)
	t.Dst = binary.BigEndian.Uint16(b[2:])
	t.Seq = binary.BigEndian.Uint32(b[4:])
	t.Ack = binary.BigEndian.Uint32(b[8:])
	t.Flags = b[13]
	t.Window = binary.BigEndian.Uint16(b[14:])
	t.Sum = binary.BigEndian.Uint16(b[16:])
	t.Urgent = binary.BigEndian.Uint16(b[18:])
	t.OptLen = uint8(copy(t.Opt[:], b[tcpHeader:n]))
	return n
}

// AppendTCP appends an IP packet with the segment of t and payload. Its options
// are padded with zeros to a multiple of 4 bytes. It must not be longer than
// 65535 bytes.
func AppendTCP(b []byte, ip *IP, t *TCP, payload []byte) []byte {
	opt := t.Opt[:min(int(t.OptLen), len(t.Opt))]
	header := tcpHeader + (len(opt)+3)&^3
	b = appendIP(b, ip, ProtoTCP, header+len(payload))
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, t.Src)
	b = binary.BigEndian.AppendUint16(b, t.Dst)
	b = binary.BigEndian.AppendUint32(b, t.Seq)
	b = binary.BigEndian.AppendUint32(b, t.Ack)
	b = append(b, uint8(header/4)<<4, t.Flags)
	b = binary.BigEndian.AppendUint16(b, t.Window)
	b = append(b, 0, 0) // checksum: below
	b = binary.BigEndian.AppendUint16(b, t.Urgent)
	b = append(b, opt...)
	for len(b) < start+header {
		b = append(b, 0)
	}
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[start+16:], SegmentChecksum(ip.Src, ip.Dst, ProtoTCP, b[start:]))
	return b
}
