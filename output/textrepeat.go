package output

import (
	"strconv"

	"sonde/probe"
	"sonde/scan/report"
)

// appendRepeat writes ", 7 of 10 answered: 6 syn-ack, 1 reset, 30.0 % loss, min/avg/max
// 0.10/0.21/0.90 ms".
func appendRepeat(b []byte, v *report.Verdict) []byte {
	n := v.Repeat
	if n == nil || n.Sent == 0 || v.Reason == probe.SpoofedSource {
		return b
	}
	b = strconv.AppendUint(append(b, ", "...), uint64(n.Answered), 10)
	b = strconv.AppendUint(append(b, " of "...), uint64(n.Sent), 10)
	b = append(b, " answered"...)
	if len(n.Answers) > 1 {
		for i := range n.Answers {
			b = append(b, ":,"[min(i, 1)], ' ')
			b = appendAnswers(b, &n.Answers[i])
		}
	}
	if lost := n.Lost(); lost > 0 {
		b = strconv.AppendFloat(append(b, ", "...), 100*lost, 'f', 1, 64)
		b = append(b, " % loss"...)
	}
	if !n.Timed() {
		return b
	}
	b = appendMillisNumbers(append(b, ", min/avg/max "...), "/", n.Min, n.Avg, n.Max)
	return append(b, " ms"...)
}

// appendAnswers writes "6 syn-ack", "1 admin-prohibited from 10.0.0.1".
func appendAnswers(b []byte, a *report.Answers) []byte {
	b = append(strconv.AppendUint(b, uint64(a.N), 10), ' ')
	b = append(b, reasonWords(a.Reason)...)
	if a.Weak {
		b = append(b, " without proof"...)
	}
	if a.From.IsValid() {
		b = appendAddr(append(b, " from "...), a.From)
	}
	return b
}

// appendSpread writes the line below: "  rtt p50/p90/p99 0.20/0.31/0.90 ms, deviation
// 0.05 ms; 1 late, 2 duplicates", if there is anything to say.
func appendSpread(b []byte, n *report.Repeat) []byte {
	if n == nil {
		return b
	}
	start, between := len(b), "  "
	if n.Timed() {
		between = ", "
		b = appendMillisNumbers(append(b, "  rtt p50/p90/p99 "...), "/", n.P50, n.P90, n.P99)
		b = appendMillis(append(b, " ms, deviation "...), n.Deviation)
	}
	for _, extra := range []struct {
		n    uint32
		what string
	}{{n.Late, " late"}, {n.Duplicates, " duplicate"}, {n.Reordered, " reordered"}, {n.Unsent, " not sent"}} {
		if extra.n == 0 {
			continue
		}
		b = append(strconv.AppendUint(append(b, between...), uint64(extra.n), 10), extra.what...)
		between = ", "
		if extra.what == " duplicate" && extra.n > 1 {
			b = append(b, 's')
		}
	}
	if len(b) > start {
		b = append(b, '\n')
	}
	return b
}

// AppendOnce writes, for who follows a run, what became of one repetition: "10.77.2.10
// 80/tcp seq 3: open, syn-ack, ttl 62, 0.21 ms".
func (f *text) AppendOnce(b []byte, o *report.Once) []byte {
	if !f.Live {
		return b
	}
	f.any, f.live = true, true
	b = append(appendAddr(b, o.Addr), ' ')
	if o.Proto != "" {
		b = append(appendPort(b, o.Proto, o.Port), ' ')
	}
	b = strconv.AppendUint(append(b, "seq "...), uint64(o.Number), 10)
	b = append(b, ": "...)
	if o.Reason != probe.NoResponse || o.Unproven > 0 {
		b = f.paint(b, o.State, o.State.String())
		b = append(b, ", "...)
	}
	v := o.Verdict
	if o.Reason != probe.SpoofedSource {
		v.Tries = 0 // it is one
	}
	b = appendReason(b, o.Addr, &v, o.Elsewhere())
	if o.HasTTL {
		b = strconv.AppendUint(append(b, ", ttl "...), uint64(o.TTL), 10)
	}
	if o.HasRTT {
		b = appendMillis(append(b, ", "...), o.RTT)
	}
	return append(b, '\n')
}

// AppendOnce hands o to a Pager that shows it.
func (a *Assembler) AppendOnce(b []byte, o *report.Once) []byte {
	if p, ok := a.pager.(follower); ok {
		return p.AppendOnce(b, o)
	}
	return b
}

// follower is a Streamer or a Pager that shows single repetitions, to who follows the
// run on a terminal.
type follower interface {
	AppendOnce(b []byte, o *report.Once) []byte
}

// Once writes o if the format shows it and somebody follows (Options.Live), and tells
// whether it did. It is safe for concurrent use, as Put is.
func (s *Sink) Once(o *report.Once) (wrote bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.streamer.(follower)
	if !ok {
		return false
	}
	s.put(f.AppendOnce(s.buf[:0], o))
	return len(s.buf) > 0
}
