// Package metrics tells Prometheus of a watched trace while it goes on: by HTTP, at an address
// that the user named and nowhere else. Listen is what to call first.
package metrics

import (
	"math"
	"net/netip"
	"strconv"
	"time"

	"sonde/output"
	"sonde/scan/watched"
)

// family is one metric, in the text format of Prometheus (version 0.0.4). Labels are bounded:
// targets by watched.MaxTargets, hops by their TTL, and who answered for one TTL by what
// watched keeps of them.
type family struct {
	name, kind, help string
	target           func(e *exposition, t *watched.Target)
	hop              func(e *exposition, h *watched.Hop)
}

var families = [...]family{
	{name: "sonde_watch_rounds_total", kind: "counter", help: "Rounds of the watched trace to the target.",
		target: func(e *exposition, t *watched.Target) { e.add("", float64(t.Rounds)) }},
	{name: "sonde_watch_reached_total", kind: "counter", help: "Rounds in which the target itself answered.",
		target: func(e *exposition, t *watched.Target) { e.add("", float64(t.Reached)) }},
	{name: "sonde_watch_reached", kind: "gauge", help: "1 if the target itself answered in the last round that is over.",
		target: func(e *exposition, t *watched.Target) { e.add("", truth(t.Reached > 0 && t.Silent() == 0)) }},
	{name: "sonde_watch_hops", kind: "gauge", help: "Hops of the way in the last round.",
		target: func(e *exposition, t *watched.Target) { e.add("", float64(t.Last)) }},
	{name: "sonde_watch_changes_total", kind: "counter", help: "Changes of the way to the target.",
		target: func(e *exposition, t *watched.Target) { e.add("", float64(t.Changes)) }},
	{name: "sonde_watch_hop_sent_total", kind: "counter", help: "Questions sent to the hop.",
		hop: func(e *exposition, h *watched.Hop) { e.add("", float64(h.Asked)) }},
	{name: "sonde_watch_hop_answered_total", kind: "counter", help: "Questions that were answered.",
		hop: func(e *exposition, h *watched.Hop) { e.add("", float64(h.Answered)) }},
	{name: "sonde_watch_hop_unasked_total", kind: "counter", help: "Questions that this machine could not send.",
		hop: func(e *exposition, h *watched.Hop) { e.add("", float64(h.Unasked)) }},
	{name: "sonde_watch_hop_loss_ratio", kind: "gauge", help: "Share of the questions that stayed unanswered, which is no loss of packets where hops beyond lack less.",
		hop: func(e *exposition, h *watched.Hop) {
			if h.Asked > 0 {
				e.add("", h.Loss())
			}
		}},
	{name: "sonde_watch_hop_rtt_seconds", kind: "summary", help: "Round-trip times to the hop.", hop: summary},
	{name: "sonde_watch_hop_rtt_last_seconds", kind: "gauge", help: "The last round-trip time.", hop: timed(func(x *watched.Times) time.Duration { return x.Last })},
	{name: "sonde_watch_hop_rtt_best_seconds", kind: "gauge", help: "The shortest round-trip time.", hop: timed(func(x *watched.Times) time.Duration { return x.Best })},
	{name: "sonde_watch_hop_rtt_worst_seconds", kind: "gauge", help: "The longest round-trip time.", hop: timed(func(x *watched.Times) time.Duration { return x.Worst })},
	{name: "sonde_watch_hop_jitter_seconds", kind: "gauge", help: "Mean difference of a round-trip time to the one before.", hop: timed((*watched.Times).Jitter)},
	{name: "sonde_watch_hop_answers_total", kind: "counter", help: "Answers for the hop by who sent them; of yet others without from.",
		hop: func(e *exposition, h *watched.Hop) {
			for i := range h.Who {
				e.add("", float64(h.Who[i].Count), "from", address(h.Who[i].Addr))
			}
			if h.More > 0 {
				e.add("", float64(h.More))
			}
		}},
}

func timed(f func(*watched.Times) time.Duration) func(*exposition, *watched.Hop) {
	return func(e *exposition, h *watched.Hop) {
		if h.Times.Count > 0 {
			e.add("", f(&h.Times).Seconds())
		}
	}
}

func summary(e *exposition, h *watched.Hop) {
	if h.Times.Count > 0 {
		for _, q := range []float64{0.5, 0.9, 0.99} {
			e.add("", h.Times.Quantile(q).Seconds(), "quantile", strconv.FormatFloat(q, 'g', -1, 64))
		}
	}
	e.add("_sum", h.Times.Sum().Seconds())
	e.add("_count", float64(h.Times.Count))
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// address is one without what a zone could do to whoever reads it.
func address(a netip.Addr) string { return output.Escape(a.String()) }

// exposition is a text that is being written.
type exposition struct {
	b      []byte
	name   string
	labels string // of the target and the hop, escaped
}

// Append writes what is known of a watched trace.
func Append(b []byte, m *watched.Model) []byte {
	e := exposition{b: b}
	for i := range families {
		f := &families[i]
		e.name = f.name
		e.b = append(append(append(append(e.b, "# HELP "...), f.name...), ' '), f.help...)
		e.b = append(append(append(append(e.b, "\n# TYPE "...), f.name...), ' '), f.kind...)
		e.b = append(e.b, '\n')
		for _, t := range m.Targets {
			target := `target="` + value(address(t.Addr)) + `"`
			if f.target != nil {
				e.labels = target
				f.target(&e, t)
				continue
			}
			for i := range t.Hops {
				e.labels = target + `,hop="` + strconv.Itoa(i+1) + `"`
				f.hop(&e, &t.Hops[i])
			}
		}
	}
	return e.b
}

// add writes a sample. Labels are names, each with its value behind it.
func (e *exposition) add(suffix string, v float64, labels ...string) {
	e.b = append(append(append(append(e.b, e.name...), suffix...), '{'), e.labels...)
	for i := 0; i+1 < len(labels); i += 2 {
		e.b = append(append(append(e.b, ','), labels[i]...), `="`...)
		e.b = append(append(e.b, value(labels[i+1])...), '"')
	}
	e.b = append(e.b, "} "...)
	if math.IsNaN(v) {
		e.b = append(e.b, "NaN\n"...)
		return
	}
	e.b = append(strconv.AppendFloat(e.b, v, 'g', -1, 64), '\n')
}

// value is the value of a label: backslashes and quotation marks have a backslash before
// them; there are no ends of lines in what is escaped already.
func value(s string) string {
	var b []byte
	for _, c := range []byte(s) {
		if c == '\\' || c == '"' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return string(b)
}
