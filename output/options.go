package output

import (
	"time"

	"sonde/probe"
	"sonde/scan/report"
)

// Options are what of a run is shown, and how. They are no facts of the run: the
// same records may be written with others.
type Options struct {
	Open    bool // only ports that are open, or may be (--open)
	Verbose bool // all that is known (-v)
	// Of what nmap prints:
	Reasons  bool // why a state is what it is (its --reason)
	Unrouted bool // ways are not shown
	Color    bool // ANSI colours
	ASCII    bool // text has no other signs
	// Sorted is of how many addresses at most text holds the hosts of a sweep, to write them
	// in their order when all are known; of more, as they are found.
	Sorted uint64
	Width  int  // columns of the terminal that lines are to fit into; 0: they are as long as they are
	Live   bool // single repetitions of questions, too, as they are decided (-c)

	// Now and Run stamp every line of JSON; nil and "": they do not.
	Now func() time.Time
	Run string
}

// Lists tells whether r belongs into the output at all: a host that a range
// found silent is listed only with Verbose or for its ports, a port that is not
// open not with Open, a weak difference only with Verbose. What is not listed still counts in the Tally.
func (o Options) Lists(r report.Record) bool {
	switch r := r.(type) {
	case *report.Host:
		return r.State == probe.Up || r.Named || targetOnly(r) || r.Ports > 0 && !o.Open || o.Verbose
	case *report.Difference:
		return r.Weak == report.Proven || o.Verbose
	case *report.Port:
		return !o.Open || r.State == probe.Open || r.State == probe.OpenFiltered
	}
	return true
}

// targetOnly tells whether a host is a target that nobody was to ask (sweep --list).
func targetOnly(h *report.Host) bool { return h.State == probe.NotTested && h.Ports == 0 }
