package output

import (
	"strconv"
	"strings"

	"sonde/probe"
	"sonde/scan/report"
)

// This file has what commands said that were run for hosts (--then).

func (l *line) then(t *report.Then) {
	l.addr("addr", t.Addr)
	l.list("argv", t.Argv)
	switch {
	case t.Error != "":
		l.str("error", t.Error)
	case t.Signal != "":
		l.str("signal", t.Signal)
	default:
		l.num("exit", uint64(t.Exit))
	}
	l.str("output", t.Output)
	l.yes("cut", t.Cut)
}

func (o *object) then() *report.Then {
	o.need("addr", "argv", "output")
	return &report.Then{Addr: o.addr("addr"), Argv: o.list("argv"), Exit: uint8(o.num("exit", 8)), Signal: o.str("signal"), Error: o.str("error"),
		Output: o.str("output"), Cut: o.bool("cut")}
}

// awaitsThen tells whether a command runs for the host, of which nothing has come yet. A host
// is shown with what came of it.
func (k *block) awaitsThen(s *report.Scan) bool {
	if !s.Then || k.host.Then != nil {
		return false
	}
	return sweptThen(s, &k.host.Host) || s.Ports > 0 && k.listed[probe.Open] > 0
}

// sweptThen tells whether a command runs for a host of a sweep.
func sweptThen(s *report.Scan, h *report.Host) bool {
	return s.Then && s.Ports == 0 && h.State == probe.Up
}

// appendThen writes the command, what it said, and how it ended.
func appendThen(b []byte, t *report.Then) []byte {
	b = append(b, "  $"...)
	for _, w := range t.Argv {
		b = AppendText(append(b, ' '), shellWord(w))
	}
	b = append(b, '\n')
	for line := range strings.Lines(t.Output) {
		line = strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
		b = append(AppendText(append(b, "  | "...), line), '\n')
	}
	if t.Cut {
		b = append(b, "  (it wrote more, which is not kept)\n"...)
	}
	switch {
	case t.Error != "":
		b = AppendText(append(b, "  not started: "...), t.Error)
	case t.Signal != "":
		b = AppendText(append(b, "  ended by a signal: "...), t.Signal)
	default:
		b = strconv.AppendUint(append(b, "  exit "...), uint64(t.Exit), 10)
	}
	return append(b, '\n')
}
