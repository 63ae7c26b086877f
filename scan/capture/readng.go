package capture

import (
	"encoding/binary"
	"math/bits"
)

// Blocks and options of pcapng that only a reader meets, besides those in block.go.
const (
	blockOldPacket    = 2 // appendix A
	blockSimplePacket = 3 // section 4.4
	optionTimeOffset  = 14

	mostBlock  = 1 << 24 // bytes of a block that says anything about packets
	mostIfaces = 1 << 16

	mostSeconds = 9_000_000_000 // before and after 1970, in nanoseconds still below 2^63
)

// iface is what must be known of an interface to read its packets.
type iface struct {
	link   Link
	snap   uint32
	scale  uint8    // of times: the negative power of 10, or with the high bit of 2
	offset int64    // seconds to add
	span   [2]int64 // from when to when it was captured from, in nanoseconds since 1970
	spans  bool     // that is known
}

// nextBlock reads blocks of a pcapng file up to the next packet
// (draft-ietf-opsawg-pcapng §3.1).
func (c *Reader) nextBlock(f *Frame) error {
	for {
		head := c.head[:8]
		if err := c.begins(head); err != nil {
			return err
		}
		kind := c.order.Uint32(head)
		if binary.LittleEndian.Uint32(head) == blockSection { // the same in both orders
			kind = blockSection
			if err := c.section(); err != nil {
				return err
			}
		}
		size := c.order.Uint32(head[4:])
		if size < 12 || size%4 != 0 {
			return damaged("a block of %d bytes", size)
		}
		left := size - 12 // without its head and its end
		found, err := false, error(nil)
		switch kind {
		case blockSection:
			left -= 4 // which were read
			if size < 28 {
				return damaged("a section header of %d bytes", size)
			}
		case blockInterface:
			left, err = c.iface(left)
		case blockCounts:
			left, err = c.counts(left)
		case blockPacket, blockOldPacket, blockSimplePacket:
			left, err = c.packet(f, kind, left)
			found = true
		}
		if err != nil {
			return err
		}
		if err := c.skip(left); err != nil {
			return err
		}
		if err := c.full(c.head[8:12]); err != nil {
			return err
		}
		if c.order.Uint32(c.head[8:]) != size {
			return damaged("a block has another length at its end than at its beginning")
		}
		if found {
			return nil
		}
	}
}

// section reads the byte order of a section, and forgets the interfaces of the last.
func (c *Reader) section() error {
	if err := c.full(c.head[8:12]); err != nil {
		return err
	}
	switch {
	case binary.LittleEndian.Uint32(c.head[8:]) == byteOrder:
		c.order = binary.LittleEndian
	case binary.BigEndian.Uint32(c.head[8:]) == byteOrder:
		c.order = binary.BigEndian
	default:
		return damaged("a section without byte order")
	}
	c.ifaces = c.ifaces[:0]
	c.sections++
	return nil
}

// skip passes over bytes.
func (c *Reader) skip(n uint32) error {
	if _, err := c.r.Discard(int(n)); err != nil {
		return c.broken(err)
	}
	return nil
}

// iface reads an interface description block of so many bytes (section 4.2), and
// returns how many are left.
func (c *Reader) iface(size uint32) (left uint32, err error) {
	switch {
	case size < 8 || size > mostBlock:
		return 0, damaged("an interface description of %d bytes", size)
	case len(c.ifaces) >= mostIfaces:
		return 0, damaged("more than %d interfaces", mostIfaces)
	}
	b := make([]byte, size)
	if err := c.full(b); err != nil {
		return 0, err
	}
	i := iface{link: Link(c.order.Uint16(b)), snap: c.order.Uint32(b[4:]), scale: 6}
	for b = b[8:]; len(b) >= 4; {
		code, n := c.order.Uint16(b), int(c.order.Uint16(b[2:]))
		b = b[4:]
		if code == optionEnd || n > len(b) {
			break
		}
		switch {
		case code == optionTimes && n >= 1:
			i.scale = b[0]
		case code == optionTimeOffset && n >= 8:
			i.offset = int64(c.order.Uint64(b))
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	c.ifaces = append(c.ifaces, i)
	return 0, nil
}

// counts reads an interface statistics block of so many bytes (section 4.6), and returns
// how many are left.
func (c *Reader) counts(size uint32) (left uint32, err error) {
	if size < 12 || size > mostBlock {
		return size, nil // which tells nothing, and nothing depends on it
	}
	b := make([]byte, size)
	if err := c.full(b); err != nil {
		return 0, err
	}
	number := c.order.Uint32(b)
	if uint64(number) >= uint64(len(c.ifaces)) {
		return 0, nil
	}
	i := &c.ifaces[number]
	known := 0
	for b = b[12:]; len(b) >= 4; {
		code, n := c.order.Uint16(b), int(c.order.Uint16(b[2:]))
		b = b[4:]
		if code == optionEnd || n > len(b) {
			break
		}
		if (code == optionBegun || code == optionEnded) && n == 8 {
			at, ok := i.time(uint64(c.order.Uint32(b))<<32 | uint64(c.order.Uint32(b[4:])))
			if ok {
				i.span[code-optionBegun] = at
				known |= 1 << (code - optionBegun)
			}
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	i.spans = known == 3 && i.span[0] <= i.span[1]
	return 0, nil
}

// Span is from when to when all interfaces of a pcapng file were captured from, in
// nanoseconds since 1970, as the file says itself (section 4.6: isb_starttime and
// isb_endtime). It is known at the end of the file; not ok: the file does not say.
func (c *Reader) Span() (from, to int64, ok bool) {
	if c.sections != 1 || len(c.ifaces) == 0 {
		return 0, 0, false
	}
	from, to = c.ifaces[0].span[0], c.ifaces[0].span[1]
	for _, i := range c.ifaces {
		if !i.spans {
			return 0, 0, false
		}
		from, to = max(from, i.span[0]), min(to, i.span[1])
	}
	return from, to, from <= to
}

// packet reads a block that has a packet, of so many bytes, and returns how many are
// left.
func (c *Reader) packet(f *Frame, kind, size uint32) (left uint32, err error) {
	fixed := uint32(20)
	if kind == blockSimplePacket {
		fixed = 4
	}
	if size < fixed {
		return 0, damaged("a packet block of %d bytes", size)
	}
	head := c.head[8 : 8+fixed]
	if err := c.full(head); err != nil {
		return 0, err
	}
	left = size - fixed
	number, kept, length := uint32(0), left, c.order.Uint32(head)
	switch kind {
	case blockSimplePacket:
	case blockOldPacket:
		number, kept, length = uint32(c.order.Uint16(head)), c.order.Uint32(head[12:]), c.order.Uint32(head[16:])
	default:
		number, kept, length = c.order.Uint32(head), c.order.Uint32(head[12:]), c.order.Uint32(head[16:])
	}
	if uint64(number) >= uint64(len(c.ifaces)) {
		return 0, damaged("a packet of interface %d, and %d are described", number, len(c.ifaces))
	}
	i := &c.ifaces[number]
	f.Link, f.Timed = i.link, false
	if kind == blockSimplePacket {
		kept = min(kept, length)
		if i.snap > 0 {
			kept = min(kept, i.snap)
		}
	} else {
		f.At, f.Timed = i.time(uint64(c.order.Uint32(head[4:]))<<32 | uint64(c.order.Uint32(head[8:])))
	}
	if kept > left {
		return 0, damaged("a packet of %d bytes in a block of %d", kept, size)
	}
	return left - kept, c.read(f, kept, length)
}

// time is what ticks of the interface's clock are in nanoseconds since 1970; not ok
// some 285 years away from 1970.
func (i *iface) time(ticks uint64) (ns int64, ok bool) {
	var seconds, part uint64
	if power := uint(i.scale & 0x7f); i.scale&0x80 != 0 {
		if power > 63 {
			return 0, false
		}
		seconds = ticks >> power
		high, low := bits.Mul64(ticks&(1<<power-1), 1e9)
		part = low
		if power > 0 {
			part = high<<(64-power) | low>>power
		}
	} else {
		if power > 19 {
			return 0, false
		}
		unit := uint64(1)
		for range power {
			unit *= 10
		}
		seconds, part = ticks/unit, ticks%unit
		if power <= 9 {
			part *= uint64(1e9) / unit
		} else {
			part /= unit / 1e9
		}
	}
	if seconds > mostSeconds || i.offset > mostSeconds || i.offset < -mostSeconds {
		return 0, false
	}
	whole := int64(seconds) + i.offset
	return whole*1e9 + int64(part), whole <= mostSeconds && whole >= -mostSeconds
}
