// Package compare finds the packets of one capture in another one of the same traffic,
// and says of each question what became of it: it never arrived, was not answered, or
// its answer was lost. Run is the command; for other uses begin with Compare.
//
// Each file is read twice, and neither is kept. The first time (survey.go) a sample of
// both is taken, the same one as far as packets survive the way: from the pairs in it
// follow what one clock is to the other (clock.go) and which fields can be relied upon
// (fields.go). The second time (engine.go) both are read side by side in the order of
// one clock. Packets are put together to flows (flow.go), flows of one file are matched
// with flows of the other by all that their first packets have (match.go), then the
// packets inside them (pair.go, cover.go); and when a flow is over, its questions are judged
// (judge.go). What is held is bounded by limits in flow.go, whatever the files have.
package compare
