package output

import (
	"net/netip"
	"strconv"
	"syscall"
	"time"
	"unicode/utf8"

	"sonde/probe"
)

// reasonWords is a reason for people, without its circumstances.
func reasonWords(r probe.Reason) string {
	switch r {
	case probe.NoResponse:
		return "no reply"
	case probe.ReasonLocalError:
		return "local error"
	case probe.ReasonNoNeighbour:
		return "no neighbour: ARP or ND unanswered"
	case probe.SpoofedSource:
		return "replies go elsewhere"
	case probe.ReasonDeadline:
		return "given up at the deadline"
	}
	return r.String() // the name says it
}

// appendReason writes why a state was decided: "no reply to 3 SYNs",
// "admin-prohibited from 10.0.0.1", "sent 1 SYN as 10.42.48.1; replies go
// there".
func appendReason(b []byte, r *Record) []byte {
	switch r.Reason {
	case probe.NoResponse:
		b = append(b, "no reply"...)
		if r.Tries > 0 && r.Repeat == nil {
			b = appendAsked(append(b, " to "...), r)
		}
		return b
	case probe.SpoofedSource:
		b = appendAsked(append(b, "sent "...), r)
		if r.Source.IsValid() {
			b = appendAddr(append(b, " as "...), r.Source)
		}
		return append(b, "; replies go there"...)
	case probe.ReasonDeadline:
		b = append(b, reasonWords(r.Reason)...)
		if r.Tries > 0 {
			b = appendAsked(append(b, " after "...), r)
		}
		return b
	case probe.ReasonLocalError:
		b = append(b, reasonWords(r.Reason)...)
		if r.Errno != 0 {
			b = append(append(b, ": "...), syscall.Errno(r.Errno).Error()...)
		}
		return b
	}
	b = append(b, reasonWords(r.Reason)...)
	if r.elsewhere() {
		b = appendAddr(append(b, " from "...), r.From)
	}
	return b
}

// appendAsked writes "3 SYNs".
func appendAsked(b []byte, r *Record) []byte {
	what := r.Asked
	if what == "" {
		what = "probe"
	}
	return appendCount(b, uint64(r.Tries), Escape(what))
}

// appendRepeat writes ", 98 of 100 answered, 0.10/0.21/0.90 ms".
func appendRepeat(b []byte, n *Repeat) []byte {
	if n == nil {
		return b
	}
	b = strconv.AppendUint(append(b, ", "...), uint64(n.Answered), 10)
	b = strconv.AppendUint(append(b, " of "...), uint64(n.Sent), 10)
	b = append(b, " answered"...)
	if n.Answered == 0 {
		return b
	}
	b = appendMillisNumber(append(b, ", "...), n.Min)
	b = appendMillisNumber(append(b, '/'), n.Avg)
	b = appendMillisNumber(append(b, '/'), n.Max)
	return append(b, " ms"...)
}

// heard says for a host that was not tested what its ports brought; none of
// them was answered by the host itself, or it would be up.
func (k *block) heard(m *Meta) string {
	switch {
	case k.ports == 0:
		return "nothing asked"
	case k.others > 0:
		return "only others answered"
	case k.silent > 0:
		return "nothing answered"
	case k.unseen > 0:
		return "replies go to " + m.Source.String()
	}
	return "could not be asked"
}

// appendSummary writes the last line: "3 ports: 3 filtered. 9 packets sent, 0
// answers, 2.0 s", and whether the run was cut short.
func (f *Text) appendSummary(b []byte, e *End) []byte {
	if f.meta.routesOnly() {
		b = f.routes.append(b)
	} else {
		b = appendCounts(b, f.meta, e)
	}
	b = append(appendCount(b, e.Sent, "packet"), " sent, "...)
	b = append(appendCount(b, e.Received, "answer"), ", "...)
	b = appendSeconds(b, e.Elapsed)
	for _, extra := range []struct {
		n    uint64
		name string
	}{
		{e.Duplicates, "duplicate"}, {e.SendErrors, "send error"}, {e.ReceiveDrops, "receive drop"},
	} {
		if extra.n > 0 {
			b = appendCount(append(b, ", "...), extra.n, extra.name)
		}
	}
	if e.Unsolicited > 0 {
		b = append(strconv.AppendUint(append(b, ", "...), e.Unsolicited, 10), " unsolicited"...)
	}
	if known(e.Loss) && e.Loss > 0 {
		b = strconv.AppendFloat(append(b, ", loss "...), e.Loss*100, 'f', 1, 64)
		b = append(b, " %"...)
	}
	if known(e.ExpectedMissed) && e.ExpectedMissed > 0 {
		b = strconv.AppendFloat(append(b, ", expected missed "...), e.ExpectedMissed, 'f', 1, 64)
	}
	b = append(b, '\n')
	switch {
	case e.Interrupted:
		b = append(b, "Interrupted: incomplete, this is what was known.\n"...)
	case !e.Complete:
		b = append(b, "Incomplete: not every question was decided.\n"...)
	}
	return b
}

// appendCounts writes how many hosts and ports have each state: "3 ports: 3
// filtered. ".
func appendCounts(b []byte, m *Meta, e *End) []byte {
	hosts, ports := max(m.Addresses, sum(&e.Tally.Hosts)), sum(&e.Tally.Ports)
	if hosts > 1 || ports == 0 && hosts > 0 {
		b = append(strconv.AppendUint(b, hosts, 10), " address"...)
		if hosts > 1 {
			b = append(b, "es"...)
		}
		b = strconv.AppendUint(append(b, ": "...), e.Tally.Hosts[probe.Up], 10)
		b = append(b, " up"...)
		b = appendStates(b, &e.Tally.Hosts, true, probe.Down, probe.NotTested)
		b = append(b, ". "...)
	}
	if ports > 0 {
		b = append(appendCount(b, ports, "port"), ": "...)
		b = appendStates(b, &e.Tally.Ports, false, probe.Open, probe.Closed, probe.Filtered, probe.Unfiltered,
			probe.OpenFiltered, probe.ClosedFiltered, probe.Unknown)
		b = append(b, ". "...)
	}
	if e.Tally.Services > 0 {
		b = append(appendCount(b, e.Tally.Services, "service"), " identified. "...)
	}
	return b
}

// appendStates writes "5 open, 2 closed" for the states that occurred; more
// says that something stands before them.
func appendStates(b []byte, row *[States]uint64, more bool, states ...probe.State) []byte {
	for _, s := range states {
		if row[s] == 0 {
			continue
		}
		if more {
			b = append(b, ", "...)
		}
		more = true
		b = append(strconv.AppendUint(b, row[s], 10), ' ')
		if s == probe.NotTested {
			b = append(b, "not tested"...)
		} else {
			b = append(b, s.String()...)
		}
	}
	return b
}

// appendCount writes "1 answer", "0 answers", "3 probes".
func appendCount(b []byte, n uint64, what string) []byte {
	b = append(strconv.AppendUint(b, n, 10), ' ')
	b = append(b, what...)
	if n != 1 {
		b = append(b, 's')
	}
	return b
}

// appendMillis writes "0.21 ms".
func appendMillis(b []byte, d time.Duration) []byte {
	return append(appendMillisNumber(b, d), " ms"...)
}

// appendMillisNumber writes about three digits.
func appendMillisNumber(b []byte, d time.Duration) []byte {
	ms := float64(d) / float64(time.Millisecond)
	digits := 2
	switch {
	case ms >= 100:
		digits = 0
	case ms >= 10:
		digits = 1
	}
	return strconv.AppendFloat(b, ms, 'f', digits, 64)
}

// appendSeconds writes "2.0 s", and "12 ms" for what is much shorter.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 100*time.Millisecond {
		return append(strconv.AppendInt(b, d.Milliseconds(), 10), " ms"...)
	}
	return append(strconv.AppendFloat(b, d.Seconds(), 'f', 1, 64), " s"...)
}

// appendAddr writes an address; a zone is a name and is escaped.
func appendAddr(b []byte, a netip.Addr) []byte {
	b = a.WithZone("").AppendTo(b)
	if zone := a.Zone(); zone != "" {
		b = AppendText(append(b, '%'), zone)
	}
	return b
}

// width is how many columns b takes on a terminal. b has no escapes.
func width(b []byte) int { return utf8.RuneCount(b) }

func pad(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}

func padTo(b []byte, s string, n int) []byte { return pad(append(b, s...), n-len(s)) }
