package report

import (
	"math"
	"time"

	"sonde/probe"
)

// End is how a run ended, and its last record.
type End struct {
	Complete       bool   // every question was decided
	Interrupted    bool   // a signal or the user ended it
	PortsReused    bool   // source ports were used again towards the same target port within a minute
	Unwatched      string // why the kernel told of no more changes from some moment of the run on; "": it told of all
	Exit           int
	ExitReason     string        // what decided Exit: "open", "silence", "deadline"
	Elapsed        time.Duration // whole milliseconds
	Sent           uint64        // packets of ours, ARP and ND included; a connect counts as one
	Neighbours     uint64        // of Sent, those that asked ARP or ND
	Received       uint64        // accepted replies, duplicates included
	Resolved       uint64        // of Received, those to ARP and ND
	Duplicates     uint64
	Unsolicited    uint64
	SendErrors     uint64
	ReceiveDrops   uint64
	Unasked        uint64  // ports, or in a sweep hosts, for which no packet left: the run ended before, or they could not be asked here
	Loss           float64 // share of single questions unanswered, there and back, as Loss rounds it; negative: not known
	ExpectedMissed float64 // as Missed rounds it; negative: not known
	Tally          Tally
}

func (*End) record() {}

// Loss rounds a share to what records have of it, six digits. Negative, and what
// is no number, is not known: -1.
func Loss(v float64) float64 { return round(v, 1e6) }

// Missed rounds a number of questions to three digits, likewise.
func Missed(v float64) float64 { return round(v, 1e3) }

func round(v, by float64) float64 {
	switch {
	case !(v >= 0) || math.IsInf(v, 0):
		return -1
	case v > 1<<53: // a whole number
		return v
	}
	return math.Round(v*by) / by
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
func (t *Tally) Add(r Record) {
	switch r := r.(type) {
	case *Host:
		t.Hosts[r.State]++
	case *Port:
		t.Ports[r.State]++
	case *Service:
		if r.Service != "" {
			t.Services++
		}
	}
}

// Omit counts hosts and ports that stayed silent and have no record, since
// nobody would list them.
func (t *Tally) Omit(hosts, ports uint64, silence probe.State) {
	t.Hosts[probe.NotTested] += hosts
	t.Ports[silence] += ports
}

// Plus is the sum of two tallies.
func (t Tally) Plus(o Tally) Tally {
	for i := range t.Hosts {
		t.Hosts[i] += o.Hosts[i]
		t.Ports[i] += o.Ports[i]
	}
	t.Services += o.Services
	return t
}
