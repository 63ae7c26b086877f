package simnet

import (
	"encoding/binary"

	"sonde/probe/wire"
)

// option is a set of TCP options that the network knows.
type option uint8

const (
	optMSS option = 1 << iota
	optScale
	optSACK
	optTS
	anyOption option = 1 << 7 // any at all, known or not; NOP and EOL aside
)

// optionNames are in the order of the bits.
var optionNames = [...]string{"mss", "wscale", "sackok", "ts"}

// kindOf returns the bit of an option by its kind (IANA TCP option kinds).
func kindOf(kind byte) option {
	switch kind {
	case 2:
		return optMSS
	case 3:
		return optScale
	case 4:
		return optSACK
	case 8:
		return optTS
	}
	return 0
}

// nextOption returns where the option at or behind opts[at] begins, NOPs
// skipped, and its length; 0 at the end or where it is malformed.
func nextOption(opts []byte, at int) (start, size int) {
	for at < len(opts) && opts[at] == 1 {
		at++
	}
	if at+1 >= len(opts) || opts[at] == 0 {
		return at, 0
	}
	size = int(opts[at+1])
	if size < 2 || at+size > len(opts) {
		return at, 0
	}
	return at, size
}

// offered returns the options of a segment, and the value of its timestamp.
func offered(opts []byte) (have option, tsval uint32) {
	for at, n := nextOption(opts, 0); n > 0; at, n = nextOption(opts, at+n) {
		o := kindOf(opts[at])
		have |= o | anyOption
		if o == optTS && n == 10 {
			tsval = binary.BigEndian.Uint32(opts[at+2:])
		}
	}
	return have, tsval
}

// optionBytes returns the options of the TCP header at b[off:]; nil where there
// are none.
func optionBytes(b []byte, off int) []byte {
	if off+20 > len(b) {
		return nil
	}
	end := off + int(b[off+12]>>4)*4
	if end <= off+20 || end > len(b) {
		return nil
	}
	return b[off+20 : end]
}

// in tells whether one of o is in the packet b, whose TCP header is at off.
func (o option) in(b []byte, off int) bool {
	have, _ := offered(optionBytes(b, off))
	return have&o != 0
}

// rewriteOptions lowers the MSS of the TCP header at b[off:] to mss, unless 0,
// replaces the options of strip by NOPs, and corrects the checksum.
func rewriteOptions(b []byte, off int, mss uint16, strip option) {
	opts := optionBytes(b, off)
	for at, n := nextOption(opts, 0); n > 0; at, n = nextOption(opts, at+n) {
		o := kindOf(opts[at])
		switch {
		case o&strip != 0 || strip&anyOption != 0:
			for i := at; i < at+n; i++ {
				setByte(b, off, off+20+i, 1)
			}
		case o == optMSS && n == 4 && mss > 0 && binary.BigEndian.Uint16(opts[at+2:]) > mss:
			setByte(b, off, off+20+at+2, byte(mss>>8))
			setByte(b, off, off+20+at+3, byte(mss))
		}
	}
}

// setByte writes one byte of the TCP segment at b[off:] and corrects its
// checksum, which is of words counted from off.
func setByte(b []byte, off, at int, v byte) {
	shift := 8 * (1 - (at-off)&1)
	old := uint16(b[at]) << shift
	b[at] = v
	adjust(b[off+16:], old, uint16(v)<<shift)
}

// stack is the shape of a host's TCP.
type stack uint8

const (
	linux stack = iota
	windows
	oldbsd
	bare
)

var stackNames = [...]string{"linux", "windows", "oldbsd", "bare"}

func stackNamed(name string) (stack, bool) {
	for i, s := range stackNames {
		if s == name {
			return stack(i), true
		}
	}
	return 0, false
}

// ttl returns what its packets start with.
func (s stack) ttl() uint8 {
	switch s {
	case windows:
		return 128
	case bare:
		return 255
	}
	return 64
}

// synACK fills in window and options of a SYN-ACK, in answer to a SYN with the
// options have and the timestamp echoed. clock is the host's own timestamp.
func (s stack) synACK(t *wire.TCP, v6 bool, have option, echoed, clock uint32) {
	mss := uint16(1460)
	if v6 {
		mss = 1440
	}
	opts := t.Opt[:0]
	if s != bare {
		opts = append(opts, 2, 4, byte(mss>>8), byte(mss))
	}
	ts, sack, scale := have&optTS != 0, have&optSACK != 0, have&optScale != 0
	switch s {
	case linux: // as Linux 6.18 answers
		t.Window = 64240
		if ts {
			t.Window = 65160
		}
		switch {
		case sack && ts:
			opts = append(opts, 4, 2)
		case ts:
			opts = append(opts, 1, 1)
		case sack:
			opts = append(opts, 1, 1, 4, 2)
		}
		opts = appendTS(opts, ts, clock, echoed)
		if scale {
			opts = append(opts, 1, 3, 3, 7)
		}
	case windows:
		t.Window = 65535
		if scale {
			opts = append(opts, 1, 3, 3, 8)
		}
		switch {
		case sack && ts:
			opts = append(opts, 4, 2)
		case ts:
			opts = append(opts, 1, 1)
		case sack:
			opts = append(opts, 1, 1, 4, 2)
		}
		opts = appendTS(opts, ts, clock, echoed)
	case oldbsd:
		t.Window = 16384
		if scale {
			opts = append(opts, 1, 3, 3, 0)
		}
		if ts {
			opts = append(opts, 1, 1)
		}
		opts = appendTS(opts, ts, clock, echoed)
	default:
		t.Window = 8192
	}
	t.OptLen = uint8(len(opts))
}

// appendTS appends a timestamp option (RFC 7323 §3.2), if there is to be one.
func appendTS(b []byte, ts bool, value, echoed uint32) []byte {
	if !ts {
		return b
	}
	b = append(b, 8, 10)
	b = binary.BigEndian.AppendUint32(b, value)
	return binary.BigEndian.AppendUint32(b, echoed)
}
