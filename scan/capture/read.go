package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Frame is one packet of a capture file, as far as it was kept.
type Frame struct {
	At     int64 // nanoseconds since 1970, on the clock of whoever captured
	Timed  bool  // At is known: a simple packet block of pcapng has no time
	Link   Link
	Data   []byte // from the link's header on; borrowed until the next packet is read
	Length int    // on the wire, at least len(Data)
}

// Reader reads the packets of a capture file: pcap of both byte orders, in micro- or
// nanoseconds, and pcapng with any number of sections and interfaces, gzip or not. It
// keeps no more than one packet.
type Reader struct {
	r        *bufio.Reader
	order    binary.ByteOrder
	next     func(*Frame) error
	head     [28]byte
	data     []byte
	ifaces   []iface // pcapng: of the section under way
	fine     bool    // pcap: times are in nanoseconds
	link     Link    // pcap: of all packets
	packed   bool    // it is a gzip file
	sections int     // pcapng: read so far
}

// mostFrame bounds a frame: what tcpdump takes for the longest possible one.
const mostFrame = 1 << 18

var (
	// ErrEmpty is the error of a file without a byte.
	ErrEmpty = errors.New("is empty")
	// ErrCut is the error of a file that ends in the middle of something.
	ErrCut = errors.New("ends in the middle of a packet")
	// ErrDamaged is part of the error of what no program would have written.
	ErrDamaged = errors.New("is damaged")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// NewReader begins to read a capture file. The error says, for people, what r is if it
// is none: "is empty", "is no pcap or pcapng file".
func NewReader(r io.Reader) (*Reader, error) {
	c := &Reader{r: bufio.NewReaderSize(r, 1<<16), order: binary.LittleEndian}
	magic, err := c.r.Peek(4)
	if len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b { // RFC 1952 §2.3.1
		z, bad := gzip.NewReader(c.r)
		if bad != nil {
			return nil, c.broken(bad)
		}
		c.r, c.packed = bufio.NewReaderSize(z, 1<<16), true
		magic, err = c.r.Peek(4)
	}
	switch {
	case len(magic) == 0 && (err == nil || err == io.EOF):
		return nil, ErrEmpty
	case len(magic) == 0:
		return nil, c.broken(err)
	case len(magic) == 4 && binary.LittleEndian.Uint32(magic) == blockSection:
		c.next = c.nextBlock
		return c, nil
	case len(magic) == 4 && c.pcap(magic):
		if err := c.full(c.head[:24]); err != nil {
			return nil, err
		}
		// The upper bits are the length of a frame check sequence at the end of frames.
		c.link = Link(c.order.Uint32(c.head[20:]))
		c.next = c.nextRecord
		return c, nil
	}
	for _, p := range []struct{ begin, name string }{{"\x28\xb5\x2f\xfd", "zstd"}, {"\xfd7zX", "xz"}, {"BZh", "bzip2"}, {"PK\x03\x04", "zip"}} {
		if bytes.HasPrefix(magic, []byte(p.begin)) {
			return nil, fmt.Errorf("is packed by %s: unpack it first (gzip is read as it is)", p.name)
		}
	}
	return nil, errors.New("is no pcap or pcapng file")
}

// Next reads the next packet into f. At the end its error is io.EOF. After any other
// error, ErrCut or one that is ErrDamaged among them, there is nothing more to read.
func (c *Reader) Next(f *Frame) error { return c.next(f) }

// full fills b. The end of the file is inside of something.
func (c *Reader) full(b []byte) error {
	if _, err := io.ReadFull(c.r, b); err != nil {
		return c.broken(err)
	}
	return nil
}

// begins is full for the beginning of something: before it the file may end.
func (c *Reader) begins(b []byte) error {
	switch _, err := io.ReadFull(c.r, b); err {
	case nil, io.EOF:
		return err
	default:
		return c.broken(err)
	}
}

// broken says what an error of the file means.
func (c *Reader) broken(err error) error {
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return ErrCut
	case errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader):
		return damaged("%v", err)
	}
	if c.packed {
		return damaged("gzip: %v", err)
	}
	return err
}

// The formats of pcap files (draft-ietf-opsawg-pcap §4).
const (
	pcapMicro = 0xa1b2c3d4
	pcapNano  = 0xa1b23c4d
)

// pcap tells whether a file begins as a pcap file does, and how it is to be read.
func (c *Reader) pcap(magic []byte) bool {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if m := order.Uint32(magic); m == pcapMicro || m == pcapNano {
			c.order, c.fine = order, m == pcapNano
			return true
		}
	}
	return false
}

// nextRecord reads a packet record of a pcap file (draft-ietf-opsawg-pcap §5).
func (c *Reader) nextRecord(f *Frame) error {
	head := c.head[:16]
	if err := c.begins(head); err != nil {
		return err
	}
	part := int64(c.order.Uint32(head[4:]))
	if !c.fine {
		part *= 1000
	}
	f.At, f.Timed, f.Link = int64(c.order.Uint32(head))*1e9+part, true, c.link
	return c.read(f, c.order.Uint32(head[8:]), c.order.Uint32(head[12:]))
}

// read reads the bytes of a packet.
func (c *Reader) read(f *Frame, kept, length uint32) error {
	if kept > mostFrame {
		return damaged("a packet of %d bytes", kept)
	}
	if cap(c.data) < int(kept) {
		c.data = make([]byte, max(kept, 1<<12))
	}
	f.Data = c.data[:kept]
	f.Length = int(min(max(kept, length), 1<<30))
	return c.full(f.Data)
}
