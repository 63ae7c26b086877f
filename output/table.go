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
	addr     netip.Addr
	order    int
	hasHost  bool
	host     Record // borrows nothing
	ports    uint32 // in so far
	rows     []row
	folds    []fold
	listed   [States]uint32 // rows by state
	folded   [States]bool   // states whose ports go to folds
	services []said
	hops     []Record // borrow nothing
	findings []byte   // sentences, a line each
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
	doubt   probe.Doubt
	sure    bool // confirmed
}

// fold counts ports that are not listed.
type fold struct {
	state  probe.State
	reason probe.Reason
	from   netip.Addr // if not the target's own
	many   bool       // from several addresses; from is the first
	n      uint64
}

// complete tells whether all has come that belongs into the block.
func (k *block) complete(m *Meta) bool {
	if m.routesOnly() && !k.hasHost {
		return k.routed()
	}
	return k.hasHost && k.ports >= k.host.Ports &&
		(!m.Services || len(k.services) >= int(k.listed[probe.Open])) &&
		(!k.host.Routed || k.routed())
}

func (k *block) setHost(r *Record) {
	k.hasHost = true
	k.host = r.kept()
	k.host.Repeat = nil
}

func (k *block) addPort(r *Record, m *Meta) {
	w := row{
		port: r.Port, errno: r.Errno, state: r.State, reason: r.Reason, tries: r.Tries,
		proto: r.Proto, asked: r.Asked, service: r.Service, doubt: r.Doubt, sure: r.Confirmed,
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

// appendTable writes the rows, in the order of their ports, each with what its
// service said.
func (f *Text) appendTable(b []byte, k *block) []byte {
	if len(k.rows) == 0 {
		return b
	}
	slices.SortFunc(k.rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.proto, y.proto), cmp.Compare(x.port, y.port))
	})
	slices.SortFunc(k.services, func(x, y said) int { return x.at(y.proto, y.port) })
	var c columns
	head := []string{"PORT", "STATE", "SERVICE", "VERSION", "REASON"}
	if !f.meta.Services {
		head = slices.Delete(head, 3, 4)
	}
	c.row(head...)
	for i := range k.rows {
		w := &k.rows[i]
		said := k.said(w)
		why := appendRepeat(appendReason(nil, w.record(f.meta)), w.repeat)
		if w.doubt.Middlebox() {
			why = append(why, ", middlebox suspected"...)
		}
		if w.sure {
			why = append(why, ", confirmed"...)
		}
		cells := []string{string(appendPort(nil, w.proto, w.port)), w.state.String(), w.name(said), said.version, string(why)}
		if !f.meta.Services {
			cells = slices.Delete(cells, 3, 4)
		}
		c.row(cells...)
	}
	b = c.append(append(b, '\n'), 0, nil)
	for i := range k.rows {
		w := &k.rows[i]
		b = c.append(b, i+1, func(column int, b []byte, text string) []byte {
			if column == 1 {
				return f.paint(b, w.state, text)
			}
			return append(b, text...)
		})
		b = append(b, k.said(w).lines...)
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

// name is the cell SERVICE: what is spoken there, else the registered name, with
// a question mark where it was asked and did not tell.
func (w *row) name(s said) string {
	switch {
	case s.service != "":
		return Escape(s.service)
	case w.service == "":
		return "-"
	case s.asked:
		return Escape(w.service) + "?"
	}
	return Escape(w.service)
}
