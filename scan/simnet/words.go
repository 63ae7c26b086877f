package simnet

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sonde/probe/wire"
)

// words reads the words of one statement. The first error stays; after it,
// everything reads as zero.
type words struct {
	w   []string
	i   int
	err error
}

func (w *words) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
		w.i = len(w.w)
	}
}

func noOption(word string) error {
	if word == "" {
		return errors.New("a word is missing")
	}
	return fmt.Errorf("no such option: %q", word)
}

func (w *words) more() bool { return w.i < len(w.w) }

// peek returns the next word without reading it; "" at the end.
func (w *words) peek() string {
	if !w.more() {
		return ""
	}
	return w.w[w.i]
}

func (w *words) next() string {
	if !w.more() {
		w.fail("a word is missing")
		return ""
	}
	w.i++
	return w.w[w.i-1]
}

// is reads the next word if it is word.
func (w *words) is(word string) bool {
	if w.peek() == word {
		w.i++
		return true
	}
	return false
}

// end returns the first error, or that words are left.
func (w *words) end() error {
	if w.err == nil && w.more() {
		w.fail("not understood: %q", w.peek())
	}
	return w.err
}

func (w *words) number(bits int) uint64 {
	s := w.next()
	v, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		w.fail("not a number of %d bits: %q", bits, s)
	}
	return v
}

func (w *words) int() int { return int(w.number(31)) }

// flag reads one of two words: is it yes?
func (w *words) flag(yes, no string) bool {
	s := w.next()
	if s != yes && s != no {
		w.fail("neither %s nor %s: %q", yes, no, s)
	}
	return s == yes
}

func (w *words) percents() bool { return strings.HasSuffix(w.peek(), "%") }

func (w *words) percent() chance {
	s := w.next()
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !strings.HasSuffix(s, "%") || !(v >= 0 && v <= 100) {
		w.fail("not a percentage: %q", s)
		return 0
	}
	return newChance(v / 100)
}

func (w *words) duration() time.Duration {
	s := w.next()
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		w.fail("not a duration: %q", s)
		return 0
	}
	return d
}

// span reads FROM-TO.
func (w *words) span() span {
	s := w.next()
	from, to, ok := strings.Cut(s, "-")
	a, err1 := time.ParseDuration(from)
	b, err2 := time.ParseDuration(to)
	if !ok || err1 != nil || err2 != nil || a < 0 || b < a {
		w.fail("not a stretch of time: %q", s)
	}
	return span{a, b}
}

func (w *words) addr() netip.Addr {
	s := w.next()
	a, err := netip.ParseAddr(s)
	if err != nil {
		w.fail("not an address: %q", s)
	}
	return a
}

// prefix reads a prefix, or an address as a prefix of its own.
func (w *words) prefix() netip.Prefix {
	s := w.next()
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		w.fail("not a prefix: %q", s)
	}
	return p.Masked()
}

func (w *words) mac() (m wire.MAC) {
	s := w.next()
	parts := strings.Split(s, ":")
	ok := len(parts) == len(m)
	for i := 0; ok && i < len(m); i++ {
		v, err := strconv.ParseUint(parts[i], 16, 8)
		m[i], ok = byte(v), err == nil
	}
	if !ok {
		w.fail("not an Ethernet address: %q", s)
	}
	return m
}

// ports reads a list of ranges; nil is all.
func (w *words) ports() *portSet {
	s := w.next()
	if s == "all" {
		return nil
	}
	set := new(portSet)
	for _, r := range strings.Split(s, ",") {
		from, to, ok := strings.Cut(r, "-")
		if !ok {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 16)
		b, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil || b < a {
			w.fail("not a list of ports: %q", s)
			return nil
		}
		for p := a; p <= b; p++ {
			set.add(uint16(p))
		}
	}
	return set
}

func (w *words) option() option {
	s := w.next()
	for i, name := range optionNames {
		if name == s {
			return option(1) << i
		}
	}
	if s == "options" {
		return anyOption
	}
	w.fail("no such TCP option: %q", s)
	return 0
}

// limit reads RATE burst N.
func (w *words) limit() limit {
	l := limit{interval: w.rate(), burst: 1}
	if w.is("burst") {
		l.burst = w.int()
	}
	return l
}

// kind reads the KIND of an ICMP error.
func (w *words) kind() wire.Message {
	name := w.next()
	a, ok := newAction(name)
	if !ok || a.verdict != refuse {
		w.fail("no such ICMP error: %q", name)
	}
	return a.msg
}

// rate reads a RATE as the time from one packet to the next.
func (w *words) rate() time.Duration {
	s := w.next()
	n, ok := strings.CutSuffix(s, "/s")
	v, err := strconv.ParseFloat(n, 64)
	if !ok || err != nil || !(v > 0 && v <= 1e9) {
		w.fail("not a rate: %q", s)
		return 0
	}
	return time.Duration(float64(time.Second) / v)
}
