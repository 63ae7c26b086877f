package output

import (
	"strconv"

	"sonde/probe"
	"sonde/scan/report"
)

// list is for another command: a line for each host that is up, or listed, in a sweep, or for each
// port that is open, in the order of their addresses and numbers:
//
//	10.77.2.10
//	10.77.2.10:22
//	[2001:db8::10]:22
//
// What may be open is not listed, nor who may be up.
type list struct {
	hostsOnly
	scan *report.Scan
}

var _ = Register(Format{
	Name:     "list",
	Doc:      "addresses that are up, or addr:port that are open",
	Commands: hostCommands,
	New:      func(o Options) Streamer { return NewAssembler(&list{}, o) },
})

func (f *list) Keep() Keep { return Keep{Fold: true, Brief: true, Sort: true} }

func (f *list) AppendBegin(b []byte, s *report.Scan) []byte {
	f.scan = s
	return b
}

func (f *list) AppendHost(b []byte, h *Host) []byte {
	if f.scan.Ports == 0 && h.Decided && (h.State == probe.Up || targetOnly(&h.Host)) {
		return append(appendAddr(b, h.Addr), '\n')
	}
	for i := range h.Listed {
		if p := &h.Listed[i]; p.State == probe.Open {
			b = append(appendAddrPort(b, h, p.Port.Port), '\n')
		}
	}
	return b
}

// appendAddrPort writes "10.77.2.10:22", "[2001:db8::10]:22" (RFC 3986 section 3.2.2).
func appendAddrPort(b []byte, h *Host, port uint16) []byte {
	if h.Addr.Is4() {
		b = appendAddr(b, h.Addr)
	} else {
		b = append(appendAddr(append(b, '['), h.Addr), ']')
	}
	return strconv.AppendUint(append(b, ':'), uint64(port), 10)
}

func (f *list) AppendFinding(b []byte, _ *report.Finding) []byte { return b }
func (f *list) AppendEnd(b []byte, _ *report.End) []byte         { return b }
