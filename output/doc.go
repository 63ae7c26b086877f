// Package output writes down what was found. A finding is a Record, one flat
// row of facts; a Format appends records to a buffer, without I/O; a Sink
// carries the buffer to a terminal, a pipe or a file. Strings for people are
// made here and nowhere else.
//
// What comes from the network may be hostile: every format escapes it (see
// escape.go) before it leaves this package.
package output
