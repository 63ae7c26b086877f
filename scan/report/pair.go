package report

import (
	"math"
	"net/netip"
	"time"
)

// Pair is what became of a question that one capture has, by another capture that was
// made where it went to. Every flow has one, of its question that got the furthest, and
// every other question of it that was not answered has one, too.
type Pair struct {
	Near    Seen   // the question where it was sent
	Far     Seen   // and where it arrived
	Proto   string // "tcp", "udp", "icmp"
	What    string // the question: "SYN", "data", "datagram", "echo request"
	Number  uint32 // which of several questions that are alike it is, from 1: a SYN that was sent again; of ICMP the sequence number
	Verdict Fate
	Why     string     // a word for why nobody can be sure, or where the answer came from instead; "": as usual
	Answer  string     // what the answer is: "syn-ack", "reset", "port-unreach"; "": there is none
	By      netip.Addr // who answered in the place of the server; zero: nobody did
	Changes []Change   // of the question, on its way there
	Back    []Change   // of the answer, on its way back
	// Delay is how long the question was under way, BackDelay the answer, in whole
	// microseconds; both suppose that packets take as long there as back.
	Delay     time.Duration // with HasDelay
	BackDelay time.Duration // with HasBack
	HasDelay  bool
	HasBack   bool
	Copies    uint32    // how many more of the question arrived
	Flow      *PairFlow // of the flow altogether; nil: it is not this record that tells of it
}

// PairFlow counts the packets of a flow, copies apart.
type PairFlow struct {
	Sent     uint64 // questions, where they were sent
	Answered uint64 // questions whose answer came back
	Packets  uint64 // there, questions or not, where they were sent
	Arrived  uint64 // those of Packets that arrived
	Answers  uint64 // packets back, where they were sent
	Returned uint64 // those of Answers that arrived
}

// Seen is where a packet was seen, and with what addresses.
type Seen struct {
	Time     time.Time      // on the clock of that capture; zero: it was not seen there
	Src, Dst netip.AddrPort // of ICMP without ports
}

// Fate is what became of a question.
type Fate uint8

const (
	Unsure     Fate = iota
	LostThere       // it never arrived
	Unanswered      // it arrived and was not answered
	LostBack        // it was answered and the answer was lost
	Answered
)

// Fates is how many there are.
const Fates = int(Answered) + 1

func (f Fate) String() string {
	return [...]string{"unsure", "lost-there", "unanswered", "lost-back", "answered"}[min(int(f), Fates-1)]
}

func (*Pair) record() {}

// Comparison is what two captures together come to.
type Comparison struct {
	Near, Far   Capture
	Clock       ClockDifference
	Questions   []FateCount // by what they are
	Flows       [Fates]uint64
	There, Back Passage
	Backwards   uint64 // flows that began at the far end, of which nothing is said
	Outside     uint64 // questions from when the far capture was not being made
	Early       uint64 // flows judged before their time, since too much was under way
}

// Capture is one of the two files.
type Capture struct {
	File        string
	Packets     uint64
	NotRead     uint64    // of these: of link types that are not read, no IP, fragments, protocols other than TCP, UDP and ICMP, without a time
	First, Last time.Time // of those that were read; zero: there are none
	Cut         string    // why the file was not read to its end; "": it was
}

// ClockDifference is what the far clock shows less what the near one does.
type ClockDifference struct {
	Offset     time.Duration // in the middle of the time
	Error      time.Duration // half of the 95 % interval; 0: too few pairs to tell
	Drift      float64       // ppm, with HasDrift
	DriftError float64       // half of the 95 % interval
	HasDrift   bool
	Asymmetry  time.Duration // by how much the offset may be wrong besides, if the way there is not as long as the way back
	OneWay     bool          // only one direction was seen: the shortest delay is part of the offset
	Pairs      uint64        // packets of both captures by which that was found out, each once
}

// FateCount counts questions of one sort.
type FateCount struct {
	What string
	N    [Fates]uint64
}

// Passage is what became of packets in one direction.
type Passage struct {
	Sent             uint64        // in flows that both captures have, and of questions that never arrived
	Arrived          uint64        // of these
	Copies           uint64        // of those that arrived, how many more came
	Stray            uint64        // packets of this direction that the receiving capture has and the sending one has not
	Min, Median, Max time.Duration // delays; all 0: not known
	Changes          []ChangeCount
}

// ChangeCount counts the packets in which a field was changed.
type ChangeCount struct {
	Change
	Packets uint64
	Various bool // Sent and Seen are those of the first, and others have others
}

func (*Comparison) record() {}

// PPM rounds a drift to what records have of it, three digits. It may be negative.
func PPM(v float64) float64 { return math.Round(v*1e3) / 1e3 }
