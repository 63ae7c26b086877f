// Package job is a whole run as a value. A Spec says what is asked, of whom, how
// fast, and what is to be known of it; Check tells what in it cannot be meant,
// before anything is opened; Run resolves names, opens the network, composes the
// plans, puts what they find into a report.Sink, and returns an Outcome, from
// which the exit code follows.
//
// Begin with a Spec: fill in its fields, as a command line does, or have Parse read
// one from JSON. Run wants an Env beside it, which says what the run has of the world:
// at least what opens the network. The example shows it.
//
// Spec (spec.go, field.go, check.go) has no side effects. A run is a job
// (job.go), which sweeps (sweep.go), asks ports (ports.go) and talks to what is
// open (fp.go), or traces (trace.go). A trial (trial.go) sends variants of one packet, each
// a Spec of its own (vary.go). With -c it asks every question again and again, and
// counts (repeat.go, by scan/repeat); with --wait-for it does all that it does round by
// round, until a round finds what is waited for (waitfor.go). What is kept for another run
// to go on from is in resume.go and kept.go.
package job
