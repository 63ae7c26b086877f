// Package report is what a run finds out, as values: one type for each kind of
// record, facts only. Compositions of plans make records and put them into a
// Sink; output writes them in its formats and reads them back. Nothing in it
// knows a format, a flag or a socket. Begin with Record and Sink.
//
// Durations of round trips are whole microseconds, times whole seconds in UTC, and
// shares are rounded as Loss and Missed do. A field that another one gives a
// meaning ("with HasRTT") is zero without that. Such a record is the same when it
// was written and read again.
package report

import "time"

// Record is one thing that a run tells: *Scan first, *End last, and between them
// *Host, *Port, *Service, *OS, *Rewrite, *PathMTU, *Hop, *Finding and *Then, or what is about this machine:
// *Privilege, *Limit, *Interface, *Route and *Way, or of trials *Trial, *Effect and
// *Conclusion, or of two captures *Pair and *Comparison, or of two runs *Difference and
// *Differences; *Unmet comes before *End.
type Record interface{ record() }

// Sink takes records. Put may be called by several goroutines at the same time,
// but never with a lock held that whoever receives packets waits for. r is
// borrowed: it may change when Put has returned.
type Sink interface{ Put(r Record) }

// RTT rounds a round-trip time to what records have of it.
func RTT(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

// Time rounds a time to what records have of it.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
