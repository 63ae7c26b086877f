package output

import (
	"math"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// prom is for the textfile collector of Prometheus's node_exporter, in its text format
// (version 0.0.4). What is not known is NaN: that nobody answers is no evidence that a
// host is down, nor silence of a UDP port that it is closed. The collector takes no sample
// twice: those of hosts tell commands apart, those of the run command lines.
type prom struct {
	hostsOnly
	scan     *report.Scan
	families [len(promFamilies)][]byte // samples
	size     int
	left     uint64 // samples left out
}

var _ = Register(Format{
	Name:     "prom",
	Doc:      "metrics for Prometheus's textfile collector",
	Commands: routeCommands,
	New:      func(o Options) Streamer { return NewAssembler(&prom{}, o) },
})

// promRoom is how many bytes of samples are held until the end, since those of a metric
// stand together. What is more is left out, and counted.
const promRoom = 16 << 20

// The metrics, in the order in which they are written.
const (
	hostUp = iota
	hostRTT
	hostSent
	hostAnswered
	portsInState
	portOpen
	portRTT
	portSent
	portAnswered
	certExpiry
	traceReached
	hopRTT
	hopSent
	hopAnswered
)

// promFamilies are the metrics of hosts. Units stand in their names.
var promFamilies = [...]struct{ name, help string }{
	hostUp:       {"sonde_host_up", "1 if the host is up, 0 if it is down, NaN if that is not known."},
	hostRTT:      {"sonde_host_rtt_seconds", "Round-trip time to the host; the average of repetitions."},
	hostSent:     {"sonde_host_sent", "Repetitions sent to the host."},
	hostAnswered: {"sonde_host_answered", "Repetitions that were answered."},
	portsInState: {"sonde_ports", "How many ports of the host have a state."},
	portOpen:     {"sonde_port_open", "1 if the port is open, 0 if it is closed or filtered, NaN if that is not known."},
	portRTT:      {"sonde_port_rtt_seconds", "Round-trip time to the port; the average of repetitions."},
	portSent:     {"sonde_port_sent", "Repetitions sent to the port."},
	portAnswered: {"sonde_port_answered", "Repetitions that were answered."},
	certExpiry:   {"sonde_certificate_expiry_timestamp_seconds", "When the certificate that the port shows ceases to be valid."},
	traceReached: {"sonde_trace_reached", "1 if the target itself answered the trace."},
	hopRTT:       {"sonde_hop_rtt_seconds", "Average round-trip time to a hop on the way to the target."},
	hopSent:      {"sonde_hop_sent", "Packets sent to the hop."},
	hopAnswered:  {"sonde_hop_answered", "Packets that were answered."},
}

func (f *prom) Keep() Keep { return Keep{Fold: true} }

func (f *prom) AppendBegin(b []byte, s *report.Scan) []byte {
	f.scan = s
	return b
}

// add keeps a sample. Labels are names, each with its value behind it; empty ones are
// left out, which means the same.
func (f *prom) add(family int, value float64, labels ...string) {
	if f.size >= promRoom {
		f.left++
		return
	}
	before := len(f.families[family])
	labels = append([]string{"command", f.scan.Command}, labels...)
	f.families[family] = appendSample(f.families[family], promFamilies[family].name, value, labels...)
	f.size += len(f.families[family]) - before
}

func appendSample(b []byte, name string, value float64, labels ...string) []byte {
	b = append(b, name...)
	before := byte('{')
	for i := 0; i+1 < len(labels); i += 2 {
		if labels[i+1] == "" {
			continue
		}
		b = append(append(append(b, before), labels[i]...), '=', '"')
		b = append(appendLabel(b, labels[i+1]), '"')
		before = ','
	}
	if before == ',' {
		b = append(b, '}')
	}
	b = append(b, ' ')
	if math.IsNaN(value) {
		return append(b, "NaN\n"...)
	}
	return append(strconv.AppendFloat(b, value, 'g', -1, 64), '\n')
}

// appendLabel appends the value of a label: AppendText's text, in which backslashes and
// quotation marks have one more before them.
func appendLabel(b []byte, s string) []byte {
	for _, c := range AppendText(nil, s) {
		if c == '\\' || c == '"' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return b
}

// truth is 1 for yes, 0 for no, and else NaN.
func truth(yes, no bool) float64 {
	switch {
	case yes:
		return 1
	case no:
		return 0
	}
	return math.NaN()
}

func (f *prom) AppendHost(b []byte, h *Host) []byte {
	addr := addrText(h.Addr)
	if h.Decided {
		host := []string{"addr", addr, "name", h.Name()}
		f.add(hostUp, truth(h.State == probe.Up, h.State == probe.Down), host...)
		f.measured(hostRTT, &h.Verdict, host)
	}
	var states [report.States]uint64
	for i := range h.Folds {
		states[h.Folds[i].State] += h.Folds[i].N
	}
	for i := range h.Listed {
		p := &h.Listed[i]
		states[p.State]++
		port := []string{"addr", addr, "name", h.Name(), "proto", p.Proto, "port", strconv.Itoa(int(p.Port.Port)), "service", p.Port.Service}
		no := p.State == probe.Closed || p.State == probe.Filtered || p.State == probe.ClosedFiltered
		f.add(portOpen, truth(p.State == probe.Open, no), port...)
		f.measured(portRTT, &p.Verdict, port)
		if s := p.Service; s != nil && s.TLS != nil && !s.TLS.NotAfter.IsZero() {
			f.add(certExpiry, float64(s.TLS.NotAfter.Unix()), port...)
		}
	}
	for s, n := range states {
		if n > 0 {
			f.add(portsInState, float64(n), "addr", addr, "name", h.Name(), "state", probe.State(s).String())
		}
	}
	f.trace(h, addr)
	return b
}

// measured adds the time, and the counts of repetitions, whose metrics follow that of the
// time.
func (f *prom) measured(family int, v *report.Verdict, labels []string) {
	switch n := v.Repeat; {
	case n != nil:
		if n.Timed() {
			f.add(family, n.Avg.Seconds(), labels...)
		}
		f.add(family+1, float64(n.Sent), labels...)
		f.add(family+2, float64(n.Answered), labels...)
	case v.HasRTT:
		f.add(family, v.RTT.Seconds(), labels...)
	}
}

func (f *prom) trace(h *Host, addr string) {
	reached := false
	for i := range h.Hops {
		hop := &h.Hops[i]
		reached = reached || hop.Reached
		labels := []string{"addr", addr, "hop", strconv.Itoa(int(hop.TTL)), "from", addrText(hop.From)}
		if hop.Repeat.Timed() {
			f.add(hopRTT, hop.Repeat.Avg.Seconds(), labels...)
		}
		f.add(hopSent, float64(hop.Repeat.Sent), labels...)
		f.add(hopAnswered, float64(hop.Repeat.Answered), labels...)
	}
	if len(h.Hops) > 0 {
		f.add(traceReached, truth(reached, !reached), "addr", addr)
	}
}

func (f *prom) AppendFinding(b []byte, _ *report.Finding) []byte { return b }

func (f *prom) AppendEnd(b []byte, e *report.End) []byte {
	for i := range promFamilies {
		if len(f.families[i]) > 0 {
			b = appendFamily(b, promFamilies[i].name, promFamilies[i].help)
			b = append(b, f.families[i]...)
		}
	}
	for _, m := range []struct {
		name, help string
		value      float64
	}{
		{"sonde_run_start_timestamp_seconds", "When the run began.", float64(f.scan.Time.Unix())},
		{"sonde_run_duration_seconds", "How long it took.", e.Elapsed.Truncate(time.Millisecond).Seconds()},
		{"sonde_run_complete", "1 if every question was decided.", truth(e.Complete, !e.Complete)},
		{"sonde_run_exit_code", "Its exit code.", float64(e.Exit)},
		{"sonde_run_packets_sent", "Packets of ours, ARP and ND included.", float64(e.Sent)},
		{"sonde_run_packets_received", "Accepted replies, duplicates included.", float64(e.Received)},
		{"sonde_run_unsolicited", "Packets that proved nothing.", float64(e.Unsolicited)},
		{"sonde_run_samples_left_out", "Samples of this run that did not find room here.", float64(f.left)},
	} {
		b = appendSample(appendFamily(b, m.name, m.help), m.name, m.value, "command", f.scan.Command, "args", strings.Join(f.scan.Args, " "))
	}
	return b
}

func appendFamily(b []byte, name, help string) []byte {
	b = append(append(append(append(b, "# HELP "...), name...), ' '), help...)
	return append(append(append(b, "\n# TYPE "...), name...), " gauge\n"...)
}
