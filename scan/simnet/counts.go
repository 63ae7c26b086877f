package simnet

// Counts says what truly happened to the packets. Pairs are there and back. It has a
// field for each thing that may happen, so that tests can tell them apart.
type Counts struct {
	Sent         uint64 // taken by Send
	SendErrors   uint64 // refused by Send
	SendFull     uint64 // times that Send was full
	Injected     uint64
	Received     uint64 // handed out by Recv
	ReceiveDrops uint64 // lost because nobody called Recv in time
	KernelRST    uint64 // sent by our own kernel

	Lost       [2]uint64 // by a line's loss, or while it was down
	QueueDrops [2]uint64 // by a bottleneck
	Duplicated [2]uint64
	Filtered   [2]uint64 // dropped by a router's rule
	Refused    uint64    // answered by a router's rule
	Expired    [2]uint64 // TTL
	Limited    uint64    // ICMP errors held back by a limit
	Unroutable uint64    // no path, or none back
	Absent     uint64    // nobody has the address
	WrongMAC   uint64    // frames to an Ethernet address that nobody on the link has, or not with that IP
	Unresolved uint64    // our kernel reported that the next hop does not answer
	Elsewhere  uint64    // answers to addresses that are not ours

	Arrived    uint64 // at a host, understood or not
	Malformed  uint64 // of them: not understood
	BadSum     uint64 // of them: with a wrong checksum, so ignored
	Asleep     uint64 // of them: lost because the host slept
	Ignored    uint64 // of them: taken without an answer, as it should be
	Answered   uint64 // packets that hosts sent, repeats included
	Repeated   uint64 // SYN-ACKs that hosts repeated by themselves
	HalfOpen   int    // connections that wait for our ACK or RST now
	Swallowed  uint64 // second SYNs left without an answer
	Reset      uint64 // second SYNs with another sequence number that got a RST
	Challenged uint64 // second SYNs with another sequence number that got an ACK
}

// Counts returns what happened so far.
func (l *Link) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run(max(l.now, l.Elapsed()))
	c := l.counts
	c.HalfOpen = l.halfOpen.len()
	return c
}
