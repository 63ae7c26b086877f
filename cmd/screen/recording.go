package screen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"sonde/output/read"
	"sonde/scan/report"
)

// Recording is the file of a watched trace, as -o json has written it. What stands there may
// be anybody's.
type Recording struct {
	Name   string // for errors
	File   io.ReadSeeker
	Length time.Duration // until its last record; of Check
	// Torn is what is to be said of a file that ends before its run did; nil: it does not.
	Torn error
}

var errSought = errors.New("sought")

// lines counts the lines that are read.
type lines struct {
	io.Reader
	n    int
	last byte
}

func (l *lines) Read(b []byte) (n int, err error) {
	n, err = l.Reader.Read(b)
	for _, c := range b[:n] {
		if c == '\n' {
			l.n++
		}
		l.last = c
	}
	return n, err
}

// Check reads the file once, and its error says with the file and the line why it is no
// watched trace.
func (r *Recording) Check() error {
	in := &lines{Reader: r.File}
	rounds, ended := 0, false
	at := clockwork{}
	_, err := read.Records(in, func(rec report.Record) error {
		switch rec := rec.(type) {
		case *report.Round:
			rounds++
		case *report.Scan:
			ended = false
			if rec.Command != "trace" {
				return fmt.Errorf("a run of sonde %s, and no watched trace", rec.Command)
			}
		case *report.End:
			ended = true
		}
		r.Length = at.of(rec)
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", r.Name, err)
	case rounds == 0:
		return fmt.Errorf("%s: no round of a watched trace in %d lines: sonde trace --watch -o json=FILE records one", r.Name, in.n)
	case in.last != '\n' && !ended:
		r.Torn = fmt.Errorf("%s: line %d is cut: whoever wrote it was ended; what stands before it was shown", r.Name, in.n+1)
	case !ended:
		r.Torn = fmt.Errorf("%s: the run did not come to its end behind line %d; what it found until then was shown", r.Name, in.n)
	}
	return r.rewind()
}

func (r *Recording) rewind() error {
	if _, err := r.File.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	return nil
}

// Play hands all records to put, as fast as it takes them, until ctx ends.
func (r *Recording) Play(ctx context.Context, put func(report.Record)) error {
	_, err := read.Records(r.File, func(rec report.Record) error {
		put(rec)
		return ctx.Err()
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// clockwork says when records came, since the first run of the file began: runs that stand
// one behind the other follow each other.
type clockwork struct {
	base, at time.Duration
}

func (c *clockwork) of(r report.Record) time.Duration {
	switch r := r.(type) {
	case *report.Scan:
		c.base = c.at
	case *report.Round:
		c.at = max(c.at, c.base+r.At)
	case *report.Reroute:
		c.at = max(c.at, c.base+r.At)
	}
	return c.at
}

// stamped is a record with its time.
type stamped struct {
	at     time.Duration
	record report.Record
}

// records are those of the file from its beginning on.
func (r *Recording) records() iter.Seq[stamped] {
	return func(yield func(stamped) bool) {
		var c clockwork
		read.Records(r.File, func(rec report.Record) error {
			if !yield(stamped{c.of(rec), rec}) {
				return errSought
			}
			return nil
		})
	}
}
