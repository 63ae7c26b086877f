package output

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// grep is for programs that read what nmap -oG writes: a line for the state of each host
// and one for its ports, of fields with tabs between them. A field's name stands before
// a colon; ports are seven parts with slashes between them and commas behind:
//
//	Host: 10.77.2.10 (web.example)	Status: Up
//	Host: 10.77.2.10 (web.example)	Ports: 22/open/tcp//ssh//OpenSSH 9.2p1/	Ignored State: closed (981)
//
// As nmap it has no place for routes, certificates and titles.
type grep struct {
	hostsOnly
	Options
	scan *report.Scan
}

var _ = Register(Format{
	Name:     "grep",
	Doc:      "as nmap -oG writes it",
	InPlace:  true,
	Commands: hostCommands,
	New:      func(o Options) Streamer { return NewAssembler(&grep{Options: o}, o) },
})

func (f *grep) Keep() Keep { return Keep{Fold: true} }

func (f *grep) AppendBegin(b []byte, s *report.Scan) []byte {
	f.scan = s
	b = append(AppendText(append(b, "# sonde "...), s.Version), " scan initiated "...)
	b = append(append(b, clockTime(s.Time)...), " as: "...)
	b = append(AppendText(b, commandLine(s)), '\n')
	if f.Verbose && s.Asked != nil {
		b = append(b, "# Ports scanned:"...)
		for _, proto := range []string{"tcp", "udp", "sctp", "protocols"} {
			n, ports := uint32(0), ""
			for _, a := range []*report.Asked{s.Asked, s.AlsoAsked} {
				if a != nil && a.Proto == proto {
					n, ports = portsOf(s, a), a.Ports
				}
			}
			b = AppendText(fmt.Appendf(b, " %s(%d;", strings.ToUpper(proto), n), ports)
			b = append(b, ')')
		}
		b = append(b, '\n')
	}
	for _, note := range s.Notes {
		b = append(AppendText(append(b, "# "...), note), '\n')
	}
	return b
}

// AppendFinding writes what is to be known beside the hosts as a comment.
func (f *grep) AppendFinding(b []byte, r *report.Finding) []byte {
	return append(appendFinding(append(b, "# "...), r), '\n')
}

func (f *grep) AppendHost(b []byte, h *Host) []byte {
	if h.Decided || h.Heard.Ports() > 0 {
		b = append(f.appendHead(b, h), "\tStatus: "...)
		b = append(b, grepState(h)...)
		b = append(b, '\n')
	}
	if len(h.Listed)+len(h.Folds) > 0 {
		b = append(f.appendHead(b, h), "\tPorts: "...)
		for i := range h.Listed {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendGrepPort(b, &h.Listed[i])
		}
		b = append(appendIgnored(b, h.Folds), '\n')
	}
	if says := saysItIs(&h.Host); says != "" {
		b = appendAddr(append(b, "# "...), h.Addr)
		b = append(append(append(b, ' '), says...), '\n')
	}
	for i := range h.Findings {
		b = appendAddr(append(b, "# "...), h.Addr)
		b = append(appendFinding(append(b, ": "...), &h.Findings[i]), '\n')
	}
	return b
}

// grepState is nmap's Up or Down; what is not known is no state of nmap's.
func grepState(h *Host) string {
	switch {
	case h.Decided && h.State == probe.Up:
		return "Up"
	case h.Decided && h.State == probe.Down:
		return "Down"
	}
	return "Unknown"
}

func (f *grep) appendHead(b []byte, h *Host) []byte {
	b = append(appendAddr(append(b, "Host: "...), h.Addr), " ("...)
	return append(appendGrep(b, h.Name()), ')')
}

func appendGrepPort(b []byte, p *Port) []byte {
	b = strconv.AppendUint(b, uint64(p.Port.Port), 10)
	b = append(append(b, '/'), p.State.String()...)
	b = append(appendGrep(append(b, '/'), p.Proto), '/', '/')
	name, _, encrypted := p.spoken()
	if encrypted {
		b = append(b, "ssl|"...) // a slash is for parts
	}
	b = append(appendGrep(b, name), '/', '/')
	if s := p.Service; s != nil {
		words := []string{s.Product, s.Version, inBrackets(ofService(s))}
		words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
		b = appendGrep(b, strings.Join(words, " "))
	}
	return append(b, '/')
}

// ofService is what is known of a service beside its version, for formats of nmap's: how a
// port behaves of which no service is known has no place there.
func ofService(s *report.Service) string {
	if s.Service == "" {
		return ""
	}
	return s.Info
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

// appendIgnored writes how many ports are not listed, by state.
func appendIgnored(b []byte, folds []Fold) []byte {
	for i := 0; i < len(folds); {
		same, total := i, uint64(0)
		for ; same < len(folds) && folds[same].State == folds[i].State; same++ {
			total += folds[same].N
		}
		b = append(append(b, "\tIgnored State: "...), folds[i].State.String()...)
		b = strconv.AppendUint(append(b, " ("...), total, 10)
		b = append(b, ')')
		i = same
	}
	return b
}

// appendGrep appends s as a part of a line: a slash is "|", as nmap has it, and what else
// would end the part is escaped as AppendText escapes control characters.
func appendGrep(b []byte, s string) []byte {
	start := len(b)
	b = AppendText(b, s)
	if !strings.ContainsAny(s, "/|,") {
		return b
	}
	text := string(b[start:])
	b = b[:start]
	for _, c := range []byte(text) {
		switch c {
		case '/':
			b = append(b, '|')
		case '|', ',':
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

func (f *grep) AppendEnd(b []byte, e *report.End) []byte {
	b = append(append(b, "# "...), doneAt(f.scan, e, e.Tally.Hosts[probe.Up], " -- ")...)
	if !e.Complete {
		b = append(b, ", incomplete"...)
	}
	return append(b, '\n')
}

// commandLine is the line that a run was made from.
func commandLine(s *report.Scan) string {
	return strings.Join(append([]string{"sonde"}, s.Args...), " ")
}

// clockTime is a time as the C library writes it, in UTC, which it says.
func clockTime(t time.Time) string { return t.UTC().Format(time.ANSIC) + " UTC" }

// doneAt is nmap's last line: when, how many, how long.
func doneAt(s *report.Scan, e *report.End, up uint64, between string) string {
	return "sonde done at " + clockTime(s.Time.Add(e.Elapsed)) + between + scannedIn(s, e, up)
}

// scannedIn is "2 IP addresses (1 host up) scanned in 0.12 seconds".
func scannedIn(s *report.Scan, e *report.End, up uint64) string {
	all := max(s.Addresses, sum(&e.Tally.Hosts), up)
	b := append(strconv.AppendUint(nil, all, 10), " IP address"...)
	if all != 1 {
		b = append(b, "es"...)
	}
	b = appendCount(append(b, " ("...), up, "host")
	return string(fmt.Appendf(b, " up) scanned in %.2f seconds", e.Elapsed.Seconds()))
}
