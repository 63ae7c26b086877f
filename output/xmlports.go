package output

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/scan/report"
)

// scanTypes are the kinds of probe that the DTD knows, which have the same names.
var scanTypes = []string{"syn", "connect", "ack", "window", "fin", "null", "xmas", "maimon", "udp"}

// appendScanInfo writes which ports are asked, and how.
func appendScanInfo(b []byte, s *report.Scan) []byte {
	for _, a := range []*report.Asked{s.Asked, s.AlsoAsked} {
		if a == nil || !slices.Contains(scanTypes, a.Kind) {
			continue
		}
		b = attr(append(b, "<scaninfo"...), "type", a.Kind)
		b = attr(b, "protocol", a.Proto)
		b = numAttr(b, "numservices", int64(portsOf(s, a)))
		b = append(attr(b, "services", a.Ports), "/>\n"...)
	}
	return b
}

// portsOf is how many ports are asked so.
func portsOf(s *report.Scan, a *report.Asked) uint32 {
	if s.AlsoAsked == nil {
		return s.Ports
	}
	return a.Count()
}

// appendPorts writes the ports of a host, if any were asked.
func (f *xmlWriter) appendPorts(b []byte, h *Host) []byte {
	if len(h.Folds)+len(h.Listed) == 0 {
		return b
	}
	b = append(b, "<ports>"...)
	for i := 0; i < len(h.Folds); {
		same, total := i, uint64(0)
		for ; same < len(h.Folds) && h.Folds[same].State == h.Folds[i].State; same++ {
			total += h.Folds[same].N
		}
		b = attr(append(b, "<extraports"...), "state", h.Folds[i].State.String())
		b = append(countAttr(b, "count", total), ">\n"...)
		for j := range h.Folds[i:same] {
			b = appendExtra(b, &h.Folds[i+j])
		}
		b = append(b, "</extraports>\n"...)
		i = same
	}
	for i := range h.Listed {
		b = f.appendPort(b, h, &h.Listed[i])
	}
	return append(b, "</ports>\n"...)
}

func appendExtra(b []byte, d *Fold) []byte {
	b = attr(append(b, "<extrareasons"...), "reason", nmapReason(d.Reason))
	b = countAttr(b, "count", d.N)
	b = attr(b, "proto", d.Proto)
	return append(attr(b, "ports", report.PortRanges(d.Ports)), "/>\n"...)
}

func (f *xmlWriter) appendPort(b []byte, h *Host, p *Port) []byte {
	b = attr(append(b, "<port"...), "protocol", p.Proto)
	b = numAttr(b, "portid", int64(p.Port.Port))
	b = attr(append(b, "><state"...), "state", p.State.String())
	b = attr(b, "reason", nmapReason(p.Reason))
	b = numAttr(b, "reason_ttl", int64(p.TTL))
	if p.Elsewhere() {
		b = attr(b, "reason_ip", p.From.String())
	}
	b = append(b, "/>"...)
	b = appendXMLService(b, p)
	b = f.appendSaid(b, h, p)
	return append(b, "</port>\n"...)
}

// appendSaid writes what text says of a port and nmap's XML has no place for, as the output of
// a script, and the single facts of it for programs. It is one script, since ndiff takes no
// port that has two.
func (f *xmlWriter) appendSaid(b []byte, h *Host, p *Port) []byte {
	var lines []string
	if v := p.Verdict; remarkable(&v, false) {
		lines = append(lines, string(appendReason(nil, h.Addr, &v, p.Elsewhere())))
	}
	if p.Doubt.Middlebox() {
		lines = append(lines, "middlebox suspected")
	}
	if p.Confirmed {
		lines = append(lines, "confirmed")
	}
	if p.Repeat != nil {
		lines = append(lines, strings.TrimPrefix(string(appendRepeat(nil, &p.Verdict)), ", "))
	}
	if p.Reply != nil {
		lines = append(lines, replyLines(p.Reply)...)
	}
	var facts []string
	if p.Service != nil {
		d := details{undated: true}
		d.all(p.Service, true, 0)
		for line := range strings.Lines(string(d.b)) {
			lines = append(lines, strings.TrimSpace(line))
		}
		facts = serviceFacts(p.Service)
	}
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	if len(lines) == 0 {
		return b
	}
	return script(b, "sonde", strings.Join(lines, "\n"), facts...)
}

// serviceFacts are keys, each with its value behind it.
func serviceFacts(s *report.Service) (facts []string) {
	facts = append(facts, "banner", s.Banner, "how", s.How, "cut", s.Cut)
	if h := s.HTTP; h != nil {
		facts = append(facts, "title", h.Title, "server", h.Server, "location", h.Location, "redirect", h.Redirect, "auth", h.Auth)
	}
	if t := s.TLS; t != nil {
		facts = append(facts, "subject", t.Subject, "issuer", t.Issuer, "notBefore", certTime(t.NotBefore), "notAfter", certTime(t.NotAfter))
		for _, name := range t.Names {
			facts = append(facts, "name", name)
		}
	}
	return facts
}

// appendXMLService writes the registered name of a port (nmap's confidence 3 of 10), or what it
// was found to be (10).
func appendXMLService(b []byte, p *Port) []byte {
	name, found, encrypted := p.spoken()
	s := p.Service
	if s == nil {
		s = new(report.Service)
	}
	if name == "" && s.Product == "" && !encrypted {
		return b
	}
	b = attr(append(b, "<service"...), "name", cmp.Or(name, "unknown"))
	b = someAttr(b, "product", s.Product)
	b = someAttr(b, "version", s.Version)
	b = someAttr(b, "extrainfo", ofService(s))
	b = someAttr(b, "hostname", s.Hostname)
	b = someAttr(b, "ostype", s.OS)
	if encrypted {
		b = append(b, " tunnel=\"ssl\""...)
	}
	if found || s.Product != "" {
		b = append(b, " method=\"probed\" conf=\"10\""...)
	} else {
		b = append(b, " method=\"table\" conf=\"3\""...)
	}
	if len(s.CPE) == 0 {
		return append(b, "/>"...)
	}
	b = append(b, '>')
	for _, c := range s.CPE {
		b = append(AppendXML(append(b, "<cpe>"...), c), "</cpe>"...)
	}
	return append(b, "</service>"...)
}

func certTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}

// appendTraced writes the hops of the way that answered. A time that is not known is nmap's
// "--".
func (f *xmlWriter) appendTraced(b []byte, h *Host) []byte {
	if len(h.Hops) == 0 {
		return b
	}
	proto, port := traced(f.scan, h.Hops)
	b = append(b, "<trace"...)
	if port != 0 {
		b = numAttr(b, "port", int64(port))
	}
	b = append(someAttr(b, "proto", proto), ">\n"...)
	for i := range h.Hops {
		hop := &h.Hops[i]
		if !hop.From.IsValid() {
			continue
		}
		b = numAttr(append(b, "<hop"...), "ttl", int64(hop.TTL))
		b = attr(b, "ipaddr", hop.From.String())
		b = append(b, " rtt=\""...)
		if hop.Repeat.Timed() {
			b = strconv.AppendFloat(b, float64(hop.Repeat.Avg)/float64(time.Millisecond), 'f', 2, 64)
		} else {
			b = append(b, "--"...)
		}
		b = append(someAttr(append(b, '"'), "host", hop.Name()), "/>\n"...)
	}
	return append(b, "</trace>\n"...)
}
