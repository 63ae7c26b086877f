package scan

import (
	"time"

	"sonde/probe"
)

// Result is what became of one question. Exactly one is emitted for each
// question, except in plans that settle by group: there one for the group's
// first answer, or one for each question if the group stayed silent.
type Result struct {
	Number  uint64      // the question's number in its plan
	Probe   probe.Probe // the question
	Tries   uint8       // packets sent for it
	Verdict probe.Verdict
	Reply   probe.Reply   // what decided; Event Silence if nothing did
	RTT     time.Duration // of the answered try; negative: not known
}

// Stats are the counts of one run.
type Stats struct {
	Complete       bool // every question was decided, or not needed any more: see Engine.Stop
	Interrupted    bool // the context ended it
	Elapsed        time.Duration
	Sent           uint64 // packets of ours, ARP and ND included; a connect counts as one
	Neighbours     uint64 // of Sent, those that asked ARP or ND
	Received       uint64 // accepted replies, duplicates included
	Resolved       uint64 // of Received, those to ARP and ND
	Silent         uint64 // questions that stayed silent and have no Result, see Plan.OmitSilence
	Duplicates     uint64
	Unsolicited    uint64
	SendErrors     uint64
	ReceiveDrops   uint64
	Unasked        uint64  // questions, of sweeps hosts, for which no packet left: the run was cut short, or this machine could not ask. Not of plans that settle never
	Loss           float64 // share of single questions unanswered, there and back; negative: not known
	ExpectedMissed float64 // negative: not known
	// PortsReused says that source ports were used again towards the same target port
	// within a minute: there were too few for all repetitions, or other runs that were
	// under way had all of them.
	PortsReused bool
}

// Then is the counts of s and of a plan that followed it.
func (s Stats) Then(o Stats) Stats {
	elapsed := s.Elapsed + o.Elapsed
	s = s.Plus(o)
	s.Elapsed = elapsed
	return s
}

// Plus adds up the counts of plans that were one job, at the same time.
func (s Stats) Plus(o Stats) Stats {
	s.Complete = s.Complete && o.Complete
	s.Interrupted = s.Interrupted || o.Interrupted
	s.PortsReused = s.PortsReused || o.PortsReused
	s.Elapsed = max(s.Elapsed, o.Elapsed)
	if s.Loss < 0 {
		s.Loss = o.Loss
	} else if o.Loss >= 0 { // by packets: the nearest there is to one number
		s.Loss = (s.Loss*float64(s.Sent) + o.Loss*float64(o.Sent)) / max(1, float64(s.Sent+o.Sent))
	}
	if s.ExpectedMissed < 0 {
		s.ExpectedMissed = o.ExpectedMissed
	} else {
		s.ExpectedMissed += max(0, o.ExpectedMissed)
	}
	s.Silent += o.Silent
	s.Unasked += o.Unasked
	s.addPackets(&o)
	return s
}

// addPackets adds what o counts of packets, not of questions.
func (s *Stats) addPackets(o *Stats) {
	s.Sent += o.Sent
	s.Neighbours += o.Neighbours
	s.Received += o.Received
	s.Resolved += o.Resolved
	s.Duplicates += o.Duplicates
	s.Unsolicited += o.Unsolicited
	s.SendErrors += o.SendErrors
	s.ReceiveDrops += o.ReceiveDrops
}

// NoStats are the counts before anything was asked: complete, and with nothing
// known of loss.
func NoStats() Stats { return Stats{Complete: true, Loss: -1, ExpectedMissed: -1} }
