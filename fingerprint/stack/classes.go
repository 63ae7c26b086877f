package stack

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// This file makes words of numbers: a stack is told by the rule that a number follows,
// which holds on any path, rather than by the number.

// timestampSize is what timestamps take of each segment (RFC 7323 section 3.2).
const timestampSize = 12

// Window says by which rule a window was chosen that came with this MSS: "fill", the most
// whole segments that 64 KiB have room for; "20x", so many segments; or the number. A
// segment is what of the MSS timestamps leave, where they are used. "20m" is so many times
// the MSS itself, rounded down to what the window scale can say. The MSS may have been
// lowered on the way, so that those of Ethernet count, too.
func Window(window, mss uint16, scale int, timestamps bool) string {
	if window == math.MaxUint16 {
		return strconv.Itoa(math.MaxUint16)
	}
	for _, m := range [...]int{int(mss), 1460, 1440} {
		if timestamps {
			m -= timestampSize
		}
		if m < 64 || window == 0 || int(window)%m != 0 {
			continue
		}
		if n := int(window) / m; n == min(1<<16, math.MaxUint16+m)/m {
			return "fill"
		} else if n <= 40 {
			return strconv.Itoa(n) + "x"
		}
	}
	for _, m := range [...]int{int(mss), 1460, 1440} {
		unit := 1 << min(max(scale, 0), 14) // RFC 7323 section 2.3
		n := (int(window) + unit - 1 + m - 1) / max(m, 1)
		for _, n := range [...]int{n - 1, n} {
			if m >= 536 && n > 0 && n <= 40 && n*m/unit*unit == int(window) {
				return strconv.Itoa(n) + "m"
			}
		}
	}
	return strconv.Itoa(int(window))
}

// Began is the TTL that a packet left with which arrived with this one: the next of the
// numbers that systems begin with.
func Began(ttl uint8) string {
	for _, began := range [...]uint8{32, 64, 128} {
		if ttl <= began {
			return strconv.Itoa(int(began))
		}
	}
	return "255"
}

// Ask is one SYN-ACK of a series: two flows, each asked twice, all to one port.
type Ask struct {
	Flow int           // which of the flows
	At   time.Duration // when the answer came
	ISN  uint32
	TS   uint32 // the timestamp's value
	ID   uint16 // of the IP header
}

// clocks are rates by which stacks count, in ISNs a second, and their names. RFC 9293
// section 3.4.1 wants 250 thousand.
var clocks = []struct {
	rate float64
	name string
}{{250e3, "0.25M"}, {7.8125e6, "7.8M"}, {15.625e6, "15.6M"}, {31.25e6, "31.3M"}}

// near is how far a rate that was measured may be off, as a share.
const near = 0.04

// ISNClass says how initial sequence numbers grow: "15.6M", a clock in millions a second
// that each flow has in it; "+64000", such a step for each connection; "counter", one number
// for all connections that grows otherwise; "same"; "random". asks are in the order of time. It is "" where they do not tell: a host that
// holds a connection half-open answers with the same number again.
func ISNClass(asks []Ask) string {
	if len(asks) < 3 {
		return ""
	}
	steps := make([]uint32, 0, len(asks))
	for i := range asks[1:] {
		steps = append(steps, asks[i+1].ISN-asks[i].ISN)
	}
	if !slices.ContainsFunc(steps, func(d uint32) bool { return d != 0 }) && asks[0].Flow != asks[1].Flow {
		return "same"
	}
	counted := slices.Max(steps) <= mostCounted
	if counted && !slices.ContainsFunc(steps, func(d uint32) bool { return d == 0 || d%64000 != 0 }) {
		return "+64000"
	}
	rates := perFlow(asks, func(a *Ask) uint32 { return a.ISN })
	if len(rates) == 0 || slices.Contains(rates, 0) {
		return ""
	}
	for _, c := range clocks {
		if !slices.ContainsFunc(rates, func(r float64) bool { return math.Abs(r-c.rate) > near*c.rate }) {
			return c.name
		}
	}
	switch {
	case counted:
		return "counter"
	case len(rates) < 2:
		return ""
	}
	return "random"
}

// mostCounted is by how much a counter grows in half a second, at most: numbers that are
// random grow by less three times in a row in one of 30 thousand cases.
const mostCounted = 1 << 27

// perFlow is by how much a number grew in a second, of each flow that was asked more than
// once.
func perFlow(asks []Ask, number func(*Ask) uint32) (rates []float64) {
	first := map[int]*Ask{}
	for i := range asks {
		a := &asks[i]
		if f := first[a.Flow]; f == nil {
			first[a.Flow] = a
		} else if gap := a.At - f.At; gap >= 100*time.Millisecond {
			rates = append(rates, float64(number(a)-number(f))/gap.Seconds())
		}
	}
	return rates
}

// tsRates are the clocks of timestamps that stacks have, in ticks a second.
var tsRates = []float64{1000, 250, 200, 100, 10, 2}

// Timestamps says how many ticks a second timestamps have, and whether all connections
// have one clock or each its own. Both are "" where asks do not tell.
func Timestamps(asks []Ask) (rate, scope string) {
	rates := perFlow(asks, func(a *Ask) uint32 { return a.TS })
	if len(rates) == 0 {
		return "", ""
	}
	rate = "other"
	for _, r := range tsRates {
		if !slices.ContainsFunc(rates, func(seen float64) bool { return math.Abs(seen-r) > max(near*r, 4) }) {
			rate = strconv.Itoa(int(r))
			break
		}
	}
	if rate == "other" {
		return rate, ""
	}
	for i := range asks {
		if a := &asks[i]; a.Flow != asks[0].Flow {
			if apart := int32(a.TS - asks[0].TS); apart > -5000 && apart < 5000 {
				return rate, "host"
			}
			return rate, "connection"
		}
	}
	return rate, ""
}

// IDClass says how IP IDs of answers follow each other: "zero", "same", "incr" by little,
// "swapped" by little if the bytes are, or "random". Of fewer than three it is "".
func IDClass(asks []Ask) string {
	if len(asks) < 3 {
		return ""
	}
	same, incr, swapped := true, true, true
	for i := range asks[1:] {
		a, b := asks[i].ID, asks[i+1].ID
		same = same && a == b
		incr = incr && b-a > 0 && b-a < 1000
		swap := (b<<8 | b>>8) - (a<<8 | a>>8)
		swapped = swapped && swap > 0 && swap < 1000
	}
	switch {
	case same && asks[0].ID == 0:
		return "zero"
	case same:
		return "same"
	case swapped && asks[1].ID-asks[0].ID >= 256:
		return "swapped"
	case incr:
		return "incr"
	}
	return "random"
}
