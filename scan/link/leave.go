package link

import "golang.org/x/sys/unix"

// leave closes packet sockets without waiting, and calls unmap, which ends what
// memory is shared with them. Before a packet socket is gone, the kernel waits
// until none of its processors can still be handing it a packet: 20 ms and more,
// longer than many a scan takes. Only who drops it last has to wait for that; so
// that is to be the kernel. Descriptors under way through a Unix socket (unix(7),
// SCM_RIGHTS) from which nobody can receive any more are dropped by its collector,
// in the background. Such a socket is one that is under way through itself.
//
// Where there is no such way out, or the kernel collects in the foreground (before
// Linux 6.10), this takes as long as to close them. Nobody gets their packets
// either way.
func leave(fds []int, unmap func()) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil && len(fds) > 0 {
		rights := unix.UnixRights(append(fds[:len(fds):len(fds)], pair[1])...)
		_ = unix.Sendmsg(pair[0], []byte{0}, rights, nil, unix.MSG_DONTWAIT) // refused: they are closed below
	}
	unmap()
	for _, fd := range fds {
		unix.Close(fd)
	}
	if err == nil {
		unix.Close(pair[1])
		unix.Close(pair[0]) // the last: with it the kernel looks for what nobody holds
	}
}
