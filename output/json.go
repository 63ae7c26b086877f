package output

import (
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"sonde/probe"
	"sonde/probe/wire"
)

// JSON writes one object a line (schema.json). What is not
// known is absent. AppendRecord does not allocate beyond b.
type JSON struct {
	meta *Meta
}

var _ = Register(func() Format { return new(JSON) })

func (*JSON) Name() string { return "json" }

// Streamed: every line is valid by itself.
func (*JSON) Streamed() {}

// schemaVersion is the "schema" of the scan line. It changes when a key that
// was there changes its meaning.
const schemaVersion = 1

func (f *JSON) AppendBegin(b []byte, m *Meta) []byte {
	f.meta = m
	b = append(b, `{"type":"scan","schema":`...)
	b = strconv.AppendUint(b, schemaVersion, 10)
	b = jsonString(b, "version", m.Version)
	b = jsonString(b, "command", m.Command)
	b = jsonStrings(b, "args", m.Args)
	b = append(b, `,"time":"`...)
	b = m.Time.UTC().AppendFormat(b, time.RFC3339)
	b = append(b, '"')
	b = jsonStrings(b, "method", m.Methods)
	b = jsonUint(b, "seed", m.Seed)
	b = jsonUint(b, "probes", m.Probes)
	if m.Shards > 0 {
		b = jsonUint(b, "shard", m.Shard)
		b = jsonUint(b, "shards", m.Shards)
	}
	if m.Resumed {
		b = jsonBool(b, "resumed", true)
	}
	b = jsonAddr(b, "source", m.Source)
	if m.Trace != nil {
		b = jsonTrace(b, m.Trace)
	}
	if len(m.Notes) > 0 {
		b = jsonStrings(b, "notes", m.Notes)
	}
	return append(b, '}', '\n')
}

func (f *JSON) AppendRecord(b []byte, r *Record) []byte {
	if !f.meta.Lists(r) {
		return b
	}
	b = append(b, `{"type":"`...)
	b = append(b, r.Type.String()...)
	b = append(b, '"')
	if r.aboutHere() {
		return append(jsonMachine(b, r), '}', '\n')
	}
	b = jsonAddr(b, "addr", r.Addr)
	switch r.Type {
	case Host:
		b = jsonHost(b, r)
	case Port:
		b = jsonPort(b, r)
	case Hop:
		b = jsonHop(b, r)
	case Service: // which has no answer of its own to show
		return append(jsonService(b, r), '}', '\n')
	case Finding:
		return append(jsonFinding(b, r), '}', '\n')
	}
	if r.Reason == probe.ReasonLocalError && r.Errno != 0 {
		b = jsonString(b, "error", syscall.Errno(r.Errno).Error())
	}
	b = jsonAddr(b, "source", r.Source)
	if reply := r.packet(); f.meta.Verbose && reply != nil {
		b = jsonReply(b, reply)
	}
	return append(b, '}', '\n')
}

func jsonHost(b []byte, r *Record) []byte {
	b = jsonString(b, "state", r.State.String())
	if r.State != probe.NotTested { // which nothing decided
		b = jsonString(b, "reason", r.Reason.String())
	}
	if name := r.name(); name != "" {
		b = jsonString(b, "name", name)
	}
	if r.MAC != (wire.MAC{}) {
		b = jsonMAC(b, "mac", r.MAC)
	}
	if r.Vendor != "" {
		b = jsonString(b, "vendor", r.Vendor)
	}
	if r.HasTTL {
		b = jsonUint(b, "ttl", uint64(r.TTL))
	}
	b = jsonRTT(b, r)
	if r.elsewhere() {
		b = jsonAddr(b, "from", r.From)
	}
	if r.Tries > 0 {
		b = jsonUint(b, "tries", uint64(r.Tries))
	}
	if len(r.Names) > 1 {
		b = jsonStrings(b, "names", r.Names)
	}
	if r.PTR != "" {
		b = jsonString(b, "reverse", r.PTR)
	}
	if r.Looked && r.name() != "" {
		b = jsonBool(b, "names_differ", r.Differ)
	}
	b = jsonDoubt(b, r)
	return jsonRepeat(b, r.Repeat)
}

func jsonPort(b []byte, r *Record) []byte {
	b = jsonString(b, "proto", r.Proto)
	b = jsonUint(b, "port", uint64(r.Port))
	b = jsonString(b, "state", r.State.String())
	b = jsonString(b, "reason", r.Reason.String())
	b = jsonAddr(b, "from", r.From)
	if r.HasTTL {
		b = jsonUint(b, "ttl", uint64(r.TTL))
	}
	b = jsonRTT(b, r)
	b = jsonUint(b, "tries", uint64(r.Tries))
	if r.Service != "" {
		b = jsonString(b, "service", r.Service)
	}
	b = jsonDoubt(b, r)
	return jsonRepeat(b, r.Repeat)
}

func (f *JSON) AppendEnd(b []byte, e *End) []byte {
	b = append(b, `{"type":"end"`...)
	b = jsonBool(b, "complete", e.Complete)
	b = jsonKey(b, "exit")
	b = strconv.AppendInt(b, int64(e.Exit), 10)
	b = jsonString(b, "exit_reason", e.ExitReason)
	b = jsonFloat(b, "elapsed_s", e.Elapsed.Seconds(), 3)
	b = jsonUint(b, "sent", e.Sent)
	b = jsonUint(b, "received", e.Received)
	b = jsonUint(b, "duplicates", e.Duplicates)
	b = jsonUint(b, "unsolicited", e.Unsolicited)
	b = jsonUint(b, "send_errors", e.SendErrors)
	b = jsonUint(b, "receive_drops", e.ReceiveDrops)
	if known(e.Loss) {
		b = jsonFloat(b, "loss", e.Loss, 6)
	}
	if known(e.ExpectedMissed) {
		b = jsonFloat(b, "expected_missed", e.ExpectedMissed, 3)
	}
	b = jsonTally(b, "hosts", &e.Tally.Hosts)
	b = jsonTally(b, "ports", &e.Tally.Ports)
	if e.Tally.Services > 0 {
		b = jsonUint(b, "services", e.Tally.Services)
	}
	return append(b, '}', '\n')
}

// jsonTally writes the states that occurred.
func jsonTally(b []byte, key string, row *[States]uint64) []byte {
	if sum(row) == 0 {
		return b
	}
	b = jsonOpen(b, key)
	for s, n := range row {
		if n > 0 {
			b = jsonUint(b, probe.State(s).String(), n)
		}
	}
	return append(b, '}')
}

func jsonRTT(b []byte, r *Record) []byte {
	switch {
	case r.Repeat != nil && r.Repeat.Answered > 0:
		b = jsonOpen(b, "rtt_ms")
		b = jsonMillis(b, "min", r.Repeat.Min)
		b = jsonMillis(b, "avg", r.Repeat.Avg)
		b = jsonMillis(b, "max", r.Repeat.Max)
		b = append(b, '}')
	case r.Repeat == nil && r.HasRTT:
		b = jsonMillis(b, "rtt_ms", r.RTT)
	}
	return b
}

func jsonRepeat(b []byte, n *Repeat) []byte {
	if n == nil {
		return b
	}
	b = jsonUint(b, "sent", uint64(n.Sent))
	return jsonUint(b, "answered", uint64(n.Answered))
}

// jsonKey appends a key, and the comma before it unless it is the first of its
// object.
func jsonKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func jsonOpen(b []byte, key string) []byte { return append(jsonKey(b, key), '{') }

func jsonString(b []byte, key, v string) []byte { return AppendJSON(jsonKey(b, key), v) }

func jsonStrings(b []byte, key string, v []string) []byte {
	b = append(jsonKey(b, key), '[')
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendJSON(b, s)
	}
	return append(b, ']')
}

func jsonUint(b []byte, key string, v uint64) []byte {
	return strconv.AppendUint(jsonKey(b, key), v, 10)
}

func jsonBool(b []byte, key string, v bool) []byte {
	return strconv.AppendBool(jsonKey(b, key), v)
}

// jsonFloat writes v, which is finite, with at most digits decimals and at
// least one.
func jsonFloat(b []byte, key string, v float64, digits int) []byte {
	b = strconv.AppendFloat(jsonKey(b, key), v, 'f', digits, 64)
	for b[len(b)-1] == '0' && b[len(b)-2] != '.' {
		b = b[:len(b)-1]
	}
	return b
}

// jsonMillis writes d in milliseconds, to the microsecond.
func jsonMillis(b []byte, key string, d time.Duration) []byte {
	return jsonFloat(b, key, float64(d)/float64(time.Millisecond), 3)
}

// jsonAddr writes a as RFC 5952 does; an invalid one is absent.
func jsonAddr(b []byte, key string, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	return appendJSONAddr(jsonKey(b, key), a)
}

func appendJSONAddr(b []byte, a netip.Addr) []byte {
	b = append(b, '"')
	if a.Zone() != "" { // which may hold anything
		b = a.WithZone("").AppendTo(b)
		b = append(b, '%')
		quoted := len(b)
		b = AppendJSON(b, a.Zone())
		return append(b[:quoted], b[quoted+1:]...) // without the zone's opening quote
	}
	return append(a.AppendTo(b), '"')
}

// jsonAddrs writes a list; an empty one is absent.
func jsonAddrs(b []byte, key string, list []netip.Addr) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(jsonKey(b, key), '[')
	for i, a := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONAddr(b, a)
	}
	return append(b, ']')
}

func jsonMAC(b []byte, key string, m wire.MAC) []byte {
	return append(appendMAC(append(jsonKey(b, key), '"'), m), '"')
}

func appendMAC(b []byte, m wire.MAC) []byte {
	for i, c := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return b
}
