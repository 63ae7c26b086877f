package capture

import (
	"io"
	"sync"
	"time"

	"sonde/probe/wire"
)

// Writer writes a pcapng file (draft-ietf-opsawg-pcapng). Its blocks are made
// here: those of gopacket's pcapgo have no direction, and to load that takes every
// run of sonde 4 ms, whether it writes a file or not. It is safe for concurrent
// use. The first error ends all writing and is what Close returns.
type Writer struct {
	start time.Time
	link  Link

	mu    sync.Mutex
	w     io.Writer
	block []byte // reused
	frame []byte // reused: a packet with its Ethernet header
	err   error
}

// NewWriter starts a file of one link type: RawIP only where no frames can occur.
// start is when the clock of the times that Packet is
// given was 0. w gets whole blocks, each in one Write under a lock, so it
// should not wait for a device (output.Stream does not); it is not closed.
func NewWriter(w io.Writer, program string, link Link, start time.Time) (*Writer, error) {
	head := appendSection(nil, program)
	head = appendInterface(head, map[Link]string{Ethernet: "ethernet", RawIP: "ip"}[link], link)
	_, err := w.Write(head)
	return &Writer{w: w, link: link, start: start}, err
}

// Packet writes one packet. b begins at its IP header or, with etherType
// wire.TypeARP, at the ARP message, and is not kept. from and to are the addresses of
// its frame; both zero: they are not known. A file of RawIP has no place for them, nor
// for ARP, which is left out. comment says what the packet
// asks or answers; it may be empty. It does not allocate once its buffers have grown.
func (w *Writer) Packet(dir Direction, at time.Duration, etherType uint16, from, to wire.MAC, b, comment []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.link == RawIP && etherType == wire.TypeARP {
		return
	}
	if w.link == Ethernet {
		w.frame = append(wire.AppendEthernet(w.frame[:0], to, from, etherType), b...)
		b = w.frame
	}
	w.block = appendPacket(w.block[:0], w.start.Add(at), dir, b, comment)
	_, w.err = w.w.Write(w.block)
}

// Close writes when the capture ended, by which others can tell what was not there from
// what was not captured, and returns the first error. It closes nothing.
func (w *Writer) Close(ended time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		_, w.err = w.w.Write(appendCounts(w.block[:0], w.start, ended))
	}
	return w.err
}
