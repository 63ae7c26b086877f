package output

import (
	"fmt"
	"net/netip"
	"strings"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// text is for people: one line for each host of a sweep; else a block for each
// host, its ports as a table with what their services say, and the route to it. A
// route without a host is a block too. What is about this machine stands in tables
// of its own (textmachine.go), and so does what two captures say (textpair.go, textcomparison.go).
type text struct {
	Options
	scan     *report.Scan
	any      bool // something was written
	live     bool // it was of single repetitions, and last
	machine  bool // it was about this machine
	pairs    pairs
	versions versions
	unmet    bool // an expectation that does not hold was written
	// variants are those of one target of trials, until all are there; overall says that
	// what follows is about all targets.
	variants []report.Trial
	overall  bool
	routes   routes
	rounds   rounds
}

var _ = Register(Format{
	Name: "text",
	Doc:  "for people",
	New: func(o Options) Streamer {
		a := NewAssembler(&text{Options: o}, o)
		var lines lineStreamer = a
		if o.ASCII {
			lines = plain{a}
		}
		if o.Width < narrowest {
			return lines
		}
		return &folder{lines, o.Width}
	},
})

// narrowest is the narrowest terminal that lines are made to fit.
const narrowest = 40

// sweepWidth lines the addresses of a sweep up; longer ones stick out.
const sweepWidth = len("255.255.255.255")

// SortedHosts is of how many addresses a sweep is soon over.
const SortedHosts = 2048

func (f *text) Keep() Keep {
	sweep := f.scan != nil && f.scan.Command == "sweep" // whose hosts are a line each, wherever that stands
	return Keep{Fold: true, Brief: !f.Verbose, Sort: sweep && f.Sorted > 0 && f.scan.Addresses <= f.Sorted}
}

func (f *text) AppendBegin(b []byte, s *report.Scan) []byte {
	f.scan = s
	for _, note := range s.Notes {
		b = append(AppendText(b, note), '\n')
		f.any = true
	}
	if s.Shards > 0 {
		b = fmt.Appendf(b, "Shard %d of %d\n", s.Shard, s.Shards)
		f.any = true
	}
	if s.Resumed {
		b = append(b, "Resumed: what was decided before is in the output of earlier runs\n"...)
		f.any = true
	}
	return b
}

func (f *text) AppendFinding(b []byte, r *report.Finding) []byte {
	f.any = true
	return append(appendFinding(b, r), '\n')
}

func (f *text) AppendHost(b []byte, h *Host) []byte {
	if b = f.appendHost(b, h); h.Then != nil {
		b = appendThen(b, h.Then)
	}
	return b
}

func (f *text) appendHost(b []byte, h *Host) []byte {
	if h.Alone() {
		return f.appendAlone(b, &h.Host)
	}
	b = f.gap(b)
	f.routes.add(h)
	if h.RouteOnly() {
		return f.appendTrace(b, h)
	}
	b = f.appendHead(b, h)
	b = appendFolds(b, h.Addr, h.Folds)
	b = f.appendTable(b, h)
	for i := range h.Findings {
		if i == 0 {
			b = append(b, '\n')
		}
		b = append(appendFinding(b, &h.Findings[i]), '\n')
	}
	for i := range h.Listed {
		if p := &h.Listed[i]; p.Reply != nil {
			b = appendPort(append(b, '\n'), p.Proto, p.Port.Port)
			b = append(b, ", the reply"...)
			if p.HasRTT {
				b = appendMillis(append(b, " after "...), p.RTT)
			}
			b = append(b, ":\n"...)
			b = appendReply(b, p.Reply)
		}
	}
	if n := h.Undecided(); n > 0 {
		b = append(appendCount(append(b, "Undecided: "...), uint64(n), "port"), '\n')
	}
	if h.OS != nil {
		b = appendOS(append(b, '\n'), h.OS, f.Verbose)
	}
	if len(h.Hops) > 0 {
		b = f.appendRoute(b, h)
	}
	return b
}

// appendAlone writes a host without ports as one line.
func (f *text) appendAlone(b []byte, h *report.Host) []byte {
	if f.scan.Ports > 0 || f.live { // among blocks
		b = f.gap(b)
	}
	f.any, f.live = true, false
	start := len(b)
	b = f.appendHostName(b, h)
	if f.scan.Ports == 0 && targetOnly(h) {
		return append(b, '\n')
	}
	if f.scan.Ports == 0 {
		b = pad(b, sweepWidth-width(b[start:]))
	}
	b = append(b, "  "...)
	b = f.appendHostState(b, h, true)
	b = appendLocalNames(appendMACVendor(b, h), h.Local)
	b = append(b, '\n')
	b = appendSpread(b, h.Repeat)
	if f.Verbose {
		b = appendNames(b, &h.Names)
		if h.Reply != nil {
			b = appendReply(b, h.Reply)
		}
	}
	return b
}

// appendHead writes the first lines of a block: which host it is, and its state.
func (f *text) appendHead(b []byte, h *Host) []byte {
	b = f.appendHostName(b, &h.Host)
	b = append(b, "  "...)
	if !h.Decided {
		return append(b, "not decided\n"...)
	}
	b = f.appendHostState(b, &h.Host, false)
	if h.State == probe.NotTested {
		b = append(b, ", "...)
		b = append(b, h.Heard.words(f.scan.Source)...)
	}
	b = append(appendLocalNames(appendMACVendor(b, &h.Host), h.Local), '\n')
	if f.Verbose {
		b = appendNames(b, &h.Names)
	}
	return b
}

// appendHostState writes "up, syn-ack, 0.21 ms"; with counts those of -c.
func (f *text) appendHostState(b []byte, h *report.Host, counts bool) []byte {
	if h.State == probe.NotTested {
		return append(b, f.untested()...)
	}
	b = f.paint(b, h.State, h.State.String())
	b = appendHostReason(append(b, ", "...), h)
	if counts && h.Repeat != nil {
		return appendRepeat(b, &h.Verdict)
	}
	if h.HasRTT {
		b = appendMillis(append(b, ", "...), h.RTT)
	}
	return b
}

// untested stands for the state of a host that nobody asked.
func (f *text) untested() string {
	if f.scan.NoPing {
		return "not tested (-PN)"
	}
	return "not tested"
}

// appendHostReason writes why a host has its state.
func appendHostReason(b []byte, h *report.Host) []byte {
	b = appendReason(b, h.Addr, &h.Verdict, h.Elsewhere())
	if h.Doubt.Middlebox() {
		b = append(b, ", middlebox suspected"...)
	}
	return b
}

// gap writes the blank line between blocks.
func (f *text) gap(b []byte) []byte {
	if f.any {
		b = append(b, '\n')
	}
	f.any = true
	return b
}

func (f *text) AppendEnd(b []byte, e *report.End) []byte {
	if f.machine {
		return b // which nothing was asked for
	}
	if f.versions.any {
		return appendIncomplete(b, e)
	}
	if f.scan.Captures {
		return f.appendCompared(f.gap(b), e)
	}
	return f.appendSummary(f.gap(f.appendVariants(b)), e)
}

// appendHostName writes "10.77.2.10 (web.example)", and what a look-up says against
// the name, unless names have lines of their own (-v): "(www.example, reverse name
// web.example: they disagree)", "(web.example, which leads elsewhere)".
func (f *text) appendHostName(b []byte, h *report.Host) []byte {
	if f.Verbose || h.PTR == "" || !h.Differ && h.PTR == h.Name() {
		return appendAddrName(b, h.Addr, h.Name())
	}
	b = append(appendAddr(b, h.Addr), " ("...)
	b = AppendText(b, h.Name())
	switch {
	case len(h.Forward) == 0:
		return append(b, ", which leads elsewhere)"...)
	case h.Differ:
		b = AppendText(append(b, ", reverse name "...), h.PTR)
		return append(b, ": they disagree)"...)
	}
	b = AppendText(append(b, ", reverse name "...), h.PTR)
	return append(b, ')')
}

// appendAddrName writes "10.77.2.10 (web.example)".
func appendAddrName(b []byte, addr netip.Addr, name string) []byte {
	b = appendAddr(b, addr)
	if name != "" {
		b = append(b, " ("...)
		b = append(AppendText(b, name), ')')
	}
	return b
}

// appendMACVendor writes ", 00:00:5e:00:53:01 (Vendor)", if the MAC is known.
func appendMACVendor(b []byte, h *report.Host) []byte {
	if h.MAC == (wire.MAC{}) {
		return b
	}
	b = appendMAC(append(b, ", "...), h.MAC)
	if h.Vendor != "" {
		b = append(b, " ("...)
		b = append(AppendText(b, h.Vendor), ')')
	}
	return b
}

// appendLocalNames writes ", says it is printer.local (mdns), PRINTER (netbios)", if it says
// so.
func appendLocalNames(b []byte, names []report.LocalName) []byte {
	for i, n := range names {
		if i == 0 {
			b = append(b, ", says it is "...)
		} else {
			b = append(b, ", "...)
		}
		b = append(AppendText(b, n.Name), " ("...)
		b = append(append(b, n.Source...), ')')
	}
	return b
}

// saysItIs is that by itself; "" where it says nothing.
func saysItIs(h *report.Host) string {
	return strings.TrimPrefix(string(appendLocalNames(nil, h.Local)), ", ")
}

// paint writes text in the colour of a state.
func (f *text) paint(b []byte, s probe.State, text string) []byte {
	if !f.Color {
		return append(b, text...)
	}
	color := ""
	switch s {
	case probe.Open, probe.Up:
		color = "\x1b[32m" // green
	case probe.Closed, probe.Down:
		color = "\x1b[31m" // red
	case probe.Filtered, probe.OpenFiltered, probe.ClosedFiltered:
		color = "\x1b[33m" // yellow
	default:
		return append(b, text...)
	}
	b = append(b, color...)
	b = append(b, text...)
	return append(b, "\x1b[0m"...)
}
