package output

import (
	"sonde/probe"
	"sonde/probe/wire"
)

func jsonTrace(b []byte, t *Trace) []byte {
	b = jsonOpen(b, "trace")
	b = jsonString(b, "proto", t.Proto)
	if t.Port != 0 {
		b = jsonUint(b, "port", uint64(t.Port))
	}
	b = jsonUint(b, "max_ttl", uint64(t.MaxTTL))
	b = jsonTOS(b, t.TOS)
	return append(b, '}')
}

// jsonTOS writes a TOS byte as its DSCP, by name, and its ECN.
func jsonTOS(b []byte, tos uint8) []byte {
	b = jsonString(b, "dscp", wire.DSCPName(tos>>2))
	return jsonUint(b, "ecn", uint64(tos&3))
}

func jsonHop(b []byte, r *Record) []byte {
	b = jsonUint(b, "ttl", uint64(r.Hop))
	b = jsonAddr(b, "from", r.From)
	if n := r.Repeat; n != nil {
		b = jsonUint(b, "sent", uint64(n.Sent))
		b = jsonUint(b, "received", uint64(n.Answered))
	}
	b = jsonAddrs(b, "others", r.Others)
	if r.Repeat == nil || r.Repeat.timed() {
		b = jsonRTT(b, r)
	}
	if r.Quoted > 0 {
		b = jsonUint(b, "quoted", uint64(r.Quoted))
	}
	b = jsonChanges(b, r)
	if r.HasTOS {
		b = jsonTOS(b, r.SeenTOS)
	}
	if r.From.IsValid() {
		b = jsonBool(b, "visible", r.Visible)
	}
	if r.Reached {
		b = jsonBool(b, "reached", true)
	}
	if (r.Reached || r.ends()) && r.State != probe.Unknown {
		b = jsonString(b, "state", r.State.String())
	}
	if r.Reason != probe.NoResponse && r.Reason != probe.TimeExceeded { // which a hop says of itself
		b = jsonString(b, "reason", r.Reason.String())
	}
	if name := r.name(); name != "" {
		b = jsonString(b, "name", name)
	}
	if r.Proto != "" {
		b = jsonString(b, "proto", r.Proto)
		if r.Port != 0 {
			b = jsonUint(b, "port", uint64(r.Port))
		}
	}
	return b
}

func jsonChanges(b []byte, r *Record) []byte {
	for i := 0; ; i++ {
		c, ok := r.change(i)
		switch {
		case !ok && i == 0:
			return b
		case !ok:
			return append(b, ']')
		case i == 0:
			b = append(jsonKey(b, "changes"), '[', '{')
		default:
			b = append(b, ',', '{')
		}
		b = jsonString(b, "field", c.Field)
		b = jsonString(b, "sent", c.Sent)
		b = jsonString(b, "seen", c.Seen)
		b = append(b, '}')
	}
}
