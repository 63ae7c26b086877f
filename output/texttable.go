package output

import (
	"net/netip"
	"slices"
	"strconv"

	"sonde/probe"
	"sonde/scan/report"
)

// appendTable writes the listed ports, each with what its service says.
func (f *text) appendTable(b []byte, h *Host) []byte {
	if len(h.Listed) == 0 {
		return b
	}
	var c columns
	head := []string{"PORT", "STATE", "SERVICE", "VERSION", "REASON"}
	if !f.scan.Services {
		head = slices.Delete(head, 3, 4)
	}
	c.row(head...)
	for i := range h.Listed {
		p := &h.Listed[i]
		cells := []string{string(appendPort(nil, p.Proto, p.Port.Port)), p.State.String(), p.cell(), f.versionCell(p.Service), p.why()}
		if !f.scan.Services {
			cells = slices.Delete(cells, 3, 4)
		}
		c.row(cells...)
	}
	c.fit(f.Width)
	b = c.append(append(b, '\n'), 0, nil)
	for i := range h.Listed {
		p := &h.Listed[i]
		b = c.append(b, i+1, func(column int, b []byte, text string) []byte {
			if column == 1 {
				return f.paint(b, p.State, text)
			}
			return append(b, text...)
		})
		b = appendSpread(b, p.Repeat)
		b = f.appendService(b, p)
	}
	return b
}

// why is the cell REASON.
func (p *Port) why() string {
	why := appendRepeat(appendReason(nil, p.Addr, &p.Verdict, p.Elsewhere()), &p.Verdict)
	if p.Doubt.Middlebox() {
		why = append(why, ", middlebox suspected"...)
	}
	if p.Confirmed {
		why = append(why, ", confirmed"...)
	}
	return string(why)
}

func appendPort(b []byte, proto string, port uint16) []byte {
	b = strconv.AppendUint(b, uint64(port), 10)
	b = append(b, '/')
	return AppendText(b, proto)
}

// cell is the cell SERVICE: what is spoken there, else the registered name, with
// a question mark where it was asked and did not tell.
func (p *Port) cell() string {
	registered := p.Port.Service
	switch {
	case p.Service != nil && p.Service.Service != "":
		return Escape(p.Service.Service)
	case registered == "":
		return "-"
	case p.Service != nil:
		return Escape(registered) + "?"
	}
	return Escape(registered)
}

// appendFolds writes "Not shown: 981 closed (reset)", several reasons of a state
// inside its brackets: "30 unknown (20 local error: no route, 10 given up at the deadline)".
func appendFolds(b []byte, addr netip.Addr, folds []Fold) []byte {
	if len(folds) == 0 {
		return b
	}
	b = append(b, "Not shown: "...)
	for i := 0; i < len(folds); {
		same, total := i, uint64(0)
		for ; same < len(folds) && folds[same].State == folds[i].State; same++ {
			total += folds[same].N
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, total, 10)
		b = append(b, ' ')
		b = append(b, folds[i].State.String()...)
		b = append(b, " ("...)
		for j, d := range folds[i:same] {
			if j > 0 {
				b = append(b, ", "...)
			}
			if same-i > 1 {
				b = append(strconv.AppendUint(b, d.N, 10), ' ')
			}
			b = d.appendReason(b, addr)
		}
		b = append(b, ')')
		i = same
	}
	return append(b, '\n')
}

// appendReason writes why the ports of addr have their state.
func (d *Fold) appendReason(b []byte, addr netip.Addr) []byte {
	switch {
	case d.Reason == probe.ReasonLocalError:
		b = appendLocalError(b, addr, d.Errno)
	case d.Unproven && d.Reason == probe.NoResponse:
		b = append(b, "replies without proof"...)
	case d.Weak:
		b = append(append(b, reasonWords(d.Reason)...), " without proof"...)
	default:
		b = append(b, reasonWords(d.Reason)...)
	}
	switch {
	case d.Many:
		b = append(b, " from several addresses"...)
	case d.From.IsValid():
		b = appendAddr(append(b, " from "...), d.From)
	}
	return b
}

// words says for a host that was not tested what its ports brought; none of them
// was answered by the host itself, or it would be up. source is the foreign
// address that was asked with.
func (h *Heard) words(source netip.Addr) string {
	switch {
	case h.Ports() == 0:
		return "nothing asked"
	case h.Others > 0:
		return "only others answered"
	case h.Host > 0:
		return "nothing answered"
	case h.Elsewhere > 0:
		return "replies go to " + string(appendAddr(nil, source))
	}
	return "could not be asked"
}

// appendNames writes what the look-ups brought (-v).
func appendNames(b []byte, n *report.Names) []byte {
	for _, name := range n.Forward {
		b = append(AppendText(named(b, "forward name"), name), '\n')
	}
	if !n.Looked {
		return b
	}
	b = named(b, "reverse name")
	if n.PTR == "" {
		b = append(b, "none"...)
	} else {
		b = AppendText(b, n.PTR)
	}
	b = append(b, '\n')
	if len(n.Forward) > 0 && n.PTR != "" {
		b = named(b, "names")
		if n.Differ {
			b = append(b, "forward and reverse disagree\n"...)
		} else {
			b = append(b, "forward and reverse agree\n"...)
		}
	}
	return b
}
