// Package capture writes down packets: as a pcapng file for other tools, and as
// one line each for people. It does not open files or sockets.
package capture

// Direction is which way a packet went.
type Direction uint8

const (
	Received Direction = iota
	Sent
)
