// Package capture writes down packets: as a pcapng file for other tools, and as
// one line each for people; and it reads captures, whoever made them. It does not open
// files or sockets. NewWriter begins a file, AppendLine makes a line; NewReader begins to
// read a file, and Network finds what a frame carries. Reading is done here for the
// reason that writing is (Writer); gopacket's pcapgo knows no link type above 255, and so
// not what tcpdump -i any writes, and takes as much memory as a damaged file says.
package capture

// Direction is which way a packet went.
type Direction uint8

const (
	Received Direction = iota
	Sent
)
