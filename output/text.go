package output

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"sonde/probe"
	"sonde/probe/wire"
)

// Text is for people: one line for each host of a sweep;
// else a block for each host, its ports as a table with what their services say,
// and the route to it, in the order in which the hosts are complete. A route
// without a host is a block too. What is about this machine stands in tables of
// its own (textmachine.go). It holds a block's rows until then; of states
// that are folded only counts, of services only what is shown.
type Text struct {
	meta   *Meta
	blocks map[netip.Addr]*block
	begun  int  // blocks so far, for their order
	any    bool // something was written
	routes routes
	here   machine
}

var _ = Register(func() Format { return new(Text) })

// sweepWidth lines the addresses of a sweep up; longer ones stick out.
const sweepWidth = len("255.255.255.255")

func (*Text) Name() string { return "text" }

func (f *Text) AppendBegin(b []byte, m *Meta) []byte {
	f.meta, f.blocks = m, map[netip.Addr]*block{}
	for _, note := range m.Notes {
		b = append(AppendText(b, note), '\n')
		f.any = true
	}
	if m.Shards > 0 {
		b = fmt.Appendf(b, "Shard %d of %d\n", m.Shard, m.Shards)
		f.any = true
	}
	if m.Resumed {
		b = append(b, "Resumed: what was decided before is in the output of earlier runs\n"...)
		f.any = true
	}
	return b
}

func (f *Text) AppendRecord(b []byte, r *Record) []byte {
	if r.Type == Finding && f.meta.Ports == 0 {
		f.any = true
		return append(appendFinding(b, r), '\n')
	}
	if r.aboutHere() {
		f.here.add(r)
		return b
	}
	if r.Type == Host && r.Ports == 0 && !r.Routed && f.blocks[r.Addr] == nil {
		return f.appendAlone(b, r)
	}
	k := f.blocks[r.Addr]
	if k == nil {
		k = &block{addr: r.Addr, order: f.begun, host: Record{Addr: r.Addr}}
		f.blocks[r.Addr] = k
		f.begun++
	}
	switch r.Type {
	case Host:
		k.setHost(r)
	case Port:
		k.addPort(r, f.meta)
	case Service:
		k.addService(r, f.meta)
	case Hop:
		k.addHop(r, f.meta)
	case Finding:
		k.findings = append(appendFinding(k.findings, r), '\n')
	}
	if !k.complete(f.meta) {
		return b
	}
	delete(f.blocks, r.Addr)
	return f.appendBlock(b, k)
}

// appendAlone writes a host without ports as one line.
func (f *Text) appendAlone(b []byte, r *Record) []byte {
	if !f.meta.Lists(r) {
		return b
	}
	if f.meta.Ports > 0 { // among blocks
		b = f.gap(b)
	}
	f.any = true
	start := len(b)
	b = f.appendHostName(b, r)
	if f.meta.Ports == 0 {
		b = pad(b, sweepWidth-width(b[start:]))
	}
	b = append(b, "  "...)
	b = f.appendHostState(b, r)
	b = appendMACVendor(b, r)
	b = append(b, '\n')
	if f.meta.Verbose {
		b = appendNames(b, r)
		if reply := r.packet(); reply != nil {
			b = appendReply(b, reply)
		}
	}
	return b
}

// appendHostState writes "up, syn-ack, 0.21 ms".
func (f *Text) appendHostState(b []byte, r *Record) []byte {
	if r.State == probe.NotTested {
		b = append(b, "not tested"...)
		if f.meta.NoPing {
			b = append(b, " (-PN)"...)
		}
		return b
	}
	b = f.paint(b, r.State, r.State.String())
	b = append(b, ", "...)
	b = appendReason(b, r)
	if r.Doubt.Middlebox() {
		b = append(b, ", middlebox suspected"...)
	}
	if r.Repeat != nil {
		return appendRepeat(b, r.Repeat)
	}
	if r.HasRTT {
		b = appendMillis(append(b, ", "...), r.RTT)
	}
	return b
}

// gap writes the blank line between blocks.
func (f *Text) gap(b []byte) []byte {
	if f.any {
		b = append(b, '\n')
	}
	f.any = true
	return b
}

func (f *Text) appendBlock(b []byte, k *block) []byte {
	if f.meta.OpenOnly && len(k.rows) == 0 && !k.host.Named {
		return b // a range's host with nothing that is asked for
	}
	b = f.gap(b)
	f.routes.add(k)
	if k.routeOnly() {
		return f.appendTrace(b, k)
	}
	b = f.appendHostName(b, &k.host)
	b = append(b, "  "...)
	if k.hasHost {
		b = f.appendHostState(b, &k.host)
		if k.host.State == probe.NotTested {
			b = append(b, ", "...)
			b = append(b, k.heard(f.meta)...)
		}
		b = appendMACVendor(b, &k.host)
	} else {
		b = append(b, "not decided"...)
	}
	b = append(b, '\n')
	if f.meta.Verbose && k.hasHost {
		b = appendNames(b, &k.host)
	}
	b = k.appendFolded(b)
	b = f.appendTable(b, k)
	if len(k.findings) > 0 {
		b = append(append(b, '\n'), k.findings...)
	}
	for i := range k.rows {
		if w := &k.rows[i]; w.reply != nil {
			b = appendPort(append(b, '\n'), w.proto, w.port)
			b = append(b, ", the reply"...)
			if w.hasRTT {
				b = appendMillis(append(b, " after "...), w.rtt)
			}
			b = append(b, ":\n"...)
			b = appendReply(b, w.reply)
		}
	}
	if k.hasHost && k.ports < k.host.Ports {
		b = append(appendCount(append(b, "Undecided: "...), uint64(k.host.Ports-k.ports), "port"), '\n')
	}
	if len(k.hops) > 0 {
		b = f.appendRoute(b, k)
	}
	return b
}

func (f *Text) AppendEnd(b []byte, e *End) []byte {
	rest := make([]*block, 0, len(f.blocks))
	for _, k := range f.blocks {
		rest = append(rest, k)
	}
	slices.SortFunc(rest, func(x, y *block) int { return cmp.Compare(x.order, y.order) })
	for _, k := range rest {
		b = f.appendBlock(b, k)
	}
	clear(f.blocks)
	if f.here.any {
		return f.appendMachine(b)
	}
	b = f.gap(b)
	return f.appendSummary(b, e)
}

// appendHostName writes "10.77.2.10 (web.example)", and what a look-up says against
// the name, unless names have lines of their own (-v): "(www.example, reverse name
// web.example: they disagree)", "(web.example, which leads elsewhere)".
func (f *Text) appendHostName(b []byte, r *Record) []byte {
	if f.meta.Verbose || r.PTR == "" || !r.Differ && r.PTR == r.name() {
		return appendAddrName(b, r.Addr, r.name())
	}
	b = append(appendAddr(b, r.Addr), " ("...)
	b = AppendText(b, r.name())
	switch {
	case len(r.Names) == 0:
		return append(b, ", which leads elsewhere)"...)
	case r.Differ:
		b = AppendText(append(b, ", reverse name "...), r.PTR)
		return append(b, ": they disagree)"...)
	}
	b = AppendText(append(b, ", reverse name "...), r.PTR)
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
func appendMACVendor(b []byte, r *Record) []byte {
	if r.MAC == (wire.MAC{}) {
		return b
	}
	b = appendMAC(append(b, ", "...), r.MAC)
	if r.Vendor != "" {
		b = append(b, " ("...)
		b = append(AppendText(b, r.Vendor), ')')
	}
	return b
}

// paint writes text in the colour of a state.
func (f *Text) paint(b []byte, s probe.State, text string) []byte {
	if !f.meta.Color {
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
