// Package wire turns bytes into header values and back. It opens no sockets
// and reads no clock, and the difference between IPv4 and IPv6 ends here:
// what leaves this package is one IP, one ICMP message, one Quote.
//
// Nothing here panics or allocates on any input. Parse fills a Packet that the
// caller owns and reuses; the Append functions write at the end of the caller's
// buffer, as net/netip's AppendTo does.
package wire

import "net/netip"

// MAC is an Ethernet address in the order of transmission.
type MAC [6]byte

// Broadcast is the Ethernet address of everybody on the link.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// EtherTypes that sonde speaks (IEEE 802.3, as registered).
const (
	TypeIPv4 = 0x0800
	TypeARP  = 0x0806
	TypeIPv6 = 0x86dd
)

// Protocol numbers of the transport header (IANA protocol numbers).
const (
	ProtoICMP   = 1
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58
)

// TCP flags, the low byte of RFC 9293 §3.1's control bits.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// IP is an IPv4 or IPv6 header without its options and extension headers.
type IP struct {
	Src, Dst netip.Addr // unmapped, without zone
	Proto    uint8      // transport protocol, behind any extension headers
	TTL      uint8      // hop limit on IPv6
	TOS      uint8      // traffic class on IPv6: DSCP<<2 | ECN
	DF       bool       // IPv4 only
	ID       uint16     // IPv4 only
	Flow     uint32     // IPv6 flow label, 20 bits
	Len      uint16     // IPv4 total length; on IPv6 payload length plus 40. Ignored when appending
}

// TCP is a TCP header. Opt holds the raw options: no slice, so that a TCP can
// be copied out of a borrowed packet by assignment.
type TCP struct {
	Src, Dst uint16
	Seq, Ack uint32
	Flags    uint8
	Window   uint16 // raw, unscaled
	Sum      uint16 // as received; when appending it is computed
	Urgent   uint16
	OptLen   uint8 // bytes used in Opt
	Opt      [40]byte
}

// Options returns the raw option bytes; they alias t.
func (t *TCP) Options() []byte { return t.Opt[:t.OptLen] }

// UDP is a UDP header.
type UDP struct {
	Src, Dst uint16
	Len, Sum uint16 // ignored when appending
}

// ICMP is an ICMP or ICMPv6 message without its payload.
type ICMP struct {
	Msg        Message // what it means, for both families
	Type, Code uint8   // as on the wire
	ID, Seq    uint16  // echo, timestamp and mask messages
	Info       uint32  // bytes 4 to 7: next-hop MTU, pointer
}

// Message is the meaning of an ICMP type and code, for both families.
type Message uint8

// The messages, from RFC 792, 950, 1122 §3.2.2.1, 1812 §5.2.7.1, 4443 and 4861.
const (
	OtherMessage Message = iota
	EchoRequest
	EchoReply
	TimestampRequest
	TimestampReply
	MaskRequest
	MaskReply
	Solicitation  // ND neighbour solicitation, 135
	Advertisement // ND neighbour advertisement, 136

	NetUnreach      // 3/0, 3/6, 3/11
	HostUnreach     // 3/1, 3/5, 3/7, 3/8, 3/12
	ProtoUnreach    // 3/2
	PortUnreach     // 3/3; v6 1/4
	NetProhibited   // 3/9
	HostProhibited  // 3/10
	AdminProhibited // 3/13, 3/14, 3/15; v6 1/1
	PacketTooBig    // 3/4; v6 2/0
	TimeExceeded    // 11/0, 11/1; v6 3/0, 3/1
	ParamProblem    // 12/x; v6 4/x
	NoRoute         // v6 1/0
	BeyondScope     // v6 1/2
	AddrUnreach     // v6 1/3
	PolicyFail      // v6 1/5
	RejectRoute     // v6 1/6
	SourceQuench    // 4/0, deprecated by RFC 6633
	Redirect        // 5/x; v6 137
)

// IsError tells whether the message quotes the packet that caused it and says
// that it was not delivered. Redirects and source quench quote, but the packet
// went on, so they are none.
func (m Message) IsError() bool { return m >= NetUnreach && m <= RejectRoute }

// ARP is an Ethernet/IPv4 ARP message (RFC 826).
type ARP struct {
	Op                 uint16 // 1 request, 2 reply
	SenderMAC          MAC
	SenderIP, TargetIP netip.Addr
	TargetMAC          MAC
}

// ND is a neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4).
type ND struct {
	Target            netip.Addr
	MAC               MAC  // source or target link-layer address option
	HasMAC            bool // the option was there
	Router, Solicited bool // flags of an advertisement
	Override          bool
}

// Quote is the packet that an ICMP error quotes, as far as it quotes it.
type Quote struct {
	IP       IP
	Len      int    // bytes quoted, IP header included; 0: nothing usable
	HasPorts bool   // at least 4 bytes of transport header (8 for ICMP)
	Src, Dst uint16 // ports; for echo: Src is the identifier, Dst the sequence number
	Seq      uint32 // TCP, if 8 bytes are there: HasSeq
	HasSeq   bool
	Sum      uint16 // UDP or ICMP checksum, if there: HasSum
	HasSum   bool
	TCP      TCP // all of it, if quoted: HasTCP
	HasTCP   bool
	Data     [QuotedData]byte // of UDP and ICMP: the first DataLen bytes behind their 8
	DataLen  uint8
	// MPLS is the label stack with which the packet came to who sent the error, as far
	// as that tells: the first MPLSLen labels.
	MPLS    [QuotedLabels]Label
	MPLSLen uint8
}

// QuotedData is how much of a quoted payload is kept: it holds the part in which
// questions have an identifier.
const QuotedData = 64

// Payload returns what is kept of the quoted payload; it aliases q.
func (q *Quote) Payload() []byte { return q.Data[:q.DataLen] }

// Layer says which of a Packet's transport values is filled.
type Layer uint8

const (
	LayerNone Layer = iota // not understood: truncated, a fragment, an unknown protocol
	LayerTCP
	LayerUDP
	LayerICMP
	LayerARP
)

// Packet is one received packet, parsed. The caller owns and reuses it.
type Packet struct {
	Layer   Layer
	MAC     MAC // source on the link, where the link has one; set by the caller
	IP      IP
	TCP     TCP
	UDP     UDP
	ICMP    ICMP
	ARP     ARP
	ND      ND     // with ICMP.Msg Solicitation or Advertisement
	Quote   Quote  // with an ICMP error; Quote.Len is 0 otherwise
	Payload []byte // of TCP, UDP or ICMP behind its 8 bytes; borrowed from the input
	// Extension is what stands behind the quote of an ICMP error (RFC 4884 §7), see
	// Objects; borrowed like Payload, nil where there is none.
	Extension []byte
}
