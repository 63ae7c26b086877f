// Package probe knows what can be asked of a host, what a packet that comes
// back says, and what that means. One file is one kind of probe: how it asks,
// how it recognises an answer, what the answers mean.
//
// Begin with a Kind: one of this package's variables, such as SYN, or what ByScan,
// ByPing and Kinds find. Its Traits say what it is like. For each try of a Probe,
// PacketKind.Append writes the packet, with a proof in it that a Source makes. Of
// each packet that comes in, PacketKind.Claim tells whether it has such a proof, and
// of which Probe; then Kind.Classify makes a Verdict of the Reply. scan does all that
// for whole plans. What to ask a UDP port is in probe/payload.
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

// Reply is what came back, as facts. It borrows nothing from the packet.
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
	// Quoted are the bytes that an ICMP error quotes of the packet of a trace, and
	// Extension what stands behind them (RFC 4884): copies. Nil of all others.
	Quoted, Extension []byte
	Size              uint16 // payload bytes
	Name              string // that a name service told: the sender's bytes
	Match             bool   // UDP: the payload carries our transaction identifier
	Slim              bool   // an ICMP error with 16 bits of proof, beside our ports: they can be guessed in time
	Moved             bool   // an ICMP error that quotes other addresses than those that we sent from and to
	Weak              bool   // no proof, but our port is right: an answer, if nothing better comes
	// Unproven is how many replies without proof came, of a question that nothing with
	// proof has answered.
	Unproven uint16
	Data     Data // echo: what became of the payload
	Errno    uint16
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
// variable; all methods are pure. Kinds are comparable.
type Kind interface {
	Name() string  // "syn", "echo", …
	Doc() string   // one line for people
	Asks() string  // what is sent, in the singular: "SYN", "echo request"
	Proto() string // of a port record: "tcp", "udp"; "" where there are no ports
	Class() Class
	Traits() Traits
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
