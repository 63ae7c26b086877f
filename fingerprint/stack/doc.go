// Package stack tells from how packets are answered which TCP/IP stack answers them: a
// database of families, generations and hints with a source in each row, and a score that
// knows of stacks which are in no row.
//
// Begin with Builtin, or with Read for a file of somebody's own, and call Judge with the
// Features that were seen; scan/stack makes these of packets. The database is read on
// first use. Nothing here reads a clock or opens a socket.
package stack
