package output

import (
	"strconv"
	"time"

	"sonde/probe"
)

// appendFinding writes what was found out beside, as a sentence without its end.
// It has nothing in it from the network but numbers and addresses, so it needs no
// escaping.
func appendFinding(b []byte, r *Record) []byte {
	if r.Doubt.Middlebox() {
		b = append(b, "Middlebox suspected: "...)
	}
	ports := func(b []byte) []byte { return appendCount(b, r.Count, "port") }
	switch r.Doubt {
	case probe.Canary:
		b = strconv.AppendUint(append(b, "port "...), uint64(r.Port), 10)
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
		b = append(appendCount(b, uint64(r.Hop), "hop"), " away, others of the host from "...)
		b = strconv.AppendUint(b, uint64(r.Far), 10)
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
	case probe.ICMPLimit:
		b = appendSeconds(append(b, "Silence proves little: port unreachable comes every "...), r.Every)
		b = append(ports(append(b, ", so "...)), " may be closed"...)
		if !r.Confirmed {
			b = append(b, "; --confirm takes about "...)
			b = append(b, r.Cost.Round(time.Second).String()...)
		}
	case probe.ICMPSilent:
		b = append(b, "Silence proves nothing: no port unreachable comes for a port that nobody uses"...)
	case probe.ICMPAnswers:
		b = append(b, "Silence means open or dropped: port unreachable comes for a port that nobody uses"...)
	}
	if len(r.List) == 0 || r.Doubt == probe.Canary {
		return b
	}
	b = append(b, " ("...)
	for i, port := range r.List {
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

// appendAdvice says what would tell more, unless that has been done.
func appendAdvice(b []byte, r *Record) []byte {
	if r.Confirmed {
		return b
	}
	return append(b, "; try --confirm"...)
}

// maxNamed is how many ports a sentence names.
const maxNamed = 10

// appendUnheard writes of whom nothing else was heard.
func appendUnheard(b []byte, r *Record) []byte {
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

// jsonDoubt writes why an answer, or silence, may not be what it seems.
func jsonDoubt(b []byte, r *Record) []byte {
	switch {
	case r.Doubt.Middlebox():
		b = jsonString(b, "middlebox_suspected", r.Doubt.String())
	case r.Doubt != probe.NoDoubt:
		b = jsonString(b, "silence", r.Doubt.String())
	}
	if r.Type == Host {
		b = jsonAddr(b, "by", r.By)
	}
	if r.Type == Port && r.Confirmed {
		b = jsonBool(b, "confirmed", true)
	}
	return b
}

func jsonFinding(b []byte, r *Record) []byte {
	b = append(jsonKey(b, "text"), '"')
	b = append(appendFinding(b, r), '"')
	b = jsonString(b, "about", r.Doubt.String())
	if r.Count > 0 {
		b = jsonUint(b, "count", r.Count)
	}
	if r.Proto != "" {
		b = jsonString(b, "proto", r.Proto)
	}
	if r.Port != 0 {
		b = jsonUint(b, "canary", uint64(r.Port))
	}
	if len(r.List) > 0 {
		b = append(jsonKey(b, "port_list"), '[')
		for i, port := range r.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendUint(b, uint64(port), 10)
		}
		b = append(b, ']')
	}
	b = jsonAddr(b, "by", r.By)
	if r.Doubt == probe.Nearer {
		b = jsonUint(b, "hops", uint64(r.Hop))
		b = jsonUint(b, "others_hops", uint64(r.Far))
	}
	if r.Doubt == probe.ICMPLimit {
		b = jsonMillis(b, "every_ms", r.Every)
		b = jsonFloat(b, "cost_s", r.Cost.Seconds(), 1)
	}
	return b
}
