package output

import (
	"math"
	"net/netip"
	"time"

	"sonde/probe"
	"sonde/scan"
)

// Meta is what is known of a run before its first packet.
type Meta struct {
	Version   string
	Command   string   // "tcp", "sweep", ...
	Args      []string // the command line without the program's name
	Time      time.Time
	Methods   []string   // how it asks: "raw", "connect"
	Seed      uint64     // of the order; below 2^53 it survives every JSON reader
	Probes    uint64     // questions in the plan, or in the shard of it
	Shard     uint64     // which shard, from 1, of Shards
	Shards    uint64     // 0: it is the whole
	Resumed   bool       // an earlier run decided some of it
	Source    netip.Addr // a source address that is not ours (-S); else zero
	Addresses uint64     // addresses to ask, listed or not
	Ports     uint32     // ports asked of each host; 0: a sweep
	Services  bool       // a Service record follows for each open port
	Trace     *Trace     // Hop records follow; nil: none
	NoPing    bool       // the user skipped the ping (-PN)
	Notes     []string   // what the user must know to read the result, one line each
	OpenOnly  bool       // --open
	Verbose   bool       // -v
	Color     bool       // ANSI colours; a Sink clears it for files
}

// Trace is how routes are traced.
type Trace struct {
	Proto  string // "icmp", "tcp", "udp"
	Port   uint16 // 0: none, or not the same for all targets
	MaxTTL uint8
	TOS    uint8 // DSCP<<2 | ECN of what is sent
}

// routesOnly tells whether the run is about routes, not about hosts and ports.
func (m *Meta) routesOnly() bool { return m.Trace != nil && m.Ports == 0 }

// Lists tells whether r belongs into the output at all: a host that a range
// found silent is listed only with -v or for its ports, a port that is not open
// not with --open. What is not listed still counts in the Tally.
func (m *Meta) Lists(r *Record) bool {
	switch r.Type {
	case Host:
		return r.State == probe.Up || r.Named || r.Ports > 0 && !m.OpenOnly || m.Verbose
	case Port:
		return !m.OpenOnly || r.State == probe.Open || r.State == probe.OpenFiltered
	}
	return true
}

// States is how many states there are: the length of a Tally's rows.
const States = int(probe.NotTested) + 1

// Tally counts hosts and ports by state, and the services that were identified.
type Tally struct {
	Hosts    [States]uint64
	Ports    [States]uint64
	Services uint64
}

// Add counts r. Every host that was asked is counted, listed or not.
func (t *Tally) Add(r *Record) {
	switch r.Type {
	case Host:
		t.Hosts[r.State]++
	case Port:
		t.Ports[r.State]++
	case Service:
		if r.Service != "" {
			t.Services++
		}
	}
}

// Omit counts hosts and ports that stayed silent and have no Record, since
// nobody would list them.
func (t *Tally) Omit(hosts, ports uint64, silence probe.State) {
	t.Hosts[probe.NotTested] += hosts
	t.Ports[silence] += ports
}

func sum(row *[States]uint64) (n uint64) {
	for _, c := range row {
		n += c
	}
	return n
}

// known tells whether a statistic is one: negative means not known, and what
// is not finite cannot be written.
func known(v float64) bool { return v >= 0 && !math.IsInf(v, 0) }

// End is how a run ended.
type End struct {
	scan.Stats
	Exit       int
	ExitReason string // what decided Exit: "open", "silence", "deadline"
	Tally      Tally
}
