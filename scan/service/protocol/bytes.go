package protocol

import "encoding/binary"

var be, le = binary.BigEndian, binary.LittleEndian

// element reads the first element of b (X.690 section 8.1): its tag, its contents, and what
// follows; ok is false where it is not whole.
func element(b []byte) (tag byte, body, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, nil, nil, false
	}
	length, at := int(b[1]), 2
	if length >= 0x80 {
		digits := length & 0x7f
		if digits == 0 || digits > 4 || len(b) < 2+digits {
			return 0, nil, nil, false
		}
		length = 0
		for _, d := range b[2 : 2+digits] {
			length = length<<8 | int(d)
		}
		at += digits
	}
	if length > len(b)-at {
		return 0, nil, nil, false
	}
	return b[0], b[at : at+length], b[at+length:], true
}

// inside returns the contents of the first element of b if its tag is this, else nil.
func inside(b []byte, tag byte) []byte {
	if t, body, _, ok := element(b); ok && t == tag {
		return body
	}
	return nil
}

// cString returns the text before the first zero byte.
func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
