// Package output writes down what a run finds out, and reads it back.
//
// Registry.Open is to be called first: Formats().Open makes a Sink of one -o, into
// which a run puts the records of scan/report. Who wants bytes and no Sink calls
// Format.New. Decode is the way back: it makes a record of a line of JSON.
//
// A format is a Streamer if every line stands by itself (JSON), or a Pager, which
// an Assembler calls with hosts that are whole (text, and what others' programs read:
// xml, grep, csv, list; html for browsers), by address where that is asked for. Both append to a buffer
// and do no I/O; a Sink carries the buffer to a terminal, a pipe or a file. Words
// for people are made here and nowhere else.
//
// What comes from the network may be hostile: every format escapes it (see
// escape.go) before it leaves this package.
package output
