package report

import (
	"net/netip"
	"time"

	"sonde/probe"
)

// Difference is one thing of which two runs say something else.
type Difference struct {
	Addr  netip.Addr
	What  Aspect
	Proto string // of a port and of what is about one; of a hop what it was traced with
	Port  uint16 // of what is about a port; else 0
	TTL   uint8  // of a hop; else 0
	Old   string // a state, a name, the routers of a hop; "": it was not there, or did not say
	New   string
	// OldReason and NewReason are the answers that decided it, of states; NoResponse: silence,
	// or no record.
	OldReason, NewReason probe.Reason
	Open                 string // ports that are open at a host of whose ports only one of the runs says something, as PortRanges writes them
	Weak                 Weakness
}

func (*Difference) record() {}

// Came and Went tell whether a Difference is that something is there now, or is no more:
// a host, an open port, a hop, a word of a service.
func (d *Difference) Came() bool { return !d.there(d.Old) && d.there(d.New) }
func (d *Difference) Went() bool { return d.there(d.Old) && !d.there(d.New) }

func (d *Difference) there(value string) bool {
	switch d.What {
	case AHost:
		return value == probe.Up.String()
	case APort:
		return value == probe.Open.String()
	}
	return value != ""
}

// Aspect is what a Difference is about.
type Aspect uint8

const (
	AHost Aspect = iota
	AName
	AMAC
	APort
	AService
	AProduct
	ASystem
	AHop
	AFinding
)

var aspects = [...]string{"host", "name", "mac", "port", "service", "product", "system", "hop", "finding"}

func (a Aspect) String() string { return aspects[a] }

// Aspects lists the names of all aspects.
func Aspects() []string { return aspects[:] }

// Weakness is why the answers do not prove a Difference.
type Weakness uint8

const (
	Proven     Weakness = iota
	BySilence           // one of the runs heard nothing, which loss may be the cause of
	ByLimit             // one of them heard nothing, and the other one ICMP errors, which hosts send no faster than they like
	ByDoubt             // an answer that proves nothing, or that a middlebox may have given
	ByGuess             // what system a host has is guessed from how it answers
	NotSaid             // one of them was not told, which does not mean that it is not so
	Balanced            // several routers answered for a hop: the way depends on the flow
	OtherFlags          // the runs asked otherwise
)

var weaknesses = [...]string{"", "silence", "icmp-limit", "doubt", "guess", "not-said", "balanced", "other-flags"}

func (w Weakness) String() string { return weaknesses[w] }

// Weaknesses lists the names of all but Proven.
func Weaknesses() []string { return weaknesses[1:] }

// Differences is what two runs come to beside each other, behind every Difference.
type Differences struct {
	Old, New Side
	Strong   [len(aspects)]uint64
	Weak     [len(weaknesses)]uint64
	Same     uint64 // hosts, ports and other things of which both runs say the same
	// What could not be compared: asked in one of the runs only; asked in both, and not
	// decided in one; answers to questions of different kinds.
	OneSided, Undecided, OtherKind uint64
}

func (*Differences) record() {}

// Side is one of two runs that are compared, whose records may be those of several: shards,
// or a run and what went on from it.
type Side struct {
	File     string
	Command  string    // "tcp"
	Time     time.Time // of the first of its runs; zero: not known
	Runs     uint32
	Complete bool
	Records  uint64
	Unread   uint64   // records that are of no use here, or of a type that is not known
	Flags    []string // that the other side has not, or not so: "--ttl 5"
}
