package output

// AppendXML appends s as character data or as the value of an attribute between
// quotation marks (XML 1.0 sections 2.3 and 2.4). XML has no way to write most control
// characters, nor bytes that are not UTF-8: it is AppendText's text that is written,
// with the characters that mean something in XML as references. Who reads it has s as
// text shows it: unambiguous, and with nothing left out.
func AppendXML(b []byte, s string) []byte {
	start := len(b)
	return references(AppendText(b, s), start)
}

// appendReferences appends what is escaped as by AppendText already.
func appendReferences(b []byte, s string) []byte {
	start := len(b)
	return references(append(b, s...), start)
}

// references writes what means something in XML as references, from start on.
func references(b []byte, start int) []byte {
	more := 0
	for _, c := range b[start:] {
		more += max(0, len(reference(c))-1)
	}
	if more == 0 {
		return b
	}
	from, to := len(b)-1, len(b)-1+more // from the end on, so that nothing is overwritten
	for range more {
		b = append(b, 0)
	}
	for ; from >= start; from-- {
		ref := reference(b[from])
		if ref == "" {
			b[to] = b[from]
			to--
			continue
		}
		to -= len(ref)
		copy(b[to+1:], ref)
	}
	return b
}

// reference is how a character that means something in XML is written; "" for others.
// The bracket is one since "]]>" is no character data.
func reference(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\'':
		return "&apos;"
	}
	return ""
}
