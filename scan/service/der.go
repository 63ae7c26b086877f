package service

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"sonde/scan/service/protocol"
)

// lenientCert is what stands in a certificate that crypto/x509 refuses to read. Of
// its fields, those that were not understood are zero.
type lenientCert struct {
	rawSubject, rawIssuer []byte
	subject, issuer       string
	names                 []string
	notBefore, notAfter   time.Time
}

// readCert reads a certificate (RFC 5280 section 4.1) as far as its outer form is
// right, whatever is wrong inside: serial numbers, times, strings, names, keys. ok
// is false where there is neither a subject nor a name.
func readCert(der []byte) (c lenientCert, ok bool) {
	certificate, _, _ := readElement(der)
	tbs, _, ok := readElement(certificate.body)
	if !ok {
		return c, false
	}
	rest := tbs.body
	next := func() element {
		var e element
		e, rest, _ = readElement(rest)
		return e
	}
	first := next()
	if first.tag == 0xa0 { // the version, which v1 has not
		next()
	}
	next() // the signature's algorithm, behind the serial number
	issuer := next()
	validity := next()
	subject := next()
	next() // the key
	c.rawIssuer, c.rawSubject = issuer.body, subject.body
	c.issuer, c.subject = readName(issuer.body), readName(subject.body)
	from, after, _ := readElement(validity.body)
	until, _, _ := readElement(after)
	c.notBefore, c.notAfter = readTime(from), readTime(until)
	for len(rest) > 0 {
		if e := next(); e.tag == 0xa3 {
			c.names = readAltNames(e.body)
		}
	}
	return c, c.subject != "" || len(c.names) > 0
}

// element is a value with its tag (X.690 section 8.1).
type element struct {
	tag  byte
	body []byte
}

// readElement reads the first element of b; with !ok, b has none and there is no rest.
// Neither tags above 30 nor the indefinite form occur in certificates.
func readElement(b []byte) (e element, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return element{}, nil, false
	}
	length, at := int(b[1]), 2
	if length >= 0x80 {
		digits := length & 0x7f
		if digits == 0 || digits > 3 || len(b) < 2+digits {
			return element{}, nil, false
		}
		length = 0
		for _, d := range b[2 : 2+digits] {
			length = length<<8 | int(d)
		}
		at += digits
	}
	if length > len(b)-at {
		return element{}, nil, false
	}
	return element{b[0], b[at : at+length]}, b[at+length:], true
}

// readName writes a Name as RFC 4514 has it, as crypto/x509 does.
func readName(b []byte) string {
	var list pkix.RDNSequence
	for n := 0; len(b) > 0 && n < maxNames; n++ {
		var set, pair element
		set, b, _ = readElement(b)
		var parts pkix.RelativeDistinguishedNameSET
		for more := set.body; len(more) > 0 && len(parts) < maxNames; {
			pair, more, _ = readElement(more)
			kind, value, _ := readElement(pair.body)
			text, _, ok := readElement(value)
			if oid := readOID(kind); ok && len(oid) > 0 {
				parts = append(parts, pkix.AttributeTypeAndValue{Type: oid, Value: readString(text)})
			}
		}
		if len(parts) > 0 {
			list = append(list, parts)
		}
	}
	var name pkix.Name
	name.FillFromRDNSequence(&list)
	return protocol.Clip(name.String())
}

// readOID reads an object identifier (X.690 section 8.19); nil: it is none.
func readOID(e element) (oid asn1.ObjectIdentifier) {
	if e.tag != 6 || len(e.body) > 32 {
		return nil
	}
	n := 0
	for _, c := range e.body {
		if n >= 1<<23 {
			return nil
		}
		n = n<<7 | int(c&0x7f)
		if c&0x80 != 0 {
			continue
		}
		if oid == nil {
			first := min(n/40, 2)
			oid = append(oid, first, n-40*first)
		} else {
			oid = append(oid, n)
		}
		n = 0
	}
	return oid
}

// readString turns a string of any type into UTF-8, so that no byte is lost.
func readString(e element) string {
	b := e.body[:min(len(e.body), 4*maxField)]
	switch {
	case e.tag == 0x1e && len(b)%2 == 0: // BMPString
		return utf16Text(b, false)
	case e.tag == 0x1c && len(b)%4 == 0: // UniversalString
		var text strings.Builder
		for ; len(b) > 0; b = b[4:] {
			text.WriteRune(rune(int32(b[0])<<24 | int32(b[1])<<16 | int32(b[2])<<8 | int32(b[3])))
		}
		return text.String()
	case !utf8.Valid(b): // T61String and others, which everybody takes for Latin-1
		var text strings.Builder
		for _, c := range b {
			text.WriteRune(rune(c))
		}
		return text.String()
	}
	return string(b)
}

// utf16Text turns UTF-16 into UTF-8; little says which byte is first.
func utf16Text(b []byte, little bool) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		high, low := b[2*i], b[2*i+1]
		if little {
			high, low = low, high
		}
		units[i] = uint16(high)<<8 | uint16(low)
	}
	return string(utf16.Decode(units))
}

// readTime reads UTCTime and GeneralizedTime, also with an offset, without seconds or
// with parts of one, which RFC 5280 does not allow; zero: it is no time.
func readTime(e element) time.Time {
	text := string(e.body[:min(len(e.body), 32)])
	layouts := []string{"0601021504", "060102150405"}
	if e.tag == 0x18 {
		layouts = []string{"200601021504", "20060102150405", "2006010215"}
	}
	for _, layout := range layouts {
		for _, zone := range []string{"Z0700", ""} { // the first takes Z as well
			t, err := time.Parse(layout+zone, text)
			if err != nil {
				continue
			}
			if e.tag != 0x18 && t.Year() >= 2050 { // RFC 5280 section 4.1.2.5.1
				t = t.AddDate(-100, 0, 0)
			}
			return t.UTC().Truncate(time.Second)
		}
	}
	return time.Time{}
}

// readAltNames finds the names of hosts among the extensions (RFC 5280 sections 4.2
// and 4.2.1.6).
func readAltNames(b []byte) (names []string) {
	list, _, _ := readElement(b)
	for more := list.body; len(more) > 0; {
		var extension element
		extension, more, _ = readElement(more)
		kind, rest, _ := readElement(extension.body)
		if !readOID(kind).Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
			continue
		}
		value, rest, _ := readElement(rest)
		if value.tag == 1 { // whether it is critical
			value, _, _ = readElement(rest)
		}
		all, _, _ := readElement(value.body)
		for more := all.body; len(more) > 0 && len(names) < maxNames; {
			var name element
			name, more, _ = readElement(more)
			switch addr, isAddr := netip.AddrFromSlice(name.body); {
			case name.tag == 0x82 && len(name.body) > 0:
				names = append(names, protocol.Clip(string(name.body)))
			case name.tag == 0x87 && isAddr:
				names = append(names, addr.String())
			}
		}
	}
	return names
}
