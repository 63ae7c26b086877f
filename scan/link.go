package scan

import (
	"errors"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// Packet is one packet on its way out or in, from its IP header (or ARP
// message) on.
type Packet struct {
	Way   uint16        // out: the way to take. In: not set
	Frame bool          // out: as a link-layer frame to MAC, past the kernel's own IP
	Type  uint16        // EtherType
	MAC   wire.MAC      // out: the next hop's. In: the sender's, where the link has one
	To    wire.MAC      // in: whom the frame was for; zero where the link does not tell of frames
	At    time.Duration // in: when the kernel received it, on the clock that Open was given
	Iface int32         // in: by which interface it came; 0 where the kernel looked at that
	Sums  wire.Sums     // in: what is known of its checksums
	B     []byte
}

// ErrClosed is what a Link's methods return after Close.
var ErrClosed = errors.New("link closed")

// Link carries packets in batches. Send and Recv may be called at the same
// time, each by one goroutine or more.
type Link interface {
	// Send sends packets in order and returns how many left. With n <
	// len(packets) and err nil the link is full for now (back-pressure). With
	// err, packets[n] is the one that cannot be sent, and why (a syscall.Errno
	// where the kernel said so); those behind it were not tried.
	Send(packets []Packet) (n int, err error)
	// Recv blocks until packets are there and fills into with as many as are
	// there, at most len(into). Their B is borrowed until the next Recv.
	Recv(into []Packet) (n int, err error)
	// Takes tells whether the kernel of this machine would take p, which Recv returned
	// last and w is parsed from: its checksums, its source, the interface by which it
	// came. It costs more than a look, so it is for packets that look like answers. Only
	// who calls Recv may call it.
	Takes(p *Packet, w *wire.Packet) bool
	// Waiting tells whether packets have come that Recv has not returned yet, or
	// has, and was not called again: their receiver may still be at them.
	Waiting() bool
	// Drops returns how many packets were lost on receiving so far.
	Drops() uint64
	// Close is idempotent and unblocks Recv with ErrClosed.
	Close() error
}

// Bulk is a Link that writes the packets of a plan by itself, by their numbers. One plan
// at a time is asked so; others send packets beside it.
type Bulk interface {
	Link
	// Begin takes up a plan, of which nothing is settled yet: its packets are those that s
	// asks with, to the next hop's address. Its error says what the link does not carry.
	Begin(p *Plan, s *probe.Source, hop wire.MAC) error
	// Ask asks questions of one Block, from … to-1, by this try, but for those that are
	// settled, and returns how many packets it gave to the device. at is the engine's time.
	Ask(from, to uint64, try uint8, at time.Duration) (sent uint64, err error)
	// Settle says that a question needs no more asking, by its host's place in the plan's
	// targets and its ask's. It may be called by anybody.
	Settle(host, ask uint64)
	// Leaves tells whether the device has sent what it was given, as far as its counters
	// tell. Until it has, silence means nothing.
	Leaves() (bool, error)
}

// Answer is what the kernel found out for a question asked through Sockets.
type Answer struct {
	Run   uint32 // as given to Ask
	Probe probe.Probe
	Reply probe.Reply
	Data  []byte // what a datagram said, borrowed until the next Recv
}

// ErrFull is what Sockets.Ask returns when no more questions fit beside those
// on their way (no descriptors left): ask again when some of these have been
// answered or cancelled. It is never returned while none are on their way.
var ErrFull = errors.New("no descriptors left")

// Sockets asks by kernel sockets, for kinds that need no packet of our own:
// TCP connect, UDP, and ICMP echo where ping_group_range allows.
type Sockets interface {
	// Ask starts one try by a socket of kind how. run and p come back in the
	// Answer. data is the payload of UDP questions, borrowed. It does not block.
	// ErrFull is back-pressure; any other error says that this try cannot be
	// asked, a syscall.Errno where the kernel said so. Where the answer has come
	// before Ask returns, it is put into at and answered is true: the try has
	// ended, and Recv does not tell of it.
	Ask(run uint32, how probe.Socket, p probe.Probe, data []byte, at *Answer) (answered bool, err error)
	// Kept tells whether the kernel says that what the try of p sent is kept back on this
	// machine. It is asked when its wait has ended, and before it is cancelled. It does not
	// block, and is called with a run locked.
	Kept(run uint32, p probe.Probe) bool
	// Cancel forgets a try whose wait has ended and closes its socket.
	Cancel(run uint32, p probe.Probe)
	// Recv blocks until answers are there and fills into, as Link.Recv does.
	Recv(into []Answer) (n int, err error)
	// Waiting tells of answers what Link.Waiting tells of packets.
	Waiting() bool
	// Close is idempotent and unblocks Recv with ErrClosed.
	Close() error
}

// Way is one way out, made once from the kernel's routes.
type Way struct {
	Iface  int // index
	Name   string
	Src    netip.Addr // source address of what we ask
	Own    netip.Addr // our own address on this way: Src, unless that is foreign
	Next   netip.Addr // gateway; zero: the target itself is on the link
	MAC    wire.MAC   // ours on this link
	Ether  bool       // the link has Ethernet addresses, so frames need a MAC
	Frames bool       // IP packets must leave as frames on this way
	MTU    int        // bytes of an IP packet that the kernel lets leave, as routes and its memory of paths say
	Link   int        // the same of the interface alone
	Hops   bool       // the way to next hops of other ways, and to no target
	Err    error      // no way: unreachable, prohibited, no route
}

// Routes tells the way to an address. Ways are few; the look-up does not
// allocate or ask the kernel.
type Routes interface {
	Ways() []Way
	Way(target netip.Addr) uint16
	// Local tells whether addr is one of our own.
	Local(addr netip.Addr) bool
}
