package wire

import "encoding/binary"

// ICMP errors may say more than which packet they are about: behind the quote stands
// an extension, a list of objects (RFC 4884 §7). The one that is read here is the
// MPLS label stack with which the packet had come to who sent the error (RFC 4950);
// others are in object.go.

const (
	// minExtended is the least size of a quote that an extension follows, in bytes
	// (RFC 4884 §4). Senders from before that had it always there, and told no length
	// (§5.5).
	minExtended = 128
	// extensionHeader is the size of what all extensions begin with, and that of what
	// all objects in them begin with (RFC 4884 §7, §7.1).
	extensionHeader, objectHeader = 4, 4
	extensionVersion              = 2
	classMPLS, incomingStack      = 1, 1 // RFC 4950 §5
)

// QuotedLabels is how many labels of a stack are kept. Real stacks have less than ten.
const QuotedLabels = 16

// Label is an entry of an MPLS label stack, as it is on the wire (RFC 3032 §2.1).
type Label uint32

// NewLabel makes one of value (20 bits), traffic class (3 bits), whether it is the last
// of its stack, and TTL.
func NewLabel(value uint32, tc uint8, bottom bool, ttl uint8) Label {
	l := Label(value&0xfffff)<<12 | Label(tc&7)<<9 | Label(ttl)
	if bottom {
		l |= 1 << 8
	}
	return l
}

// Value is the label itself, 20 bits.
func (l Label) Value() uint32 { return uint32(l >> 12) }

// TC is the traffic class, 3 bits that were once called experimental (RFC 5462).
func (l Label) TC() uint8 { return uint8(l>>9) & 7 }

// Bottom tells whether it is the last of its stack.
func (l Label) Bottom() bool { return l>>8&1 != 0 }

// TTL is that of the label, not of the IP packet.
func (l Label) TTL() uint8 { return uint8(l) }

// Labels returns the label stack, outermost first; it aliases q.
func (q *Quote) Labels() []Label { return q.MPLS[:q.MPLSLen] }

// original parts the ICMP error b into what it quotes of a packet and the extension
// behind that, nil if there is none. Where the quote ends, a byte of the header tells
// (RFC 4884 §4), in which old senders leave anything: so a length below minExtended,
// or none, counts only if an extension is really found there, with its checksum. The
// quote is padded with zeros up to it.
func original(b []byte, v6 bool) (quote, extension []byte) {
	size := 0
	switch {
	case !v6 && (b[0] == 3 || b[0] == 11 || b[0] == 12):
		size = int(b[5]) * 4
	case v6 && (b[0] == 1 || b[0] == 3):
		size = int(b[4]) * 8
	default:
		return b[icmpHeader:], nil
	}
	b = b[icmpHeader:]
	told := size >= minExtended && size <= len(b)
	switch {
	case told && isExtension(b[size:], true):
		return b[:size], b[size:]
	case size > 0 && size < len(b) && isExtension(b[size:], false):
		return b[:size], b[size:]
	case len(b) > minExtended && isExtension(b[minExtended:], false):
		return b[:minExtended], b[minExtended:]
	case told:
		return b[:size], nil
	}
	return b, nil
}

// isExtension tells whether b is an extension and nothing else: of the right version,
// with the right checksum, and of objects that fill it. A checksum may be left out
// (RFC 4884 §7) where the sender has told that there is an extension.
func isExtension(b []byte, told bool) bool {
	if len(b) < extensionHeader || b[0]>>4 != extensionVersion {
		return false
	}
	if none := b[2] == 0 && b[3] == 0; none && !told || !none && Checksum(b) != 0 {
		return false
	}
	b = b[extensionHeader:]
	for len(b) > 0 {
		n := objectSize(b)
		if n == 0 {
			return false
		}
		b = b[n:]
	}
	return true
}

// objectSize is the size of the object at the beginning of b, 0 if there is none.
func objectSize(b []byte) int {
	if len(b) < objectHeader {
		return 0
	}
	if n := int(binary.BigEndian.Uint16(b)); n >= objectHeader && n <= len(b) {
		return n
	}
	return 0
}

// labels keeps the label stack that an extension tells of.
func (q *Quote) labels(extension []byte) {
	if len(extension) < extensionHeader {
		return
	}
	for b := extension[extensionHeader:]; ; {
		n := objectSize(b)
		if n == 0 {
			return
		}
		if b[2] == classMPLS && b[3] == incomingStack {
			for stack := b[objectHeader:n]; len(stack) >= 4 && q.MPLSLen < QuotedLabels; stack = stack[4:] {
				q.MPLS[q.MPLSLen] = Label(binary.BigEndian.Uint32(stack))
				q.MPLSLen++
			}
		}
		b = b[n:]
	}
}

// AppendExtension appends an extension with an MPLS label stack, outermost first, for
// those who write ICMP errors: behind a quote of at least 128 bytes.
func AppendExtension(b []byte, stack []Label) []byte {
	start := len(b)
	b = append(b, extensionVersion<<4, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(objectHeader+4*len(stack)))
	b = append(b, classMPLS, incomingStack)
	for _, l := range stack {
		b = binary.BigEndian.AppendUint32(b, uint32(l))
	}
	binary.BigEndian.PutUint16(b[start+2:], Checksum(b[start:]))
	return b
}
