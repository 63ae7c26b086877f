package output

import (
	"net/netip"
	"strconv"

	"sonde/scan/report"
)

// Lines writes one host or port a line in four words, for programs that read words:
//
//	192.0.2.7 80/tcp open syn-ack
type Lines struct{ Options }

var _ = Register(Format{
	Name:     "lines",
	Doc:      "four words a line",
	Streamed: true,
	New:      func(o Options) Streamer { return Lines{o} },
})

func (f Lines) AppendRecord(b []byte, r report.Record) []byte {
	if !f.Lists(r) {
		return b
	}
	switch r := r.(type) {
	case *report.Host:
		return appendLine(b, r.Addr, "host", &r.Verdict)
	case *report.Port:
		return appendLine(b, r.Addr, strconv.Itoa(int(r.Port))+"/"+r.Proto, &r.Verdict)
	}
	return b
}

func appendLine(b []byte, addr netip.Addr, what string, v *report.Verdict) []byte {
	b = append(addr.AppendTo(b), ' ')
	b = append(append(b, what...), ' ')
	b = append(append(b, v.State.String()...), ' ')
	return append(append(b, v.Reason.String()...), '\n')
}
