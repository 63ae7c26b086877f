// Package probe knows what can be asked of a host, what a packet that comes
// back says, and what that means. One file is one kind of probe: how it asks,
// how it recognises an answer, what the answers mean.
package probe

import (
	"net/netip"
	"time"

	"sonde/probe/wire"
)

// Probe is one question, or one try of it: a flat, comparable value.
type Probe struct {
	Kind    uint8 // index into a run's kinds
	Way     uint16
	Target  netip.Addr
	Port    uint16 // 0 where the kind has none
	TTL     uint8  // 0: the way's default
	Flow    uint16
	Variant uint16
	Rep     uint32
	Try     uint8 // 1 is the first; 0 in a question as such
}

// Question is p without what differs from try to try.
func (p Probe) Question() Probe {
	p.Way, p.Try = 0, 0
	return p
}

// Event says what kind of thing a Reply reports.
type Event uint8

const (
	Silence     Event = iota // nothing came within the wait
	Answer                   // a packet that proves that it answers the question
	ICMPError                // an ICMP error that quotes the question
	Unsolicited              // for us or quoting us, but without the proof: counted, no more
	LocalError               // this machine could not ask; Errno says why
	NoNeighbour              // an on-link target did not answer ARP or ND
	Deadline                 // given up before its time
	Unseen                   // sent with a foreign source: answers go elsewhere
)

// Who sent a Reply.
type Who uint8

const (
	Target    Who = iota // the address that was asked
	Ourselves            // one of our own addresses, and not asked
	Other                // somebody on the way
)

// Reply is what came back, as facts. It borrows nothing.
type Reply struct {
	Event Event
	Who   Who
	From  netip.Addr
	Try   uint8         // the try that it answers; 0: cannot be told
	At    time.Duration // when the kernel received it, on the engine's clock
	Sent  time.Duration // when its try left, where the reply itself proves it (timestamp echo); else 0
	MAC   wire.MAC      // of the sender, for ARP and ND
	IP    wire.IP
	Layer wire.Layer // which of TCP, UDP and ICMP is filled
	TCP   wire.TCP
	UDP   wire.UDP
	ICMP  wire.ICMP
	Quote wire.Quote
	Size  uint16 // payload bytes
	Match bool   // UDP: the payload carries our transaction identifier
	Errno uint16
}

// Verdict is what a Reply means for its question.
type Verdict struct {
	State  State
	Reason Reason
	Final  bool // nothing that may come can better it
}

// Class groups the kinds whose losses are alike and may be added up.
type Class uint8

const (
	ClassTCP Class = iota
	ClassUDP
	ClassEcho
	ClassLink // ARP and ND
	Classes   // how many
)

// Kind is one way of asking. Each is one file, registered by a package
// variable; all methods are pure.
type Kind interface {
	Name() string  // "syn", "echo", …
	Doc() string   // one line for people
	Asks() string  // what is sent, in the singular: "SYN", "echo request"
	Proto() string // of a port record: "tcp", "udp"; "" where there are no ports
	Class() Class
	// Classify says what r means for p. Silence is a Reply too.
	Classify(p Probe, r *Reply) Verdict
}

// PacketKind asks with a packet of its own. Kinds that are not PacketKinds are
// asked by the kernel (connect).
type PacketKind interface {
	Kind
	// Append writes the packet that asks p, from its IP header (or ARP message)
	// on. It does not allocate.
	Append(b []byte, s *Source, p Probe) []byte
	// Claim looks for proof that pkt answers something that s asked, and fills
	// p and r if so. It returns false where nothing of ours is in it; true with
	// r.Event Unsolicited where it is for us but fails the proof.
	Claim(s *Source, pkt *wire.Packet, p *Probe, r *Reply) bool
}

// LinkKind asks the link itself: always as a frame, to an address that the
// kind knows.
type LinkKind interface {
	PacketKind
	// Frame returns the EtherType and the link-layer destination of p.
	Frame(p Probe) (etherType uint16, to wire.MAC)
}

// StrayKind asks what belongs to no connection. A stateful firewall of this
// machine knows of none and may drop the answers, so who scans with it must send
// and hear link-layer frames, on which such a firewall has no say.
type StrayKind interface {
	PacketKind
	BeforeFirewall()
}

// IPv4Kind asks in a way that IPv6 does not have.
type IPv4Kind interface {
	PacketKind
	OnlyIPv4()
}

// SocketKind can also, or only, be asked by the kernel, without privileges.
type SocketKind interface {
	Kind
	Socket() Socket
}

// Socket is a way of asking by a kernel socket.
type Socket uint8

const (
	SocketConnect  Socket = iota + 1 // TCP connect
	SocketDatagram                   // UDP
	SocketPing                       // ICMP echo by a datagram socket
)
