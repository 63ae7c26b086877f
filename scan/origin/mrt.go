package origin

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"sonde/scan/report"
)

// Types of RFC 6396 §4.3 and RFC 8050 §4.
const (
	tableDumpV2     = 13
	peerIndex       = 1
	ribIPv4         = 2
	ribIPv6         = 4
	ribIPv4AddPath  = 8
	ribIPv6AddPath  = 10
	mrtHeader       = 12
	mostRecord      = 1 << 24 // bytes
	attrASPath      = 2       // RFC 4271 §4.3
	attrExtended    = 0x10    // its length has two bytes
	segmentSet      = 1       // of RFC 4271 §5.1.2
	segmentSequence = 2
)

var errShort = errors.New("it ends too early")

// isMRT tells by its first record whether a file is a dump of tables.
func isMRT(head []byte) bool {
	return len(head) == mrtHeader && binary.BigEndian.Uint16(head[4:]) == tableDumpV2 && binary.BigEndian.Uint16(head[6:]) < 16
}

// dump reads the records of a dump. Of several routes to a prefix the first counts.
func (t *Table) dump(r *bufio.Reader) error {
	var head [mrtHeader]byte
	var body []byte
	for n := 1; ; n++ {
		if _, err := io.ReadFull(r, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("record %d: %w", n, errShort)
		}
		size := binary.BigEndian.Uint32(head[8:])
		if size > mostRecord {
			return fmt.Errorf("record %d: %d bytes", n, size)
		}
		if cap(body) < int(size) {
			body = make([]byte, size)
		}
		body = body[:size]
		if _, err := io.ReadFull(r, body); err != nil {
			return fmt.Errorf("record %d: %w", n, errShort)
		}
		if binary.BigEndian.Uint16(head[4:]) != tableDumpV2 {
			continue
		}
		if err := t.record(binary.BigEndian.Uint16(head[6:]), body); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
	}
}

// record reads the routes to one prefix.
func (t *Table) record(kind uint16, b []byte) error {
	v6 := kind == ribIPv6 || kind == ribIPv6AddPath
	if !v6 && kind != ribIPv4 && kind != ribIPv4AddPath {
		return nil // peerIndex, and routes of other kinds
	}
	if len(b) < 5 {
		return errShort
	}
	bits, size := int(b[4]), 4
	if v6 {
		size = 16
	}
	n := (bits + 7) / 8
	if b = b[5:]; bits > 8*size || len(b) < n+2 {
		return errShort
	}
	var addr [16]byte
	copy(addr[:], b[:n])
	p := netip.PrefixFrom(netip.AddrFrom16(addr), bits)
	if !v6 {
		p = netip.PrefixFrom(netip.AddrFrom4([4]byte(addr[:4])), bits)
	}
	routes := binary.BigEndian.Uint16(b[n:])
	b = b[n+2:]
	fixed := 8
	if kind == ribIPv4AddPath || kind == ribIPv6AddPath {
		fixed = 12
	}
	for ; routes > 0; routes-- {
		if len(b) < fixed {
			return errShort
		}
		size := int(binary.BigEndian.Uint16(b[fixed-2:]))
		if b = b[fixed:]; len(b) < size {
			return errShort
		}
		if numbers := originOf(b[:size]); len(numbers) > 0 {
			if t.Len() == MostPrefixes {
				return fmt.Errorf("more than %d prefixes", MostPrefixes)
			}
			t.add(p.Masked(), fmt.Sprint(numbers), func() report.AS { return report.AS{Numbers: numbers} })
			return nil
		}
		b = b[size:]
	}
	return nil
}

// originOf is who announced a route, by its attributes: the last of its AS path, whose
// numbers have four bytes here (RFC 6396 §4.3.4).
func originOf(attrs []byte) (numbers []uint32) {
	for len(attrs) >= 3 {
		flags, kind, size, at := attrs[0], attrs[1], int(attrs[2]), 3
		if flags&attrExtended != 0 {
			if len(attrs) < 4 {
				return nil
			}
			size, at = int(binary.BigEndian.Uint16(attrs[2:])), 4
		}
		if len(attrs) < at+size {
			return nil
		}
		path := attrs[at : at+size]
		attrs = attrs[at+size:]
		if kind != attrASPath {
			continue
		}
		for len(path) >= 2 {
			n := int(path[1])
			if len(path) < 2+4*n {
				return nil
			}
			first := 0
			if path[0] == segmentSequence {
				first = max(n-1, 0)
			}
			if path[0] == segmentSet || path[0] == segmentSequence {
				numbers = numbers[:0]
				for i := first; i < n; i++ {
					numbers = append(numbers, binary.BigEndian.Uint32(path[2+4*i:]))
				}
			}
			path = path[2+4*n:]
		}
		return numbers
	}
	return nil
}
