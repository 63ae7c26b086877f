package capture

import (
	"encoding/binary"
	"runtime"
	"time"
)

// Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian, with times in
// nanoseconds.
const (
	blockSection   = 0x0a0d0d0a // section 4.1
	blockInterface = 1          // section 4.2
	blockPacket    = 6          // section 4.3
	blockCounts    = 5          // section 4.6, interface statistics

	byteOrder     = 0x1a2b3c4d
	unknownLength = 1<<64 - 1 // of a section: as far as the file goes
	nanoseconds   = 9         // negative power of ten

	optionEnd       = 0 // section 3.5
	optionComment   = 1 // section 3.5.1
	optionHardware  = 2 // section 4.1
	optionSystem    = 3
	optionProgram   = 4
	optionName      = 2 // section 4.2
	optionTimes     = 9
	optionInterface = 12 // the operating system it is on
	optionFlags     = 2  // section 4.3.1
	optionBegun     = 2  // section 4.6
	optionEnded     = 3
	flagsInbound    = 1
	flagsOutbound   = 2
	commentMax      = 1 << 12
)

// Link is what the packets of a file begin with: one number of the list of link
// types on tcpdump.org. A file has one Link only, since libpcap, and so tcpdump and
// most other programs, refuse a file whose interfaces have different ones.
type Link uint16

const (
	Ethernet Link = 1   // their Ethernet header; made up of zeros where the kernel made the frame
	RawIP    Link = 101 // their IP header
)

// about says in the file what one must know to read it.
func (l Link) about() string {
	if l == RawIP {
		return "packets begin at their IP header: no frames are made on the way to these targets"
	}
	return "a header without addresses (00:00:00:00:00:00 twice) is not from the wire: the kernel made the frame, whose addresses are not known here"
}

var le = binary.LittleEndian

// begin starts a block; end fills in its length, before and behind what is in it.
func begin(buf []byte, block uint32) []byte {
	return le.AppendUint32(le.AppendUint32(buf, block), 0)
}

func end(buf []byte, start int) []byte {
	size := uint32(len(buf) - start + 4)
	le.PutUint32(buf[start+4:], size)
	return le.AppendUint32(buf, size)
}

// appendOption writes an option; none where it would be empty.
func appendOption(buf []byte, code uint16, value []byte) []byte {
	if len(value) == 0 {
		return buf
	}
	buf = le.AppendUint16(le.AppendUint16(buf, code), uint16(len(value)))
	return appendPadded(buf, value)
}

// appendSection writes the block that a file begins with.
func appendSection(buf []byte, program string) []byte {
	start := len(buf)
	buf = le.AppendUint32(begin(buf, blockSection), byteOrder)
	buf = le.AppendUint16(le.AppendUint16(buf, 1), 0) // version
	buf = le.AppendUint64(buf, unknownLength)
	buf = appendOption(buf, optionHardware, []byte(runtime.GOARCH))
	buf = appendOption(buf, optionSystem, []byte(runtime.GOOS))
	buf = appendOption(buf, optionProgram, []byte(program))
	return end(le.AppendUint32(buf, optionEnd), start)
}

// appendInterface writes an interface, whose packets are never cut.
func appendInterface(buf []byte, name string, link Link) []byte {
	start := len(buf)
	buf = le.AppendUint16(le.AppendUint16(begin(buf, blockInterface), uint16(link)), 0)
	buf = le.AppendUint32(buf, 0) // no limit to a packet's length
	buf = appendOption(buf, optionComment, []byte(link.about()))
	buf = appendOption(buf, optionName, []byte(name))
	buf = appendOption(buf, optionTimes, []byte{nanoseconds})
	buf = appendOption(buf, optionInterface, []byte(runtime.GOOS))
	return end(le.AppendUint32(buf, optionEnd), start)
}

// appendPacket writes an enhanced packet block, of the first interface.
func appendPacket(buf []byte, at time.Time, dir Direction, packet, comment []byte) []byte {
	start := len(buf)
	nano := uint64(at.UnixNano())
	flags := uint32(flagsInbound)
	if dir == Sent {
		flags = flagsOutbound
	}
	buf = le.AppendUint32(begin(buf, blockPacket), 0)
	buf = le.AppendUint32(buf, uint32(nano>>32))
	buf = le.AppendUint32(buf, uint32(nano))
	buf = le.AppendUint32(buf, uint32(len(packet))) // captured
	buf = le.AppendUint32(buf, uint32(len(packet))) // original
	buf = appendPadded(buf, packet)
	buf = appendOption(buf, optionComment, comment[:min(len(comment), commentMax)])
	buf = le.AppendUint16(buf, optionFlags)
	buf = le.AppendUint16(buf, 4)
	buf = le.AppendUint32(buf, flags)
	return end(le.AppendUint32(buf, optionEnd), start)
}

// appendCounts writes from when to when the first interface was captured from.
func appendCounts(buf []byte, begun, ended time.Time) []byte {
	start := len(buf)
	buf = le.AppendUint32(begin(buf, blockCounts), 0)
	words := func(at time.Time) []byte {
		nano := uint64(at.UnixNano())
		return le.AppendUint32(le.AppendUint32(nil, uint32(nano>>32)), uint32(nano))
	}
	buf = append(buf, words(ended)...)
	buf = appendOption(buf, optionBegun, words(begun))
	buf = appendOption(buf, optionEnded, words(ended))
	return end(le.AppendUint32(buf, optionEnd), start)
}

// appendPadded writes b up to a multiple of 4 bytes.
func appendPadded(buf, b []byte) []byte {
	buf = append(buf, b...)
	for range -len(b) & 3 {
		buf = append(buf, 0)
	}
	return buf
}
