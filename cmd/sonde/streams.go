package main

import "errors"

// errShut is the error of results that nobody can take.
var errShut = errors.New("stdout is closed: results go nowhere (if nobody wants them: -q, or >/dev/null)")

// shutWriter takes nothing.
type shutWriter struct{}

func (shutWriter) Write([]byte) (int, error) { return 0, errShut }

// stdoutWas is negative if stdout was closed when the program began: what the system
// call said that entry made (entry_amd64.s). The runtime of Go opens /dev/null in
// place of a standard stream that is missing, before any Go code runs; afterwards
// nobody can tell it from a /dev/null that was given. Where the program was not linked
// with that entry it is 0.
var stdoutWas int64
