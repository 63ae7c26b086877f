package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"sonde/probe/wire"
)

// The interfaces of a file, one for each link type: IP packets stand in it as
// they are, ARP messages behind an Ethernet header, since no link type is ARP.
const (
	ifaceIP = iota
	ifaceARP
)

// Writer writes a pcapng file (draft-ietf-opsawg-pcapng). The section and its
// interfaces are pcapgo's; the packet blocks are written here, as pcapgo's have
// no options and so no direction. It is safe for concurrent use. The first
// error ends all writing and is what Close returns.
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
	var head bytes.Buffer
	ng, err := pcapgo.NewNgWriterInterface(&head, pcapgo.NgInterface{Name: "ip", OS: runtime.GOOS, LinkType: layers.LinkTypeRaw},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Hardware: runtime.GOARCH, OS: runtime.GOOS, Application: program}})
	if err == nil {
		_, err = ng.AddInterface(pcapgo.NgInterface{Name: "arp", OS: runtime.GOOS, LinkType: layers.LinkTypeEthernet})
	}
	if err == nil {
		err = ng.Flush()
	}
	if err == nil {
		_, err = w.Write(head.Bytes())
	}
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
	w.block = appendBlock(w.block[:0], iface, w.start.Add(at), dir, b, comment)
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

// Of draft-ietf-opsawg-pcapng.
const (
	blockPacket    = 6 // section 4.3
	optionEnd      = 0
	optionComment  = 1 // section 3.5.1
	optionFlags    = 2 // section 4.3.1
	flagsInbound   = 1
	flagsOutbound  = 2
	packetOverhead = 32 // of a block without options
	commentMax     = 1 << 12
)

// appendBlock writes an enhanced packet block in pcapgo's byte order, with
// nanoseconds, as pcapgo says in its interfaces.
func appendBlock(buf []byte, iface int, at time.Time, dir Direction, packet, comment []byte) []byte {
	le := binary.LittleEndian
	comment = comment[:min(len(comment), commentMax)]
	size := packetOverhead + pad4(len(packet)) + 8 + 4 // flags, end of options
	if len(comment) > 0 {
		size += 4 + pad4(len(comment))
	}
	nano := uint64(at.UnixNano())
	flags := uint32(flagsInbound)
	if dir == Sent {
		flags = flagsOutbound
	}

	buf = le.AppendUint32(buf, blockPacket)
	buf = le.AppendUint32(buf, uint32(size))
	buf = le.AppendUint32(buf, uint32(iface))
	buf = le.AppendUint32(buf, uint32(nano>>32))
	buf = le.AppendUint32(buf, uint32(nano))
	buf = le.AppendUint32(buf, uint32(len(packet))) // captured
	buf = le.AppendUint32(buf, uint32(len(packet))) // original
	buf = appendPadded(buf, packet)
	if len(comment) > 0 {
		buf = le.AppendUint16(buf, optionComment)
		buf = le.AppendUint16(buf, uint16(len(comment)))
		buf = appendPadded(buf, comment)
	}
	buf = le.AppendUint16(buf, optionFlags)
	buf = le.AppendUint16(buf, 4)
	buf = le.AppendUint32(buf, flags)
	buf = le.AppendUint32(buf, optionEnd)
	return le.AppendUint32(buf, uint32(size))
}

func pad4(n int) int { return (n + 3) &^ 3 }

func appendPadded(buf, b []byte) []byte {
	buf = append(buf, b...)
	for range pad4(len(b)) - len(b) {
		buf = append(buf, 0)
	}
	return buf
}
