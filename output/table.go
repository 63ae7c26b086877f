package output

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"sonde/probe"
)

// foldAbove is how many ports of one host in the same unremarkable state are
// listed; more are folded into a count.
const foldAbove = 25

// fromMax is how many answering addresses the folded lines of a host tell
// apart; the network could send one for each port.
const fromMax = 8

// block is what text holds of a host until it is complete.
type block struct {
	addr    netip.Addr
	order   int
	hasHost bool
	host    Record // borrows nothing
	ports   uint32 // in so far
	rows    []row
	folds   []fold
	listed  [States]uint32 // rows by state
	folded  [States]bool   // states whose ports go to folds
	// Ports by who was heard, for a host that was not tested.
	silent, others, local, unseen uint32
}

// row is what the table needs of a Port record.
type row struct {
	port    uint16
	errno   uint16
	state   probe.State
	reason  probe.Reason
	tries   uint8
	from    netip.Addr // if not the target's own
	proto   string
	asked   string
	service string
	repeat  *Repeat
	reply   *probe.Reply // with -v; rtt and hasRTT only then
	rtt     time.Duration
	hasRTT  bool
}

// fold counts ports that are not listed.
type fold struct {
	state  probe.State
	reason probe.Reason
	from   netip.Addr // if not the target's own
	many   bool       // from several addresses; from is the first
	n      uint64
}

func (k *block) complete() bool { return k.hasHost && k.ports >= k.host.Ports }

func (k *block) setHost(r *Record) {
	k.hasHost = true
	k.host = *r
	k.host.Reply, k.host.Repeat = nil, nil
	k.host.Names = slices.Clone(r.Names)
}

func (k *block) addPort(r *Record, m *Meta) {
	w := row{
		port: r.Port, errno: r.Errno, state: r.State, reason: r.Reason, tries: r.Tries,
		proto: r.Proto, asked: r.Asked, service: r.Service,
	}
	if r.elsewhere() {
		w.from = r.From
	}
	k.ports++
	switch {
	case r.Reason == probe.SpoofedSource:
		k.unseen++
	case r.Reason == probe.ReasonLocalError:
		k.local++
	case w.from.IsValid():
		k.others++
	default:
		k.silent++
	}
	if k.folded[r.State] || !m.Lists(r) {
		k.fold(&w)
		return
	}
	if r.Repeat != nil {
		repeat := *r.Repeat
		w.repeat = &repeat
	}
	if answer := r.packet(); m.Verbose && answer != nil {
		reply := *answer
		w.reply, w.rtt, w.hasRTT = &reply, r.RTT, r.HasRTT
	}
	k.rows = append(k.rows, w)
	k.listed[r.State]++
	if k.listed[r.State] > foldAbove && r.State != probe.Open {
		k.foldState(r.State)
	}
}

// foldState moves the rows of a state into counts.
func (k *block) foldState(s probe.State) {
	k.folded[s] = true
	kept := k.rows[:0]
	for i := range k.rows {
		if k.rows[i].state == s {
			k.fold(&k.rows[i])
		} else {
			kept = append(kept, k.rows[i])
		}
	}
	clear(k.rows[len(kept):])
	k.rows = kept
}

func (k *block) fold(w *row) {
	for i := range k.folds {
		d := &k.folds[i]
		if d.state != w.state || d.reason != w.reason || d.from.IsValid() != w.from.IsValid() {
			continue
		}
		if d.from != w.from {
			if !d.many && len(k.folds) < fromMax {
				continue
			}
			d.many = true
		}
		d.n++
		return
	}
	k.folds = append(k.folds, fold{state: w.state, reason: w.reason, from: w.from, n: 1})
}

// appendFolded writes "Not shown: 981 closed (reset)", several reasons of a
// state inside its brackets.
func (k *block) appendFolded(b []byte) []byte {
	if len(k.folds) == 0 {
		return b
	}
	slices.SortStableFunc(k.folds, func(x, y fold) int {
		return cmp.Or(cmp.Compare(x.state, y.state), cmp.Compare(y.n, x.n))
	})
	b = append(b, "Not shown: "...)
	for i := 0; i < len(k.folds); {
		same, total := i, uint64(0)
		for ; same < len(k.folds) && k.folds[same].state == k.folds[i].state; same++ {
			total += k.folds[same].n
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, total, 10)
		b = append(b, ' ')
		b = append(b, k.folds[i].state.String()...)
		b = append(b, " ("...)
		for j, d := range k.folds[i:same] {
			if j > 0 {
				b = append(b, ", "...)
			}
			if same-i > 1 {
				b = append(strconv.AppendUint(b, d.n, 10), ' ')
			}
			b = d.appendReason(b)
		}
		b = append(b, ')')
		i = same
	}
	return append(b, '\n')
}

func (d *fold) appendReason(b []byte) []byte {
	b = append(b, reasonWords(d.reason)...)
	switch {
	case d.many:
		b = append(b, " from several addresses"...)
	case d.from.IsValid():
		b = appendAddr(append(b, " from "...), d.from)
	}
	return b
}

// appendTable writes the rows, in the order of their ports.
func (f *Text) appendTable(b []byte, k *block) []byte {
	if len(k.rows) == 0 {
		return b
	}
	slices.SortFunc(k.rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.proto, y.proto), cmp.Compare(x.port, y.port))
	})
	port, state, service := len("PORT"), len("STATE"), len("SERVICE")
	var cell []byte
	for i := range k.rows {
		w := &k.rows[i]
		cell = appendPort(cell[:0], w.proto, w.port)
		port = max(port, width(cell))
		state = max(state, len(w.state.String()))
		cell = appendService(cell[:0], w.service)
		service = max(service, width(cell))
	}
	b = append(b, '\n')
	b = padTo(b, "PORT", port+2)
	b = padTo(b, "STATE", state+2)
	b = padTo(b, "SERVICE", service+2)
	b = append(b, "REASON\n"...)
	for i := range k.rows {
		w := &k.rows[i]
		start := len(b)
		b = appendPort(b, w.proto, w.port)
		b = pad(b, port+2-width(b[start:]))
		b = f.paint(b, w.state, w.state.String())
		b = pad(b, state+2-len(w.state.String()))
		start = len(b)
		b = appendService(b, w.service)
		b = pad(b, service+2-width(b[start:]))
		b = appendReason(b, w.record(f.meta))
		b = appendRepeat(b, w.repeat)
		b = append(b, '\n')
	}
	return b
}

// record gives back what the words for a reason need.
func (w *row) record(m *Meta) *Record {
	return &Record{
		Type: Port, State: w.state, Reason: w.reason, From: w.from, Tries: w.tries,
		Asked: w.asked, Errno: w.errno, Source: m.Source, Repeat: w.repeat,
	}
}

func appendPort(b []byte, proto string, port uint16) []byte {
	b = strconv.AppendUint(b, uint64(port), 10)
	b = append(b, '/')
	return AppendText(b, proto)
}

func appendService(b []byte, name string) []byte {
	if name == "" {
		return append(b, '-')
	}
	return AppendText(b, name)
}
