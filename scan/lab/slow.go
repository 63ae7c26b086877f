package lab

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// SlowLink is Link with a delay, the same in both directions, 0 being as fast as
// this process can carry frames across. Its throughput is that of one read and
// one write per frame.
//
// On a plain Link an answer arrives while the system call that asked is still
// running. The kernel of a TCP connect then cannot look at an ICMPv6 error and
// drops it (LockDroppedIcmps in /proc/net/netstat), so that connect ends only
// with the error to the second SYN, 1 s later; it is in the error queue at once.
// No real network is that fast: use SlowLink where this matters, and where
// round-trip times do.
func (n *Network) SlowLink(a, b *Host, delay time.Duration, addrs ...string) (ifaceA, ifaceB string) {
	n.t.Helper()
	ifaceA, ifaceB = a.nextName("eth"), b.nextName("eth")
	wire := n.Host("wire " + a.Name + "-" + b.Name)
	wire.Sysctl("net/ipv6/conf/default/disable_ipv6", "1")
	endA, endB := n.plugIn(wire, "a", a, ifaceA), n.plugIn(wire, "b", b, ifaceB)
	n.carry(endA, endB, Impair{Delay: delay}, Impair{Delay: delay})
	n.share(a, ifaceA, b, ifaceB, addrs)
	return ifaceA, ifaceB
}

// plugIn connects a host to the namespace of a wire and opens its end there.
func (n *Network) plugIn(wire *Host, end string, h *Host, iface string) *os.File {
	n.t.Helper()
	if err := n.cable(h, iface, wire, end); err != nil {
		n.fail("link %s: %v", wire.Name, err)
	}
	wire.MTU(end, 65535)
	return wire.Frames(end)
}

// Frames opens an Ethernet interface for a program that is a device of its own:
// each read is one frame that came in, each write one that goes out, from the
// Ethernet header on. The host's kernel sees what comes in, too. Close of the
// network, or the caller's, ends a Read.
func (h *Host) Frames(iface string) (f *os.File) {
	h.net.t.Helper()
	index := h.Index(iface)
	h.do("frames of "+iface, func() (err error) { f, err = openFrames(index); return err })
	h.net.own(f)
	return f
}

// openFrames opens a packet socket for the frames that come in through an
// interface of the calling thread's namespace.
func openFrames(ifindex int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	const buffer = 4 << 20
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
		// Only the machine's root may; others get at most net.core.rmem_max.
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
	}
	err = errors.Join(err,
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: allProtocols, Ifindex: ifindex}))
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "packet socket"), nil
}
