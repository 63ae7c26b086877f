// Package link is how sonde meets the kernel: routes and neighbours, raw IP
// sockets, link-layer frames, and sockets by which the kernel asks for us. Of all
// that users run it alone has unsafe code, and it makes all system calls but those
// of the terminal, which are in cmd/sonde.
//
// A packet's way: NewTable (routes.go) has told by which scan.Way a target is
// reached. Link.Send (link.go) cuts a batch into runs of packets that take the
// same socket and gives each run to the kernel: IP packets through raw IP
// sockets (rawip.go) by sendmmsg (mmsg.go), frames through packet sockets
// (frames.go). What comes in passes a classic BPF program (filter.go), waits
// in the socket's queue with the kernel's time stamp, and is fetched by
// recvmmsg into buffers that Link owns (receive.go); in large jobs it comes
// through memory that is shared with the kernel (ring.go). One poller
// (poller.go) waits for all sockets.
//
// golang.org/x/net assembles the filters. Its batches are not used: they
// allocate an address for each packet, know no raw IPv6 headers, and park the
// goroutine where the contract of scan.Link wants to hear of a full queue.
package link
