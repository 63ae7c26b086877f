// Package manual is what sonde tells about itself: help on the screen, topics that several
// commands have in common, and manual pages. All three are made from one Page each, in which
// tables of the code (states, reasons, exit codes, formats, fields of packets, keys of JSON)
// are told by that code. Install, which makes a command line show them, is what to call.
package manual
