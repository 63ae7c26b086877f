package output

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
	"sonde/scan/report"
)

// nmapText is what nmap prints, line by line, for people and programs that know that. It
// differs where nmap would say more than is known: a host that nobody tested is not "up".
type nmapText struct {
	hostsOnly
	Options
	scan    *report.Scan
	heard   uint64 // hosts that are listed as up
	systems bool   // of some host it was asked which system it is
}

var _ = Register(Format{
	Name:     "nmap",
	Doc:      "as nmap prints it",
	InPlace:  true,
	Commands: routeCommands,
	New:      func(o Options) Streamer { return NewAssembler(&nmapText{Options: o}, o) },
})

func (f *nmapText) Keep() Keep { return Keep{Fold: true, Numbers: true, Sort: true} }

func (f *nmapText) AppendBegin(b []byte, s *report.Scan) []byte {
	f.scan = s
	b = append(AppendText(append(b, "Starting sonde "...), s.Version), " at "...)
	b = append(s.Time.UTC().AppendFormat(b, "2006-01-02 15:04 MST"), '\n')
	for _, note := range s.Notes {
		b = append(AppendText(append(b, "Note: "...), note), '\n')
	}
	return b
}

func (f *nmapText) AppendFinding(b []byte, r *report.Finding) []byte {
	if !f.Verbose {
		return b
	}
	return append(appendFinding(append(b, "Note: "...), r), '\n')
}

func (f *nmapText) AppendHost(b []byte, h *Host) []byte {
	asked := len(h.Listed)+len(h.Folds) > 0
	up := h.Decided && h.State == probe.Up
	if h.Decided && f.scan.Ports == 0 && targetOnly(&h.Host) {
		return append(f.appendTitle(append(b, "Nmap scan report for "...), h), '\n')
	}
	if h.Decided && !up && !asked && len(h.Hops) == 0 {
		if !f.Verbose {
			return b
		}
		b = append(f.appendTitle(append(b, "Nmap scan report for "...), h), " [host "...)
		return append(append(b, h.State.String()...), "]\n"...)
	}
	b = append(f.appendTitle(append(b, "Nmap scan report for "...), h), '\n')
	b = f.appendState(b, h, up)
	if up {
		f.heard++
	}
	if len(h.Forward) > 0 && h.PTR != "" && !slices.Contains(h.Forward, h.PTR) {
		b = append(appendAddr(append(b, "rDNS record for "...), h.Addr), ": "...)
		b = append(AppendText(b, h.PTR), '\n')
	}
	b = f.appendPorts(b, h)
	if h.MAC != (wire.MAC{}) {
		b = append(b, "MAC Address: "...)
		b = append(b, strings.ToUpper(string(appendMAC(nil, h.MAC)))...)
		b = append(AppendText(append(b, " ("...), cmp.Or(h.Vendor, "Unknown")), ")\n"...)
	}
	if h.OS != nil && !h.OS.Passive { // which nmap says only if it is asked
		b = appendNmapOS(b, h.OS)
		f.systems = true
	}
	b = appendServiceInfo(b, h)
	for i := 0; i < len(h.Findings) && f.Verbose; i++ {
		b = append(appendFinding(append(b, "Note: "...), &h.Findings[i]), '\n')
	}
	if n := h.Undecided(); n > 0 {
		b = append(appendCount(append(b, "Note: undecided: "...), uint64(n), "port"), '\n')
	}
	b = f.appendRoute(b, h)
	if asked || len(h.Hops) > 0 {
		b = append(b, '\n')
	}
	return b
}

// appendTitle writes a host: its name, and its address in brackets, or the address alone.
func (f *nmapText) appendTitle(b []byte, h *Host) []byte {
	name := h.PTR
	if len(h.Forward) > 0 {
		name = h.Forward[0]
	}
	if name == "" {
		return appendAddr(b, h.Addr)
	}
	return append(appendAddr(append(AppendText(b, name), " ("...), h.Addr), ')')
}

// appendState writes whether the host is up, why, and how far away it is.
func (f *nmapText) appendState(b []byte, h *Host, up bool) []byte {
	switch {
	case up:
		b = append(b, "Host is up"...)
	case h.Decided && h.State == probe.NotTested:
		return append(b, "Host was not tested.\n"...)
	case h.Decided:
		b = append(append(b, "Host is "...), h.State.String()...)
	case h.RouteOnly():
		return b
	default:
		return append(b, "Host is undecided.\n"...)
	}
	if f.Reasons {
		b = append(append(b, ", received "...), nmapReason(h.Reason)...)
		if h.TTL > 0 {
			b = strconv.AppendUint(append(b, " ttl "...), uint64(h.TTL), 10)
		}
	}
	if h.HasRTT {
		b = append(append(append(b, " ("...), latency(h.RTT)...), "s latency)"...)
	}
	return append(b, ".\n"...)
}

// latency is a time in seconds with two significant digits, as nmap writes latencies.
func latency(d time.Duration) string {
	s := max(d.Seconds(), 1e-9)
	return strconv.FormatFloat(s, 'f', max(0, 1-int(math.Floor(math.Log10(s)))), 64)
}

// appendPorts writes what is not shown, and the table of what is.
func (f *nmapText) appendPorts(b []byte, h *Host) []byte {
	if len(h.Listed)+len(h.Folds) == 0 {
		return b
	}
	switch {
	case len(h.Folds) == 0:
		b = append(b, '\n')
	case len(h.Listed) == 0:
		total := uint64(0)
		for i := range h.Folds {
			total += h.Folds[i].N
		}
		b = append(fmt.Appendf(b, "All %d scanned ports on ", total), f.appendTitle(nil, h)...)
		b = append(b, " are in ignored states.\n"...)
		return appendNotShown(b, h.Folds)
	default:
		b = appendNotShown(b, h.Folds)
	}
	c := columns{gap: 1}
	c.row("PORT", "STATE", "SERVICE", "REASON", "VERSION")
	for i := range h.Listed {
		p := &h.Listed[i]
		port := strconv.Itoa(int(p.Port.Port)) + "/" + Escape(p.Proto)
		c.row(port, p.State.String(), Escape(f.serviceName(p)), f.reason(p), Escape(version(p)))
	}
	c.used[0], c.used[1], c.used[2] = true, true, true
	return c.all(b)
}

// appendNotShown writes how many ports are not shown, by their states and reasons.
func appendNotShown(b []byte, folds []Fold) []byte {
	folds = slices.Clone(folds)
	sort.SliceStable(folds, func(i, j int) bool { return folds[i].N > folds[j].N })
	var total [report.States]uint64
	for i := range folds {
		total[folds[i].State] += folds[i].N
	}
	b = append(b, "Not shown: "...)
	for i := range folds {
		d := &folds[i]
		if i > 0 {
			b = append(b, ", "...)
		}
		b = fmt.Appendf(b, "%d %s %s port", d.N, d.State, Escape(d.Proto))
		if total[d.State] != 1 {
			b = append(b, 's')
		}
		b = fmt.Appendf(b, " (%s)", nmapReason(d.Reason))
	}
	return append(b, '\n')
}

// serviceName is nmap's word for what is there; with a question mark if a service was asked
// what it is and did not say.
func (f *nmapText) serviceName(p *Port) string {
	name, found, encrypted := p.spoken()
	name = cmp.Or(name, "unknown")
	if encrypted {
		name = "ssl/" + name
	}
	if f.scan.Services && p.State == probe.Open && !found {
		name += "?"
	}
	return name
}

func (f *nmapText) reason(p *Port) string {
	if !f.Reasons {
		return ""
	}
	b := []byte(nmapReason(p.Reason))
	if p.Elsewhere() {
		b = appendAddr(append(b, " from "...), p.From)
	}
	if p.TTL > 0 {
		b = strconv.AppendUint(append(b, " ttl "...), uint64(p.TTL), 10)
	}
	return string(b)
}

// version is what a service says of its program.
func version(p *Port) string {
	if p.Service == nil {
		return ""
	}
	words := []string{p.Service.Product, p.Service.Version, inBrackets(ofService(p.Service))}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// appendServiceInfo writes what services say of their host.
func appendServiceInfo(b []byte, h *Host) []byte {
	var hosts, systems, cpes []string
	add := func(list *[]string, s string) {
		if s != "" && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for i := range h.Listed {
		s := h.Listed[i].Service
		if s == nil {
			continue
		}
		add(&hosts, s.Hostname)
		add(&systems, s.OS)
		for _, c := range s.CPE {
			if strings.HasPrefix(c, "cpe:/o:") {
				add(&cpes, c)
			}
		}
	}
	var parts []string
	for _, of := range []struct {
		one, many string
		list      []string
	}{{"Host", "Hosts", hosts}, {"OS", "OSs", systems}, {"CPE", "CPE", cpes}} {
		switch len(of.list) {
		case 0:
		case 1:
			parts = append(parts, of.one+": "+of.list[0])
		default:
			parts = append(parts, of.many+": "+strings.Join(of.list, ", "))
		}
	}
	if len(parts) == 0 {
		return b
	}
	return append(AppendText(append(b, "Service Info: "...), strings.Join(parts, "; ")), '\n')
}

// appendRoute writes the way to a host.
func (f *nmapText) appendRoute(b []byte, h *Host) []byte {
	if len(h.Hops) == 0 || f.Unrouted {
		return b
	}
	proto, port := traced(f.scan, h.Hops)
	switch proto = Escape(proto); {
	case port != 0:
		b = fmt.Appendf(b, "\nTRACEROUTE (using port %d/%s)\n", port, proto)
	default:
		b = fmt.Appendf(b, "\nTRACEROUTE (using proto %s)\n", proto)
	}
	c := columns{gap: 1}
	c.row("HOP", "RTT", "ADDRESS")
	for i := 0; i < len(h.Hops); {
		hop := &h.Hops[i]
		if silent := silentRun(h.Hops[i:]); silent > 0 {
			to := ""
			if silent > 1 {
				to = " " + strconv.Itoa(int(h.Hops[i+silent-1].TTL))
			}
			c.row(strconv.Itoa(int(hop.TTL)), "..."+to, "")
			i += silent
			continue
		}
		rtt := "--"
		if hop.Repeat.Timed() {
			rtt = strconv.FormatFloat(float64(hop.Repeat.Avg)/float64(time.Millisecond), 'f', 2, 64) + " ms"
		}
		addr := string(appendAddr(nil, hop.From))
		if name := hop.Name(); name != "" {
			addr = Escape(name) + " (" + addr + ")"
		}
		c.row(strconv.Itoa(int(hop.TTL)), rtt, addr)
		i++
	}
	return c.all(b)
}

func (f *nmapText) AppendEnd(b []byte, e *report.End) []byte {
	up := max(e.Tally.Hosts[probe.Up], f.heard)
	all := max(f.scan.Addresses, sum(&e.Tally.Hosts), up)
	if all == 1 && up == 0 && e.Tally.Hosts[probe.NotTested] == 0 && sum(&e.Tally.Ports) == 0 && !f.scan.RoutesOnly() {
		b = append(b, "Note: Host seems down. If it is really up, but blocking our ping probes, try -Pn\n"...)
	}
	switch {
	case f.scan.Services && f.systems:
		b = append(b, "OS and Service detection performed.\n"...)
	case f.systems:
		b = append(b, "OS detection performed.\n"...)
	case f.scan.Services:
		b = append(b, "Service detection performed.\n"...)
	}
	b = appendIncomplete(b, e)
	b = append(append(append(b, "Nmap done: "...), scannedIn(f.scan, e, up)...), '\n')
	if f.Verbose {
		b = fmt.Appendf(b, "           Raw packets sent: %d | Rcvd: %d\n", e.Sent, e.Received)
	}
	return b
}
