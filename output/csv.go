package output

import (
	"bytes"
	"encoding/csv"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/probe/wire"
	"sonde/scan/report"
)

// csvWriter is for spreadsheets and data frames (RFC 4180): a row for each host, port, system, hop
// of a route, step of all ways and finding, all with the columns of csvColumns, of which a row has what it knows.
type csvWriter struct {
	hostsOnly
	Options
	out bytes.Buffer // what one row takes
	w   *csv.Writer
	row []string
}

var csvColumns = []string{"type", "addr", "name", "proto", "port", "hop", "state", "reason", "from", "ttl", "rtt_ms", "tries",
	"sent", "answered", "service", "product", "version", "info", "hostname", "mac", "vendor"}

// csvRow is a row by its columns' names.
type csvRow struct {
	kind, name, proto       string
	addr, from              netip.Addr
	port, hop               int // 0: none
	state, reason           string
	ttl, rtt, tries         string
	sent, answered          string
	service, product        string
	version, info, hostname string
	mac, vendor             string
}

var _ = Register(Format{
	Name:     "csv",
	Doc:      "a table with a row for each host and port",
	Commands: routeCommands,
	New: func(o Options) Streamer {
		f := &csvWriter{Options: o}
		f.w = csv.NewWriter(&f.out)
		return NewAssembler(f, o)
	},
})

func (f *csvWriter) Keep() Keep { return Keep{Fold: true, Numbers: true, Sort: true} }

func (f *csvWriter) AppendBegin(b []byte, _ *report.Scan) []byte { return f.write(b, csvColumns) }

// write appends one row.
func (f *csvWriter) write(b []byte, cells []string) []byte {
	f.out.Reset()
	f.w.Write(cells) // a Buffer takes everything
	f.w.Flush()
	return append(b, f.out.Bytes()...)
}

// appendRow appends a row, its cells escaped.
func (f *csvWriter) appendRow(b []byte, r *csvRow) []byte {
	f.row = append(f.row[:0], r.kind, addrText(r.addr), cell(r.name), cell(r.proto), some(r.port), some(r.hop), r.state, r.reason,
		addrText(r.from), r.ttl, r.rtt, r.tries, r.sent, r.answered, cell(r.service), cell(r.product), cell(r.version),
		cell(r.info), cell(r.hostname), r.mac, cell(r.vendor))
	return f.write(b, f.row)
}

// addrText is an address, "" where there is none.
func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return string(appendAddr(nil, a))
}

func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// cell escapes a text as AppendText does. A spreadsheet takes what begins with one of
// certain characters for a formula, and would carry it out: it gets an apostrophe, which
// says that text follows; so does what begins with an apostrophe, so that the first one
// can always be taken away.
func cell(s string) string {
	text := Escape(s)
	if text != "" && strings.ContainsRune("=+-@'＝＋－＠", firstRune(text)) {
		return "'" + text
	}
	return text
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// verdict fills in what was decided.
func (r *csvRow) verdict(v *report.Verdict) {
	r.state, r.reason, r.from = v.State.String(), v.Reason.String(), v.From
	if v.Weak {
		r.reason += " without proof"
	}
	if v.HasTTL {
		r.ttl = strconv.Itoa(int(v.TTL))
	}
	switch {
	case v.Repeat != nil:
		r.repeat(v.Repeat)
	case v.HasRTT:
		r.rtt = millis(v.RTT)
	}
	r.tries = some(int(v.Tries))
}

func (r *csvRow) repeat(n *report.Repeat) {
	r.sent, r.answered = strconv.Itoa(int(n.Sent)), strconv.Itoa(int(n.Answered))
	if n.Timed() {
		r.rtt = millis(n.Avg)
	}
}

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', -1, 64)
}

func (f *csvWriter) AppendHost(b []byte, h *Host) []byte {
	if h.Decided {
		r := csvRow{kind: "host", addr: h.Addr, name: h.Name(), vendor: h.Vendor}
		if len(h.Local) > 0 {
			r.hostname = h.Local[0].Name
			for _, n := range h.Local {
				r.info += ", " + n.Name + " (" + n.Source + ")"
			}
			r.info = r.info[2:]
		}
		r.verdict(&h.Verdict)
		if h.MAC != (wire.MAC{}) {
			r.mac = string(appendMAC(nil, h.MAC))
		}
		b = f.appendRow(b, &r)
	}
	b = f.appendPorts(b, h)
	if h.OS != nil {
		b = f.appendOS(b, h)
	}
	for i := range h.Hops {
		b = f.appendHop(b, &h.Hops[i])
	}
	for i := range h.Edges {
		e := &h.Edges[i]
		r := csvRow{kind: "edge", addr: e.Addr, hop: int(e.TTL), from: e.From, info: edgeLine(e)}
		b = f.appendRow(b, &r)
	}
	for i := range h.Findings {
		b = f.AppendFinding(b, &h.Findings[i])
	}
	return b
}

// appendPorts writes all ports by their numbers, also those that text only counts: of
// these it is not kept when they answered.
func (f *csvWriter) appendPorts(b []byte, h *Host) []byte {
	type at struct {
		proto string
		port  uint16
		fold  *Fold
		place *Port
	}
	all := make([]at, 0, h.Heard.Ports())
	for i := range h.Listed {
		p := &h.Listed[i]
		all = append(all, at{p.Proto, p.Port.Port, nil, p})
	}
	if !f.Open {
		for i := range h.Folds {
			for _, port := range h.Folds[i].Ports {
				all = append(all, at{h.Folds[i].Proto, port, &h.Folds[i], nil})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y at) int { return order(x.proto, x.port, y.proto, y.port) })
	for _, a := range all {
		r := csvRow{kind: "port", addr: h.Addr, name: h.Name(), proto: a.proto, port: int(a.port)}
		if a.fold != nil {
			r.verdict(&report.Verdict{State: a.fold.State, Reason: a.fold.Reason, Weak: a.fold.Weak})
			switch {
			case a.fold.Many:
			case a.fold.From.IsValid():
				r.from = a.fold.From
			case answered(a.fold.Reason):
				r.from = h.Addr.WithZone("")
			}
			b = f.appendRow(b, &r)
			continue
		}
		r.verdict(&a.place.Verdict)
		r.service = a.place.Port.Service
		if s := a.place.Service; s != nil {
			if s.Service != "" {
				r.service = s.Service
			}
			r.product, r.version, r.info, r.hostname = s.Product, s.Version, s.Info, s.Hostname
		}
		b = f.appendRow(b, &r)
	}
	return b
}

// appendOS writes a system as a product with its version: the family, and the generation.
func (f *csvWriter) appendOS(b []byte, h *Host) []byte {
	r := csvRow{kind: "os", addr: h.Addr, name: h.Name(), info: h.OS.Why}
	if len(h.OS.Matches) > 0 {
		m := &h.OS.Matches[0]
		r.product, r.version, r.info = m.Family, m.Generation, string(appendShare(nil, m.Confidence))
	}
	return f.appendRow(b, &r)
}

func (f *csvWriter) appendHop(b []byte, h *report.Hop) []byte {
	r := csvRow{kind: "hop", addr: h.Addr, hostname: h.Name(), hop: int(h.TTL), reason: h.Reason.String(), from: h.From}
	r.proto, r.port = h.Proto, int(h.Port)
	r.repeat(&h.Repeat)
	return f.appendRow(b, &r)
}

func (f *csvWriter) AppendFinding(b []byte, r *report.Finding) []byte {
	f.row = append(f.row[:0], make([]string, len(csvColumns))...)
	f.row[0], f.row[1] = "finding", addrText(r.Addr)
	f.row[slices.Index(csvColumns, "info")] = string(appendFinding(nil, r)) // which is escaped
	return f.write(b, f.row)
}

func (f *csvWriter) AppendEnd(b []byte, _ *report.End) []byte { return b }
