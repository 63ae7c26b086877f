package job

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"sonde/scan"
	"sonde/scan/files"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/target"
)

// Env is what a run has of the world around it, besides its Spec. Open is needed, and
// Resolver where a target is a name or names are to be shown; of the rest nil means
// that nobody is there.
type Env struct {
	Version  string // of the program, for the first record
	Open     network.Opener
	Resolver Resolver
	HasRoute func(netip.Addr) bool // tells which address a name means; nil: the first
	// Links lists the links of this machine, for Targets.Local. Nil: none is known.
	Links func() ([]network.Link, error)

	// Origin tells which autonomous system an address belongs to, with Show.ASN.
	Origin func(netip.Addr) (report.AS, bool)

	// Begin is called when the network is open, before privileges are given up and
	// the first record is put: whoever takes the records opens what they are written to,
	// which may last until ctx ends. resumed says that an earlier run has written
	// there, and written how much of it a checkpoint knows of.
	Begin func(ctx context.Context, resumed bool, written []files.Written) error
	// Flush returns when all records that were put are where they are kept, and
	// Hostwise tells that a host is written only when it is whole. A checkpoint
	// depends on both.
	Flush    func() error
	Hostwise bool
	// Written tells of files of lines how long they will be with all that was put.
	Written func() []files.Written
	// Renames lists the folders in which outputs take their names when the run is over.
	Renames func() []string
	// Lost is asked, before the last record, what could not be written until then.
	Lost func() error
	// Note is told what the user must know to read the result, Warn what went wrong.
	Note func(text string)
	Warn func(err error)
	// Once is told every repetition of a few questions as it is decided (-c), one at a
	// time. What it is given is borrowed.
	Once func(o *report.Once)
	// Tap opens what sees the packets of a run whose clock begins at start; frames:
	// some of them can have Ethernet headers. done ends it. A nil tap: nobody looks.
	Tap func(ctx context.Context, start time.Time, frames bool) (tap scan.Tap, done func() error, err error)
	// Watch sees the run under way until done is closed, in a goroutine of its own.
	Watch func(done <-chan struct{}, run *Running)
}

// Running is a run under way: one that asks, or one that reads files.
type Running struct {
	Command  string
	Progress func() scan.Progress // nil: it reads files
	Reading  func() Reading       // nil: it asks
	Round    func() int           // of --wait-for, from 1; else 0
	Stage    func() string        // what else than its questions is under way, for people; "": nothing
	Stop     func(cause error)    // ends it with what is known: ErrQuit, ErrNoReader
}

// Reading is how far a run is that reads files. What is read twice counts twice.
type Reading struct {
	Bytes, Size uint64 // read, and in all
	Packets     uint64 // read
	Unit        string // what Packets are; "": packets
}

// Resolver looks names up both ways; *net.Resolver is one.
type Resolver interface {
	target.Resolver
	LookupAddr(ctx context.Context, addr string) (names []string, err error)
}

// Tell tells Note, if there is one, what the user must know to read the result.
func (e *Env) Tell(notes ...string) {
	for _, text := range notes {
		if e.Note != nil {
			e.Note(text)
		}
	}
}

func (e *Env) warn(err error) {
	if e.Warn != nil && err != nil {
		e.Warn(err)
	}
}

func (e *Env) flush() error {
	if e.Flush == nil {
		return nil
	}
	return e.Flush()
}

// lookupTime bounds all look-ups of the targets' names together.
const lookupTime = 30 * time.Second

// TargetOptions says how the words of s that name targets are read, as far as s
// itself tells.
func (s *Spec) TargetOptions() target.Options {
	t := &s.Targets
	return target.Options{Family: t.family(), AllAddresses: t.AllAddresses || s.Command == "doctor", Exclude: t.Exclude, ExcludeFile: t.ExcludeFile,
		Ports: Has(s.Command, "ports"), Sources: t.Sources, ExcludeSources: t.ExcludeSources}
}

// Resolve finds out whom s asks. Names that do not resolve are told to Warn, and
// are in the result; they do not keep the rest from being asked. Its error is an
// *Error.
func Resolve(ctx context.Context, env *Env, s *Spec) (*target.Result, error) {
	opt := s.TargetOptions()
	opt.Resolver, opt.HasRoute = env.Resolver, env.HasRoute
	looking, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	t, err := target.Parse(looking, s.Targets.Words, opt)
	if code, _ := signalled(context.Cause(ctx)); code != 0 {
		return nil, &Error{code, nil}
	}
	var name *target.Unresolved
	if errors.As(err, &name) {
		return nil, &Error{ExitName, err}
	}
	if err == nil {
		err = s.checkTargets(t)
	}
	if err != nil {
		return nil, &Error{ExitUsage, err}
	}
	for _, u := range t.Unresolved {
		env.warn(u)
	}
	if t.All.Len() == 0 && len(t.Unresolved) > 0 {
		return nil, &Error{ExitName, nil}
	}
	if t.All.Len() == 0 {
		return nil, Usage("no target is left after the exclusions")
	}
	return t, nil
}
