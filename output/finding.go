package output

import (
	"strconv"
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// appendFinding writes a finding as a sentence, without the full stop at its end.
// It has nothing in it from the network but numbers and addresses, so it needs no
// escaping.
func appendFinding(b []byte, r *report.Finding) []byte {
	if r.Doubt.Middlebox() {
		b = append(b, "Middlebox suspected: "...)
	}
	if r.Doubt.Link() {
		return appendLink(b, r)
	}
	ports := func(b []byte) []byte { return appendCount(b, r.Count, "port") }
	switch r.Doubt {
	case probe.Canary:
		b = strconv.AppendUint(append(b, "port "...), uint64(r.Canary), 10)
		b = append(b, ", which nobody uses, is open too"...)
		if r.Count > 0 {
			b = appendCount(append(b, ", so "...), r.Count, "open port")
			b = append(b, verb(r.Count, " means nothing", " mean nothing")...)
		}
		b = appendAdvice(b, r)
	case probe.ZeroWindow:
		b = appendAdvice(append(ports(b), " answered with window 0, as SYN proxies do"...), r)
	case probe.Nearer:
		b = append(ports(b), " answered from "...)
		b = append(appendCount(b, uint64(r.Hops), "hop"), " away, others of the host from "...)
		b = strconv.AppendUint(b, uint64(r.Others), 10)
	case probe.Contradiction:
		b = append(ports(b), " answered both SYN-ACK and RST"...)
	case probe.Tarpit:
		b = append(ports(b), " took the handshake, and nothing more"...)
	case probe.ResetInPlace:
		b = append(appendAddr(b, r.By.WithZone("")), ", as far away as the resets, sends them; "...)
		b = appendUnheard(b, r)
	case probe.ResetUnplaced:
		b = append(b, "only resets came, and none to SYNs of as few hops; "...)
		b = appendUnheard(b, r)
	case probe.Unverified:
		if r.Count == 0 {
			b = append(b, "the address"...)
		} else {
			b = ports(b)
		}
		b = append(b, " answered what had a wrong checksum, which a host's own stack drops"...)
	case probe.ICMPLimit:
		b = appendSeconds(append(b, "Silence proves little: port unreachable comes every "...), r.Every)
		b = append(ports(append(b, ", so "...)), " may be closed"...)
		if !r.Confirmed {
			b = append(b, "; --confirm takes about "...)
			b = append(b, r.Cost.Round(time.Second).String()...)
			if most := r.Most.Round(time.Second); most > 0 {
				b = append(append(b, ", at most "...), most.String()...)
			}
		}
	case probe.ICMPSilent:
		b = append(b, "Silence proves nothing: no port unreachable comes for a port that nobody uses"...)
	case probe.ICMPAnswers:
		b = append(b, "Silence means open or dropped: port unreachable comes for a port that nobody uses"...)
	}
	if r.Doubt == probe.Loop {
		b = appendLoop(append(b, 'L'), r)
	}
	if len(r.Ports) == 0 || r.Doubt == probe.Canary {
		return b
	}
	b = append(b, " ("...)
	for i, port := range r.Ports {
		if i == maxNamed {
			b = append(b, ", …"...)
			break
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, uint64(port), 10)
	}
	return append(b, ')')
}

// appendLink writes of hardware addresses. It names the address that it is about: it
// stands by itself, as it comes when the host's own record may have been read.
func appendLink(b []byte, r *report.Finding) []byte {
	if r.Doubt == probe.AddressConflict {
		b = append(appendAddr(b, r.Addr.WithZone("")), " has several hardware addresses: "...)
	} else {
		b = append(b, "the hardware address "...)
	}
	for i, m := range r.MACs {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendMAC(b, m)
	}
	if r.Doubt == probe.SharedMAC {
		b = strconv.AppendUint(append(b, " is that of "...), r.Count, 10)
		b = append(b, " addresses, as with proxy ARP, or a tarpit"...)
	}
	return b
}

// appendLoop writes "oop between 10.1.0.2 and 10.2.0.2 from hop 3 on", which begins a
// sentence, or does not.
func appendLoop(b []byte, r *report.Finding) []byte {
	b = append(b, "oop"...)
	for i, router := range r.Routers {
		switch {
		case i == 0 && len(r.Routers) == 1:
			b = append(b, " at "...)
		case i == 0:
			b = append(b, " between "...)
		case i == len(r.Routers)-1:
			b = append(b, " and "...)
		default:
			b = append(b, ", "...)
		}
		b = appendAddr(b, router.WithZone(""))
	}
	return append(strconv.AppendUint(append(b, " from hop "...), uint64(r.Hop), 10), " on"...)
}

// appendAdvice says what would tell more, unless that has been done.
func appendAdvice(b []byte, r *report.Finding) []byte {
	if r.Confirmed {
		return b
	}
	return append(b, "; try --confirm"...)
}

// maxNamed is how many ports a sentence names.
const maxNamed = 10

// appendUnheard writes of whom nothing else was heard.
func appendUnheard(b []byte, r *report.Finding) []byte {
	if r.Count == 0 {
		return append(b, "the host was not heard"...)
	}
	b = strconv.AppendUint(b, r.Count, 10)
	b = append(b, verb(r.Count, " address was", " addresses were")...)
	return append(b, " not heard"...)
}

func verb(n uint64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
