package output

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// object is an object of a line that is read. Its methods return the member of
// that key, or the zero value if there is none; what is wrong with one is kept.
type object struct {
	members map[string]any
	path    string            // keys that lead here, each with a dot behind it
	raw     map[string]string // strings that are not UTF-8, by path
	bad     *error            // what was wrong first, of the whole line
}

func (o *object) fail(key, why string) {
	if *o.bad == nil {
		*o.bad = fmt.Errorf("%q: %s", o.path+key, why)
	}
}

func (o *object) has(key string) bool {
	_, ok := o.members[key]
	return ok
}

// need complains of keys that are not there.
func (o *object) need(keys ...string) {
	for _, key := range keys {
		if !o.has(key) {
			o.fail(key, "is missing")
		}
	}
}

// get returns the member of that key; it is not there, or of another type, if ok
// is false.
func get[T any](o *object, key, what string) (v T, ok bool) {
	m, there := o.members[key]
	if !there {
		return v, false
	}
	if v, ok = m.(T); !ok {
		o.fail(key, "is no "+what)
	}
	return v, ok
}

// open returns the object at key.
func (o *object) open(key string) *object {
	m, _ := get[map[string]any](o, key, "object")
	return &object{m, o.path + key + ".", o.raw, o.bad}
}

func (o *object) bool(key string) bool {
	v, _ := get[bool](o, key, "truth value")
	return v
}

func (o *object) str(key string) string {
	v, _ := get[string](o, key, "string")
	return o.exact(key, v)
}

// exact is what the string at key really is, since JSON has U+FFFD for bytes that
// are not UTF-8.
func (o *object) exact(key, v string) string {
	raw, ok := o.raw[o.path+key]
	if !ok {
		return v
	}
	if string([]rune(raw)) != v {
		o.fail(key, "is another string than \"bytes\" has")
	}
	return raw
}

// array returns the members of a list, as an object whose keys are their numbers.
func (o *object) array(key string) (in *object, n int) {
	v, _ := get[[]any](o, key, "list")
	in = &object{make(map[string]any, len(v)), o.path + key + ".", o.raw, o.bad}
	for i, m := range v {
		in.members[strconv.Itoa(i)] = m
	}
	return in, len(v)
}

// each reads the members of a list one by one.
func each[T any](o *object, key string, read func(in *object, key string) T) (list []T) {
	in, n := o.array(key)
	for i := range n {
		list = append(list, read(in, strconv.Itoa(i)))
	}
	return list
}

func (o *object) list(key string) []string { return each(o, key, (*object).str) }

func (o *object) num(key string, bits int) uint64 {
	v, ok := get[json.Number](o, key, "number")
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(v.String(), 10, bits)
	if err != nil {
		o.fail(key, fmt.Sprintf("%s is no whole number of %d bits", v, bits))
	}
	return n
}

// count reads a number that is there and is not 0.
func (o *object) count(key string, bits int) uint64 {
	n := o.num(key, bits)
	if n == 0 {
		o.fail(key, "must be there and at least 1")
	}
	return n
}

// float reads a number that is not negative.
func (o *object) float(key string) float64 {
	v, _ := get[json.Number](o, key, "number")
	f, err := v.Float64()
	if err != nil || f < 0 {
		o.fail(key, "is no number that is not negative")
	}
	return f
}

// units reads a time in units of 10^digits times the smallest that is written.
func (o *object) units(key string, smallest time.Duration, digits int) time.Duration {
	v, ok := get[json.Number](o, key, "number")
	if !ok {
		return 0
	}
	n, ok := decimal(v.String(), digits)
	if !ok || n > uint64(math.MaxInt64/smallest) {
		o.fail(key, fmt.Sprintf("%s is no time", v))
		return 0
	}
	return time.Duration(n) * smallest
}

// decimal reads a number that is not negative, times 10^digits, rounded. It makes
// no detour by floating point, which has not all digits of long times.
func decimal(s string, digits int) (n uint64, ok bool) {
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if f = math.Round(f * math.Pow10(digits)); err != nil || f < 0 || f >= math.MaxInt64 {
			return 0, false
		}
		return uint64(f), true
	}
	whole, part, _ := strings.Cut(s, ".")
	part += strings.Repeat("0", digits+1)
	n, err := strconv.ParseUint(whole+part[:digits], 10, 63)
	if part[digits] >= '5' {
		n++
	}
	return n, err == nil
}

// millis reads milliseconds, to the microsecond.
func (o *object) millis(key string) time.Duration { return o.units(key, time.Microsecond, 3) }

// seconds reads seconds, to the millisecond.
func (o *object) seconds(key string) time.Duration { return o.units(key, time.Millisecond, 3) }

func (o *object) time(key string) time.Time {
	v, ok := get[string](o, key, "string")
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse("2006-01-02T15:04:05Z", v)
	if err != nil {
		o.fail(key, fmt.Sprintf("%q is no time in UTC", v))
	}
	return t.Truncate(time.Second)
}

// ports reads ports and ranges of them, as report.PortRanges writes them.
func (o *object) ports(key string) string {
	v := o.str(key)
	if v == "" {
		return v
	}
	for part := range strings.SplitSeq(v, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 16)
		to, err2 := strconv.ParseUint(last, 10, 16)
		if err != nil || err2 != nil || from > to {
			o.fail(key, fmt.Sprintf("%q are no ports", part))
		}
	}
	return v
}

func (o *object) addr(key string) netip.Addr {
	if !o.has(key) {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(o.str(key))
	if err != nil {
		o.fail(key, "is no address")
	}
	return a
}

func (o *object) mac(key string) (m wire.MAC) {
	v, ok := get[string](o, key, "string")
	if !ok {
		return m
	}
	for i := range m {
		part, rest, _ := strings.Cut(v, ":")
		n, err := strconv.ParseUint(part, 16, 8)
		if v = rest; err != nil || len(part) != 2 {
			o.fail(key, "is no MAC")
		}
		m[i] = byte(n)
	}
	if v != "" {
		o.fail(key, "is no MAC")
	}
	return m
}

// word reads a string that is one of some, or is not there.
func (o *object) word(key string, of []string) string {
	v, ok := get[string](o, key, "string")
	if ok && !slices.Contains(of, v) {
		o.fail(key, fmt.Sprintf("%q is none of %s", v, strings.Join(of, ", ")))
	}
	return v
}

// hostStates and portStates are what hosts and ports may be.
var (
	hostStates = []probe.State{probe.Up, probe.Down, probe.Unknown, probe.NotTested}
	portStates = []probe.State{probe.Open, probe.Closed, probe.Filtered, probe.Unfiltered, probe.OpenFiltered,
		probe.ClosedFiltered, probe.Unknown}
)

func (o *object) state(key string, of []probe.State) probe.State {
	return o.stateNamed(key, o.str(key), of)
}

func (o *object) stateNamed(key, name string, of []probe.State) probe.State {
	s, ok := probe.ParseState(name)
	if !ok || !slices.Contains(of, s) {
		o.fail(key, fmt.Sprintf("%q is no state of that", name))
	}
	return s
}

func (o *object) reason(key string) probe.Reason {
	return probe.Reason(max(0, slices.Index(probe.Reasons(), o.word(key, probe.Reasons()))))
}

// doubt reads a word that is there.
func (o *object) doubt(key string) probe.Doubt {
	o.need(key)
	return probe.Doubt(1 + max(0, slices.Index(probe.Doubts(), o.word(key, probe.Doubts()))))
}

// tos reads a TOS byte, as its DSCP and its ECN.
func (o *object) tos() uint8 {
	o.need("dscp", "ecn")
	return o.dscp("dscp")<<2 | uint8(o.num("ecn", 2))
}

func (o *object) dscp(key string) uint8 {
	v, err := wire.ParseDSCP(o.str(key))
	if err != nil {
		o.fail(key, err.Error())
	}
	return v
}
