package output

import (
	"sonde/probe"
	"sonde/probe/wire"
)

// Change is a field of our packet that a hop does not quote as it was sent.
// The change was made by that hop or on the way to it.
type Change struct {
	Field      string // "dscp", "ecn", "mss"
	Sent, Seen string
}

// change returns the i-th change of a Hop: DSCP and ECN from the TOS bytes,
// where they are known, then the others. It is false behind the last one.
// Changes must not be read directly, since it may repeat the first two.
func (r *Record) change(i int) (Change, bool) {
	if r.HasTOS {
		if sent, seen := r.SentTOS>>2, r.SeenTOS>>2; sent != seen {
			if i == 0 {
				return Change{"dscp", wire.DSCPName(sent), wire.DSCPName(seen)}, true
			}
			i--
		}
		if sent, seen := r.SentTOS&3, r.SeenTOS&3; sent != seen {
			if i == 0 {
				return Change{"ecn", ecnName(sent), ecnName(seen)}, true
			}
			i--
		}
	}
	for _, c := range r.Changes {
		if r.HasTOS && (c.Field == "dscp" || c.Field == "ecn") {
			continue
		}
		if i == 0 {
			return c, true
		}
		i--
	}
	return Change{}, false
}

// ecnNames are the codepoints of ECN (RFC 3168 section 5), in lower case as the
// names of DSCPs are.
var ecnNames = [4]string{"not-ect", "ect1", "ect0", "ce"}

func ecnName(tos uint8) string { return ecnNames[tos&3] }

// silent tells whether a Hop was asked and did not answer.
func (r *Record) silent() bool {
	return !r.From.IsValid() && r.Reason != probe.ReasonLocalError
}

// ends tells whether a router ended the way at this Hop: it answered, but not
// as a router does that a packet dies at.
func (r *Record) ends() bool {
	return r.From.IsValid() && !r.Reached && r.Reason != probe.NoResponse && r.Reason != probe.TimeExceeded
}

// timed tells whether round-trip times are known.
func (n *Repeat) timed() bool { return n.Answered > 0 && n.Max > 0 }
