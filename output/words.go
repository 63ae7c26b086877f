package output

import (
	"net/netip"
	"strconv"
	"time"

	"sonde/probe"
	"sonde/scan/report"
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
// there". It is about addr, and elsewhere says that somebody else answered.
func appendReason(b []byte, addr netip.Addr, r *report.Verdict, elsewhere bool) []byte {
	switch r.Reason {
	case probe.NoResponse:
		if r.Unproven > 0 {
			b = append(appendReplies(b, uint64(r.Unproven)), " without proof"...)
		} else {
			b = append(b, "no reply"...)
		}
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
		if r.Tries > 0 && r.Repeat == nil {
			b = appendAsked(append(b, " after "...), r)
		}
		return b
	case probe.ReasonLocalError:
		return appendLocalError(b, addr, r.Errno)
	}
	switch {
	case r.Weak && r.Reason == probe.SynAck: // of a connection that stood there before
		b = append(b, "ack without proof"...)
	case r.Weak:
		b = append(append(b, reasonWords(r.Reason)...), " without proof"...)
	default:
		b = append(b, reasonWords(r.Reason)...)
	}
	if elsewhere {
		b = appendAddr(append(b, " from "...), r.From)
	}
	if r.Data != probe.DataSame {
		b = append(append(b, ", payload "...), r.Data.String()...)
	}
	if r.QuotedSrc.IsValid() || r.QuotedDst.IsValid() {
		b = appendQuoted(append(b, ", "...), r.QuotedSrc, r.QuotedDst)
	}
	return b
}

// appendLocalError writes "local error: no route to host".
func appendLocalError(b []byte, addr netip.Addr, errno uint16) []byte {
	b = append(b, reasonWords(probe.ReasonLocalError)...)
	switch trouble := probe.Trouble(errno); trouble {
	case 0:
	case probe.NoZone:
		b = appendAddr(append(b, ": "...), addr)
		b = appendAddr(append(b, " needs a zone, as in "...), addr)
		b = append(b, "%eth0"...)
	default:
		b = append(append(b, ": "...), trouble.Error()...)
	}
	return b
}

// appendAsked writes "3 SYNs".
func appendAsked(b []byte, r *report.Verdict) []byte {
	what, n := r.Asked, uint64(r.Tries)
	if what == "" {
		what = "probe"
	}
	if r.Repeat != nil {
		n = uint64(r.Repeat.Sent)
	}
	return appendCount(b, n, Escape(what))
}

// appendSummary writes the last line: "3 ports: 3 filtered. 9 packets sent, 0
// answers, 2.0 s", and whether the run was cut short.
func (f *text) appendSummary(b []byte, e *report.End) []byte {
	switch {
	case f.scan.RoutesOnly():
		b = f.routes.append(b)
	case f.scan.Trials != nil:
	default:
		b = appendCounts(b, f.scan, e)
	}
	sent, received, asides := e.Sent, e.Received, uint64(0)
	if f.scan.Ports > 0 || f.scan.RoutesOnly() || f.scan.Trials != nil { // which are not about neighbours
		sent, received, asides = sent-e.Neighbours, received-e.Resolved, e.Neighbours
	}
	b = append(appendCount(b, sent, "packet"), " sent, "...)
	b = append(appendCount(b, received, "answer"), ", "...)
	b = appendSeconds(b, e.Elapsed)
	for _, extra := range []struct {
		n    uint64
		name string
	}{
		{asides, "ARP or ND request"}, {e.Duplicates, "duplicate"}, {e.SendErrors, "send error"}, {e.ReceiveDrops, "receive drop"},
	} {
		if extra.n > 0 {
			b = appendCount(append(b, ", "...), extra.n, extra.name)
		}
	}
	if e.Unasked > 0 {
		b = append(appendCount(append(b, ", "...), e.Unasked, "question"), " not asked"...)
	}
	if e.PortsReused {
		b = append(b, ", source ports used again within a minute"...)
	}
	if e.Unsolicited > 0 {
		b = append(strconv.AppendUint(append(b, ", "...), e.Unsolicited, 10), " unsolicited"...)
	}
	if e.Loss > 0 {
		b = strconv.AppendFloat(append(b, ", loss "...), e.Loss*100, 'f', 1, 64)
		b = append(b, " %"...)
	}
	if e.ExpectedMissed > 0 {
		b = strconv.AppendFloat(append(b, ", expected missed "...), e.ExpectedMissed, 'f', 1, 64)
	}
	return appendIncomplete(append(b, '\n'), e)
}

// appendIncomplete says that a run was cut short.
func appendIncomplete(b []byte, e *report.End) []byte {
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
func appendCounts(b []byte, m *report.Scan, e *report.End) []byte {
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
func appendStates(b []byte, row *[report.States]uint64, more bool, states ...probe.State) []byte {
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

func sum(row *[report.States]uint64) (n uint64) {
	for _, c := range row {
		n += c
	}
	return n
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

// appendReplies writes "3 replies".
func appendReplies(b []byte, n uint64) []byte {
	b = strconv.AppendUint(b, n, 10)
	if n == 1 {
		return append(b, " reply"...)
	}
	return append(b, " replies"...)
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

// appendMillisNumbers writes "0.05 / 0.06 / 0.08", with between between them.
func appendMillisNumbers(b []byte, between string, list ...time.Duration) []byte {
	for i, d := range list {
		if i > 0 {
			b = append(b, between...)
		}
		b = appendMillisNumber(b, d)
	}
	return b
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

func pad(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}

func padTo(b []byte, s string, n int) []byte { return pad(append(b, s...), n-len(s)) }

// appendQuoted writes "about a packet from 100.64.0.7 to 10.0.0.9": the addresses that
// a NAT has made of ours.
func appendQuoted(b []byte, src, dst netip.Addr) []byte {
	b = appendAddr(append(b, "about a packet from "...), src)
	return appendAddr(append(b, " to "...), dst)
}
