package capture

import (
	"io"
	"sync"
	"time"

	"sonde/probe/wire"
)

// The interfaces of a file, one for each link type: IP packets stand in it as
// they are, ARP messages behind an Ethernet header, since no link type is ARP.
const (
	ifaceIP = iota
	ifaceARP
)

// Writer writes a pcapng file (draft-ietf-opsawg-pcapng). Its blocks are made
// here: those of gopacket's pcapgo have no direction, and to load that takes every
// run of sonde 4 ms, whether it writes a file or not. It is safe for concurrent
// use. The first error ends all writing and is what Close returns.
type Writer struct {
	start time.Time

	mu    sync.Mutex
	w     io.Writer
	block []byte // reused
	frame []byte // reused: an ARP message with its Ethernet header
	err   error
}

// NewWriter starts a file. start is when the clock of the times that Packet is
// given was 0. w gets whole blocks, each in one Write under a lock, so it
// should not wait for a device (output.Stream does not); it is not closed.
func NewWriter(w io.Writer, program string, start time.Time) (*Writer, error) {
	head := appendSection(nil, program)
	head = appendInterface(head, "ip", linkRaw)
	head = appendInterface(head, "arp", linkEthernet)
	_, err := w.Write(head)
	return &Writer{w: w, start: start}, err
}

// Packet writes one packet. b begins at its IP header or, with etherType
// wire.TypeARP, at the ARP message, and is not kept. mac is the next hop's of a
// sent packet, the sender's of a received one. comment says what the packet
// asks or answers; it may be empty. It does not allocate once its buffers have
// grown.
func (w *Writer) Packet(dir Direction, at time.Duration, etherType uint16, mac wire.MAC, b, comment []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	iface := ifaceIP
	if etherType == wire.TypeARP {
		iface = ifaceARP
		w.frame = appendARPHeader(w.frame[:0], dir, mac, b)
		w.frame = append(w.frame, b...)
		b = w.frame
	}
	w.block = appendPacket(w.block[:0], iface, w.start.Add(at), dir, b, comment)
	_, w.err = w.w.Write(w.block)
}

// Close returns the first error. It closes nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// appendARPHeader writes the Ethernet header that b travelled behind. The other
// end's address is mac; ours stands in the message.
func appendARPHeader(buf []byte, dir Direction, mac wire.MAC, b []byte) []byte {
	var ours wire.MAC
	at := 8 // RFC 826: sender's hardware address
	if dir == Received {
		at = 18 // target's
	}
	if len(b) >= at+len(ours) {
		ours = wire.MAC(b[at : at+len(ours)])
	}
	if dir == Sent {
		return wire.AppendEthernet(buf, mac, ours, wire.TypeARP)
	}
	return wire.AppendEthernet(buf, ours, mac, wire.TypeARP)
}
