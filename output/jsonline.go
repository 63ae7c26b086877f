package output

import (
	"encoding/hex"
	"iter"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"sonde/probe/wire"
)

// line is one line of JSON under way: an object, whose members are written one
// after the other. Strings with bytes that are not UTF-8, which JSON cannot carry,
// stand in the member "bytes" once more, in hexadecimal.
type line struct {
	b     []byte
	depth int
	path  [maxDepth]string // keys of the objects that are open inside the line's own
	bytes []byte           // members of "bytes", each with a comma before it
}

// maxDepth is how deep objects are inside each other: reply.quote.mpls.0.
const maxDepth = 4

// begin begins the line of a record.
func (l *line) begin(b []byte, kind string) {
	l.b = append(b, `{"type":"`...)
	l.b = append(l.b, kind...)
	l.b = append(l.b, '"')
}

// end ends the line and returns all that was written.
func (l *line) end() []byte {
	if len(l.bytes) > 0 {
		l.b = append(l.b, `,"bytes":{`...)
		l.b = append(l.b, l.bytes[1:]...)
		l.b = append(l.b, '}')
	}
	return append(l.b, '}', '\n')
}

// key appends a key, and the comma before it unless it is the first of its
// object.
func (l *line) key(key string) {
	if l.b[len(l.b)-1] != '{' {
		l.b = append(l.b, ',')
	}
	l.b = append(l.b, '"')
	l.b = append(l.b, key...)
	l.b = append(l.b, '"', ':')
}

// open begins an object inside the one that is open; shut ends it.
func (l *line) open(key string) {
	l.key(key)
	l.b = append(l.b, '{')
	l.path[l.depth] = key
	l.depth++
}

func (l *line) shut() {
	l.b = append(l.b, '}')
	l.depth--
}

// objects writes a list of n objects, of which the loop over it writes the members; an
// empty list is absent.
func (l *line) objects(key string, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			l.item(key, i)
			yield(i) // the loops have no break
			l.shut()
			l.depth--
		}
		if n > 0 {
			l.b = append(l.b, ']')
		}
	}
}

// item opens the i-th object of the list at key; shut and one level less ends it.
func (l *line) item(key string, i int) {
	if i == 0 {
		l.key(key)
	}
	l.b = append(l.b, "[,"[min(i, 1)], '{')
	l.path[l.depth], l.path[l.depth+1] = key, strconv.Itoa(i)
	l.depth += 2
}

// word writes a string of ours, which needs no escaping.
func (l *line) word(key, v string) {
	l.key(key)
	l.b = append(l.b, '"')
	l.b = append(l.b, v...)
	l.b = append(l.b, '"')
}

// str writes a string.
func (l *line) str(key, v string) {
	l.key(key)
	l.quote(v, key, -1)
}

// said writes a string unless it is empty, which means that nothing was said.
func (l *line) said(key, v string) {
	if v != "" {
		l.str(key, v)
	}
}

// list writes strings.
func (l *line) list(key string, v []string) {
	l.key(key)
	l.b = append(l.b, '[')
	for i, s := range v {
		if i > 0 {
			l.b = append(l.b, ',')
		}
		l.quote(s, key, i)
	}
	l.b = append(l.b, ']')
}

// quote writes the string at key, or the one of that index in the list there.
func (l *line) quote(v, key string, index int) {
	l.b = AppendJSON(l.b, v)
	if !utf8.ValidString(v) {
		l.raw(v, key, index)
	}
}

// raw notes a string that is not UTF-8 for "bytes".
func (l *line) raw(v, key string, index int) {
	l.bytes = append(l.bytes, ',', '"')
	for _, part := range l.path[:l.depth] {
		l.bytes = append(append(l.bytes, part...), '.')
	}
	l.bytes = append(l.bytes, key...)
	if index >= 0 {
		l.bytes = strconv.AppendInt(append(l.bytes, '.'), int64(index), 10)
	}
	l.bytes = append(l.bytes, `":"`...)
	l.bytes = append(hex.AppendEncode(l.bytes, []byte(v)), '"')
}

// num writes a number.
func (l *line) num(key string, v uint64) {
	l.key(key)
	l.b = strconv.AppendUint(l.b, v, 10)
}

// some writes a number unless it is zero.
func (l *line) some(key string, v uint64) {
	if v > 0 {
		l.num(key, v)
	}
}

func (l *line) bool(key string, v bool) {
	l.key(key)
	l.b = strconv.AppendBool(l.b, v)
}

// yes writes what is true.
func (l *line) yes(key string, v bool) {
	if v {
		l.bool(key, true)
	}
}

// float writes v, which is finite, with at most digits decimals and at least one.
func (l *line) float(key string, v float64, digits int) {
	l.key(key)
	l.b = strconv.AppendFloat(l.b, v, 'f', digits, 64)
	l.trim()
}

// units writes d in units of 10^digits times the smallest that is written, which
// is rounded to: milliseconds to the microsecond are units of 1 µs and 3 digits.
func (l *line) units(key string, d, smallest time.Duration, digits int) {
	l.key(key)
	n := uint64(max(0, d.Round(smallest)) / smallest)
	scale := uint64(1)
	for range digits {
		scale *= 10
	}
	l.b = append(strconv.AppendUint(l.b, n/scale, 10), '.')
	for rest := n % scale; scale > 1; rest %= scale {
		scale /= 10
		l.b = append(l.b, byte('0'+rest/scale))
	}
	l.trim()
}

// trim takes zeros away from the end of a number, but for the first decimal.
func (l *line) trim() {
	for l.b[len(l.b)-1] == '0' && l.b[len(l.b)-2] != '.' {
		l.b = l.b[:len(l.b)-1]
	}
}

// millis writes milliseconds, to the microsecond.
func (l *line) millis(key string, d time.Duration) { l.units(key, d, time.Microsecond, 3) }

// time writes a time to the second, in UTC. A year that RFC 3339 cannot write is
// absent, as is the zero time.
func (l *line) time(key string, t time.Time) {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return
	}
	l.key(key)
	l.b = append(t.AppendFormat(append(l.b, '"'), time.RFC3339), '"')
}

// addr writes an address as RFC 5952 does; an invalid one is absent.
func (l *line) addr(key string, a netip.Addr) {
	if a.IsValid() {
		l.key(key)
		l.quoteAddr(a, key, -1)
	}
}

// addrs writes a list; an empty one is absent.
func (l *line) addrs(key string, list []netip.Addr) {
	if len(list) == 0 {
		return
	}
	l.key(key)
	l.b = append(l.b, '[')
	for i, a := range list {
		if i > 0 {
			l.b = append(l.b, ',')
		}
		l.quoteAddr(a, key, i)
	}
	l.b = append(l.b, ']')
}

// quoteAddr is quote for an address, whose zone may hold anything.
func (l *line) quoteAddr(a netip.Addr, key string, index int) {
	zone := a.Zone()
	l.b = append(l.b, '"')
	if zone == "" {
		l.b = append(a.AppendTo(l.b), '"')
		return
	}
	l.b = append(a.WithZone("").AppendTo(l.b), '%')
	quoted := len(l.b)
	l.b = AppendJSON(l.b, zone)
	l.b = append(l.b[:quoted], l.b[quoted+1:]...) // without the opening quote
	if !utf8.ValidString(zone) {
		l.raw(a.String(), key, index)
	}
}

func (l *line) mac(key string, m wire.MAC) {
	if m == (wire.MAC{}) {
		return
	}
	l.key(key)
	l.b = append(appendMAC(append(l.b, '"'), m), '"')
}
