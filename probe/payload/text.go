package payload

// appendHex writes the low 4·digits bits of id in lower case hexadecimal, for
// protocols whose identifiers are text.
func appendHex(b []byte, id uint64, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[id>>shift&0xf])
	}
	return b
}

// isText tells whether b is nothing but printable ASCII and the controls that
// set lines and columns.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && (c < '\t' || c > '\r') {
			return false
		}
	}
	return len(b) > 0
}

// isStatusLine tells whether b begins with a protocol's name and version, a
// space and three digits, as the responses of SIP and HTTP do.
func isStatusLine(b []byte, version string) bool {
	n := len(version)
	return len(b) > n+5 && string(b[:n]) == version && b[n] == ' ' && isThreeDigits(b[n+1:]) && b[n+4] == ' '
}

func isThreeDigits(b []byte) bool {
	for _, c := range b[:min(3, len(b))] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) >= 3
}
